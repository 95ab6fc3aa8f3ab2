"""Fourier analysis of lattices: peaks, pairs, maps and extents, against known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.fourier.bragg import bragg_filter, lattice_amplitude
from napari_insitu_tem.analysis.fourier.extent import lattice_change, lattice_extent
from napari_insitu_tem.analysis.fourier.following import RegionFollower, Search
from napari_insitu_tem.analysis.fourier.fringes import fringe_strength
from napari_insitu_tem.analysis.fourier.lattice import (
    brightness_ratio,
    distinct_pairs,
    rotation_between,
)
from napari_insitu_tem.analysis.fourier.pairs import find_pairs, follow_pairs
from napari_insitu_tem.analysis.fourier.regions import (
    region_mask,
    regions_from_text,
    regions_to_text,
)
from napari_insitu_tem.analysis.fourier.series import lattice_course, misorientation_course
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import FourierError, Window

SHAPE = (120, 140)


def fringes(period: float, angle: float, amplitude: float = 1.0, shape=SHAPE, phase: float = 0.4):
    """Fringes whose normal points at an angle, counter-clockwise on the screen."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    turn = np.radians(angle)
    return amplitude * np.cos(2 * np.pi * (x * np.cos(turn) - y * np.sin(turn)) / period + phase)


def disc(radius: float, centre=(60, 70), shape=SHAPE) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(y - centre[0], x - centre[1]) < radius


def pairs_of(image, mask=None, **options):
    window = Window.of_frame(image.shape) if mask is None else Window.of_mask(mask)
    return find_pairs(Spectrum.of(image, window), **options)


# -- window and spectrum -------------------------------------------------------------------


def test_white_noise_has_its_variance_at_every_frequency(rng):
    noise = rng.normal(0, 3, (256, 256))
    spectrum = Spectrum.of(noise, Window.of_mask(disc(100, (128, 128), (256, 256))))
    middle = slice(5, None)
    assert spectrum.radial.power[middle].mean() == pytest.approx(9, rel=0.05)
    assert spectrum.radial.noise[middle].mean() == pytest.approx(9, rel=0.08)
    assert spectrum.noise(0.25) == pytest.approx(9, rel=0.3)


def test_the_noise_does_not_follow_lattice_peaks(rng):
    noise = rng.normal(0, 1, (200, 200))
    image = noise + fringes(9, 30, 2, (200, 200)) + fringes(9, 120, 2, (200, 200))
    radial = Spectrum.of(image, Window.of_frame((200, 200))).radial
    at = np.argmin(np.abs(radial.frequency - 1 / 9))
    assert radial.power[at] > 20 and radial.noise[at] < 2


def test_mean_and_slope_leave_no_trace():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    window = Window.of_mask(disc(50))
    assert np.abs(window.of(1000 + 3 * y - 7.0 * x)).max() < 1e-2


def test_outside_of_the_mask_nothing_counts(rng):
    image = fringes(8, 20) + rng.normal(0, 0.3, SHAPE)
    wild = np.where(disc(40), image, 1e4 * rng.normal(size=SHAPE))
    window = Window.of_mask(disc(40))
    np.testing.assert_array_equal(window.of(image), window.of(wild))


def test_the_shown_spectrum_is_symmetric_with_zero_in_the_middle(rng):
    for shape in ((64, 64), (61, 75)):
        spectrum = Spectrum.of(rng.normal(size=shape), Window.of_frame(shape))
        full = spectrum.centred()
        assert full.shape == spectrum.window.padded
        direct = np.abs(np.fft.fft2(spectrum.pixels[0], full.shape)) ** 2 / spectrum.window.power
        np.testing.assert_allclose(full, np.fft.fftshift(direct), rtol=1e-3, atol=1e-4)


def test_regions_that_show_nothing_are_refused_in_plain_words(rng):
    image = rng.normal(size=SHAPE)
    with pytest.raises(FourierError, match="too small"):
        Window.of_mask(disc(3))
    window = Window.of_mask(disc(30))
    with pytest.raises(FourierError, match="same value"):
        window.of(np.full(SHAPE, 7.0))
    with pytest.raises(FourierError, match="missing"):
        window.of(np.where(disc(28), np.nan, image))
    with pytest.raises(FourierError, match="saturated"):
        window.of(np.where(image > 0, 255, 40).astype(np.uint8))


def test_a_few_missing_pixels_do_no_harm(rng):
    image = fringes(8, 20) + rng.normal(0, 0.3, SHAPE)
    image[rng.integers(0, 120, 200), rng.integers(0, 140, 200)] = np.nan
    (pair, *_) = pairs_of(image)
    assert pair.spacing == pytest.approx(8, abs=4 * pair.spacing_error)


# -- pairs ---------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    period=st.floats(4, 14),
    angle=st.floats(0, 179.9),
    phase=st.floats(-3, 3),
    amplitude=st.floats(0.5, 20),
)
def test_fringes_without_noise_are_found_far_below_a_pixel(period, angle, phase, amplitude):
    rng = np.random.default_rng(0)
    image = fringes(period, angle, amplitude, phase=phase) + rng.normal(0, 1e-3, SHAPE)
    pair = pairs_of(image, disc(50))[0]
    assert pair.spacing == pytest.approx(period, rel=1e-3)
    assert abs((pair.angle - angle + 90) % 180 - 90) < 0.05
    assert pair.amplitude == pytest.approx(amplitude, rel=0.02)


def test_stated_errors_are_the_scatter_of_many_noisy_frames():
    window = Window.of_mask(disc(40))
    spacings, angles, said = [], [], []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, 2, SHAPE)
        pair = find_pairs(Spectrum.of(fringes(9.3, 37) + noise, window))[0]
        spacings.append(pair.spacing)
        angles.append(pair.angle)
        said.append((pair.spacing_error, pair.angle_error))
    spread = np.std(spacings), np.std(angles)
    assert np.mean(said, axis=0) == pytest.approx(spread, rel=0.3)
    assert np.mean(spacings) == pytest.approx(9.3, abs=3 * spread[0] / np.sqrt(60))
    assert np.mean(angles) == pytest.approx(37, abs=3 * spread[1] / np.sqrt(60))


def test_noise_alone_has_no_pairs():
    window = Window.of_mask(disc(50))
    alarms = [
        len(find_pairs(Spectrum.of(np.random.default_rng(seed).normal(size=SHAPE), window)))
        for seed in range(40)
    ]
    assert sum(alarms) <= 1


def test_a_weak_pair_is_found_beside_a_strong_one(rng):
    image = fringes(9, 0, 20) + fringes(6.5, 50, 1.0) + rng.normal(0, 1, SHAPE)
    found = pairs_of(image)
    assert [round(pair.spacing, 1) for pair in found] == [9.0, 6.5]
    assert found[1].amplitude == pytest.approx(1, abs=0.15)


def test_few_fringes_are_not_biased_by_their_mirror_image():
    shape = (64, 64)
    window = Window.of_frame(shape)
    for phase in np.linspace(0, np.pi, 7):
        rng = np.random.default_rng(1)
        image = fringes(15, 20, 1, shape, phase) + rng.normal(0, 0.01, shape)
        (pair, *_) = find_pairs(Spectrum.of(image, window))
        assert pair.spacing == pytest.approx(15, rel=0.003)
        assert pair.angle == pytest.approx(20, abs=0.2)


def test_spacings_out_of_bounds_are_not_looked_for(rng):
    image = fringes(9, 0, 3) + fringes(5, 60, 3) + rng.normal(0, 1, SHAPE)
    assert [round(p.spacing) for p in pairs_of(image, longest=7.0)] == [5]
    assert [round(p.spacing) for p in pairs_of(image, shortest=7.0)] == [9]
    assert pairs_of(image, shortest=80.0) == ()


def test_spectra_of_several_frames_find_what_one_does_not():
    window = Window.of_mask(disc(40))
    clean = fringes(8, 15, 0.2)
    frames = [
        np.roll(clean, seed, axis=1) + np.random.default_rng(seed).normal(0, 2.5, SHAPE)
        for seed in range(24)
    ]
    assert find_pairs(Spectrum.of(frames[0], window)) == ()
    (pair, *_) = find_pairs(Spectrum.of(frames, window))
    assert pair.spacing == pytest.approx(8, rel=0.01)


def test_a_pair_is_followed_where_it_turned_and_missed_where_it_is_gone(rng):
    window = Window.of_mask(disc(45))
    start = find_pairs(Spectrum.of(fringes(8, 179.5) + rng.normal(0, 0.3, SHAPE), window))
    later = Spectrum.of(fringes(8, 181) + rng.normal(0, 0.3, SHAPE), window)
    (found, *_) = follow_pairs(later, start[:1])
    assert found is not None and found.spacing == pytest.approx(8, rel=0.005)
    # The sign of the frequency is kept, so that the angle does not jump.
    assert found.frequency @ start[0].frequency > 0
    gone = Spectrum.of(rng.normal(0, 0.3, SHAPE), window)
    assert follow_pairs(gone, start[:1]) == (None,)


# -- lattices ------------------------------------------------------------------------------


def square(angle: float, rng, period: float = 10.0, noise: float = 0.5):
    image = fringes(period, angle) + fringes(period, angle + 90, 0.8)
    image = image + fringes(period / math.sqrt(2), angle + 45, 0.4)
    return image + rng.normal(0, noise, SHAPE)


@pytest.mark.parametrize("turn", [-20.0, 0.0, 5.0, 44.0])
def test_the_turn_between_two_lattices_is_the_smallest_that_fits(turn, rng):
    first, second = pairs_of(square(12, rng)), pairs_of(square(12 + turn, rng))
    found = rotation_between(first, second)
    assert found is not None
    assert found.angle == pytest.approx(turn, abs=4 * found.error + 0.05)
    assert rotation_between(first, pairs_of(square(12, rng, period=13.0))[:1]) is None


def test_the_brightness_ratio_leaves_out_higher_orders(rng):
    image = square(12, rng, noise=0.1) + fringes(5, 12, 0.1)
    pairs = pairs_of(image)
    assert len(pairs) == 4 and len(distinct_pairs(pairs)) == 3
    assert brightness_ratio(pairs) == pytest.approx(1 / 0.4, rel=0.05)
    assert brightness_ratio(pairs[:1]) == math.inf


def test_courses_take_all_pairs_and_do_not_jump(rng):
    windows = [Window.of_mask(disc(40)), Window.of_mask(disc(35, (60, 75)))]
    followers = [RegionFollower(window, Search()) for window in windows]
    turns = 178.0 + 0.5 * np.arange(10)
    for step, angle in enumerate(turns):
        images = square(angle, rng), square(angle + 8 - 0.2 * step, rng)
        for follower, image in zip(followers, images, strict=True):
            pixels = [follower.window.of(image)]
            if not step:
                follower.begin(pixels)
            follower.add(pixels)
    course = lattice_course(followers)
    first = course[course["region"] == 1]["lattice_angle"].to_numpy()
    assert np.diff(first) == pytest.approx(0.5, abs=0.3)
    assert course["spacing"].to_numpy() == pytest.approx(10, rel=0.01)
    against = misorientation_course(followers)
    assert against["misorientation"].to_numpy() == pytest.approx(8 - 0.2 * np.arange(10), abs=0.5)


def test_frames_that_cannot_be_used_have_no_rows(rng):
    follower = RegionFollower(Window.of_mask(disc(40)), Search())
    follower.begin([follower.window.of(square(10, rng))])
    for usable in (True, False, True):
        follower.add([follower.window.of(square(10, rng))] if usable else [])
    assert sorted(lattice_course([follower])["frame"]) == [0, 2]
    assert follower.frames_found == 2


# -- maps ----------------------------------------------------------------------------------


def half_lattice(edge: int, angle: float, rng, noise: float = 0.3) -> np.ndarray:
    there = np.arange(SHAPE[1]) < edge
    return fringes(8, angle) * there + rng.normal(0, noise, SHAPE)


@pytest.mark.parametrize("angle", [90.0, 75.0])
def test_a_lattice_ends_where_its_straight_border_is(angle, rng):
    image = half_lattice(70, angle, rng)
    pairs = pairs_of(image, disc(30, (60, 35)))
    amplitude = lattice_amplitude([image], pairs[:1], blur=6.0)
    extent = lattice_extent([amplitude], blur=6.0)
    assert extent.area(1) == pytest.approx(70 * SHAPE[0], rel=0.04)
    assert extent.amplitudes[0] == pytest.approx(1, rel=0.1)
    assert extent.noisy == (False,)
    # The frame's own edge is none of the lattice.
    assert extent.labels[:, 0].mean() > 0.95 and extent.labels[0, :60].all()


def test_two_lattices_share_the_frame(rng):
    left = np.arange(SHAPE[1]) < 70
    image = np.where(left, fringes(8, 80), 2 * fringes(8, 10)) + rng.normal(0, 0.3, SHAPE)
    lattices = [
        lattice_amplitude([image], pairs_of(image, disc(30, (60, x)))[:1], blur=6.0)
        for x in (35, 105)
    ]
    extent = lattice_extent(lattices, blur=6.0)
    assert (extent.labels[:, :62] == 1).mean() > 0.97
    assert (extent.labels[:, 78:] == 2).mean() > 0.97


def test_without_a_lattice_there_is_no_extent(rng):
    pairs = pairs_of(half_lattice(70, 90, rng), disc(30, (60, 35)))
    empty = lattice_amplitude([rng.normal(0, 0.3, SHAPE)], pairs[:1], blur=6.0)
    extent = lattice_extent([empty], blur=6.0)
    assert extent.area(1) < 0.02 * extent.labels.size


def test_the_bragg_filter_keeps_the_fringes_of_its_peaks_and_no_others(rng):
    wanted, other = fringes(8, 20), fringes(7, 110)
    image = 100 + wanted + other + rng.normal(0, 0.3, SHAPE)
    chosen = [pair for pair in pairs_of(image) if abs(pair.angle - 20) < 5]
    filtered = bragg_filter(image, chosen, blur=8.0)
    inner = slice(30, -30), slice(30, -30)
    np.testing.assert_allclose(filtered[inner], wanted[inner], atol=0.15)


def test_the_map_between_two_times_says_what_became_of_the_lattice():
    before, after = np.zeros((4, 6), int), np.zeros((4, 6), int)
    before[:, :3], after[:, 2:5] = 1, 2
    change = lattice_change(before, after)
    assert change[0].tolist() == [3, 3, 1, 2, 2, 0]


# -- patches -------------------------------------------------------------------------------


def test_patches_with_fringes_are_stronger_than_those_without(rng):
    noise = rng.normal(0, 1, (40, 64, 64))
    with_fringes = noise + fringes(9, 25, 0.8, (64, 64))
    without = fringe_strength(rng.normal(0, 1, (40, 64, 64)))
    assert np.median(fringe_strength(with_fringes)) > 3 * np.median(without)
    assert fringe_strength(with_fringes).min() > np.median(without)


def test_fringes_stand_out_in_denoised_frames_too(rng):
    noise = rng.normal(0, 1, (20, 64, 64))
    lattice = fringes(24, 25, 0.8, (64, 64)) + fringes(24, 115, 0.8, (64, 64))
    smoothed = ndimage.gaussian_filter(noise + lattice, (0, 2, 2))
    film = ndimage.gaussian_filter(noise, (0, 2, 2))
    assert np.percentile(fringe_strength(smoothed), 10) > 20
    assert np.percentile(fringe_strength(film), 90) < 20


@settings(max_examples=15)
@given(scale=st.floats(1e-2, 1e4), offset=st.floats(-1e3, 1e3))
def test_fringe_strength_does_not_depend_on_brightness_and_contrast(scale, offset):
    patches = np.random.default_rng(3).normal(0, 1, (3, 32, 32)) + fringes(7, 40, 1, (32, 32))
    same = fringe_strength(scale * patches + offset * scale)
    np.testing.assert_allclose(same, fringe_strength(patches), rtol=0.02)


def test_patches_without_anything_have_no_strength_and_bad_ones_are_refused():
    assert fringe_strength(np.full((2, 32, 32), 5.0)).tolist() == [0, 0]
    assert fringe_strength(np.zeros((0, 32, 32))).shape == (0,)
    with pytest.raises(FourierError, match="16 pixels"):
        fringe_strength(np.zeros((2, 8, 8)))
    with pytest.raises(FourierError, match="No spacing"):
        fringe_strength(np.ones((2, 32, 32)), shortest=30.0)


# -- regions as text -----------------------------------------------------------------------


@settings(max_examples=30)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(-500, 5000), st.integers(-500, 5000)), min_size=3, max_size=6
        ),
        max_size=4,
    )
)
def test_regions_come_back_from_their_text(regions):
    arrays = [np.array(region) / 10 for region in regions]
    read = regions_from_text(regions_to_text(arrays))
    assert len(read) == len(arrays)
    for one, same in zip(read, arrays, strict=True):
        np.testing.assert_allclose(one, same, atol=1e-9)


def test_two_points_are_a_rectangle_and_masks_hold_the_pixels_inside():
    (corners,) = regions_from_text("9.5,4.5 1.5,7.5")
    mask = region_mask(corners, (12, 10))
    assert np.argwhere(mask).min(axis=0).tolist() == [2, 5]
    assert np.argwhere(mask).max(axis=0).tolist() == [9, 7]
    assert regions_from_text(" ; ") == ()


@pytest.mark.parametrize("text", ["5,5", "1,2 3", "a,b c,d", "1,2,3 4,5,6"])
def test_text_that_is_no_region_is_refused(text):
    with pytest.raises(FourierError, match="is no region"):
        regions_from_text(text)


def test_a_region_outside_of_the_frame_is_refused():
    (corners,) = regions_from_text("200,200 300,300")
    with pytest.raises(FourierError, match="outside"):
        region_mask(corners, (50, 50))
