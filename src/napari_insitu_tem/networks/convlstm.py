"""Convolutional long short-term memory (Shi et al., NeurIPS 2015), and a forecaster of it alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_insitu_tem.networks.forecaster import RecurrentForecaster
from napari_insitu_tem.networks.frame_codec import FrameDecoder, FrameEncoder

__all__ = ["ConvLSTM", "ConvLSTMForecaster", "Memory"]

#: Hidden and cell state of every layer.
Memory = list[tuple[Tensor, Tensor]]


class ConvLSTM(nn.Module):
    """Layers of convolutional LSTM cells; Fu et al., equations 4 and 5.

    Their text puts a sigmoid on all four parts; the candidate g has a hyperbolic tangent here,
    as in the authors' code and in the original.

    Parameters
    ----------
    channels : int
        Channels that go in.
    hidden : sequence of int
        Channels of every layer's state.
    kernel : int
        Edge of the convolutions.
    """

    def __init__(self, channels: int, hidden: Sequence[int], *, kernel: int = 3) -> None:
        super().__init__()
        self.hidden = tuple(hidden)
        self.gates = nn.ModuleList(
            nn.Conv2d(before + width, 4 * width, kernel, padding=kernel // 2)
            for before, width in zip((channels, *self.hidden[:-1]), self.hidden, strict=True)
        )

    def forward(self, features: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        """Return the last layer's hidden state and the new memory; None begins with zeros."""
        kept: Memory = []
        for place, gate in enumerate(self.gates):
            if memory is None:
                shape = (len(features), self.hidden[place], *features.shape[-2:])
                hidden = cell = features.new_zeros(shape)
            else:
                hidden, cell = memory[place]
            parts = gate(torch.cat([features, hidden], dim=1)).chunk(4, dim=1)
            enter, forget, leave = (torch.sigmoid(part) for part in parts[:3])
            cell = forget * cell + enter * torch.tanh(parts[3])
            features = leave * torch.tanh(cell)
            kept.append((features, cell))
        return features, kept


class ConvLSTMForecaster(RecurrentForecaster):
    """A convolutional LSTM between an encoder and a decoder with skips: PhyDNet without physics.

    Parameters
    ----------
    in_channels, out_channels, auxiliary, head
        As for `Forecaster`.
    filters : int
        Base filters of encoder and decoder; features have four times as many channels.
    hidden : sequence of int
        Channels of the LSTM's layers; the last as many as the features have.
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
    ) -> None:
        super().__init__(
            in_channels=in_channels, out_channels=out_channels, auxiliary=auxiliary, head=head
        )
        if not hidden or hidden[-1] != 4 * filters:
            raise ValueError("the LSTM's last layer has four times as many channels as filters")
        self.encoder = FrameEncoder(1 + auxiliary, filters)
        self.decoder = FrameDecoder(out_channels, filters)
        self.lstm = ConvLSTM(4 * filters, hidden)

    def step(self, frame: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        """Return the next frame and the memory; see `RecurrentForecaster.step`."""
        seen = self.encoder(frame)
        hidden, memory = self.lstm(seen[-1], memory)
        return self._finish(self.decoder(hidden, seen)), memory
