"""Orientation of k-fold outlines, against drawn ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.identity import angle_errors
from napari_insitu_tem.analysis.orientation import angle, find_symmetry, unwrap, wrap
from napari_insitu_tem.analysis.shape import describe

SIDES = {2: 4, 3: 3, 4: 4, 6: 6}


def outline(k, degrees, *, size=24, centre=(31.5, 31.5), rng=None, noise=0.0):
    """Draw a rod (3:1), triangle, square or hexagon with a far point at an angle."""
    y, x = np.mgrid[:64, :64]
    z = ((x - centre[1]) - 1j * (y - centre[0])) * np.exp(-1j * np.deg2rad(degrees))
    if k == 2:
        inside = np.minimum(size / 2 - np.abs(z.real), size / 6 - np.abs(z.imag))
    else:
        apothem = {3: size / np.sqrt(12), 4: size / 2, 6: size * np.sqrt(3) / 4}[k]
        faces = np.exp(-1j * 2 * np.pi * (np.arange(k) + 0.5) / k)
        inside = apothem - np.max([(z * face).real for face in faces], axis=0)
    if noise:
        inside = inside + noise * ndimage.gaussian_filter(rng.standard_normal(z.shape), 1)
    return (inside > 0).astype(int)


def test_a_rod_turned_by_30_degrees_reads_30():
    labels = outline(2, 30)
    assert angle(describe(labels, symmetries=(2,))["moment_2"], 2)[0] == pytest.approx(30, abs=0.7)
    # Counter-clockwise as seen: its right end is up, at smaller y.
    y, x = np.nonzero(labels)
    assert np.corrcoef(y, x)[0, 1] < -0.5


def test_a_square_along_the_axes_points_to_its_corners():
    labels = np.zeros((40, 40), int)
    labels[8:32, 8:32] = 1
    assert angle(describe(labels, symmetries=(4,))["moment_4"], 4)[0] == pytest.approx(45)


@given(st.sampled_from((2, 3, 4, 6)), st.floats(0, 360), st.floats(31, 32), st.floats(31, 32))
@settings(max_examples=60, deadline=None)
def test_any_outline_at_any_angle_and_place_reads_its_angle(k, degrees, y, x):
    labels = outline(k, degrees, centre=(y, x))
    found = angle(describe(labels, symmetries=(k,))[f"moment_{k}"], k)[0]
    # An edge along the grid gains or loses a whole row of pixels: 3.5° at worst, 0.5° rms.
    assert abs(angle_errors(found, degrees, k)) < 5
    assert 0 <= found < 360 / k


@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_angle_of_rough_24_px_outlines_is_right_within_one_and_a_half_degrees(k, rng):
    errors = []
    for _ in range(60):
        true = rng.uniform(0, 360)
        labels = outline(k, true, centre=rng.uniform(31, 32, 2), rng=rng, noise=1.5)
        found = angle(describe(labels, symmetries=(k,))[f"moment_{k}"], k)[0]
        errors.append(angle_errors(found, true, k))
    assert np.sqrt(np.mean(np.square(errors))) < 1.5


@pytest.mark.parametrize("k", [2, 3, 4, 6])
@pytest.mark.parametrize("size", [14, 24, 40])
def test_the_symmetry_is_found_from_rough_outlines(k, size, rng):
    if k == 6 and size < 20:
        pytest.skip("six corners do not show in 14 px")
    moments = {fold: [] for fold in (2, 3, 4, 6)}
    for _ in range(10):
        labels = outline(k, rng.uniform(0, 360), size=size, rng=rng, noise=1.5)
        for fold, values in moments.items():
            values.append(describe(labels, symmetries=(fold,))[f"moment_{fold}"][0])
    assert find_symmetry({fold: np.array(values) for fold, values in moments.items()}) == k


def test_discs_have_no_symmetry(rng):
    y, x = np.mgrid[:64, :64]
    for radius in (6, 10, 20):
        moments = {fold: [] for fold in (2, 3, 4, 6)}
        for _ in range(10):
            centre = rng.uniform(31, 32, 2)
            labels = (np.hypot(y - centre[0], x - centre[1]) < radius).astype(int)
            for fold, values in moments.items():
                values.append(describe(labels, symmetries=(fold,))[f"moment_{fold}"][0])
        assert find_symmetry({fold: np.array(values) for fold, values in moments.items()}) == 0


@given(st.sampled_from((2, 3, 4, 6)), st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_unwrapping_undoes_wrapping_of_small_turns(k, seed):
    rng = np.random.default_rng(seed)
    course = np.cumsum(rng.uniform(-0.45, 0.45, 50) * 360 / k)
    back = unwrap(wrap(course, k), k)
    np.testing.assert_allclose(back - back[0], course - course[0], atol=1e-6)
