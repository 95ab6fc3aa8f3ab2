"""Simulated movies of lattices, with exact regions, angles, shifts and areas."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.io import store
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.simulate.lattice.scene import LatticeScene
from napari_insitu_tem.simulate.lattice.settings import LatticeMovieSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SimulatedLattice", "lattice_movie", "simulate_lattice", "simulate_lattice_lazily"]


@dataclass(frozen=True, eq=False)
class SimulatedLattice:
    """A movie of a lattice, and the truth about it.

    Parameters
    ----------
    movie : Movie
        What the camera recorded.
    regions : (t, y, x) uint8 array
        The number of the grain at each pixel, 0 where there is no lattice. NumPy, a frame
        store or dask, as the movie.
    truth : pandas.DataFrame
        One row a frame and grain: ``frame, region, angle`` (degrees, of a row of spots,
        counter-clockwise from the right, unwrapped), ``shift_y, shift_x`` (px, of the lattice
        against the first frame), ``contrast`` and ``area`` (px², in view).
    moving : (y, x) bool array
        Where something other than noise and drift changes.
    drift : (t, 2) array
        Shift (dy, dx) of everything in every frame against the first one, px.
    """

    movie: Movie
    regions: Any
    truth: pd.DataFrame
    moving: np.ndarray
    drift: np.ndarray

    @property
    def misorientation(self) -> np.ndarray:
        """Angle (t,) of the second grain against the first, degrees.

        Raises
        ------
        ValueError
            When there is only one grain.
        """
        angles = self.truth.pivot(index="frame", columns="region", values="angle")
        if 2 not in angles:
            raise ValueError("There is one grain only, so there is no angle between two.")
        return (angles[2] - angles[1]).to_numpy(float)

    def change(self, before: int, after: int) -> np.ndarray:
        """Return what became of the lattice: 1 unchanged, 2 grown, 3 shrunk, 0 never there.

        Parameters
        ----------
        before, after : int
            Two frames.
        """
        first, last = (np.asarray(self.regions[index]) > 0 for index in (before, after))
        found = np.zeros(first.shape, np.uint8)
        found[first & last], found[last & ~first], found[first & ~last] = 1, 2, 3
        return found

    def with_name(self, name: str) -> SimulatedLattice:
        """Return the same with another name of the movie."""
        return dataclasses.replace(self, movie=self.movie.replace(name=name))


def simulate_lattice(
    settings: LatticeMovieSettings | None = None, job: Job | None = None
) -> SimulatedLattice:
    """Simulate a movie of a lattice in which one known thing happens.

    Dark Gaussian spots on a bright ground, as Wang et al. simulate lead sulphide, or columns of
    lead sulphide by multislice, on an amorphous film, through `simulate.detector`. Frames are
    rendered on the job's threads and written one by one; for a movie that is never stored, see
    `simulate_lattice_lazily`.

    Parameters
    ----------
    settings : LatticeMovieSettings, optional
        What to simulate.
    job : Job, optional
        Its seed, progress and cancel are used.

    Returns
    -------
    SimulatedLattice
        The movie and the truth about it.

    Raises
    ------
    ExitWaveError
        For atoms of lead sulphide, where abTEM or ase is not installed.
    """
    settings, job = settings or LatticeMovieSettings(), job or Job()
    scene = LatticeScene(settings, job.seed)
    shape = (settings.n_frames, *scene.shape)
    indices = range(settings.n_frames)
    images = job.map(scene.image, indices, "Simulating")
    data = store.write_frames(images, shape, settings.number_type)
    labels = job.map(scene.label_image, indices, "Drawing true regions")
    regions = store.write_frames(labels, shape, np.uint8)
    return _with_truth(scene, store.as_dask(data), regions)


def simulate_lattice_lazily(settings: LatticeMovieSettings, seed: int = 0) -> SimulatedLattice:
    """Simulate a movie whose frames and regions are rendered whenever they are read.

    The same bytes as `simulate_lattice` gives, in dask arrays of one block a frame.
    """
    scene = LatticeScene(settings, seed)
    frames = _lazy(scene.image, scene, settings.number_type)
    return _with_truth(scene, frames, _lazy(scene.label_image, scene, "uint8"))


def lattice_movie(settings: LatticeMovieSettings, seed: int = 0) -> Movie:
    """Return the movie of `simulate_lattice_lazily` without the truth, which takes its time."""
    scene = LatticeScene(settings, seed)
    return _movie(scene, _lazy(scene.image, scene, settings.number_type))


def _lazy(render: Callable[[int], np.ndarray], scene: LatticeScene, dtype: str) -> Any:
    import dask.array as da

    def block(block_info: Any = None) -> np.ndarray:
        return render(block_info[None]["chunk-location"][0])[np.newaxis]

    chunks = ((1,) * scene.settings.n_frames, (scene.shape[0],), (scene.shape[1],))
    return da.map_blocks(block, chunks=chunks, dtype=dtype, meta=np.zeros((0, 0, 0), dtype))


def _with_truth(scene: LatticeScene, data: Any, regions: Any) -> SimulatedLattice:
    return SimulatedLattice(
        _movie(scene, data), regions, scene.truth(), scene.moving(), scene.drift
    )


def _movie(scene: LatticeScene, data: Any) -> Movie:
    settings = scene.settings
    return Movie(
        data,
        pixel_size=settings.pixel_edge,
        frame_time=settings.frame_time,
        dose=settings.flux,
        name=f"simulated lattice {settings.change}",
        metadata={"simulation": settings.to_dict(), "seed": scene.seed},
    )
