"""Rewrite the settings tables in the docs from their declarations; run by ``make docs``."""

import re
import sys
from pathlib import Path

from napari_insitu_tem.io.export import ExportSettings
from napari_insitu_tem.io.video import VideoSettings
from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.data_source import DataSource
from napari_insitu_tem.learning.recipes import TrainRecipe
from napari_insitu_tem.learning.retrain_settings import RetrainSettings
from napari_insitu_tem.learning.settings import TrainSettings
from napari_insitu_tem.live.settings import LiveSettings
from napari_insitu_tem.simulate.columns import ColumnsSettings as SimulatedColumnsSettings
from napari_insitu_tem.simulate.focal import FocalSettings
from napari_insitu_tem.simulate.hrtem import HrtemSettings
from napari_insitu_tem.simulate.lattice import LatticeMovieSettings
from napari_insitu_tem.simulate.layer_movie import LayerMovieSettings
from napari_insitu_tem.simulate.liquid_cell import LiquidCellSettings
from napari_insitu_tem.simulate.particle_frames import ParticleFrameSettings
from napari_insitu_tem.simulate.particles import ParticleMovieSettings
from napari_insitu_tem.tasks.registry import all_tasks

DOCS = Path(__file__).parent
BLOCK = re.compile(r"<!-- settings: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def current(text: str) -> str:
    """Return the page with every settings table as declared."""
    tables = {task.settings_type.__name__: task.settings_type for task in all_tasks()}
    for beside in (
        AugmentSettings,
        DataSource,
        TrainRecipe,
        TrainSettings,
        ExportSettings,
        FocalSettings,
        HrtemSettings,
        LiquidCellSettings,
        LatticeMovieSettings,
        LayerMovieSettings,
        LiveSettings,
        ParticleFrameSettings,
        ParticleMovieSettings,
        RetrainSettings,
        VideoSettings,
    ):
        tables[beside.__name__] = beside
    # The task that finds columns has settings of the same name.
    tables["SimulatedColumnsSettings"] = SimulatedColumnsSettings

    def table(match: re.Match[str]) -> str:
        declared = tables[match[1]].markdown_table()
        return f"<!-- settings: {match[1]} -->\n{declared}\n<!-- end -->"

    return BLOCK.sub(table, text)


def main() -> None:
    """Rewrite every page that has changed."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (new := current(text)) != text:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"rewrote {page.name}\n")


if __name__ == "__main__":
    main()
