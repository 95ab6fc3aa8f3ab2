"""A whole frame: a scene of particles on carbon, its image, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import (
    Conditions,
    delocalisation,
    draw_conditions,
    image_intensity,
    record,
)
from napari_insitu_tem.simulate.hrtem.outlines import paint
from napari_insitu_tem.simulate.hrtem.projected import transmitted
from napari_insitu_tem.simulate.hrtem.scene import draw_scene
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings
from napari_insitu_tem.simulate.hrtem.support import carbon_phase, draw_thickness

if TYPE_CHECKING:
    from napari_insitu_tem.movie import Movie

__all__ = ["HrtemFrame", "draw_frame"]

# The wave is computed on points at most this far apart, whatever the pixel size (Å).
FINEST = 0.33
# What lies beyond the frame on each side, so that nothing shows that the field is periodic:
# this much (Å), and how far fringes of 2 Å are moved, up to a limit.
MARGIN = 8.0
FARTHEST = 30.0


@dataclass(frozen=True)
class HrtemFrame:
    """A simulated frame and the truth about it.

    Parameters
    ----------
    image : (y, x) float32 array
        Electrons per pixel, as the camera gives them.
    labels : (y, x) int32 array
        Projected outlines of the particles; 0 is background. Where particles overlap, the one
        with the higher number is shown.
    pixel_size : float
        nm.
    particles : tuple of dict
        What each particle is, in the order of the labels: material, zone_axis, tilt (°),
        rotation (°), diameter (nm), shape, twinned, y and x (px).
    conditions : Conditions
        How the frame was taken.
    """

    image: np.ndarray
    labels: np.ndarray
    pixel_size: float
    particles: tuple[dict[str, Any], ...]
    conditions: Conditions

    @property
    def movie(self) -> Movie:
        """The frame as a calibrated movie of one frame."""
        from napari_insitu_tem.movie import Movie

        return Movie(
            self.image[np.newaxis],
            pixel_size=self.pixel_size,
            dose=self.conditions.dose,
            name="simulated HRTEM",
            metadata={"conditions": self.conditions.to_dict(), "particles": list(self.particles)},
        )


def draw_frame(settings: HrtemSettings, rng: np.random.Generator) -> HrtemFrame:
    """Draw a frame: its particles, its film, how it is taken, and its noise.

    Parameters
    ----------
    settings : HrtemSettings
        The ranges. With `exit_waves` the particles come from that folder, otherwise they are
        made anew and imaged by the fast variant.
    rng : numpy.random.Generator
        Where chance comes from; the same state gives the same frame.

    Raises
    ------
    ExitWaveError
        Where `exit_waves` names a folder without exit waves.
    """
    pixel_size = float(np.exp(rng.uniform(*np.log(settings.pixel_size))))
    spacing = 10 * pixel_size
    scene = draw_scene(settings, rng)
    conditions = draw_conditions(settings, rng, energy=scene.energy)
    aside = min(delocalisation(conditions, 2.0), FARTHEST)
    margin = int(np.ceil((MARGIN + aside) / spacing))
    padded = (settings.height + 2 * margin, settings.width + 2 * margin)
    grid = Grid.covering((padded[0] * spacing, padded[1] * spacing), FINEST)
    thickness = draw_thickness(settings, grid, rng)
    places = _places(scene.radii, settings, spacing, margin, thickness, rng)
    thermal_factor = float(rng.uniform(*settings.thermal_factor))
    carbon = carbon_phase(thickness, grid, rng, energy=conditions.energy)
    film = transmitted(carbon, conditions.absorption)
    wave = film * scene.wave(
        places,
        grid,
        energy=conditions.energy,
        absorption=conditions.absorption,
        thermal_factor=thermal_factor,
    )
    intensity = image_intensity(wave, grid, conditions, padded)
    frame = record(intensity, pixel_size, conditions, rng)
    inner = slice(margin, margin + settings.height), slice(margin, margin + settings.width)
    labels = paint(scene.outlines(places, spacing), padded)[inner]
    truth = tuple(
        {**known, "y": place[0] / spacing - margin, "x": place[1] / spacing - margin}
        for known, place in zip(scene.known, places, strict=True)
    )
    return HrtemFrame(
        np.ascontiguousarray(frame[inner]), np.ascontiguousarray(labels), pixel_size, truth,
        conditions,
    )  # fmt: skip


def _places(
    radii: list[float],
    settings: HrtemSettings,
    spacing: float,
    margin: int,
    thickness: np.ndarray,
    rng: np.random.Generator,
) -> list[tuple[float, float]]:
    """Draw where the particles lie (Å in the padded field): on the film, mostly apart.

    Of a few places the first is taken that keeps clear of the others; if there is none, the last
    one, so that some particles overlap. Without any film they lie anywhere.
    """
    size = np.array([settings.height, settings.width])
    step = (size + 2 * margin) * spacing / np.array(thickness.shape)  # Å from point to point
    low = np.ceil(margin * spacing / step).astype(int)
    high = ((margin + size) * spacing / step).astype(int)
    film = thickness[low[0] : high[0], low[1] : high[1]] > 0
    points = np.argwhere(film if film.any() else ~film) + low
    places: list[np.ndarray] = []
    for number, radius in enumerate(radii):
        for _ in range(6):
            place = (points[rng.integers(len(points))] + rng.random(2)) * step
            if all(
                np.hypot(*(place - other)) > 0.9 * (radius + radii[index])
                for index, other in enumerate(places[:number])
            ):
                break
        places.append(place)
    return [(float(y), float(x)) for y, x in places]
