"""Simulated movies of particles in liquid, with exact masks, poses, tracks and events."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.io import store
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation, Tracking
from napari_insitu_tem.simulate import truth
from napari_insitu_tem.simulate.scene import ParticleScene
from napari_insitu_tem.simulate.settings import ParticleMovieSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ParticleMovieSettings",
    "ParticleScene",
    "SimulatedMovie",
    "simulate_particles",
    "simulate_particles_lazily",
]


@dataclass(frozen=True, eq=False)
class SimulatedMovie:
    """A movie and the truth about it.

    Parameters
    ----------
    movie : Movie
        What the camera recorded.
    labels : (t, y, x) int32 array
        0 is background, every other value the true particle of that number: the pixels of
        which particles cover at least half. NumPy, a frame store or dask, as the movie.
    poses : pandas.DataFrame
        One row a particle and frame: ``frame, particle, y, x`` (area centroid in the image,
        drift included), ``y_sample, x_sample`` (without drift), ``orientation`` (degrees,
        counter-clockwise on the screen from +x to a corner or along a rod or pair;
        unwrapped), ``size, area`` (px, px²; of an attached pair the larger size and the joint
        area), ``shape``, ``symmetry`` (order of the outline's), ``bodies`` (2 for an attached
        pair) and ``inside`` (wholly in view).
    events : pandas.DataFrame
        One row a merge or split: ``frame`` (first one of the children), ``kind``
        (``"merge"``, ``"split"``), ``parents`` and ``children`` (tuples of particles).
    drift : (t, 2) array
        Shift (dy, dx) of the scene in every frame against the first one, in pixels.
    """

    movie: Movie
    labels: Any
    poses: pd.DataFrame
    events: pd.DataFrame
    drift: np.ndarray

    @property
    def graph(self) -> dict[int, list[int]]:
        """Particle to its parents, as napari's `Tracks.graph`."""
        pairs = zip(self.events["parents"], self.events["children"], strict=True)
        return {child: list(parents) for parents, children in pairs for child in children}

    @property
    def tracking(self) -> Tracking:
        """The truth in the form that tasks hand on: masks, particles, graph."""
        table = self.poses.rename(columns={"particle": "track"})
        table.insert(1, "label", table["track"])
        table["equivalent_diameter"] = np.sqrt(4 / np.pi * table["area"])
        table["touches_edge"] = ~table["inside"]
        table = table.sort_values(["track", "frame"], ignore_index=True)
        return Tracking(table, Segmentation(self.labels, self.movie), graph=self.graph)

    def with_name(self, name: str) -> SimulatedMovie:
        """Return the same with another name of the movie."""
        return dataclasses.replace(self, movie=self.movie.replace(name=name))


def simulate_particles(
    settings: ParticleMovieSettings | None = None, job: Job | None = None
) -> SimulatedMovie:
    """Simulate a movie of particles in liquid.

    Contrast is by Beer and Lambert: ``flux * exp(-sum(thickness / mean free path))`` over
    particle, water and windows, averaged over the area of each pixel. Frames are rendered on
    the job's threads and written one by one: small movies stay in memory, others go to a
    temporary frame store. For a movie that is never stored, see `simulate_particles_lazily`.

    Parameters
    ----------
    settings : ParticleMovieSettings, optional
        What to simulate.
    job : Job, optional
        Its seed, progress and cancel are used.

    Returns
    -------
    SimulatedMovie
        The movie and the truth about it.

    Raises
    ------
    SettingsError
        When the particles do not fit into the view.
    """
    settings, job = settings or ParticleMovieSettings(), job or Job()
    scene = ParticleScene(settings, job.seed)
    shape = (settings.n_frames, *scene.shape)
    indices = range(settings.n_frames)
    images = job.map(scene.image, indices, "Simulating")
    data = store.write_frames(images, shape, settings.number_type)
    masks = job.map(scene.label_image, indices, "Drawing true masks")
    labels = store.write_frames(masks, shape, np.int32)
    return _with_truth(scene, store.as_dask(data), labels)


def simulate_particles_lazily(settings: ParticleMovieSettings, seed: int = 0) -> SimulatedMovie:
    """Simulate a movie whose frames and labels are rendered whenever they are read.

    The same bytes as `simulate_particles` gives, in dask arrays of one block a frame; a movie
    of any length takes the memory of its poses.
    """
    scene = ParticleScene(settings, seed)
    frames = _lazy(scene.image, scene, settings.number_type)
    return _with_truth(scene, frames, _lazy(scene.label_image, scene, "int32"))


def _lazy(render: Callable[[int], np.ndarray], scene: ParticleScene, dtype: str) -> Any:
    import dask.array as da

    def block(block_info: Any = None) -> np.ndarray:
        return render(block_info[None]["chunk-location"][0])[np.newaxis]

    chunks = ((1,) * scene.settings.n_frames, (scene.shape[0],), (scene.shape[1],))
    return da.map_blocks(block, chunks=chunks, dtype=dtype, meta=np.zeros((0, 0, 0), dtype))


def _with_truth(scene: ParticleScene, data: Any, labels: Any) -> SimulatedMovie:
    settings = scene.settings
    movie = Movie(
        data,
        pixel_size=settings.pixel_size,
        frame_time=settings.frame_time,
        dose=settings.dose,
        name=f"simulated {'particle' if settings.shape == 'mixed' else settings.shape}s",
        metadata={"simulation": settings.to_dict(), "seed": scene.seed},
    )
    events = truth.event_table(scene.trajectories.events)
    return SimulatedMovie(movie, labels, scene.poses(), events, scene.drift)
