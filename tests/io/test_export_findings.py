"""What was found in a movie is exported beside it, or without it."""

import json

import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem import Movie
from napari_insitu_tem.io.export import ExportSettings, export
from napari_insitu_tem.simulate.detector import DetectorSettings, detect
from napari_insitu_tem.tasks.align import align
from napari_insitu_tem.tasks.detector import DetectorFitSettings, detector


@pytest.fixture
def vacuum(rng):
    frames = [detect(np.full((128, 128), 30.0), DetectorSettings(), rng) for _ in range(5)]
    return Movie(np.stack(frames), pixel_size=0.1, name="my vacuum")


def test_a_camera_is_exported_as_a_file_tables_and_figures(vacuum, tmp_path, quiet_job):
    found = detector(vacuum, DetectorFitSettings(offset=100.0), quiet_job)
    written = export(found, tmp_path, job=quiet_job)
    names = {str(path.relative_to(tmp_path)) for path in written}
    assert names == {
        "my_vacuum_camera.json",
        *(
            f"my_vacuum_{table}.{kind}"
            for table in ("detector", "transfer", "noise_power", "frames")
            for kind in ("csv", "parquet")
        ),
        *(
            f"figures/my_vacuum_{figure}.{kind}"
            for figure in ("transfer", "noise_power")
            for kind in ("svg", "png", "csv")
        ),
    }
    assert all(path.stat().st_size > 100 for path in written)
    camera = json.loads((tmp_path / "my_vacuum_camera.json").read_text("utf-8"))
    assert camera["gain"] == pytest.approx(found.transfer.gain)
    values = pd.read_csv(tmp_path / "my_vacuum_detector.csv")
    assert list(values) == ["quantity", "value", "error", "unit"]
    doses = pd.read_csv(tmp_path / "my_vacuum_frames.csv")
    assert list(doses) == ["frame", "dose_e_per_px", "dose_e_per_A2"]
    record = json.loads((tmp_path / "my_vacuum.provenance.json").read_text("utf-8"))
    assert record["steps"][-1]["task"] == "detector"


def test_an_aligned_movie_is_exported_with_its_drift(small_movie, tmp_path, quiet_job):
    aligned = align(small_movie, job=quiet_job)
    written = export(aligned, tmp_path, job=quiet_job, video=False)
    assert {path.name for path in written} == {
        "small_drift.csv", "small_drift.parquet", "small.ome.tif"
    }  # fmt: skip


def test_only_what_is_asked_for_is_written(vacuum, tmp_path, quiet_job):
    found = detector(vacuum, DetectorFitSettings(offset=100.0), quiet_job)
    chosen = ExportSettings(tables="none", figures="none", movie=True)
    written = export(found, tmp_path, settings=chosen, job=quiet_job)
    assert {path.name for path in written} == {"my_vacuum_camera.json", "my_vacuum.ome.tif"}
