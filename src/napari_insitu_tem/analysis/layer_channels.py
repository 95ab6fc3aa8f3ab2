"""Which of a network's output channels are layers (or classes), and which mark their cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LayerChannels", "layers_of"]


@dataclass(frozen=True)
class LayerChannels:
    """One layer or class of a network.

    Parameters
    ----------
    name : str
        What it is called.
    mask : int
        Index of the channel with its pixels.
    core : int, optional
        Index of the channel with the cores of its particles.
    """

    name: str
    mask: int
    core: int | None = None


def layers_of(channels: Sequence[str]) -> tuple[LayerChannels, ...]:
    """Return the layers that a network's channels describe, in their order.

    A channel marks the cores of the one before it when it is called ``"core 2"`` after
    ``"layer 2"``, ``"core ligand"`` after ``"ligand"``, or ``"core"`` after
    ``"foreground"``; any other is a layer of its own, so that ``("core", "shell")`` are two.

    Parameters
    ----------
    channels : sequence of str
        As on the model's card.
    """
    found: list[LayerChannels] = []
    for index, channel in enumerate(channels):
        before = found[-1] if found and found[-1].mask == index - 1 else None
        if before is not None and channel in _core_names(before.name):
            found[-1] = LayerChannels(before.name, before.mask, index)
        else:
            found.append(LayerChannels(channel, index))
    return tuple(found)


def _core_names(layer: str) -> set[str]:
    names = {f"core {layer}"}
    head, _, last = layer.rpartition(" ")
    if head:
        names.add(f"core {last}")
    if layer == "foreground":
        names.add("core")
    return names
