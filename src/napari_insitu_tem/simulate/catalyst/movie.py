"""Movies of a simulated catalyst, with the truth about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.io import store
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.simulate.catalyst.scene import CatalystScene
from napari_insitu_tem.simulate.catalyst.settings import CatalystSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CatalystMovie", "simulate_catalyst", "simulate_catalyst_lazily"]


@dataclass(frozen=True, eq=False)
class CatalystMovie:
    """A movie of a catalyst particle and the truth about it.

    Parameters
    ----------
    movie : Movie
        What the camera recorded.
    labels : (t, y, x) int32 array
        1 where the particle is.
    poses : pandas.DataFrame
        One row a frame: ``frame, y, x`` (middle of the particle, px), ``orientation``
        (degrees, counter-clockwise), ``disorder`` (0 rigid, 1 disordered), ``facets`` (layers
        gained since the start).
    drift : (t, 2) array
        Shift (dy, dx) of the scene against the first frame, px.
    onset, recovery : int, optional
        Frames in which the particle becomes disordered, and rigid again.
    """

    movie: Movie
    labels: Any
    poses: pd.DataFrame
    drift: np.ndarray
    onset: int | None
    recovery: int | None

    def with_name(self, name: str) -> CatalystMovie:
        """Return the same with another name of the movie."""
        return dataclasses.replace(self, movie=self.movie.replace(name=name))


def simulate_catalyst(
    settings: CatalystSettings | None = None, job: Job | None = None
) -> CatalystMovie:
    """Simulate a movie of a gold particle on an oxide support in gas.

    Columns of atoms are dark Gaussians on the shade of the solids; the rigid particle turns
    slowly and its facets gain and lose layers; the disordered one's columns are elsewhere in
    every other frame. The camera drifts. Frames are rendered on the job's threads and written
    one by one.

    Parameters
    ----------
    settings : CatalystSettings, optional
        What to simulate.
    job : Job, optional
        Its seed, progress and cancel are used.

    Returns
    -------
    CatalystMovie
        The movie and the truth about it.

    Raises
    ------
    SettingsError
        When the particle does not fit into the frame.
    """
    settings, job = settings or CatalystSettings(), job or Job()
    scene = CatalystScene(settings, job.seed)
    shape = (settings.n_frames, *scene.shape)
    frames = range(settings.n_frames)
    data = store.write_frames(
        job.map(scene.image, frames, "Simulating"), shape, settings.number_type
    )
    masks = job.map(scene.label_image, frames, "Drawing true masks")
    return _with_truth(scene, store.as_dask(data), store.write_frames(masks, shape, np.int32))


def simulate_catalyst_lazily(settings: CatalystSettings, seed: int = 0) -> CatalystMovie:
    """Simulate a movie whose frames are rendered whenever they are read.

    The same bytes as `simulate_catalyst` gives, in dask arrays of one block a frame.
    """
    scene = CatalystScene(settings, seed)
    frames = _lazy(scene.image, scene, settings.number_type)
    return _with_truth(scene, frames, _lazy(scene.label_image, scene, "int32"))


def _lazy(render: Callable[[int], np.ndarray], scene: CatalystScene, dtype: str) -> Any:
    import dask.array as da

    def block(block_info: Any = None) -> np.ndarray:
        return render(block_info[None]["chunk-location"][0])[np.newaxis]

    chunks = ((1,) * scene.settings.n_frames, (scene.shape[0],), (scene.shape[1],))
    return da.map_blocks(block, chunks=chunks, dtype=dtype, meta=np.zeros((0, 0, 0), dtype))


def _with_truth(scene: CatalystScene, data: Any, labels: Any) -> CatalystMovie:
    settings = scene.settings
    movie = Movie(
        data,
        pixel_size=settings.pixel_size,
        frame_time=settings.frame_time,
        dose=settings.dose,
        name="simulated catalyst",
        metadata={"simulation": settings.to_dict(), "seed": scene.seed},
    )
    return CatalystMovie(
        movie, labels, scene.poses(), scene.drift, settings.onset, settings.recovery
    )
