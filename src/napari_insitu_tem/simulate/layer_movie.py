"""Simulated movies of particles in overlapping layers, with exact masks layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import setting
from napari_insitu_tem.simulate.layer_bodies import Body
from napari_insitu_tem.simulate.layers import LayerFrameSettings, draw_optics, draw_scene

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LayerMovieSettings", "SimulatedLayers", "simulate_layers"]

_MEMORY = 0.9  # of a particle's displacement, from one frame to the next


class LayerMovieSettings(LayerFrameSettings):
    """A movie of layers; what a frame has ranges for is drawn once for the movie."""

    n_frames: int = setting(20, title="Frames", description="Length of the movie.", ge=1)
    vibration: float = setting(
        0.02,
        title="Vibration",
        description="Standard deviation of a particle's displacement from its site on each "
        "axis, over the diameter.",
        ge=0,
        le=1,
    )
    libration: float = setting(
        2.0,
        title="Libration",
        description="Standard deviation of a particle's angle.",
        unit="deg",
        ge=0,
    )
    slide: float = setting(
        0.2,
        title="Slide",
        description="Speed of every layer against the one before it, so that overlaps change.",
        unit="px/frame",
        ge=0,
    )
    pixel_size: float = setting(
        1.0, title="Pixel size", description="Edge of a pixel.", unit="nm", gt=0
    )
    frame_time: float = setting(
        0.1, title="Frame time", description="Time from frame to frame.", unit="s", gt=0
    )


@dataclass(frozen=True, eq=False)
class SimulatedLayers:
    """A movie of layers and the truth about it.

    Parameters
    ----------
    movie : Movie
        What the camera recorded.
    labels : (n_layers, t, y, x) int32 array
        A particle has the same number in all frames, from 1 throughout all layers.
    poses : pandas.DataFrame
        One row a particle and frame: ``frame, particle, layer`` (from 1)``, y, x``
        (centroid, px), ``orientation`` (degrees), ``diameter`` (px), ``shape``.
    diameter : float
        Typical diameter in pixels.
    """

    movie: Movie
    labels: np.ndarray
    poses: pd.DataFrame
    diameter: float


def simulate_layers(
    settings: LayerMovieSettings | None = None, job: Job | None = None
) -> SimulatedLayers:
    """Simulate a movie of particles in overlapping layers.

    Particles vibrate about their sites, and layers slide over each other. The job's seed
    makes it the same each time.

    Parameters
    ----------
    settings : LayerMovieSettings, optional
        What to simulate.
    job : Job, optional
        Its seed, progress and cancel are used.
    """
    settings, job = settings or LayerMovieSettings(), job or Job()
    rng = np.random.default_rng([job.seed, 0])
    diameter = float(np.exp(rng.uniform(*np.log(settings.diameter))))
    optics = draw_optics(settings, diameter, rng)
    layers, _ = draw_scene(settings, diameter, optics.opacity, rng)
    paths = _paths(layers, settings, diameter, rng)
    shape = (settings.n_frames, settings.edge, settings.edge)
    labels = np.zeros((settings.layers, *shape), np.int32)
    images = np.zeros(shape, np.float32)

    def render(frame: int) -> tuple[np.ndarray, np.ndarray]:
        moved = [[path[frame] for path in layer] for layer in paths]
        image = optics.record(moved, diameter, np.random.default_rng([job.seed, 1, frame]))
        return image, _labels(moved, settings.edge)

    drawn = job.map(render, range(settings.n_frames), "Simulating")
    for frame, (image, masks) in enumerate(drawn):
        images[frame], labels[:, frame] = image, masks
    movie = Movie(
        images,
        pixel_size=settings.pixel_size,
        frame_time=settings.frame_time,
        name="simulated layers",
        metadata={"simulation": settings.to_dict(), "seed": job.seed},
    )
    return SimulatedLayers(movie, labels, _poses(paths), diameter)


def _paths(
    layers: list[list[Body]],
    settings: LayerMovieSettings,
    diameter: float,
    rng: np.random.Generator,
) -> list[list[list[Body]]]:
    """Return every layer's particles, each as its poses in all frames."""
    count = settings.n_frames
    heading = rng.uniform(0, 2 * np.pi)
    slide = settings.slide * np.array([np.sin(heading), np.cos(heading)])
    paths = []
    for number, bodies in enumerate(layers):
        slid = number * np.arange(count)[:, np.newaxis] * slide
        layer = []
        for body in bodies:
            away = _wandering(count, 2, rng) * settings.vibration * diameter
            turned = _wandering(count, 1, rng)[:, 0] * settings.libration
            layer.append(
                [
                    body.at(body.centre + slid[t] + away[t], body.angle + float(turned[t]))
                    for t in range(count)
                ]
            )
        paths.append(layer)
    return paths


def _wandering(count: int, axes: int, rng: np.random.Generator) -> np.ndarray:
    """Return a path (count, axes) of deviation 1 that comes back (Ornstein and Uhlenbeck)."""
    path = rng.normal(size=(count, axes))
    for step in range(1, count):
        path[step] = _MEMORY * path[step - 1] + np.sqrt(1 - _MEMORY**2) * path[step]
    return path


def _labels(layers: list[list[Body]], edge: int) -> np.ndarray:
    labels = np.zeros((len(layers), edge, edge), np.int32)
    number = 0
    for layer, bodies in enumerate(layers):
        for body in bodies:
            number += 1
            projection = body.project(edge)
            labels[layer][projection.window][projection.inside] = number
    return labels


def _poses(paths: list[list[list[Body]]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    number = 0
    for layer, particles in enumerate(paths, start=1):
        for path in particles:
            number += 1
            rows += [
                (t, number, layer, *body.centre, body.angle, body.diameter, body.shape)
                for t, body in enumerate(path)
            ]
    columns = ["frame", "particle", "layer", "y", "x", "orientation", "diameter", "shape"]
    return pd.DataFrame(rows, columns=columns).sort_values(["frame", "particle"], ignore_index=True)
