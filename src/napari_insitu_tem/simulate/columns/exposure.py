"""A field of particles on carbon under fixed conditions, imaged as often as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_insitu_tem.simulate.columns.settings import ColumnsSettings
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import (
    Conditions,
    delocalisation,
    draw_conditions,
    image_intensity,
    record,
)
from napari_insitu_tem.simulate.hrtem.outlines import outline, paint
from napari_insitu_tem.simulate.hrtem.projected import multiply_exit_wave, transmitted
from napari_insitu_tem.simulate.hrtem.scattering import wavelength
from napari_insitu_tem.simulate.hrtem.structures import Particle
from napari_insitu_tem.simulate.hrtem.support import carbon_phase, draw_thickness

__all__ = ["Exposure", "draw_exposure"]

# As in `simulate.hrtem.frame`: points of the wave, and what lies beyond the frame (Å).
FINEST = 0.33
MARGIN = 8.0
FARTHEST = 30.0
# How often another defocus is drawn where one is too near to focus.
_TRIES = 50

Place = tuple[float, float]


@dataclass(frozen=True)
class Exposure:
    """What a series of frames has in common.

    Parameters
    ----------
    film : (y, x) complex64 array
        The wave behind the carbon.
    grid : Grid
        Where the wave is known.
    conditions : Conditions
        Lens, dose and camera.
    thermal_factor : float
        Of the particles' atoms, Å².
    pixel_size : float
        nm.
    shape : (int, int)
        Of a frame, px.
    margin : int
        Beyond the frame on each side, px.
    """

    film: np.ndarray
    grid: Grid
    conditions: Conditions
    thermal_factor: float
    pixel_size: float
    shape: tuple[int, int]
    margin: int

    @property
    def spacing(self) -> float:
        """Edge of a pixel, Å."""
        return 10 * self.pixel_size

    @property
    def padded(self) -> tuple[int, int]:
        """Pixels of a frame with its margin."""
        return self.shape[0] + 2 * self.margin, self.shape[1] + 2 * self.margin

    def intensity(self, particles: Sequence[Particle], places: Sequence[Place]) -> np.ndarray:
        """Return the image without noise and with its margin, 1 in vacuum.

        Parameters
        ----------
        particles : sequence of Particle
            Their atoms.
        places : sequence of (y, x)
            Where their middles lie, Å in the field with margin.
        """
        wave = self.film.copy()
        for particle, place in zip(particles, places, strict=True):
            multiply_exit_wave(
                wave,
                particle,
                place,
                self.grid,
                energy=self.conditions.energy,
                thermal_factor=self.thermal_factor,
                absorption=self.conditions.absorption,
            )
        return image_intensity(wave, self.grid, self.conditions, self.padded)

    def record(self, intensity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return what the camera gives of an intensity with margin: a frame."""
        frame = record(intensity, self.pixel_size, self.conditions, rng)
        return np.ascontiguousarray(self.inner(frame))

    def inner(self, padded: np.ndarray) -> np.ndarray:
        """Return the frame of what has a margin."""
        low, (height, width) = self.margin, self.shape
        return padded[low : low + height, low : low + width]

    def pixels(self, positions: np.ndarray, place: Place) -> np.ndarray:
        """Return positions in a particle (Å) as (y, x) px of the frame."""
        return (positions + np.array(place)) / self.spacing - self.margin

    def labels(self, particles: Sequence[Particle], places: Sequence[Place]) -> np.ndarray:
        """Return the outlines of the particles, (y, x) int32."""
        masks = [
            outline(
                particle.positions[:, :2] + np.array(place),
                particle.material.neighbour_distance,
                self.spacing,
            )
            for particle, place in zip(particles, places, strict=True)
        ]
        return np.ascontiguousarray(self.inner(paint(masks, self.padded)))

    def draw_place(self, rng: np.random.Generator) -> Place:
        """Draw where a particle lies: in the middle two fifths of the frame each way."""
        inside = rng.uniform(0.3, 0.7, 2) * np.array(self.shape)
        y, x = (inside + self.margin) * self.spacing
        return float(y), float(x)


def draw_exposure(settings: ColumnsSettings, rng: np.random.Generator) -> Exposure:
    """Draw pixel size, conditions and the carbon film."""
    pixel_size = float(np.exp(rng.uniform(*np.log(settings.pixel_size))))
    spacing = 10 * pixel_size
    conditions = draw_conditions(settings, rng)
    if not settings.uncorrected:
        conditions = _focused(conditions, settings, rng)
    aside = min(delocalisation(conditions, 2.0), FARTHEST)
    margin = int(np.ceil((MARGIN + aside) / spacing))
    shape = settings.height, settings.width
    extent = ((shape[0] + 2 * margin) * spacing, (shape[1] + 2 * margin) * spacing)
    grid = Grid.covering(extent, FINEST)
    thickness = draw_thickness(settings, grid, rng)
    thermal_factor = float(rng.uniform(*settings.thermal_factor))
    carbon = carbon_phase(thickness, grid, rng, energy=conditions.energy)
    film = transmitted(carbon, conditions.absorption)
    return Exposure(film, grid, conditions, thermal_factor, pixel_size, shape, margin)


def _focused(
    conditions: Conditions, settings: ColumnsSettings, rng: np.random.Generator
) -> Conditions:
    """Return the same conditions, focused as columns are looked at.

    Phase contrast passes the widest band of frequencies at Δf = √(4/3 Cs λ), underfocus where Cs
    is positive; with a negative Cs and overfocus columns are bright (C. L. Jia, M. Lentzen and
    K. Urban, Microsc. Microanal. 10 (2004) 174).
    """
    curvature = 1e4 * conditions.spherical_aberration * wavelength(conditions.energy)
    best = np.sign(curvature) * np.sqrt(4 / 3 * abs(curvature)) / 10
    defocus = best + conditions.defocus
    for _ in range(_TRIES):
        if abs(defocus) >= settings.least_defocus:
            break
        defocus = best + rng.uniform(*settings.defocus)
    return replace(conditions, defocus=float(defocus))
