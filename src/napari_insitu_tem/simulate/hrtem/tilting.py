"""Movies of particles that tilt away from their zone axes and back, with the tilt as truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.simulate.hrtem.frame import FINEST, MARGIN
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import draw_conditions, image_intensity, record
from napari_insitu_tem.simulate.hrtem.outlines import outline, paint
from napari_insitu_tem.simulate.hrtem.projected import multiply_exit_wave, transmitted
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings
from napari_insitu_tem.simulate.hrtem.structures import Particle, draw_particle
from napari_insitu_tem.simulate.hrtem.support import carbon_phase, draw_thickness

if TYPE_CHECKING:
    from napari_insitu_tem.movie import Movie

__all__ = ["TiltingMovie", "draw_tilting_movie", "tilted"]


@dataclass(frozen=True)
class TiltingMovie:
    """A movie of particles that tilt, and the truth about it.

    Parameters
    ----------
    movie : Movie
        Electrons per pixel.
    tilts : (t, n) array
        Angle between the beam and the zone axis of every particle, degrees.
    labels : (t, y, x) int32 array
        Outlines; the n-th particle has the label n, from 1.
    """

    movie: Movie
    tilts: np.ndarray
    labels: np.ndarray


def draw_tilting_movie(
    settings: HrtemSettings,
    tilts: np.ndarray,
    places: Sequence[tuple[float, float]],
    rng: np.random.Generator,
) -> TiltingMovie:
    """Draw a movie of particles, each tilting about an axis of its own in the plane.

    Parameters
    ----------
    settings : HrtemSettings
        Of the particles (whose own ``tilt`` is not used), the film and the microscope, which
        stays the same; the noise is new in every frame.
    tilts : (t, n) array
        Degrees.
    places : n pairs
        Middles (y, x) of the particles, px.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    from napari_insitu_tem.movie import Movie

    tilts = np.asarray(tilts, float)
    pixel_size = float(np.exp(rng.uniform(*np.log(settings.pixel_size))))
    spacing, upright = 10 * pixel_size, settings.model_copy(update={"tilt": (0.0, 0.0)})
    material = settings.materials[rng.integers(len(settings.materials))]
    particles = [draw_particle(upright, material, rng) for _ in places]
    axes = rng.uniform(0, 360, len(places))
    conditions = draw_conditions(settings, rng, energy=None)
    margin = int(np.ceil(MARGIN / spacing))
    padded = (settings.height + 2 * margin, settings.width + 2 * margin)
    grid = Grid.covering((padded[0] * spacing, padded[1] * spacing), FINEST)
    carbon = carbon_phase(draw_thickness(settings, grid, rng), grid, rng, energy=conditions.energy)
    film = transmitted(carbon, conditions.absorption)
    middles = [((y + margin) * spacing, (x + margin) * spacing) for y, x in places]
    thermal_factor = float(rng.uniform(*settings.thermal_factor))
    inner = slice(margin, margin + settings.height), slice(margin, margin + settings.width)
    images, labels = [], []
    for angles in tilts:
        seen = [tilted(*each) for each in zip(particles, angles, axes, strict=True)]
        wave = film.copy()
        for particle, middle in zip(seen, middles, strict=True):
            multiply_exit_wave(
                wave, particle, middle, grid, energy=conditions.energy,
                absorption=conditions.absorption, thermal_factor=thermal_factor,
            )  # fmt: skip
        intensity = image_intensity(wave, grid, conditions, padded)
        images.append(record(intensity, pixel_size, conditions, rng)[inner])
        outlines = [
            outline(
                particle.positions[:, :2] + np.array(middle),
                particle.material.neighbour_distance,
                spacing,
            )
            for particle, middle in zip(seen, middles, strict=True)
        ]
        labels.append(paint(outlines, padded)[inner])
    movie = Movie(
        np.stack(images),
        pixel_size=pixel_size,
        dose=conditions.dose,
        name="tilting particles",
        metadata={"conditions": conditions.to_dict()},
    )
    return TiltingMovie(movie, tilts, np.stack(labels))


def tilted(particle: Particle, tilt: float, axis: float) -> Particle:
    """Return a particle, tilted by an angle about an axis in the plane (degrees both)."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    a, b = np.cos(np.radians(axis)), np.sin(np.radians(axis))
    turn = np.array([[a, -b, 0], [b, a, 0], [0, 0, 1]])
    tip = turn @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ turn.T
    positions = (particle.positions @ tip.T.astype(np.float32)).astype(np.float32)
    return dataclasses.replace(particle, positions=positions, tilt=float(tilt))
