"""A U-Net over several frames that never sees the noise of the pixel that it predicts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BlindSpotUNet"]

_SLOPE = 0.1  # of the leaky rectifier, as Laine et al. have it


class BlindSpotUNet(nn.Module):
    """Predicts every pixel of the middle frame from its surroundings in space and time.

    A U-Net whose convolutions and pooling look upwards only sees, after one shift down, just
    the half plane above a pixel. It is run on the frames in their four orientations, and the
    answers are put together pixel by pixel: all is seen but the pixel itself (Laine et al.,
    NeurIPS 2019, for images; Sheth et al., ICCV 2021, for movies). Where noise is independent
    between pixels, the noise of the pixel cannot be learnt, so a noisy frame can be the target.
    Noise of other frames is independent anyway; they are moved up by as much as all is moved
    down in the end, so that of them the pixel is seen, too. There are no biases, so the network
    works at other noise levels than it was trained at (Mohan et al., ICLR 2020).

    Parameters
    ----------
    in_channels : int
        Neighbouring frames that go in, an odd number; the middle one is predicted.
    out_channels : int
        Maps that come out.
    channels : sequence of int
        Channels a level, from full resolution down; at least two levels.
    blind : int
        Pixels around the predicted one that are not seen in its own frame either, for cameras
        that share noise between neighbours: 0 is the pixel alone, 1 a square of 3 by 3.
    """

    def __init__(
        self,
        *,
        in_channels: int = 5,
        out_channels: int = 1,
        channels: Sequence[int] = (16, 32, 48),
        blind: int = 0,
    ) -> None:
        super().__init__()
        if in_channels % 2 == 0 or in_channels < 1:
            raise ValueError("the number of frames is odd, so that one is in the middle")
        if len(channels) < 2:
            raise ValueError("a U-Net has at least two levels of channels")
        if blind < 0:
            raise ValueError("blind is a number of pixels, 0 or more")
        self.in_channels, self.blind = in_channels, blind
        self.down = nn.ModuleList(
            _Level(before, after)
            for before, after in zip((in_channels, *channels[:-1]), channels, strict=True)
        )
        # The way up takes what comes from below, twice as large, and what was there on the way
        # down.
        self.up = nn.ModuleList(
            _Level(below + beside, beside)
            for below, beside in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        width = 4 * channels[0]
        self.head = nn.Sequential(
            nn.Conv2d(width, width, 1, bias=False),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(width, channels[0], 1, bias=False),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(channels[0], out_channels, 1, bias=False),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
        steps = range(len(channels))
        self.multiple = 2 ** steps[-1]
        self.receptive_radius = (
            sum(4 * 2**k for k in steps)  # convolutions on the way down look two rows up
            + sum(4 * 2**k for k in steps[:-1])  # and those on the way up
            + sum(2 * 2**k for k in steps[:-1])  # pooling and its inverse
            + 1
            + blind
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return maps (n, out_channels, y, x) of the middle frames, of frames (n, frames, y, x)."""
        turned = [torch.rot90(images, turns, (2, 3)) for turns in range(4)]
        if images.shape[2] == images.shape[3]:  # all four at once
            seen = self._half_plane(torch.cat(turned)).chunk(4)
        else:
            two = [self._half_plane(torch.cat(turned[first::2])).chunk(2) for first in (0, 1)]
            seen = (two[0][0], two[1][0], two[0][1], two[1][1])
        back = [torch.rot90(part, -turns, (2, 3)) for turns, part in enumerate(seen)]
        predicted: Tensor = self.head(torch.cat(back, 1))
        return predicted

    def _half_plane(self, images: Tensor) -> Tensor:
        """Return features in which every pixel knows only rows above it, of its own frame."""
        rows, middle = 1 + self.blind, self.in_channels // 2
        earlier, own, later = images.tensor_split((middle, middle + 1), 1)
        maps = torch.cat((_shifted(earlier, -rows), own, _shifted(later, -rows)), 1)
        features = []
        for number, level in enumerate(self.down):
            # Pooling would let a pixel see the row below it, but for the shift.
            maps = level(functional.max_pool2d(_shifted(maps, 1), 2) if number else maps)
            features.append(maps)
        for level, beside in zip(self.up, features[-2::-1], strict=True):
            maps = level(torch.cat((functional.interpolate(maps, scale_factor=2.0), beside), 1))
        return _shifted(maps, rows)


class _Level(nn.Sequential):
    """Two convolutions that look upwards."""

    def __init__(self, before: int, after: int) -> None:
        layers: list[nn.Module] = []
        for number in (before, after):
            layers += [
                nn.ZeroPad2d((1, 1, 2, 0)),
                nn.Conv2d(number, after, 3, bias=False),
                nn.LeakyReLU(_SLOPE, inplace=True),
            ]
        super().__init__(*layers)


def _shifted(maps: Tensor, rows: int) -> Tensor:
    """Move maps down by some rows; up, if negative."""
    return functional.pad(maps, (0, 0, rows, -rows))
