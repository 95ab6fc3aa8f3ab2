"""Which windows show a lattice, in frames as recorded and in frames that are enlarged."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.analysis.lattice_windows import lattice_strength, windows_with_lattice
from napari_insitu_tem.analysis.windows import WindowGrid
from napari_insitu_tem.simulate.lattice_frames import plane_lattice


def frames(period, rng, *, half=True, edge=160):
    """Three noisy frames with a lattice in their left half, or nowhere."""
    turn = np.array([[np.sin(0.3), np.cos(0.3)], [np.cos(0.3), -np.sin(0.3)]])
    lattice = plane_lattice((edge, edge), turn / period)
    lattice[:, edge // 2 :] = 0
    return [(lattice if half else 0) + rng.normal(0, 1, (edge, edge)) for _ in range(3)]


def grid_of(zoom, edge=160):
    return WindowGrid.of((int(edge * zoom),) * 2, 64, 8, zoom=zoom)


@pytest.mark.parametrize(("period", "zoom"), [(24, 1.0), (6.5, 3.4), (11, 2.0), (44, 0.5)])
def test_windows_with_a_lattice_are_told_from_noise_whatever_the_scale(period, zoom, rng):
    edge = 400 if zoom < 1 else 160
    grid = grid_of(zoom, edge)
    looks = [lattice_strength(frames(period, rng, edge=edge), grid) for _ in range(3)]
    shown = windows_with_lattice(looks, grid, fringes=12)
    x = grid.centres()[1]
    reach = max(grid.edge, 32) / 2
    assert shown.shape == grid.shape
    assert shown[:, x < edge / 2 - reach].mean() > 0.9
    assert shown[:, x > edge / 2 + reach].mean() < 0.1


def test_smooth_noise_of_enlarged_frames_is_no_lattice(rng):
    grid = grid_of(3.4)
    noise = frames(6.5, rng, half=False)
    smooth = [ndimage.gaussian_filter(each, 0.7) for each in noise]
    assert np.mean(lattice_strength(noise, grid) > 12) < 0.1
    assert np.mean(lattice_strength(smooth, grid) > 12) < 0.2


def test_single_holes_and_specks_are_mended():
    grid = WindowGrid(64, 24, 9, 9)
    look = np.zeros((9, 9))
    look[:5] = 20
    look[2, 3], look[7, 7] = 0, 20
    shown = windows_with_lattice([look] * 3, grid, fringes=12)
    assert shown[:5].all()
    assert not shown[5:].any()
