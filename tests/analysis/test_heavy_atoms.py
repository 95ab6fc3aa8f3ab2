import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.columns.heavy import brightness_over_lattice, heavy_hops
from napari_insitu_tem.analysis.columns.local_motion import local_displacement
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.heavy import HeavyAtomsError, heavy_atoms

QUIET = Job(on_progress=lambda progress: None)
SPACING = 10.0


def graphene_like(*, heavy: bool = True, n_frames: int = 30):
    """Return a movie of a square lattice with one bright atom that hops twice, and its table."""
    rng = np.random.default_rng(0)
    lattice = np.stack(np.mgrid[1:8, 1:8].reshape(2, -1), 1) * SPACING
    frames, rows, path = [], [], []
    drift = np.zeros(2)
    for frame in range(n_frames):
        drift = drift + rng.normal(0, 0.4, 2)
        atom = 24 if frame < 10 else 25 if frame < 20 else 32
        image = np.zeros((82, 82))
        here = lattice + drift + rng.normal(0, 0.1, lattice.shape)
        for number, (y, x) in enumerate(here):
            height = 4.0 if heavy and number == atom else 1.0
            image[int(round(y)), int(round(x))] += height * rng.normal(1, 0.05)
        frames.append(100 * ndimage.gaussian_filter(image, 2.0) + rng.normal(0, 0.1, image.shape))
        rows += [(frame, y, x) for y, x in here]
        path.append(lattice[atom])
    table = pd.DataFrame(rows, columns=["frame", "y", "x"])
    return Movie(np.array(frames, np.float32)), table, np.array(path)


def test_a_bright_atom_is_followed_through_its_hops_and_through_drift():
    movie, table, path = graphene_like()
    found = heavy_atoms(movie, table, bright=True, spacing=SPACING, job=QUIET)
    assert found.tracks["atom"].nunique() == 1 and len(found.tracks) >= 28
    assert list(found.hops["frame"]) == [10, 20]
    steps = np.hypot(*np.diff(path[[0, 10, 20]], axis=0).T)
    assert np.allclose(found.hops["hop_length"], steps, atol=0.15 * SPACING)
    assert "hop_length_px" in found.tables()["heavy_atom_hops"]


def test_a_lattice_without_heavy_atoms_is_refused_in_plain_words():
    movie, table, _ = graphene_like(heavy=False, n_frames=6)
    with pytest.raises(HeavyAtomsError, match="No column is brighter"):
        heavy_atoms(movie, table, bright=True, spacing=SPACING, job=QUIET)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 100), st.floats(-50, 50))
def test_brightness_over_the_lattice_does_not_depend_on_scale_and_level(seed, scale, level):
    heights = np.random.default_rng(seed).normal(10, 1, 40)
    plain = brightness_over_lattice(heights)
    assert np.allclose(plain, brightness_over_lattice(scale * heights + level), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_local_displacement_is_that_of_the_columns_near_by(down, right):
    sites = np.stack(np.mgrid[0:6, 0:6].reshape(2, -1), 1) * SPACING
    found = sites + [down, right]
    moved = local_displacement(found, sites, sites[:3], SPACING)
    assert np.allclose(moved, np.array([down, right]) * 9 / 11, atol=1e-9)


def test_jitter_about_a_place_is_no_hop():
    rng = np.random.default_rng(1)
    still = np.array([30.0, 40.0]) + rng.normal(0, 0.1 * SPACING, (40, 2))
    tracks = pd.DataFrame({"atom": 1, "frame": np.arange(40), "y": still[:, 0], "x": still[:, 1]})
    tracks["still_y"], tracks["still_x"] = tracks["y"], tracks["x"]
    assert not len(heavy_hops(tracks, SPACING))
