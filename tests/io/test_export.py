"""Tables and exports: units in the names, what belongs to a result, nothing half-written."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.io.export import ExportSettings, export, file_stem
from napari_insitu_tem.io.tables import write_table
from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import Measurements, Segmentation, Tracking


@pytest.fixture
def tracking(small_movie):
    labels = np.zeros(small_movie.data.shape, np.int32)
    labels[:, 10:20, 10:20] = 1
    rows = [(frame, 1, 1, 14.5, 14.5, 100.0) for frame in range(small_movie.n_frames)]
    table = pd.DataFrame(rows, columns=["frame", "label", "track", "y", "x", "area"])
    return Tracking(table, Segmentation(labels, small_movie))


@pytest.fixture
def measurements(tracking):
    return Measurements(
        tracking,
        tracks=pd.DataFrame({"track": [1], "area": [100.0]}),
        frames=pd.DataFrame({"frame": range(8), "temperature_C": np.linspace(20, 90, 8)}),
        curves={"sizes": pd.DataFrame({"area": [1.0, 2.0]})},
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("suffix", "read"), [(".csv", pd.read_csv), (".parquet", pd.read_parquet)])
def test_a_table_has_its_units_in_the_names(tmp_path, suffix, read):
    table = pd.DataFrame({"frame": [0, 1], "area": [4.0, np.nan], "temperature_C": [20, 21]})
    path = write_table(table, tmp_path / f"areas{suffix}", pixel_size=0.5)
    back = read(path)
    assert back.columns.tolist() == ["frame", "area_nm2", "temperature_C"]
    np.testing.assert_array_equal(back["area_nm2"], [1.0, np.nan])
    assert table.columns.tolist() == ["frame", "area", "temperature_C"]
    pixels = read(write_table(table, tmp_path / f"pixels{suffix}"))
    np.testing.assert_array_equal(pixels["area_px2"], [4.0, np.nan])


def test_a_table_has_its_provenance_beside_it(tmp_path):
    history = Provenance.of_input("film.dm4", "abc")
    write_table(pd.DataFrame({"frame": [0]}), tmp_path / "a.csv", provenance=history)
    text = (tmp_path / "a.csv.provenance.json").read_text("utf-8")
    assert Provenance.from_json(text) == history


def test_a_table_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.csv or \.parquet"):
        write_table(pd.DataFrame({"frame": [0]}), tmp_path / "a.xlsx")


def test_a_write_that_fails_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("older")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "older"
    assert names(tmp_path) == ["a.csv"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for content in ("old", "new"):
        with replacing(tmp_path / "a.zarr") as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert names(tmp_path / "a.zarr") == ["new"]


def test_of_a_movie_its_frames_and_a_video_are_written(tmp_path, small_movie, quiet_job):
    written = export(small_movie, tmp_path, job=quiet_job)
    assert [path.name for path in written] == ["small.ome.tif", "small.mp4"]
    assert all(path.exists() for path in written)


def test_of_measurements_everything_is_written(tmp_path, measurements, quiet_job):
    settings = ExportSettings(figures="none")
    written = export(measurements, tmp_path / "new" / "folder", settings=settings, job=quiet_job)
    assert {path.name for path in written} == {
        *(f"small_{name}.csv" for name in ("particles", "tracks", "frames", "sizes")),
        *(f"small_{name}.parquet" for name in ("particles", "tracks", "frames", "sizes")),
        "small_masks.ome.tif",
        "small.mp4",
    }
    folder = tmp_path / "new" / "folder"
    tracks = pd.read_csv(folder / "small_tracks.csv")
    assert tracks["area_nm2"].tolist() == [25.0]
    record = json.loads((folder / "small.provenance.json").read_text("utf-8"))
    assert record["fingerprint"] == measurements.movie.fingerprint


def test_figures_lie_in_a_folder_of_their_own_with_their_numbers(tmp_path, quiet_job):
    measurements = measured_walk(quiet_job)
    settings = ExportSettings(masks=False, tables="none", video=False, figures="svg")
    export(measurements, tmp_path, settings=settings, job=quiet_job)
    assert names(tmp_path) == ["figures", "walk.provenance.json"]
    drawn = names(tmp_path / "figures")
    assert {"walk_sizes.svg", "walk_sizes.csv", "walk_msd.svg", "walk_msd.csv"} <= set(drawn)
    assert {name.rpartition(".")[2] for name in drawn} == {"svg", "csv"}


def measured_walk(job):
    """Measurements of two discs that wander for 12 frames."""
    from napari_insitu_tem.tasks.measure import measure
    from napari_insitu_tem.tasks.track import track

    rng = np.random.default_rng(3)
    y, x = np.mgrid[:64, :64]
    places = np.array([[20.0, 20.0], [44.0, 44.0]])
    labels = np.zeros((12, 64, 64), np.int32)
    for frame in labels:
        places = places + rng.normal(0, 0.7, places.shape)
        for number, (row, column) in enumerate(places, start=1):
            frame[np.hypot(y - row, x - column) < 6] = number
    movie = Movie(200 - 100 * (labels > 0), pixel_size=0.5, frame_time=0.1, name="walk")
    return measure(track(Segmentation(labels, movie), job=job), job=job)


def test_only_what_is_asked_for_is_written(tmp_path, tracking, quiet_job):
    settings = ExportSettings(masks=False, tables="csv", video=False)
    export(tracking, tmp_path, settings=settings, name="run 1/2", job=quiet_job)
    assert names(tmp_path) == ["run_1_2.provenance.json", "run_1_2_particles.csv"]
    nothing = ExportSettings(masks=False, tables="none", video=False)
    assert export(tracking, tmp_path / "none", settings=nothing, job=quiet_job) == []


def test_merges_and_splits_are_written_as_a_table(tmp_path, tracking, quiet_job):
    settings = ExportSettings(masks=False, tables="csv")
    family = tracking.replace(graph={3: [1, 2]})
    export(family, tmp_path, settings=settings, video=False, job=quiet_job)
    table = pd.read_csv(tmp_path / "small_ancestry.csv")
    assert table.to_numpy().tolist() == [[3, 1], [3, 2]]


def test_a_second_export_replaces_the_first(tmp_path, tracking, quiet_job):
    settings = ExportSettings(masks=False, tables="csv", video=False)
    export(tracking, tmp_path, settings=settings, job=quiet_job)
    fewer = tracking.replace(particles=tracking.particles.iloc[:2])
    export(fewer, tmp_path, settings=settings, job=quiet_job)
    assert len(pd.read_csv(tmp_path / "small_particles.csv")) == 2


def test_a_cancelled_export_leaves_whole_files_only(tmp_path, tracking):
    asked = iter([False] * 6)
    job = Job(
        on_progress=lambda progress: None, is_cancelled=lambda: next(asked, None) is not False
    )
    with pytest.raises(Cancelled):
        export(tracking, tmp_path, job=job)
    assert not [name for name in names(tmp_path) if "unfinished" in name]
    assert "small.mp4" not in names(tmp_path)


def test_a_file_in_place_of_the_folder_is_said(tmp_path, tracking):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ValueError, match="is a file; choose a folder"):
        export(tracking, tmp_path / "taken")


@given(st.text(max_size=200))
def test_file_names_are_always_usable(name):
    stem = file_stem(name)
    assert 0 < len(stem) <= 100
    assert not set(stem) & set('/\\:*?"<>|\n\0 ')
    assert not stem.startswith(".")
