"""The columns task: spots, features with units, following, and plain words for what fails."""

import numpy as np
import pytest

from napari_insitu_tem import Cancelled, Job, Movie, MovieError
from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.io.export import export
from napari_insitu_tem.simulate.columns.heavy import draw_heavy_movie
from napari_insitu_tem.tasks.columns import ColumnsSettings, columns
from napari_insitu_tem.tasks.columns.network import network_finder

SPOTS = ColumnsSettings(method="spots")


def crystal() -> np.ndarray:
    """A square crystal, 7 × 7 columns."""
    return np.stack(np.mgrid[:7, :7], -1).reshape(-1, 2) * 10.0 + 18.3


def frame(places: np.ndarray, seed: int, size: int = 96) -> np.ndarray:
    image = np.full((size, size), 50.0)
    grid = np.mgrid[:size, :size]
    for place in places:
        image += 20 * np.exp(-0.5 * ((grid - place[:, None, None]) ** 2).sum(0) / 2.2**2)
    return image + np.random.default_rng(seed).normal(0, 3, image.shape)


@pytest.fixture(scope="module")
def hopping() -> Movie:
    """A column that leaves its site for another one, in the middle of eight frames."""
    body, here, there = crystal(), np.array([[8.3, 38.3]]), np.array([[8.3, 48.3]])
    frames = [frame(np.concatenate([body, here if t < 4 else there]), t) for t in range(8)]
    return Movie(np.stack(frames).astype(np.float32), pixel_size=0.02, frame_time=0.5, name="hops")


def test_columns_are_measured_followed_and_exported(hopping, quiet_job, tmp_path):
    found = columns(hopping, SPOTS, quiet_job)
    assert found.bright and found.spacing == pytest.approx(10, abs=0.3)
    assert found.frames["columns"].tolist() == [50] * 8
    first = found.table[found.table["frame"] == 0]
    off = np.hypot(*(first[["y", "x"]].to_numpy()[:, None] - crystal()).transpose(2, 0, 1))
    assert np.median(off.min(axis=0)) < 0.2
    assert first["displacement"].median() < 0.3 and "site" in found.table
    hops = found.dynamics.events.query("kind == 'hop'")
    assert hops["frame"].tolist() == [4]
    assert found.provenance.steps[-1].task == "columns"
    tables = found.tables()
    assert {"time_s", "y_nm", "width_nm", "displacement_nm", "nearest_distance_nm"} <= set(
        tables["columns"]
    )
    names = {path.name for path in export(found, tmp_path, job=quiet_job)}
    assert {"hops_columns.csv", "hops_columns_per_frame.csv", "hops_column_events.csv"} <= names


def test_frames_that_are_lit_unevenly_or_empty_are_left_out(hopping, quiet_job):
    rows = 20 * np.cos(np.arange(96) * 0.63)[:, None] + frame(np.empty((0, 2)), 9)
    data = hopping.data[:4].copy()
    data[1] = 7.0
    data[2] = rows
    settings = SPOTS.model_copy(update={"evenness": 0.3, "follow": False, "polarity": "bright"})
    found = columns(Movie(data), settings, quiet_job)
    assert found.refused == (1, 2) and "2 of 4 frames were left out" in found.message
    assert set(found.table["frame"]) == {0, 3} and "y_px" in found.tables()["columns"]
    with pytest.raises(ColumnsError, match="No frame reaches"):
        columns(Movie(rows), settings.model_copy(update={"evenness": 0.9}), quiet_job)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.full((1, 64, 64), 3.0), "same everywhere"),
        (np.full((2, 64, 64), np.nan), "hold no numbers"),
        (np.minimum(np.random.default_rng(0).normal(10, 1, (1, 64, 64)), 9.5), "saturated"),
    ],
)
def test_what_shows_nothing_is_refused_in_plain_words(data, words, quiet_job):
    with pytest.raises(ColumnsError, match=words):
        columns(Movie(data), SPOTS, quiet_job)


def test_the_network_needs_a_pixel_size_and_says_so(hopping, quiet_job):
    with pytest.raises(MovieError, match="Calibrate"):
        columns(hopping.replace(pixel_size=None), ColumnsSettings(), quiet_job)


def test_frames_are_brought_to_the_networks_pixels_before_they_are_standardised(hopping, quiet_job):
    finder = network_finder(hopping, ColumnsSettings(polarity="dark"), quiet_job)
    prepared = finder.prepare(hopping.data[0], bright=False)
    assert prepared.shape == tuple(int(length * finder.zoom) for length in (96, 96))
    assert prepared.std() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(prepared, -finder.prepare(hopping.data[0], bright=True))
    bump = np.zeros((40, 40))
    bump[19:22, 9:12] = np.outer([0.6, 0.9, 0.6], [0.6, 1, 0.6])
    places = finder.read(hopping.data[0], bump).places
    np.testing.assert_allclose(places, [(np.array([20, 10]) + 0.5) / finder.zoom - 0.5])


def test_it_can_be_cancelled(hopping):
    with pytest.raises(Cancelled):
        columns(hopping, SPOTS, Job(is_cancelled=lambda: True, on_progress=lambda _: None))


def test_heavy_atoms_are_followed_where_asked_for_or_words_say_why_not(
    hopping, quiet_job, tmp_path
):
    made = draw_heavy_movie(np.random.default_rng(3), n_frames=12, size=110, atoms=2, patches=0)
    settings = SPOTS.model_copy(update={"heavy": True, "follow": False, "polarity": "bright"})
    found = columns(made.movie, settings, quiet_job)
    assert found.heavy is not None and "bright atoms, the longest" in found.message
    assert found.trails()["heavy_atoms"]["track"].nunique() >= 2
    names = {path.name for path in export(found, tmp_path, job=quiet_job)}
    assert {"heavy_atoms_heavy_atoms.csv", "heavy_atoms_heavy_atom_hops.csv"} <= names
    none = columns(hopping, settings, quiet_job)
    assert none.heavy is None and not none.trails() and "surely brighter" in none.message
