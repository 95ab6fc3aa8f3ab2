"""The Measure dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer, Tracks

from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.gui.track_features import show_features
from napari_insitu_tem.results import Measurements

if TYPE_CHECKING:
    import napari

__all__ = ["MeasureDock"]


class MeasureDock(TaskPanel):
    """The measure task, by point and click; tracks can then be coloured by the results."""

    loads_ahead = (
        "freud",
        "pandas",
        "scipy.linalg",
        "scipy.optimize",
        "scipy.spatial",
        "scipy.stats",
    )

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "measure")

    def show_result(
        self, result: Measurements, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Hand the measurements to tables and plots, and to the Tracks layer's features."""
        layers = super().show_result(result, tuples, source)
        if isinstance(source, Tracks) and source in self.viewer.layers:
            show_features(source, result)
        row = result.curves["ensemble"].iloc[0]
        n = len(result.tracks)
        self.say(
            f"Measured {n} track{'' if n == 1 else 's'}, {int(row['tracks'])} of them long "
            "enough for diffusion. See Tables and Plots (Plugins → In-situ TEM → 7)."
        )
        return layers
