"""Particles of a movie by a network: the view that suits it, its maps, and instances in them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.instances import instances_from_probability, without_cut
from napari_insitu_tem.inference.frames import read_ahead
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.inference.views import View, find_view, maps_of
from napari_insitu_tem.io.store import new_frames, write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Instances", "ParticleFinder"]

#: A particle of which no pixel is more probable than this is none.
_CERTAINTY = 0.9


@dataclass(frozen=True)
class Instances:
    """How a network's maps become particles.

    Parameters
    ----------
    threshold : float
        Probability above which a pixel is part of a particle.
    split : float
        How readily touching particles come apart, 0 (never) to 1.
    smallest_diameter : float or None
        Equivalent diameter (px) below which something is no particle; None is a quarter of the
        typical one.
    drop_edge : bool
        Leave out particles that the border of the frame cuts.
    """

    threshold: float = 0.5
    split: float = 0.8
    smallest_diameter: float | None = None
    drop_edge: bool = False

    def label(self, maps: np.ndarray, smallest_area: float, job: Job) -> np.ndarray:
        """Return the label image of maps (c, y, x): foreground and, where there is one, core."""
        if self.smallest_diameter is not None:
            smallest_area = math.pi / 4 * self.smallest_diameter**2
        core = maps[1] if len(maps) > 1 else None
        if core is not None and self.split <= 0:
            core = maps[0]  # whatever is connected is one particle
        labels = instances_from_probability(
            maps[0],
            core,
            threshold=self.threshold,
            core_threshold=0.1 + 0.5 * self.split,
            split=self.split,
            smallest_area=smallest_area,
            certainty=max(_CERTAINTY, self.threshold),
            job=job,
        )
        return without_cut(labels) if self.drop_edge else labels


class ParticleFinder:
    """A network that finds particles, ready for the frames of one movie.

    Parameters
    ----------
    network : torch.nn.Module
        Foreground and, optionally, core, as logits.
    likes : {"dark", "bright", "any"}
        The polarity that it was trained for.
    device : torch.device or str
        Where it runs.
    instances : Instances
        How its maps become particles.
    tile : int, optional
        Largest side of what the network sees at once, px, where memory matters more than speed;
        what free memory allows otherwise.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        likes: str,
        device: str | torch.device,
        instances: Instances = Instances(),
        tile: int | None = None,
    ) -> None:
        self._tiles = TiledPredictor(network, device=device, tile=tile)
        self._likes, self._instances = likes, instances

    def view(
        self,
        frames: list[np.ndarray],
        *,
        bright: bool | None,
        diameter: float | None,
        scale: float | None = None,
        job: Job,
    ) -> View:
        """Find how the network sees the particles of these frames best; see `find_view`."""
        return find_view(
            frames,
            lambda image: self._predict(image, job),
            lambda maps, area: self._instances.label(maps, area, job),
            likes=self._likes,
            bright=bright,
            diameter=diameter,
            scale=scale,
            job=job,
        )

    def maps(self, frame: np.ndarray, view: View, job: Job) -> np.ndarray:
        """Return the network's maps (c, y, x) of a frame, 0 to 1."""
        return maps_of(frame, view, lambda image: self._predict(image, job), likes=self._likes)

    def segment(
        self,
        movie: Movie,
        view: View,
        picture: tuple[slice, slice],
        *,
        keep_probability: bool,
        job: Job,
    ) -> tuple[Any, Any]:
        """Find the particles of every frame; the next frame is read while one is computed.

        Parameters
        ----------
        movie : Movie
            What to segment.
        view : View
            How the network sees it.
        picture : (slice, slice)
            The part of the frames to look at.
        keep_probability : bool
            Whether the foreground's probability is kept.
        job : Job
            Progress and cancel.

        Returns
        -------
        labels : (t, y, x) int32 array
            In memory or a frame store; 1..n in every frame.
        probability : (t, y, x) float16 array or None
            Likewise.
        """
        shape = movie.data.shape
        probability = new_frames(shape, np.float16) if keep_probability else None

        def seen() -> Iterator[np.ndarray]:
            for frame in read_ahead(movie.iter_frames()):
                yield self.maps(frame[picture], view, job)

        def label(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            labels = np.zeros(shape[1:], np.int32)
            labels[picture] = self._instances.label(maps, view.smallest_area, job)
            return labels, maps[0]

        def labelled() -> Iterator[np.ndarray]:
            found = job.map(label, seen(), "Segmenting", movie.n_frames)
            for index, (labels, foreground) in enumerate(found):
                if probability is not None:
                    frame = np.zeros(shape[1:], np.float16)
                    frame[picture] = foreground
                    probability[index] = frame
                yield labels

        return write_frames(labelled(), shape, np.int32), probability

    def _predict(self, image: np.ndarray, job: Job) -> np.ndarray:
        return self._tiles.predict(image, job)
