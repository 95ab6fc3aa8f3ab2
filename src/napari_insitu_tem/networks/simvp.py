"""A small convolutional predictor of the SimVP family, which learns on a CPU.

Gao, Tan, Wu and Li (SimVP, CVPR 2022); the translator's blocks are gated spatiotemporal
attention of large kernels (Tan et al., SimVP v2, 2022). All given frames go through one encoder,
are stacked, and become several frames to come at once. Frames are folded to half their size
first, and what is predicted is a correction to a weighted mean of the given frames, so that
learning begins where the mean frame is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_insitu_tem.networks.forecaster import Forecaster

__all__ = ["SimVP"]

_GROUPS = 4


class SimVP(Forecaster):
    """Given frames in, `block` frames out, rolled forward for more.

    Parameters
    ----------
    in_channels, out_channels, auxiliary, head
        As for `Forecaster`; the number of given frames is fixed.
    block : int, optional
        Frames predicted at once; as many as are given by default.
    width : int
        Features of a frame at half its size; twice as many at a quarter.
    hidden : int
        Features of the translator.
    depth : int
        Blocks of the translator.
    """

    def __init__(
        self,
        *,
        in_channels: int = 6,
        out_channels: int = 1,
        auxiliary: int = 0,
        head: str = "linear",
        block: int | None = None,
        width: int = 16,
        hidden: int = 96,
        depth: int = 4,
    ) -> None:
        super().__init__(
            in_channels=in_channels, out_channels=out_channels, auxiliary=auxiliary, head=head
        )
        block = in_channels if block is None else block
        if block < 1 or width % _GROUPS or hidden % _GROUPS or depth < 1:
            raise ValueError("block and depth are at least 1, width and hidden multiples of 4")
        self.block = block
        self.fine = _convolution(4 * (1 + auxiliary), width)
        self.coarse = _convolution(width, 2 * width, stride=2)
        self.enter = nn.Conv2d(in_channels * 2 * width, hidden, 1)
        self.translator = nn.Sequential(*(_Attention(hidden) for _ in range(depth)))
        self.leave = nn.Conv2d(hidden, block * 2 * width, 1)
        # Fine detail has a way of its own through time.
        self.beside = nn.Conv2d(in_channels * width, block * width, 3, padding=1)
        self.merge = nn.Sequential(
            _convolution(3 * width, 2 * width), _convolution(2 * width, width)
        )
        self.last = nn.Conv2d(width, 4 * out_channels, 3, padding=1)
        self.mean = nn.Parameter(torch.full((block, in_channels), 1 / in_channels))
        for values in self.last.parameters():
            nn.init.zeros_(values)

    def every(self, clip: Tensor, given: int, *, forced: bool = False) -> Tensor:
        """Return the frames that follow what is given; see `Forecaster.every`."""
        if given != self.in_channels:
            raise ValueError(
                f"This network was made for {self.in_channels} given frames, not for {given}."
            )
        known, wanted = clip[:, :given], clip.shape[1] - given
        answers: list[Tensor] = []
        while sum(answer.shape[1] for answer in answers) < wanted:
            answer = self._next(known)
            done = given + sum(each.shape[1] for each in answers)
            answers.append(answer)
            came = clip[:, done : done + self.block]
            if not forced:
                came = torch.cat([answer[:, : came.shape[1], :1], came[:, :, 1:]], dim=2)
            known = torch.cat([known, came], dim=1)[:, -given:]
        return torch.cat(answers, dim=1)[:, :wanted]

    def _next(self, frames: Tensor) -> Tensor:
        """Return the next `block` answers (n, block, out_channels, y, x)."""
        count, given = frames.shape[:2]
        images = frames[:, :, 0]
        fine = self.fine(functional.pixel_unshuffle(frames.flatten(0, 1), 2))
        coarse = self.coarse(fine)
        fine, coarse = (each.unflatten(0, (count, given)).flatten(1, 2) for each in (fine, coarse))
        moved = self.leave(self.translator(self.enter(coarse)))
        moved = moved.unflatten(1, (self.block, -1)).flatten(0, 1)
        moved = functional.interpolate(moved, scale_factor=2.0, mode="nearest")
        beside = self.beside(fine).unflatten(1, (self.block, -1)).flatten(0, 1)
        raw = self.last(self.merge(torch.cat([moved, beside], dim=1)))
        raw = functional.pixel_shuffle(raw, 2)
        steady = torch.einsum("bf,nfyx->nbyx", self.mean, images).flatten(0, 1).unsqueeze(1)
        if self.head == "linear":
            raw = torch.cat([raw[:, :1] + steady, raw[:, 1:]], dim=1)
        return self._finish(raw).unflatten(0, (count, self.block))


class _Attention(nn.Module):
    """Gated attention of a large kernel, then a mix of the channels, both added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(_GROUPS, channels) for _ in range(2))
        self.near = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.far = nn.Conv2d(channels, channels, 7, padding=9, dilation=3, groups=channels)
        self.gate = nn.Conv2d(channels, 2 * channels, 1)
        self.mix = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1), nn.SiLU(), nn.Conv2d(2 * channels, channels, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        value, gate = self.gate(self.far(self.near(self.norms[0](features)))).chunk(2, dim=1)
        features = features + value * torch.sigmoid(gate)
        return features + self.mix(self.norms[1](features))


def _convolution(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(_GROUPS, after), nn.SiLU()
    )
