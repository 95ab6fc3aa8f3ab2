"""From a frame to features at a quarter of its size and back, as PhyDNet's first version has it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FrameDecoder", "FrameEncoder"]

_GROUPS, _SLOPE = 4, 0.2
_STRIDES = (1, 1, 2, 1, 2, 1)


class FrameEncoder(nn.Module):
    """Six convolutions with GroupNorm and leaky rectifiers; two of them halve the size.

    Parameters
    ----------
    in_channels : int
        Of a frame.
    filters : int
        Base number of filters: the layers have 1/2, 1, 2, 2, 4 and 4 times as many.
    """

    def __init__(self, in_channels: int, filters: int) -> None:
        super().__init__()
        widths = _widths(filters)
        self.layers = nn.ModuleList(
            _block(nn.Conv2d(before, after, 3, stride, 1), after)
            for before, after, stride in zip(
                (in_channels, *widths[:-1]), widths, _STRIDES, strict=True
            )
        )

    def forward(self, frame: Tensor) -> list[Tensor]:
        """Return what all six layers give, the last one being the features."""
        seen = []
        for layer in self.layers:
            frame = layer(frame)
            seen.append(frame)
        return seen


class FrameDecoder(nn.Module):
    """Six transposed convolutions; every one also sees what the encoder saw at its size.

    Parameters
    ----------
    out_channels : int
        Of an answer.
    filters : int
        As the encoder's.
    """

    def __init__(self, out_channels: int, filters: int) -> None:
        super().__init__()
        widths = _widths(filters)
        outs = (*widths[-2::-1], out_channels)
        self.layers = nn.ModuleList()
        for skip, after, stride in zip(widths[::-1], outs, _STRIDES[::-1], strict=True):
            layer = nn.ConvTranspose2d(2 * skip, after, 3, stride, 1, output_padding=stride - 1)
            last = len(self.layers) == len(_STRIDES) - 1
            self.layers.append(layer if last else _block(layer, after))

    def forward(self, features: Tensor, seen: list[Tensor]) -> Tensor:
        """Return an answer (n, out_channels, y, x), without a head."""
        for layer, skip in zip(self.layers, seen[::-1], strict=True):
            features = layer(torch.cat([features, skip], dim=1))
        return features


def _widths(filters: int) -> tuple[int, ...]:
    if filters % (2 * _GROUPS):
        raise ValueError(f"the number of filters must be a multiple of {2 * _GROUPS}")
    return (filters // 2, filters, 2 * filters, 2 * filters, 4 * filters, 4 * filters)


def _block(layer: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(layer, nn.GroupNorm(_GROUPS, width), nn.LeakyReLU(_SLOPE, inplace=True))
