"""The lens and the atoms of the HRTEM simulator, against formulas and published numbers."""

import numpy as np
import pytest

from napari_insitu_tem.simulate.hrtem.grid import Grid, resampled
from napari_insitu_tem.simulate.hrtem.imaging import (
    Conditions,
    aberration,
    damping,
    delocalisation,
    image_intensity,
)
from napari_insitu_tem.simulate.hrtem.projected import transmitted
from napari_insitu_tem.simulate.hrtem.scattering import (
    ELEMENTS,
    phase_factor,
    scattering_factor,
    wavelength,
)

SHARP = {"focal_spread": 0.0, "convergence": 0.0, "vibration": 0.0}


def radial(power: np.ndarray, grid: Grid, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of a half spectrum in rings of `width` 1/Å, and their middles."""
    ring = (np.sqrt(grid.half_squared) / width).astype(int)
    total = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    return total, (np.arange(len(total)) + 0.5) * width


@pytest.mark.parametrize(("energy", "expected"), [(80, 0.041757), (200, 0.025079), (300, 0.019687)])
def test_the_wavelength_is_that_of_the_tables(energy, expected):
    assert wavelength(energy) == pytest.approx(expected, rel=1e-4)


def test_scattering_factors_follow_mott_and_bethe_at_high_angles():
    # There the nucleus scatters alone: f = 0.023934 Z / s², s = q/2.
    for element, number in (("C", 6), ("O", 8), ("Cu", 29), ("Au", 79)):
        unscreened = 0.023934 * number / 2.0**2
        assert scattering_factor(element, np.array([4.0]))[0] == pytest.approx(unscreened, rel=0.25)
    forward = {name: scattering_factor(name, np.zeros(1))[0] for name in ELEMENTS}
    assert forward["C"] == pytest.approx(2.51, abs=0.02)
    assert forward["Au"] == pytest.approx(10.57, abs=0.02)


def test_an_unknown_element_is_refused_in_plain_words():
    with pytest.raises(ValueError, match="no scattering factor for 'Xx'"):
        scattering_factor("Xx", np.zeros(1))


def test_the_phase_of_an_atom_is_the_interaction_constant_times_its_potential():
    # σ = 6.526e-4 rad/(V·Å) at 300 kV; the integral of the projected potential is 47.878·f(0).
    expected = 6.526e-4 * 47.878 * scattering_factor("Au", np.zeros(1))[0]
    found = phase_factor("Au", np.zeros(1), energy=300, thermal_factor=0.0)[0]
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("defocus", "spherical"), [(60.0, 0.0), (30.0, 500.0), (-40.0, 0.0), (8.0, -30.0)]
)
def test_the_spectrum_of_a_weak_amorphous_object_vanishes_where_the_formula_says(
    rng, defocus, spherical
):
    grid = Grid((300, 300), (100.0, 100.0))
    conditions = Conditions(defocus=defocus, spherical_aberration=spherical, **SHARP)
    power = 0.0
    for _ in range(4):
        wave = transmitted(rng.normal(0, 0.01, grid.shape).astype(np.float32), 0.0)
        intensity = image_intensity(wave, grid, conditions, grid.shape)
        power = power + np.abs(np.fft.rfft2(intensity - 1)) ** 2
    found, q = radial(power, grid, 0.02)
    length, squared = wavelength(300), grid.half_squared.astype(float)
    chi = np.pi * (0.5e4 * spherical * length**3 * squared**2 - 10 * defocus * length * squared)
    expected, _ = radial(np.sin(chi) ** 2, grid, 0.02)
    seen = (q > 0.15) & (q < 1.0)
    expected = expected[seen]
    shape = found[seen] / found[seen].sum() * expected.sum()
    assert np.corrcoef(shape, expected)[0, 1] > 0.97
    dark = expected < 0.02  # rings on a zero, and nothing but them, are dark
    if dark.any():
        assert shape[dark].max() < 0.2
    assert shape[expected > 0.8].min() > 0.5


def test_a_pure_phase_object_has_little_contrast_in_focus_and_much_out_of_focus(rng):
    grid = Grid((240, 240), (80.0, 80.0))
    spectrum = np.fft.rfft2(rng.normal(0, 1, grid.shape)) * (grid.half_squared < 0.5**2)
    phase = np.fft.irfft2(spectrum, s=grid.shape)
    phase *= 0.1 / phase.std()
    wave = transmitted(phase.astype(np.float32), 0.0)

    def contrast(defocus: float) -> float:
        return float(
            image_intensity(wave, grid, Conditions(defocus=defocus, **SHARP), (80, 80)).std()
        )

    assert contrast(0.0) < 1e-4
    assert contrast(20.0) > 0.05


def test_underfocus_makes_atoms_dark_and_negative_spherical_aberration_makes_them_bright():
    grid = Grid((120, 120), (30.0, 30.0))
    y, x = np.indices(grid.shape) * 0.25 - 15
    wave = transmitted((0.3 * np.exp(-(y**2 + x**2) / 0.5)).astype(np.float32), 0.0)
    dark = Conditions(defocus=8.0, spherical_aberration=30.0)
    bright = Conditions(defocus=-8.0, spherical_aberration=-30.0)
    assert image_intensity(wave, grid, dark, grid.shape)[60, 60] < 0.8
    assert image_intensity(wave, grid, bright, grid.shape)[60, 60] > 1.2


def test_astigmatism_changes_the_defocus_along_its_direction_and_against_it_across():
    grid = Grid((128, 128), (64.0, 64.0))
    conditions = Conditions(defocus=10.0, astigmatism=4.0, astigmatism_angle=0.0)
    plain = Conditions(defocus=10.0)
    chi = aberration(grid, conditions) / np.where(grid.squared == 0, 1, aberration(grid, plain))
    assert chi[0, 20] == pytest.approx(1.4, abs=1e-4)  # along x
    assert chi[20, 0] == pytest.approx(0.6, abs=1e-4)
    turned = aberration(grid, Conditions(defocus=10.0, astigmatism=4.0, astigmatism_angle=45.0))
    # Counter-clockwise on the screen: 45° points to larger x and smaller y.
    assert turned[-20, 20] / aberration(grid, plain)[-20, 20] == pytest.approx(1.4, abs=1e-4)


def test_partial_coherence_damps_as_the_envelopes_say():
    grid = Grid((200, 200), (100.0, 100.0))
    spread = damping(grid, Conditions(focal_spread=4.0, convergence=0.0))
    q = grid.frequencies[1][0, 60]
    expected = np.exp(-0.5 * (np.pi * wavelength(300) * 40.0 * q**2) ** 2)
    assert spread[0, 0] == 1
    assert spread[0, 60] == pytest.approx(expected, rel=1e-4)
    tilted = damping(grid, Conditions(focal_spread=0.0, convergence=0.2, defocus=50.0))
    slope = 2 * np.pi * 500.0 * q  # ∇χ/λ
    assert tilted[0, 60] == pytest.approx(np.exp(-0.5 * (slope * 2e-4) ** 2), rel=1e-4)


def test_delocalisation_is_the_slope_of_the_aberration_function():
    conditions = Conditions(defocus=30.0, spherical_aberration=800.0, energy=200.0)
    grid = Grid((2000, 2), (1000.0, 1.0))
    chi = aberration(grid, conditions)[:1000, 0]
    slope = np.gradient(chi.astype(float), 1 / 1000.0)
    assert delocalisation(conditions, 2.0) == pytest.approx(abs(slope[500]) / (2 * np.pi), rel=0.01)


def test_resampling_keeps_a_wave_and_the_mean():
    y, x = np.indices((60, 48))
    image = 3 + np.cos(2 * np.pi * (3 * y / 60 - 5 * x / 48))
    finer = resampled(np.fft.rfft2(image), (60, 48), (90, 80))
    y, x = np.indices((90, 80))
    assert finer == pytest.approx(3 + np.cos(2 * np.pi * (3 * y / 90 - 5 * x / 80)), abs=1e-6)
