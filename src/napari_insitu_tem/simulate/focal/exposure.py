"""The images of a focal series before the camera: one wave, several defoci."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from napari_insitu_tem.simulate.focal.settings import FocalSettings
from napari_insitu_tem.simulate.focal.sheet import Sheet, draw_sheet
from napari_insitu_tem.simulate.focal.waves import sheet_phases, sheet_wave
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import Conditions, image_intensity, record
from napari_insitu_tem.simulate.hrtem.projected import transmitted
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings
from napari_insitu_tem.simulate.hrtem.support import carbon_phase, draw_thickness

__all__ = [
    "BORDER",
    "FINEST",
    "MARGIN",
    "Exposure",
    "Field",
    "contamination",
    "draw_exposure",
    "draw_field",
    "draw_series_conditions",
    "draw_shifts",
    "expose",
    "wave_behind",
]

# Waves are known on points this far apart (Å), at least; 0.25 keeps frequencies up to 1.33 1/Å.
FINEST = 0.25
# Beyond the images, so that nothing shows that the field is periodic: sheet (Å), border (px).
MARGIN = 10.0
BORDER = 4


@dataclass(frozen=True)
class Field:
    """What an exposure looks at: a grid, and where the images lie on it.

    Parameters
    ----------
    grid : Grid
        Of the wave.
    pixel_size : float
        Of the images, nm.
    padded : (int, int)
        Pixels of the whole field.
    margin : int
        Pixels of the field before the images begin, on every side at least.
    """

    grid: Grid
    pixel_size: float
    padded: tuple[int, int]
    margin: int

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """Return places in Å of the field as (y, x) in px of the images."""
        return places / (10 * self.pixel_size) - self.margin


@dataclass(frozen=True, eq=False)
class Exposure:
    """A focal series before the camera, to be recorded at any dose and as often as wanted.

    Parameters
    ----------
    intensities : (n, y, x) float32 array
        1 in vacuum, with `BORDER` more pixels on every side than the images.
    conditions : tuple of Conditions
        One an image.
    shifts : (n, 2) array
        Where what lies on (0, 0) of the first image lies in each, (y, x) px.
    pixel_size : float
        nm.
    sheet : Sheet
        What is seen.
    field : Field
        Where.
    """

    intensities: np.ndarray
    conditions: tuple[Conditions, ...]
    shifts: np.ndarray
    pixel_size: float
    sheet: Sheet
    field: Field

    def record(self, rng: np.random.Generator, *, dose: float | None = None) -> np.ndarray:
        """Return what the camera records, (n, y, x) float32 electrons per pixel.

        Parameters
        ----------
        rng : numpy.random.Generator
            Where the noise comes from.
        dose : float, optional
            e/Å² an image, instead of that of the conditions.
        """
        images = [
            record(
                intensity,
                self.pixel_size,
                taken if dose is None else replace(taken, dose=dose),
                rng,
            )
            for intensity, taken in zip(self.intensities, self.conditions, strict=True)
        ]
        return np.ascontiguousarray(
            np.stack(images)[:, BORDER:-BORDER, BORDER:-BORDER], dtype=np.float32
        )


def draw_exposure(settings: FocalSettings, rng: np.random.Generator) -> Exposure:
    """Draw a sheet and how its focal series is taken.

    Raises
    ------
    ExitWaveError
        Where `exit_waves` names a folder without sheets.
    """
    if settings.exit_waves is not None:
        from napari_insitu_tem.simulate.focal.kept import drawn_sheet, expose_kept

        return expose_kept(drawn_sheet(settings.exit_waves, rng), settings, rng)
    field = draw_field(settings, rng)
    sheet = draw_sheet(settings, field.grid.extent, rng)
    conditions = draw_series_conditions(settings, rng)
    wave = wave_behind(sheet, settings, field, conditions[0], rng)
    wave *= contamination(settings, field, conditions[0], rng)
    return expose(wave, sheet, settings, field, conditions, draw_shifts(settings, rng))


def draw_field(settings: FocalSettings, rng: np.random.Generator) -> Field:
    """Draw the pixel size, and lay the grid of the wave over images and margin."""
    pixel_size = rng.uniform(*settings.pixel_size)
    spacing = 10 * pixel_size
    margin = int(np.ceil(MARGIN / spacing)) + BORDER
    height, width = settings.height + 2 * margin, settings.width + 2 * margin
    grid = Grid.covering((height * spacing, width * spacing), FINEST)
    return Field(grid, float(pixel_size), (height, width), margin)


def wave_behind(
    sheet: Sheet,
    settings: FocalSettings,
    field: Field,
    taken: Conditions,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the wave behind a sheet by the fast variant, with a drawn thermal factor."""
    thermal_factor = float(rng.uniform(*settings.thermal_factor))
    phases = sheet_phases(sheet, field.grid, energy=taken.energy, thermal_factor=thermal_factor)
    return sheet_wave(phases, field.grid, energy=taken.energy, absorption=taken.absorption)


def contamination(
    settings: FocalSettings, field: Field, taken: Conditions, rng: np.random.Generator
) -> np.ndarray | np.complex64:
    """Draw what amorphous carbon on the sheet does to the wave; 1 where there is none."""
    if rng.random() >= settings.contaminated:
        return np.complex64(1)
    film = HrtemSettings(carbon=settings.contamination, carbon_roughness=(0.2, 0.8), film_edge=0.5)
    thickness = draw_thickness(film, field.grid, rng)
    phase = carbon_phase(thickness, field.grid, rng, energy=taken.energy)
    return transmitted(phase, taken.absorption)


def draw_series_conditions(
    settings: FocalSettings, rng: np.random.Generator, *, energy: float | None = None
) -> tuple[Conditions, ...]:
    """Draw how a series is taken: the same for all of its images, but for the defocus."""
    if energy is None:
        energy = settings.energies[rng.integers(len(settings.energies))]
    first, step = rng.uniform(*settings.defocus), rng.uniform(*settings.step)
    even = (
        "spherical_aberration", "astigmatism", "focal_spread", "convergence", "vibration",
        "absorption", "inelastic", "illumination", "mtf_c1", "mtf_c2", "mtf_c3", "readout_noise",
    )  # fmt: skip
    taken = Conditions(
        energy=float(energy),
        defocus=float(first),
        astigmatism_angle=float(rng.uniform(0, 180)),
        illumination_angle=float(rng.uniform(0, 360)),
        dose=_log_uniform(settings.dose, rng),
        reduction=_log_uniform(settings.reduction, rng),
        **{name: float(rng.uniform(*getattr(settings, name))) for name in even},
    )
    return tuple(
        replace(taken, defocus=float(first + number * step)) for number in range(settings.images)
    )


def draw_shifts(settings: FocalSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw where each image lies relative to the first, (n, 2) px: a random walk."""
    way = rng.normal(0, 1, (settings.images, 2)) * rng.uniform(*settings.drift)
    way[0] = 0
    return np.cumsum(way, axis=0)


def expose(
    wave: np.ndarray,
    sheet: Sheet,
    settings: FocalSettings,
    field: Field,
    conditions: Sequence[Conditions],
    shifts: np.ndarray,
) -> Exposure:
    """Return the images of a wave at every defocus, before the camera.

    The sheet must reach beyond the images by as much as they are shifted; otherwise what the
    shift brings in is the other side of the field.
    """
    low = field.margin - BORDER
    rows = slice(low, low + settings.height + 2 * BORDER)
    columns = slice(low, low + settings.width + 2 * BORDER)
    images = []
    for taken, shift in zip(conditions, shifts, strict=True):
        image = image_intensity(wave, field.grid, taken, field.padded)
        images.append(_moved(image, shift)[rows, columns])
    intensities = np.maximum(np.stack(images), 0).astype(np.float32)
    return Exposure(intensities, tuple(conditions), shifts, field.pixel_size, sheet, field)


def _moved(image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return a periodic image moved by (y, x) px."""
    if not shift.any():
        return image
    rows = scipy.fft.fftfreq(image.shape[0])[:, np.newaxis] * shift[0]
    columns = scipy.fft.rfftfreq(image.shape[1])[np.newaxis, :] * shift[1]
    turned = np.exp(-2j * np.pi * (rows + columns)).astype(np.complex64)
    return scipy.fft.irfft2(scipy.fft.rfft2(image) * turned, s=image.shape)


def _log_uniform(ends: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))
