"""The moving average of a network's weights, and batch statistics that stay as they are."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["WeightAverage", "frozen_batch_statistics"]


class WeightAverage:
    """Exponential moving average of all weights and batch statistics.

    Parameters
    ----------
    network : torch.nn.Module
        What is trained; its weights are the start.
    decay : float
        Share of the average that stays at each step. It begins lower, as
        (1 + n) / (10 + n) at step n, so that the random start is forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take the network's present weights in."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        now = network.state_dict()
        floats = {True: ([], []), False: ([], [])}  # type: ignore[var-annotated]
        for name, mean in self.network.state_dict().items():
            pair = floats[mean.is_floating_point()]
            pair[0].append(mean)
            pair[1].append(now[name])
        torch._foreach_lerp_(*floats[True], share)
        for mean, value in zip(*floats[False], strict=True):  # counts of batches
            mean.copy_(value)


@contextmanager
def frozen_batch_statistics(network: nn.Module) -> Iterator[nn.Module]:
    """Keep batch normalisation at the statistics it has, while the network is trained.

    A few frames say little about mean and variance of every feature; a network that learnt
    these from thousands keeps them. `network.train()` within the block leaves them frozen.

    Parameters
    ----------
    network : torch.nn.Module
        What is trained; its batch normalisation layers use their running statistics, and do
        not change them.

    Yields
    ------
    torch.nn.Module
        The network.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for layer in layers:
        layer.eval()
        layer.train = lambda mode=True, layer=layer: layer  # type: ignore[method-assign,misc]
    try:
        yield network
    finally:
        for layer in layers:
            del layer.train
            layer.train(network.training)
