import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.columns.bright_spots import bright_spots
from napari_insitu_tem.analysis.columns.heavy import followed
from napari_insitu_tem.analysis.columns.local_motion import local_displacement
from napari_insitu_tem.analysis.columns.stays import hops_between
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.simulate.columns.heavy import draw_heavy_movie
from napari_insitu_tem.tasks.columns.heavy import HeavyAtomsError, heavy_atoms

QUIET = Job(on_progress=lambda progress: None)
SPACING = 10.0
STILL = draw_heavy_movie(np.random.default_rng(0), n_frames=1, size=110, atoms=2)


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
    with pytest.raises(HeavyAtomsError, match="No spot is surely brighter"):
        heavy_atoms(movie, table, bright=True, spacing=SPACING, job=QUIET)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 100), st.floats(-50, 50))
def test_what_is_bright_does_not_depend_on_scale_and_level(scale, level):
    image, columns = STILL.movie.frame(0), STILL.columns[["y", "x"]].to_numpy()
    plain = bright_spots(image, columns, 2.2, bright=True)
    changed = bright_spots(scale * image + level, columns, 2.2, bright=True)
    assert plain["sure"].sum() >= 2 and len(plain) == len(changed)
    assert np.allclose(plain.astype(float), changed.astype(float), rtol=1e-2, atol=2e-2)


@settings(max_examples=25, deadline=None)
@given(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_local_displacement_is_that_of_the_columns_near_by(down, right):
    sites = np.stack(np.mgrid[0:6, 0:6].reshape(2, -1), 1) * SPACING
    found = sites + [down, right]
    moved = local_displacement(found, sites, sites[:3], SPACING)
    assert np.allclose(moved, np.array([down, right]) * 9 / 11, atol=1e-9)


def test_jitter_about_a_place_is_no_hop_and_a_hop_leads_from_stay_to_stay():
    rng = np.random.default_rng(1)
    still = np.array([30.0, 40.0]) + rng.normal(0, 0.08 * SPACING, (40, 2))
    table = pd.DataFrame({"frame": np.arange(40), "brightness": 2.0, "wide": 0.4, "sure": True})
    table["likely"] = True
    for length, hops in ((0.0, 0), (1.7, 1)):
        moved = still + [[0, length * SPACING * (frame >= 20)] for frame in range(40)]
        table["y"], table["x"] = table["still_y"], table["still_x"] = moved.T
        tracks = followed(table, 40, SPACING, job=QUIET)
        assert set(tracks["atom"]) == {1}
        assert list(hops_between(tracks, SPACING)["frame"]) == [20] * hops


@pytest.mark.parametrize("saturation", [np.inf, 1.25])
def test_atoms_are_followed_through_hops_also_in_a_saturated_movie(saturation):
    made = draw_heavy_movie(
        np.random.default_rng(7), n_frames=40, brightness=(2.5, 5.0), saturation=saturation
    )
    found = heavy_atoms(made.movie, made.columns, bright=True, spacing=made.spacing, job=QUIET)
    atoms = found.tracks[found.tracks["kind"] == "atom"]
    near = 0
    for row in made.atoms[made.atoms["seen"]].itertuples():
        here = atoms[atoms["frame"] == row.frame]
        near += np.hypot(here["y"] - row.y, here["x"] - row.x).min() < 0.5 * made.spacing
    assert near >= 0.9 * made.atoms["seen"].sum()
    true = sum(
        np.any(
            (abs(made.hops["frame"] - hop.frame) <= 2)
            & (np.hypot(made.hops["y"] - hop.y, made.hops["x"] - hop.x) < 0.6 * made.spacing)
        )
        for hop in found.hops.itertuples()
    )
    assert len(made.hops) > 2 and true >= max(0.6 * len(made.hops), 0.8 * len(found.hops))


def test_a_wide_bright_area_is_a_patch_and_no_atom():
    rng = np.random.default_rng(4)
    made = draw_heavy_movie(rng, n_frames=15, atoms=0, patches=1, hops_per_frame=0)
    found = heavy_atoms(made.movie, made.columns, bright=True, spacing=made.spacing, job=QUIET)
    assert set(found.tracks["kind"]) == {"patch"} and "wider than an atom" in found.message
    assert not len(found.hops)
