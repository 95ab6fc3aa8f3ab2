"""One frame of particles near a zone axis, and every one of their atomic columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.simulate.columns.columns import columns_of
from napari_insitu_tem.simulate.columns.exposure import draw_exposure
from napari_insitu_tem.simulate.columns.settings import ColumnsSettings
from napari_insitu_tem.simulate.columns.sites import Lattice
from napari_insitu_tem.simulate.columns.visible import readable
from napari_insitu_tem.simulate.hrtem.imaging import Conditions
from napari_insitu_tem.simulate.hrtem.structures import draw_particle

if TYPE_CHECKING:
    from napari_insitu_tem.movie import Movie

__all__ = ["ColumnFrame", "draw_frame"]


@dataclass(frozen=True)
class ColumnFrame:
    """A simulated frame and the truth about its columns.

    Parameters
    ----------
    image : (y, x) float32 array
        Electrons per pixel, as the camera gives them.
    clean : (y, x) float32 array
        The same without noise and camera, 1 in vacuum.
    positions : (n, 2) array
        All columns of all particles, mean of their projected atoms, (y, x) in px; some may lie
        outside of the frame.
    atoms : (n,) int array
        Atoms in each.
    readable : (n,) bool array
        Whether the image without noise shows it; see `visible.readable`.
    surface : (n,) bool array
        Whether a neighbouring site of its lattice is empty.
    particle : (n,) int array
        Number of its particle in `labels`.
    labels : (y, x) int32 array
        Projected outlines of the particles; 0 is background.
    pixel_size : float
        nm.
    bright : bool
        Whether columns are brighter than their surroundings in this image.
    known : dict
        What the first particle is: material, zone_axis, tilt (°), rotation (°), diameter (nm), …;
        empty where there is none.
    conditions : Conditions
        How the frame was taken.
    """

    image: np.ndarray
    clean: np.ndarray
    positions: np.ndarray
    atoms: np.ndarray
    readable: np.ndarray
    surface: np.ndarray
    particle: np.ndarray
    labels: np.ndarray
    pixel_size: float
    bright: bool
    known: dict[str, Any]
    conditions: Conditions

    @property
    def movie(self) -> Movie:
        """The frame as a calibrated movie of one frame."""
        from napari_insitu_tem.movie import Movie

        return Movie(
            self.image[np.newaxis],
            pixel_size=self.pixel_size,
            dose=self.conditions.dose,
            name="simulated columns",
            metadata={"conditions": self.conditions.to_dict(), "particle": self.known},
        )


def draw_frame(settings: ColumnsSettings, rng: np.random.Generator) -> ColumnFrame:
    """Draw a frame: its particles, how it is taken, its noise, and which columns it shows.

    Parameters
    ----------
    settings : ColumnsSettings
        The ranges.
    rng : numpy.random.Generator
        Where chance comes from; the same state gives the same frame.
    """
    count = int(rng.integers(*settings.particles, endpoint=True))
    material = settings.materials[rng.integers(len(settings.materials))]
    particles = [draw_particle(settings, material, rng) for _ in range(count)]
    exposure = draw_exposure(settings, rng)
    places = [exposure.draw_place(rng) for _ in particles]
    intensity = exposure.intensity(particles, places)
    found = [columns_of(particle) for particle in particles]
    spacing = exposure.spacing
    positions = _joined(
        [exposure.pixels(c.positions, place) for c, place in zip(found, places, strict=True)],
        (0, 2),
    )
    clean = exposure.inner(intensity)
    seen = readable(
        intensity,
        positions + exposure.margin,
        _joined([columns.smear for columns in found]),
        settings,
        spacing=spacing,
    )
    in_frame = ((positions >= 0) & (positions <= np.array(clean.shape) - 1)).all(axis=1)
    numbers = [np.full(len(c.atoms), number) for number, c in enumerate(found, start=1)]
    at_surface = [Lattice.of(p).at_surface(c.feet) for p, c in zip(particles, found, strict=True)]
    return ColumnFrame(
        image=exposure.record(intensity, rng),
        clean=clean.astype(np.float32),
        positions=positions,
        atoms=_joined([columns.atoms for columns in found]).astype(int),
        readable=seen.readable & in_frame,
        surface=_joined(at_surface).astype(bool),
        particle=_joined(numbers).astype(int),
        labels=exposure.labels(particles, places),
        pixel_size=exposure.pixel_size,
        bright=seen.bright,
        known=particles[0].describe() if particles else {},
        conditions=exposure.conditions,
    )


def _joined(parts: list[np.ndarray], empty: tuple[int, ...] = (0,)) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(empty)
