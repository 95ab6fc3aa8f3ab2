"""A forecasting network over the frames of a movie."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from napari_insitu_tem.analysis.forecast.scaling import Scaling
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.job import Job
from napari_insitu_tem.networks.forecaster import Forecaster

__all__ = ["MovieForecaster"]


class MovieForecaster:
    """A forecaster, ready for the frames of one movie.

    Parameters
    ----------
    network : Forecaster
        In eval mode.
    scaling : Scaling
        From readings to its values and back.
    steps : int
        How many frames to go on for.
    device : torch.device or str
        Where it runs.
    """

    def __init__(
        self,
        network: Forecaster,
        *,
        scaling: Scaling,
        steps: int,
        device: str | torch.device = "cpu",
    ) -> None:
        self.given, self.steps = network.in_channels, steps
        self._auxiliary, self._scaling = network.auxiliary, scaling
        rolled = _Rolled(network, steps)
        self._tiles = TiledPredictor(rolled, device=device, activation="none")

    def ahead(
        self, frames: np.ndarray, auxiliary: np.ndarray | None = None, job: Job = Job()
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the frames that follow, and how far each pixel may be off.

        Parameters
        ----------
        frames : (given, y, x) array
            What is known; readings without NaN.
        auxiliary : (given + steps, n) array, optional
            What the network is given beside every frame, of those to come as well.
        job : Job
            Cancel.

        Returns
        -------
        (steps, y, x) float32 arrays
            Means and standard deviations, in readings.
        """
        values = self._scaling.prepare(frames)
        if self._auxiliary:
            assert auxiliary is not None
            maps = np.broadcast_to(
                auxiliary[:, :, np.newaxis, np.newaxis],
                (*auxiliary.shape, *frames.shape[1:]),
            )
            images = np.zeros((len(auxiliary), 1, *frames.shape[1:]), np.float32)
            images[: len(values), 0] = values
            values = np.concatenate([images, maps], axis=1).reshape(-1, *frames.shape[1:])
        found = self._tiles.predict(np.ascontiguousarray(values, np.float32), job)
        means, spreads = found[: self.steps], np.exp(found[self.steps :])
        last = frames[-1]
        return self._scaling.restore(means, last), self._scaling.restore_spread(spreads, last)


class _Rolled(nn.Module):
    """A forecaster as a network from channels to channels: all frames, then all log spreads."""

    def __init__(self, network: Forecaster, steps: int) -> None:
        super().__init__()
        self.network, self.steps = network, steps
        self.multiple = network.multiple
        self.in_channels = network.in_channels + network.auxiliary * (network.in_channels + steps)
        if network.auxiliary:
            self.in_channels += steps

    def forward(self, packed: Tensor) -> Tensor:
        given = self.network.in_channels
        if self.network.auxiliary:
            clip = packed.unflatten(1, (given + self.steps, -1))
            answers = self.network(clip[:, :given], self.steps, future=clip[:, given:, 1:])
        else:
            answers = self.network(packed.unsqueeze(2), self.steps)
        if answers.shape[2] == 1:
            size = self.network.calibration
            more = size[-1:].expand(max(0, self.steps - len(size)))
            spread = torch.cat([size[: self.steps], more]).reshape(1, -1, 1, 1, 1)
            answers = torch.cat([answers, spread.expand_as(answers)], dim=2)
        return answers.transpose(1, 2).flatten(1, 2)
