"""From the exit wave to the frame: the objective lens, the dose, the camera."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import scipy.fft

from napari_insitu_tem.simulate.detector import DetectorSettings, detect
from napari_insitu_tem.simulate.hrtem.grid import Grid, resampled
from napari_insitu_tem.simulate.hrtem.scattering import wavelength
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings

__all__ = [
    "Conditions",
    "aberration",
    "damping",
    "delocalisation",
    "draw_conditions",
    "image_intensity",
    "record",
]


@dataclass(frozen=True)
class Conditions:
    """How one frame was taken.

    Parameters
    ----------
    energy : float
        Of the electrons, keV.
    defocus, astigmatism, focal_spread : float
        nm; underfocus is positive. Astigmatism is half of the difference between the largest
        and the smallest defocus, the spread a standard deviation.
    astigmatism_angle : float
        Direction of the largest defocus, degrees.
    spherical_aberration : float
        Cs, µm.
    convergence : float
        Standard deviation of the angle of illumination, mrad.
    vibration : float
        Standard deviation of the shake, Å.
    absorption, inelastic : float
        Imaginary over real part of the potential; share of electrons that make an even ground.
    illumination, illumination_angle : float
        Half of the relative change of brightness from side to side, and its direction, degrees.
    dose : float
        e/Å².
    mtf_c1, mtf_c2, mtf_c3 : float
        The camera's modulation transfer function; c0 is 1.
    reduction : float
        Pixel size of the frame over that of the camera.
    readout_noise : float
        Standard deviation, electrons per pixel.
    """

    energy: float = 300.0
    defocus: float = 5.0
    astigmatism: float = 0.0
    astigmatism_angle: float = 0.0
    spherical_aberration: float = 0.0
    focal_spread: float = 3.0
    convergence: float = 0.1
    vibration: float = 0.2
    absorption: float = 0.05
    inelastic: float = 0.0
    illumination: float = 0.0
    illumination_angle: float = 0.0
    dose: float = 1000.0
    mtf_c1: float = 0.0
    mtf_c2: float = 0.35
    mtf_c3: float = 2.5
    reduction: float = 1.0
    readout_noise: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """Return name → value."""
        return asdict(self)


def draw_conditions(
    settings: HrtemSettings, rng: np.random.Generator, *, energy: float | None = None
) -> Conditions:
    """Draw how a frame is taken.

    Parameters
    ----------
    settings : HrtemSettings
        The ranges.
    rng : numpy.random.Generator
        Where chance comes from.
    energy : float, optional
        Of the electrons, keV, where it is already decided.
    """
    if energy is None:
        energy = settings.energies[rng.integers(len(settings.energies))]
    if rng.random() < settings.uncorrected:
        aberration_um = 1e3 * rng.uniform(*settings.uncorrected_spherical_aberration)
        scherzer = np.sqrt(1e4 * aberration_um * wavelength(energy)) / 10  # nm
        defocus = scherzer * rng.uniform(*settings.uncorrected_defocus)
    else:
        aberration_um = rng.uniform(*settings.spherical_aberration)
        defocus = rng.uniform(*settings.defocus)
    return Conditions(
        energy=float(energy),
        defocus=float(defocus),
        spherical_aberration=float(aberration_um),
        astigmatism=float(rng.uniform(*settings.astigmatism)),
        astigmatism_angle=float(rng.uniform(0, 180)),
        focal_spread=float(rng.uniform(*settings.focal_spread)),
        convergence=float(rng.uniform(*settings.convergence)),
        vibration=float(rng.uniform(*settings.vibration)),
        absorption=float(rng.uniform(*settings.absorption)),
        inelastic=float(rng.uniform(*settings.inelastic)),
        illumination=float(rng.uniform(*settings.illumination)),
        illumination_angle=float(rng.uniform(0, 360)),
        dose=_log_uniform(settings.dose, rng),
        mtf_c1=float(rng.uniform(*settings.mtf_c1)),
        mtf_c2=float(rng.uniform(*settings.mtf_c2)),
        mtf_c3=float(rng.uniform(*settings.mtf_c3)),
        reduction=_log_uniform(settings.reduction, rng),
        readout_noise=float(rng.uniform(*settings.readout_noise)),
    )


def aberration(grid: Grid, conditions: Conditions) -> np.ndarray:
    """Return the phase χ in rad that the lens gives to every frequency; the wave gets exp(−iχ).

    χ = π·λ·q²·(Cs·λ²·q²/2 − Δf − A·cos 2(φ − φ_A)), Δf positive for underfocus (Williams and
    Carter, *Transmission Electron Microscopy*, chapter 28, with their Δf negative for
    underfocus).

    Returns
    -------
    (y, x) float32 array
        In the order of a full transform.
    """
    length = np.float32(wavelength(conditions.energy))
    rows, columns = grid.frequencies
    twice = np.radians(2 * conditions.astigmatism_angle)
    # cos 2(φ − φ_A)·q², with φ from x towards smaller y (counter-clockwise on the screen).
    along = (columns**2 - rows**2) * np.float32(np.cos(twice))
    along -= 2 * columns * rows * np.float32(np.sin(twice))
    sphere = np.float32(0.5 * 1e4 * conditions.spherical_aberration) * length**2 * grid.squared**2
    focus = np.float32(10 * conditions.defocus) * grid.squared
    bent = sphere - focus - np.float32(10 * conditions.astigmatism) * along
    return np.float32(np.pi) * length * bent


def damping(grid: Grid, conditions: Conditions) -> np.ndarray:
    """Return how partial coherence damps every frequency of the wave.

    Focal spread: exp(−(π·λ·σ·q²)²/2). Convergence: exp(−(∇χ·α/λ)²/2) with the isotropic part of
    χ (Frank, Optik 38, 519, 1973; in the quasi-coherent form).

    Returns
    -------
    (y, x) float32 array
        In the order of a full transform, 1 at zero frequency.
    """
    length = wavelength(conditions.energy)
    spread = np.float32((np.pi * length * 10 * conditions.focal_spread) ** 2 / 2)
    sphere = np.float32(1e4 * conditions.spherical_aberration * length**2)
    slope = sphere * grid.squared - np.float32(10 * conditions.defocus)
    angle = np.float32((2 * np.pi * 1e-3 * conditions.convergence) ** 2 / 2)
    return np.exp(-spread * grid.squared**2 - angle * grid.squared * slope**2)


def delocalisation(conditions: Conditions, spacing: float) -> float:
    """Return how far, in Å, the lens moves the fringes of lattice planes `spacing` Å apart.

    It is the slope of χ over 2π: λ·q·|Cs·λ²·q² − Δf| (Coene and Jansen, Scanning Microsc.
    Suppl. 6, 379, 1992).
    """
    length, q = wavelength(conditions.energy), 1 / spacing
    sphere = 1e4 * conditions.spherical_aberration * (length * q) ** 2
    return length * q * abs(sphere - 10 * conditions.defocus)


def image_intensity(
    wave: np.ndarray, grid: Grid, conditions: Conditions, shape: tuple[int, int]
) -> np.ndarray:
    """Return the intensity in the image, 1 in vacuum.

    Parameters
    ----------
    wave : (y, x) complex64 array
        Exit wave.
    grid : Grid
        Where the wave is known.
    conditions : Conditions
        The lens.
    shape : (int, int)
        Pixels of the image, which covers the same field.
    """
    chi = aberration(grid, conditions)
    envelope = damping(grid, conditions)
    transfer = np.empty(grid.shape, np.complex64)
    transfer.real, transfer.imag = np.cos(chi) * envelope, -np.sin(chi) * envelope
    focused = scipy.fft.ifft2(scipy.fft.fft2(wave) * transfer, overwrite_x=True)
    spectrum = scipy.fft.rfft2(focused.real**2 + focused.imag**2)
    shake = np.float32(2 * np.pi**2 * conditions.vibration**2)
    spectrum *= np.exp(-shake * grid.half_squared)
    image = np.maximum(resampled(spectrum, grid.shape, shape), 0)
    return (1 - conditions.inelastic) * image + conditions.inelastic * image.mean()


def record(
    intensity: np.ndarray, pixel_size: float, conditions: Conditions, rng: np.random.Generator
) -> np.ndarray:
    """Return what the camera records of an intensity (`simulate.detector.detect`).

    Parameters
    ----------
    intensity : (y, x) array
        1 in vacuum.
    pixel_size : float
        nm.
    conditions : Conditions
        Dose, illumination and camera.
    rng : numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    (y, x) float32 array
        Electrons per pixel.
    """
    camera = DetectorSettings(
        mtf_c0=1.0,
        mtf_c1=conditions.mtf_c1,
        # A reduced frame shows only the lower part of the camera's transfer.
        mtf_c2=conditions.mtf_c2 * conditions.reduction,
        mtf_c3=conditions.mtf_c3,
        gain=1.0,
        offset=0.0,
        readout_noise=conditions.readout_noise,
        number_type="float32",
    )
    electrons = conditions.dose * (10 * pixel_size) ** 2
    return detect(electrons * _beam(intensity.shape, conditions) * intensity, camera, rng)


def _beam(shape: tuple[int, int], conditions: Conditions) -> np.ndarray:
    """Return the brightness of the illumination: a slope with mean 1."""
    angle = np.radians(conditions.illumination_angle)
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, np.newaxis]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[np.newaxis, :]
    slope = y * np.float32(np.sin(angle)) + x * np.float32(np.cos(angle))
    return 1 + np.float32(conditions.illumination / np.sqrt(2)) * slope


def _log_uniform(ends: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))
