"""Pairs of peaks of single particles: frequencies, honest errors, masks at the border."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.fourier.following import Search
from napari_insitu_tem.analysis.fourier.pairs import find_pairs
from napari_insitu_tem.analysis.fourier.particle import particle_pairs, touches_border
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import Window

SHAPE = (120, 120)


def disc(radius, centre=(60, 60)):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.hypot(y - centre[0], x - centre[1]) < radius


def waves(*fringes, dome=False, centre=(60, 60), radius=40):
    """Fringes of (period, angle, amplitude), under a dome as a round particle's thickness."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    image = np.zeros(SHAPE)
    for period, angle, amplitude in fringes:
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        image += amplitude * np.cos(2 * np.pi * (x * c - y * s) / period + 0.3)
    if dome:
        depth = 1 - np.hypot(y - centre[0], x - centre[1]) ** 2 / radius**2
        image *= np.sqrt(np.clip(depth, 0, 1))
    return image


def test_errors_say_how_far_off_the_pairs_are(rng):
    pulls = []
    for _ in range(40):
        period, angle = rng.uniform(5, 9), rng.uniform(0, 180)
        image = waves((period, angle, 1.5), (period, angle + 70, 1.0), dome=True)
        found = particle_pairs(image + rng.normal(0, 1, SHAPE), disc(40))
        pair = min(found.pairs, key=lambda each: abs((each.angle - angle + 90) % 180 - 90))
        pulls.append((pair.spacing - period) / pair.spacing_error)
        pulls.append(((pair.angle - angle + 90) % 180 - 90) / pair.angle_error)
    assert 0.6 < np.std(pulls) < 1.5
    assert np.mean(np.abs(pulls) < 2) > 0.85


def test_pairs_of_a_simulated_particle_are_within_half_a_per_cent(rng):
    image = waves((6, 20, 2), (6, 90.5, 2), dome=True) + rng.normal(0, 1, SHAPE)
    first, second, *_ = particle_pairs(image, disc(40)).pairs
    for pair in (first, second):
        assert pair.spacing == pytest.approx(6, rel=0.005)
    assert abs(abs(first.angle - second.angle) - 70.5) < 0.3


def test_what_lies_outside_of_the_particle_does_not_count(rng):
    image = waves((7, 30, 2)) + rng.normal(0, 0.5, SHAPE)
    other = np.where(disc(30), image, 1e3 * rng.normal(size=SHAPE))
    one, two = (particle_pairs(each, disc(30)).pairs for each in (image, other))
    assert [pair.spacing for pair in one] == [pair.spacing for pair in two]


def test_a_particle_at_the_border_is_measured_from_what_is_seen(rng):
    mask = disc(40, (15, 60))
    found = particle_pairs(waves((7, 30, 2)) + rng.normal(0, 0.5, SHAPE), mask)
    assert found.border and touches_border(mask) and not touches_border(disc(40))
    assert found.pairs[0].spacing == pytest.approx(7, rel=0.01)


@pytest.mark.parametrize(
    ("image", "mask", "word"),
    [
        (np.full(SHAPE, 7.0), disc(30), "same value"),
        (waves((7, 30, 2)), disc(3), "too small"),
        (np.full(SHAPE, np.nan), disc(30), "missing"),
    ],
)
def test_particles_that_cannot_be_looked_at_say_why(image, mask, word):
    found = particle_pairs(image, mask)
    assert found.pairs == () and found.window is None and word in found.note


def test_a_saturated_particle_says_so(rng):
    image = np.where(rng.random(SHAPE) < 0.5, 255, 30).astype(np.uint8)
    assert "saturated" in particle_pairs(image, disc(30)).note


def test_no_pair_and_one_pair_are_said(rng):
    noise = rng.normal(0, 1, SHAPE)
    none = particle_pairs(noise, disc(40), Search(false_alarm=1e-5))
    assert none.pairs == () and none.window is not None and "No pair" in none.note
    one = particle_pairs(noise + waves((7, 30, 1)), disc(40), Search(false_alarm=1e-5))
    assert len(one.pairs) == 1 and "Only one" in one.note


@pytest.mark.parametrize("steepness", [0, 2, 4])
def test_a_background_that_falls_with_frequency_does_not_pull_the_spacing(rng, steepness):
    side, period = 48, 6.5
    frequency = np.hypot(np.fft.fftfreq(4 * side)[:, None], np.fft.fftfreq(4 * side))
    falling = np.maximum(frequency, 0.01) ** (-steepness / 2) * period ** (-steepness / 2)
    found = []
    for angle in np.linspace(5, 175, 24):
        noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(4 * side,) * 2)) * falling).real
        image = waves((period, angle, 0.8))[:side, :side] + 0.5 * noise[:side, :side]
        spectrum = Spectrum.of(image, Window.of_mask(np.ones((side, side), bool)))
        pairs = find_pairs(spectrum, shortest=3.5, longest=9)
        found.append(pairs[0].spacing)
    assert np.median(found) == pytest.approx(period, rel=0.005)


def test_fringes_that_are_bent_keep_their_spacing():
    period, side = 6.5, 48
    y, x = np.mgrid[-200:200, -200:200].astype(float)
    rings = np.cos(2 * np.pi * np.hypot(y, x) / period)
    for radius in (100, 130, 160):
        mask = (abs(y - radius) < side / 2) & (abs(x) < side / 2)
        pair = particle_pairs(rings, mask, Search(3.5, 9, 12)).pairs[0]
        assert pair.spacing == pytest.approx(period, rel=0.005)
