"""Mixed-scale dense networks: few parameters, every scale at full resolution.

Pelt and Sethian, PNAS 115, 254 (2018); for HRTEM Larsen et al. (2021). Every 3x3 convolution
has one output channel (`width`), sees the image and all earlier feature maps, and has a
dilation of its own. Written as published, every layer copies all maps; here one buffer holds
them all and nothing is copied:

1. A dilated 3x3 convolution is nine shifted copies of nine weighted sums of its input. The
   weighted sums of one layer are *one* matrix product, ``(9, maps) @ (maps, pixels)``, which
   reads the buffer as it lies.
2. The nine sums are shifted and added into the layer's own slot of the buffer, where they
   become its feature map. Reflection at the border is done on these nine maps, not on all
   inputs: mixing maps and reflecting them commute.

The backward pass is the same in the other direction. Only the feature maps are kept for it, so
that training needs memory in proportion to the depth and not to its square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor, nn

from napari_insitu_tem.networks import NetworkError

__all__ = ["MSDNet"]

#: On a CPU, how many maps a product takes at a time: so many streams a processor can follow.
_AT_ONCE = 16
_PARTS = ("weight", "bias")


class MSDNet(nn.Module):
    """Mixed-scale dense network.

    Parameters
    ----------
    in_channels, out_channels : int
        Images in, maps out.
    depth : int
        Number of 3x3 convolutions; 30 to 200 are in use.
    width : int
        Feature maps that each of them makes.
    dilations : sequence of int
        Distance between the taps of the convolutions in px, repeated along the depth.

    Attributes
    ----------
    multiple : int
        Sizes of which images may be: any, so 1.
    smallest_size : int
        Images must have this many px a side, for reflection by the largest dilation.
    receptive_radius : int
        How far an output pixel sees, in px: the sum of all dilations.

    Notes
    -----
    The weights of layer i are ``layers.<i>.weight``, shaped as any convolution's. They begin
    as N(0, sqrt(2 / (9 (in_channels + width (depth - 1)) + out_channels))); biases and the last
    layer begin at zero.
    """

    multiple = 1

    def __init__(
        self,
        *,
        in_channels: int = 1,
        out_channels: int = 1,
        depth: int = 50,
        width: int = 1,
        dilations: Sequence[int] = tuple(range(1, 11)),
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, depth, width, len(dilations)) < 1 or min(dilations) < 1:
            raise ValueError("channels, depth, width and dilations of an MSD-net are at least 1")
        self.dilations = tuple(islice(cycle(map(int, dilations)), depth))
        self.layers = nn.ModuleList(
            nn.Conv2d(in_channels + width * layer, width, 3, dilation=dilation)
            for layer, dilation in enumerate(self.dilations)
        )
        self.head = nn.Conv2d(in_channels + width * depth, out_channels, 1)
        self.smallest_size = max(self.dilations) + 1
        self.receptive_radius = sum(self.dilations)
        self._start(9 * (in_channels + width * (depth - 1)) + out_channels)

    def _start(self, connections: int) -> None:
        for name, values in self.named_parameters():
            if name.startswith("layers") and name.endswith("weight"):
                nn.init.normal_(values, std=math.sqrt(2 / connections))
            else:
                nn.init.zeros_(values)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, out_channels, y, x) of images (n, in_channels, y, x).

        Raises
        ------
        NetworkError
            When the images are smaller than `smallest_size`.
        """
        if min(images.shape[-2:]) < self.smallest_size:
            raise NetworkError(
                f"The image of {images.shape[-2]} × {images.shape[-1]} px is too small: this "
                f"MSD-net reaches {max(self.dilations)} px beyond its border by reflection, and "
                f"needs at least {self.smallest_size} px a side."
            )
        kind = images.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else images.dtype
        values = dict(self.named_parameters())
        order = [f"layers.{layer}.{part}" for part in _PARTS for layer in range(len(self.layers))]
        order += [f"head.{part}" for part in _PARTS]
        # What follows is given one type of number; the conversions have gradients of their own.
        with torch.autocast(kind, enabled=False):
            logits: Tensor = _MixedScaleDense.apply(
                images.to(dtype), self.dilations, *(values[name].to(dtype) for name in order)
            )
        return logits


class _MixedScaleDense(torch.autograd.Function):
    """The whole network as one differentiable function of images and parameters."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, dilations: tuple[int, ...], *values: Tensor) -> Tensor:
        depth = len(dilations)
        weights, biases, (head, head_bias) = values[:depth], values[depth:-2], values[-2:]
        count, channels, *size = images.shape
        maps = images.new_empty((head.shape[1], count, *size))
        maps[:channels] = images.transpose(0, 1)
        flat = maps.flatten(1)
        sums = flat.new_empty((9 * len(weights[0]), flat.shape[1]))
        taps = sums.view(3, 3, -1, count, *size)
        for weight, bias, dilation in zip(weights, biases, dilations, strict=True):
            made, seen = weight.shape[:2]
            _product(_as_rows(weight), flat[:seen], out=sums)
            # Taps lie (y, x, …): those along x are added up first, for each of the three along y.
            rows = _shifted_sum(taps.transpose(0, 1), dilation, axis=-1)
            total = _shifted_sum(rows, dilation, axis=-2)
            torch.add(total, bias.view(-1, 1, 1, 1), out=maps[seen : seen + made]).relu_()
        del sums, taps, rows, total
        logits = torch.addmm(head_bias[:, None], head.flatten(1), flat)
        ctx.dilations = dilations
        ctx.save_for_backward(maps, head, *weights)
        return logits.view(-1, count, *size).transpose(0, 1).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        maps, head, *weights = ctx.saved_tensors
        flat, outward = maps.flatten(1), gradient.transpose(0, 1).flatten(1)
        slopes = (head.flatten(1).t() @ outward).view_as(maps)  # with respect to every map
        flat_slopes = slopes.flatten(1)
        sums = flat.new_empty((9 * len(weights[0]), flat.shape[1]))
        taps = sums.view(3, 3, -1, *maps.shape[1:])
        of_weights, of_biases = [], []
        for weight, dilation in zip(reversed(weights), reversed(ctx.dilations), strict=True):
            made, seen = weight.shape[:2]
            slot = slopes[seen : seen + made].mul_(maps[seen : seen + made] > 0)
            _shifted_back(slot, dilation, axis=-2, out=taps[:, 1])
            _shifted_back(taps[:, 1], dilation, axis=-1, out=taps.transpose(0, 1))
            flat_slopes[:seen].addmm_(_as_rows(weight).t(), sums)
            of_weights.append(_as_filters(sums @ flat[:seen].t(), made))
            of_biases.append(slot.sum((1, 2, 3)))
        return (
            slopes[: weights[0].shape[1]].transpose(0, 1),
            None,
            *reversed(of_weights),
            *reversed(of_biases),
            (outward @ flat.t()).view_as(head),
            outward.sum(1),
        )


def _as_rows(weight: Tensor) -> Tensor:
    """Turn the filters of a layer (made, seen, 3, 3) into a matrix (9 made, seen)."""
    return weight.permute(2, 3, 0, 1).reshape(-1, weight.shape[1])


def _as_filters(rows: Tensor, made: int) -> Tensor:
    """Turn a matrix (9 made, seen) into the filters of a layer (made, seen, 3, 3)."""
    return rows.view(3, 3, made, -1).permute(2, 3, 0, 1)


def _product(weights: Tensor, maps: Tensor, *, out: Tensor) -> None:
    """Write ``weights @ maps`` into `out`."""
    step = _AT_ONCE if maps.device.type == "cpu" else len(maps)
    torch.mm(weights[:, :step], maps[:step], out=out)
    for start in range(step, len(maps), step):
        part = slice(start, start + step)
        out.addmm_(weights[:, part], maps[part])


def _shifted_sum(taps: Tensor, distance: int, *, axis: int) -> Tensor:
    """Add, in place, the outer of three taps to the middle one, each from `distance` away.

    Beyond the border along `axis` they continue as their own reflection.
    """
    before, middle, after = taps.unbind(0)
    inner = middle.shape[axis] - distance
    middle.narrow(axis, distance, inner).add_(before.narrow(axis, 0, inner))
    middle.narrow(axis, 0, distance).add_(before.narrow(axis, 1, distance).flip(axis))
    middle.narrow(axis, 0, inner).add_(after.narrow(axis, distance, inner))
    middle.narrow(axis, inner, distance).add_(after.narrow(axis, inner - 1, distance).flip(axis))
    return middle


def _shifted_back(total: Tensor, distance: int, *, axis: int, out: Tensor) -> None:
    """Write into `out` (three taps) the gradient that `_shifted_sum` hands each of them."""
    before, middle, after = out.unbind(0)
    inner = total.shape[axis] - distance
    before.narrow(axis, 0, inner).copy_(total.narrow(axis, distance, inner))
    before.narrow(axis, inner, distance).zero_()
    before.narrow(axis, 1, distance).add_(total.narrow(axis, 0, distance).flip(axis))
    after.narrow(axis, distance, inner).copy_(total.narrow(axis, 0, inner))
    after.narrow(axis, 0, distance).zero_()
    after.narrow(axis, inner - 1, distance).add_(total.narrow(axis, inner, distance).flip(axis))
    middle.copy_(total)
