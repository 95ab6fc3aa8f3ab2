import numpy as np
import pytest
from scipy import sparse

from napari_insitu_tem.analysis.columns.crosstalk import crosstalk, occupancy_apart
from napari_insitu_tem.analysis.columns.learnt_spot import learn_spot, learnt_levels
from napari_insitu_tem.analysis.columns.occupancy import Evidence, occupancy
from napari_insitu_tem.analysis.columns.shared_motion import Motion

SPACING = 12.0
SITES = np.array([[30.0, 30.0], [30.0, 36.0], [30.0, 60.0], [60.0, 30.0]])


def ringed(away):
    """Return a column as an image may show it: a spot with a dark ring."""
    square = (away / 2.2) ** 2
    return (1 - 0.4 * square) * np.exp(-square / 2)


def movie_of(occupied, noise=0.15):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:90, :90]
    spots = np.array([ringed(np.hypot(y - v, x - u)) for v, u in SITES])
    return np.tensordot(occupied.astype(float), spots, 1) + rng.normal(
        0, noise, (len(occupied), 90, 90)
    )


def still(n_frames):
    return Motion(np.zeros((n_frames, 2)), np.zeros(n_frames), np.zeros(2), np.ones(n_frames, bool))


def test_what_a_column_shows_at_a_site_near_by_is_learnt():
    occupied = np.tile([True, False, True, True], (120, 1))
    occupied[20:70, 0] = occupied[70:, 2] = False
    frames = movie_of(occupied)
    change = [0, 2]
    spot = learn_spot(frames, still(120), SITES[change], occupied[:, change].astype(float), SPACING)
    assert spot is not None
    assert spot.shown(np.zeros((1, 2)))[0] == pytest.approx(1, abs=0.05)
    shown = crosstalk(spot, SITES, SPACING).toarray()
    assert (shown != 0).sum() == 2 and shown[0, 1] == pytest.approx(shown[1, 0], abs=0.02)
    levels = learnt_levels(frames, still(120), SITES, spot)
    step = levels[occupied[:, 0], 1].mean() - levels[~occupied[:, 0], 1].mean()
    assert step < -0.1 and shown[1, 0] == pytest.approx(step, abs=0.05)


def test_a_site_does_not_change_because_its_neighbour_does():
    rng = np.random.default_rng(1)
    held = np.stack([np.arange(100) < 40, np.zeros(100, bool)], 1)
    shown = sparse.csr_array(np.array([[0, -0.4], [-0.4, 0]]))
    levels = held @ (np.eye(2) + shown.toarray().T) + rng.normal(0, 0.1, held.shape)
    evidence = Evidence(levels, (0.0, 1.0))
    assert occupancy(evidence).changes.tolist() == [True, True]
    apart = occupancy_apart(evidence, shown)
    assert apart.changes.tolist() == [True, False]
    assert np.allclose(apart.probability[:, 0], held[:, 0], atol=0.01)


def test_neighbours_that_both_change_are_told_apart():
    rng = np.random.default_rng(2)
    held = np.stack([np.arange(120) < 40, (np.arange(120) // 25) % 2 == 0], 1)
    shown = sparse.csr_array(np.array([[0, -0.3], [-0.3, 0]]))
    levels = held @ (np.eye(2) + shown.toarray().T) + rng.normal(0, 0.15, held.shape)
    apart = occupancy_apart(Evidence(levels, (0.0, 1.0)), shown)
    assert apart.changes.all()
    assert np.abs(apart.probability - held).mean() < 0.01
