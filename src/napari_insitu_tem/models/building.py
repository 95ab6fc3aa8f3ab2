"""Networks made of cards and weights: built, checked, and kept ready for the next time."""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_insitu_tem.models.card import ModelCard, ModelError
from napari_insitu_tem.models.weights import load_state

if TYPE_CHECKING:
    import torch

__all__ = ["build_checked", "forget_networks", "load_network"]

#: Networks kept ready: (weights, network, arguments, device) -> network.
_ready: OrderedDict[tuple[str, ...], torch.nn.Module] = OrderedDict()
_KEPT = 4
_lock = threading.RLock()


def load_network(card: ModelCard, folder: Path, device: str | torch.device) -> torch.nn.Module:
    """Return the model's network on a device; the same one again while it is at hand.

    It is shared by all who ask, in eval mode and without gradients: to train from a model,
    build a network of your own and give it `load_state`.
    """
    import torch

    with _lock:
        where = torch.device(device)
        recipe = json.dumps(card.arguments, sort_keys=True)
        key = (card.sha256, card.network, recipe, str(where))
        if key in _ready and card.sha256:
            _ready.move_to_end(key)
            return _ready[key]
        network = build_checked(card, load_state(card, folder))
        try:
            network = network.to(where)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError) as error:
            first = str(error).strip().splitlines()[0]
            raise ModelError(
                f"Model '{card.name}' cannot run on '{where}' ({first}). Choose another device."
            ) from None
        _ready[key] = network
        while len(_ready) > _KEPT:
            _ready.popitem(last=False)
        return network


def build_checked(card: ModelCard, state: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """Build the network that a card describes with this state, in eval mode.

    Raises
    ------
    ModelError
        When there is no such network, or the weights are not of its shape.
    """
    from napari_insitu_tem.networks import build_network

    try:
        network = build_network(card.network, card.arguments)
    except (ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        said = str(error).strip().rstrip(".")
        raise ModelError(f"Model '{card.name}': {said}.") from None
    check_fit(card, {key: tuple(each.shape) for key, each in network.state_dict().items()}, state)
    network.load_state_dict(dict(state))
    network.eval().requires_grad_(False)
    _check_channels(card, network)
    return network


def check_fit(
    card: ModelCard, wanted: Mapping[str, tuple[int, ...]], state: Mapping[str, torch.Tensor]
) -> None:
    """Compare the weights' names and shapes to the network's; the first that differs is named."""
    start = f"The weights of model '{card.name}' do not fit the network on its card "
    for name, shape in wanted.items():
        if name not in state:
            raise ModelError(f"{start}({card.network}): '{name}' is missing.")
        found = tuple(state[name].shape)
        if found != shape:
            raise ModelError(f"{start}({card.network}): '{name}' is {found}, and not {shape}.")
    for name in state:
        if name not in wanted:
            raise ModelError(f"{start}({card.network}): it has no '{name}'.")


def _check_channels(card: ModelCard, network: torch.nn.Module) -> None:
    import torch

    multiple: Any = getattr(network, "multiple", 1)
    side = math.ceil(32 / multiple) * multiple
    with torch.inference_mode():
        found = network(torch.zeros(1, card.arguments.get("in_channels", 1), side, side)).shape[1]
    if found != len(card.channels):
        raise ModelError(
            f"The card of model '{card.name}' names {len(card.channels)} channels "
            f"({', '.join(card.channels)}), but its network has {found}."
        )


def forget_networks() -> None:
    """Let go of the networks that are kept ready, and of the memory they take."""
    with _lock:
        _ready.clear()
