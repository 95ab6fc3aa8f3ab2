"""Label images of one layer, put together when a frame is read.

What a network found is kept once, as it was found. Which particle is which, and in which layer,
is a table beside it: so a particle changes its layer without any image being written, and comes
back unharmed when that is undone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.track_editing import RelabelledFrames

__all__ = ["LayerFrames", "LayerPlan", "layer_labels"]


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """Which particle each mask is, and in which layer, in every frame.

    Parameters
    ----------
    number, layer : tuple of (n,) int arrays
        For every frame, the number of the particle that mask i + 1 is, and its layer from 0.
    certainty : tuple of (n,) arrays
        For every frame, how sure each mask is of its layer: it decides who gets a pixel that
        two particles of one layer want.
    """

    number: tuple[np.ndarray, ...]
    layer: tuple[np.ndarray, ...]
    certainty: tuple[np.ndarray, ...]

    def moved(self, particle: int, layer: int, frames: Iterable[int]) -> LayerPlan:
        """Return a plan in which a particle is in a layer in these frames."""
        layers = list(self.layer)
        certainty = list(self.certainty)
        for frame in frames:
            mine = self.number[frame] == particle
            if mine.any():
                layers[frame] = np.where(mine, layer, layers[frame])
                # What the user says is surer than anything that was found.
                certainty[frame] = np.where(mine, np.inf, certainty[frame])
        return dataclasses.replace(self, layer=tuple(layers), certainty=tuple(certainty))


class LayerFrames:
    """The label images of one layer; ``frames[t]`` is (y, x).

    Parameters
    ----------
    found : (t, n_layers · y, x) integer array
        What was found: the layers of a frame below each other, masks numbered from 1
        throughout; never written to.
    n_layers : int
        How many there are.
    layer : int
        Which one this is.
    plan : LayerPlan
        Which mask is which particle, where.
    """

    def __init__(self, found: Any, n_layers: int, layer: int, plan: LayerPlan) -> None:
        frames, height, width = (int(size) for size in found.shape)
        self.found, self.n_layers, self.layer, self.plan = found, n_layers, layer, plan
        self.shape = (frames, height // n_layers, width)
        self.dtype = np.dtype(np.int32)
        self.ndim = 3

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frame: int) -> np.ndarray:
        stack = np.asarray(self.found[frame]).reshape(self.n_layers, *self.shape[1:])
        number = np.concatenate([[0], self.plan.number[frame]]).astype(np.int32)
        here = np.concatenate([[False], self.plan.layer[frame] == self.layer])
        certainty = np.concatenate([[-np.inf], self.plan.certainty[frame]])
        certainty[~here] = -np.inf
        best = np.where(here[stack[0]], stack[0], 0)
        for masks in stack[1:]:
            wins = here[masks] & (certainty[masks] > certainty[best])
            best[wins] = masks[wins]
        return number[best]


def layer_labels(found: Any, n_layers: int, plan: LayerPlan) -> tuple[RelabelledFrames, ...]:
    """Return a (t, y, x) label array for every layer; see `LayerFrames`."""
    return tuple(
        RelabelledFrames(LayerFrames(found, n_layers, layer, plan)) for layer in range(n_layers)
    )
