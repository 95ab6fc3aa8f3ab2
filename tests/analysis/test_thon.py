"""Thon rings on made-up spectra and simulated films: found where they are, refused elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.fourier.thon import SECTORS, PolarSpectrum, averaged, polar
from napari_insitu_tem.analysis.fourier.thon_fit import Search, fit_rings
from napari_insitu_tem.analysis.fourier.thon_model import Lens, Optics, turned
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import Conditions, aberration

PIXEL = 0.05
EVERYWHERE = np.ones((256, 256), bool)


def film(seed, *, defocus, astigmatism=0.0, dose=500.0, size=256, **more):
    """Return a simulated frame of amorphous carbon alone."""
    values = {
        "height": size, "width": size, "pixel_size": (PIXEL, PIXEL), "particles": (0, 0),
        "carbon": (6, 6), "film_edge": 0, "energies": (300.0,), "uncorrected": 0,
        "defocus": (defocus, defocus), "spherical_aberration": (0, 0),
        "astigmatism": (astigmatism, astigmatism), "dose": (dose, dose),
    }  # fmt: skip
    return draw_frame(HrtemSettings(**{**values, **more}), np.random.default_rng(seed))


def ring_spectrum(lens, optics, rng):
    """Return a spectrum of noise on a falling background, with rings of a lens."""
    frequency = np.arange(4, 103) / 256
    weight = np.tile(np.pi * frequency * 256 / SECTORS * 9 / 3.8, (SECTORS, 1))
    angle = (np.arange(SECTORS) + 0.5) * np.pi / SECTORS
    empty = PolarSpectrum(np.ones_like(weight), weight, frequency, angle)
    depth = 0.6 * np.exp(-frequency / 0.15)
    power = np.exp(-6 * frequency) * (1 + depth * turned(empty, optics, lens, PIXEL))
    return PolarSpectrum(power * rng.gamma(weight, 1 / weight), weight, frequency, angle)


def turn_between(one, other):
    return abs((one - other + 90) % 180 - 90)


@settings(max_examples=6)
@given(
    st.floats(60, 200),
    st.floats(8, 25),
    st.floats(0, 180),
    st.sampled_from([(300.0, 0.0), (200.0, 1.2), (80.0, 0.01)]),
)
def test_any_lens_is_found_from_its_rings(defocus, astigmatism, angle, scope):
    optics = Optics(*scope)
    # At 80 keV rings lie closer by the wavelength.
    defocus *= Optics().wavelength / optics.wavelength
    spectrum = ring_spectrum(Lens(defocus, astigmatism, angle), optics, np.random.default_rng(3))
    found = fit_rings(spectrum, optics, PIXEL, Search(lowest=10))
    assert found.lens.defocus == pytest.approx(defocus, abs=max(6 * found.defocus_error, 1))
    assert found.lens.astigmatism == pytest.approx(astigmatism, abs=2)
    assert turn_between(found.lens.angle, angle) < 5


def test_the_phase_is_that_of_the_simulator():
    conditions = Conditions(
        energy=200, defocus=70, astigmatism=9, astigmatism_angle=25, spherical_aberration=800
    )
    grid = Grid((64, 64), (20.0, 20.0))
    rows, columns = grid.frequencies
    optics = Optics(200, 0.8, 0.0)
    along = Lens(70, 9, 25).along(np.arctan2(-rows, columns))
    mine = optics.phase(10 * np.hypot(rows, columns), along)
    np.testing.assert_allclose(mine, aberration(grid, conditions), rtol=2e-4, atol=2e-3)


def test_defocus_and_astigmatism_of_a_simulated_film_are_found():
    frame = film(7, defocus=90, astigmatism=12)
    cells = polar(averaged([frame.image], EVERYWHERE), lowest=3 / 128, highest=0.4)
    found = fit_rings(cells, Optics(), PIXEL)
    assert found.lens.defocus == pytest.approx(90, abs=1.5)
    assert found.lens.astigmatism == pytest.approx(12, abs=1.5)
    assert turn_between(found.lens.angle, frame.conditions.astigmatism_angle) < 5
    assert found.score > 0.8 and found.rings >= 3
    assert found.defocus_error < 1.5 and found.angle_error < 5


@pytest.mark.parametrize("seed", range(3))
def test_noise_shows_no_rings(seed):
    noise = np.random.default_rng(seed).poisson(20, (256, 256)).astype(float)
    cells = polar(averaged([noise], EVERYWHERE), lowest=3 / 128, highest=0.4)
    with pytest.raises(FourierError, match="No Thon rings"):
        fit_rings(cells, Optics(), PIXEL)


def test_near_focus_there_are_too_few_rings_to_tell():
    frame = film(8, defocus=4, dose=2000)
    cells = polar(averaged([frame.image], EVERYWHERE), lowest=3 / 128, highest=0.4)
    with pytest.raises(FourierError, match=r"Fewer than two rings|No Thon rings"):
        fit_rings(cells, Optics(), PIXEL)


def test_fringes_of_a_lattice_do_not_count():
    frame = film(7, defocus=90, astigmatism=12)
    y, x = np.mgrid[:256, :256]
    fringes = frame.image.std() * 3 * np.cos(2 * np.pi * (0.11 * x + 0.05 * y))
    cells = polar(averaged([frame.image + fringes], EVERYWHERE), lowest=3 / 128, highest=0.4)
    found = fit_rings(cells, Optics(), PIXEL)
    assert found.lens.defocus == pytest.approx(90, abs=1.5)


def test_a_spectrum_full_of_peaks_is_refused():
    y, x = np.mgrid[:256, :256]
    comb = sum(np.cos(2 * np.pi * (u * x + v * y) / 16) for u in range(-6, 7) for v in range(0, 7))
    image = 50 * comb + np.random.default_rng(0).normal(size=(256, 256))
    with pytest.raises(FourierError, match=r"Lattice fringes|No Thon rings|Too few"):
        cells = polar(averaged([image], EVERYWHERE), lowest=3 / 128, highest=0.4)
        fit_rings(cells, Optics(), PIXEL)


def test_windows_lie_within_the_region_only():
    image = np.random.default_rng(0).normal(size=(256, 256))
    image[:, :100] += 1000 * np.sin(np.arange(100))
    mask = np.zeros((256, 256), bool)
    mask[:, 100:] = True
    spectrum = averaged([image], mask)
    assert spectrum.size == 64 and spectrum.windows == 7 * 4
    assert spectrum.power.mean() == pytest.approx(1, abs=0.05)


def test_small_constant_and_saturated_regions_are_refused():
    small = np.zeros((256, 256), bool)
    small[:40, :90] = True
    with pytest.raises(FourierError, match="at least 64 px"):
        averaged([np.zeros((256, 256))], small)
    with pytest.raises(FourierError, match="same value"):
        averaged([np.ones((256, 256))], EVERYWHERE)
    bright = np.full((256, 256), 255, np.uint8)
    bright[::3] = 7
    with pytest.raises(FourierError, match="saturated"):
        averaged([bright], EVERYWHERE)
    ring = np.hypot(*(np.mgrid[:256, :256] - 128)) > 110
    with pytest.raises(FourierError, match="No window"):
        averaged([np.random.default_rng(0).normal(size=(256, 256))], ring)
