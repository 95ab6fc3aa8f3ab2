"""A denoising network over the frames of a movie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.neighbours import with_neighbours
from napari_insitu_tem.analysis.normalise import Normalisation
from napari_insitu_tem.inference.frames import read_ahead
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.job import Job

__all__ = ["FrameDenoiser", "Sight"]


@dataclass(frozen=True)
class Sight:
    """Which frames a denoising network sees.

    Parameters
    ----------
    reach : int
        Neighbours in time on either side.
    own : bool
        Whether it sees the frame itself.
    """

    reach: int = 0
    own: bool = True

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Sight:
        """Return what a network sees, from its arguments.

        Of an odd number of ``in_channels`` the one in the middle is the frame itself; an even
        number are its neighbours alone.
        """
        images = int(arguments.get("in_channels", 1))
        return cls(images // 2, own=images % 2 == 1)


class FrameDenoiser:
    """A denoising network, ready for the frames of one movie.

    Parameters
    ----------
    network : torch.nn.Module
        From (n, frames, y, x) to (n, 1, y, x).
    sight : Sight
        Which frames it sees.
    normalisation : Normalisation
        How readings become its values, and back.
    device : torch.device or str
        Where it runs.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        sight: Sight,
        normalisation: Normalisation,
        device: str | torch.device,
    ) -> None:
        self._tiles = TiledPredictor(network, device=device, activation="none")
        self._sight, self._normalisation = sight, normalisation

    def denoise(self, frames: np.ndarray, job: Job = Job()) -> np.ndarray:
        """Return a frame without noise.

        Parameters
        ----------
        frames : (2 · reach + 1, y, x) array
            The frame in the middle of its neighbours; readings without NaN.
        job : Job
            Cancel.

        Returns
        -------
        (y, x) float32 array
            Readings.
        """
        reach = self._sight.reach
        given = frames if self._sight.own else np.delete(frames, reach, axis=0)
        values = np.stack([self._normalisation.prepare(frame) for frame in given])
        return self._normalisation.restore(self._tiles.predict(values, job)[0], frames[reach])

    def movie(self, frames: Iterable[np.ndarray], job: Job = Job()) -> Iterator[np.ndarray]:
        """Yield every frame of a movie without noise; the next one is read meanwhile."""
        complete = (fill_missing(frame) for frame in frames)
        for window in read_ahead(with_neighbours(complete, self._sight.reach)):
            yield self.denoise(window, job)
