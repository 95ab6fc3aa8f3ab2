"""PhyDNet: physical dynamics and the rest, each in a branch of its own.

Le Guen and Thome (CVPR 2020), in the variant that Fu et al. used for in-situ TEM: 128 features,
three layers of 128 channels in the convolutional LSTM (3,540,480 parameters), a physical cell of
609,073, and an encoder of six convolutions with skips to the decoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_insitu_tem.networks.convlstm import ConvLSTM, Memory
from napari_insitu_tem.networks.forecaster import RecurrentForecaster
from napari_insitu_tem.networks.frame_codec import FrameDecoder, FrameEncoder
from napari_insitu_tem.networks.moments import derivative_filters, moment_loss

__all__ = ["PhyCell", "PhyDNet"]


class PhyCell(nn.Module):
    """One step of a partial differential equation, corrected by what was seen (equations 2, 3).

    Parameters
    ----------
    channels : int
        Of the features.
    edge : int
        Of the filters that take derivatives; there are edge² of them.
    start : {"derivatives", "random"}
        What the filters are before training: the derivatives, each weighted by the inverse of
        its size, so that all orders begin alike; or random as published, from where the filters
        of high orders, which have values up to 400, are never reached.
    """

    def __init__(self, channels: int, *, edge: int = 7, start: str = "derivatives") -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, channels)
        self.derivatives = nn.Conv2d(channels, edge * edge, edge, padding=edge // 2)
        self.combine = nn.Conv2d(edge * edge, channels, 1)
        self.gate = nn.Conv2d(2 * channels, channels, 3, padding=1)
        if start == "derivatives":
            self._start_from_derivatives()
        elif start != "random":
            raise ValueError("a physical cell starts from 'derivatives' or 'random' filters")

    @torch.no_grad()
    def _start_from_derivatives(self) -> None:
        filters = self.derivatives.weight
        exact = derivative_filters(filters.shape[-1])
        filters.copy_(exact.unsqueeze(1).expand_as(filters))
        # White features leave a filter with this deviation, and a random one with 1/sqrt(3).
        size = exact.flatten(1).norm(dim=1) * math.sqrt(filters.shape[1])
        self.combine.weight /= (math.sqrt(3) * size).reshape(1, -1, 1, 1)

    def forward(self, features: Tensor, hidden: Tensor | None) -> Tensor:
        """Return the hidden state after features (n, channels, y, x); None begins with zeros."""
        if hidden is None:
            hidden = torch.zeros_like(features)
        foreseen = hidden + self.combine(self.derivatives(self.norm(hidden)))
        gain = torch.sigmoid(self.gate(torch.cat([features, foreseen], dim=1)))
        return foreseen + gain * (features - foreseen)


class PhyDNet(RecurrentForecaster):
    """Two branches on the same features, added before the decoder.

    Parameters
    ----------
    in_channels, out_channels, auxiliary, head
        As for `Forecaster`.
    filters : int
        Base filters of encoder and decoder; features have four times as many channels.
    hidden : sequence of int
        Channels of the LSTM's layers; the last as many as the features have.
    edge : int
        Of the physical cell's filters.
    start : {"derivatives", "random"}
        What these filters are before training; see `PhyCell`.
    moments : float
        Weight of the moment loss; 0 leaves the filters free.
    """

    def __init__(
        self,
        *,
        in_channels: int = 6,
        out_channels: int = 1,
        auxiliary: int = 0,
        head: str = "linear",
        filters: int = 32,
        hidden: Sequence[int] = (128, 128, 128),
        edge: int = 7,
        start: str = "derivatives",
        moments: float = 1.0,
    ) -> None:
        super().__init__(
            in_channels=in_channels, out_channels=out_channels, auxiliary=auxiliary, head=head
        )
        if not hidden or hidden[-1] != 4 * filters:
            raise ValueError("the LSTM's last layer has four times as many channels as filters")
        self.moments = moments
        self.encoder = FrameEncoder(1 + auxiliary, filters)
        self.decoder = FrameDecoder(out_channels, filters)
        self.phycell = PhyCell(4 * filters, edge=edge, start=start)
        self.lstm = ConvLSTM(4 * filters, hidden)

    def step(
        self, frame: Tensor, memory: tuple[Tensor, Memory] | None
    ) -> tuple[Tensor, tuple[Tensor, Memory]]:
        """Return the next frame and the memory; see `RecurrentForecaster.step`."""
        physical, rest = (None, None) if memory is None else memory
        seen = self.encoder(frame)
        physical = self.phycell(seen[-1], physical)
        hidden, rest = self.lstm(seen[-1], rest)
        return self._finish(self.decoder(physical + hidden, seen)), (physical, rest)

    def penalty(self) -> Tensor | None:
        """Return the moment loss, which draws the physical filters to partial derivatives."""
        if not self.moments:
            return None
        return self.moments * moment_loss(self.phycell.derivatives.weight)
