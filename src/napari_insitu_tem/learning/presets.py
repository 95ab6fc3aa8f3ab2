"""Networks to begin with, and the recipe for a user's own frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from napari_insitu_tem.learning.recipes import TrainRecipe
from napari_insitu_tem.models.card import ModelCard

__all__ = ["NO_LIMIT", "PRESETS", "Preset", "own_recipe"]

#: With a time limit, this many steps are never reached.
NO_LIMIT = 10_000_000


@dataclass(frozen=True)
class Preset:
    """A network to train from nothing.

    Parameters
    ----------
    title : str
        What the user reads.
    network, arguments : str, mapping
        See `networks.build_network`.
    """

    title: str
    network: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


#: By the names that settings use.
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "small": Preset(
            "small U-Net (fast on any computer)", "unet", {"channels": [16, 32, 64, 96, 128]}
        ),
        "paper": Preset(
            "U-Net of Qian et al. (better with a graphics card)",
            "unet",
            {"channels": [64, 128, 256, 512, 1024]},
        ),
        "msdnet": Preset("MSD-net, 50 layers (few weights)", "msdnet", {"depth": 50}),
    }
)


def own_recipe(name: str, start: Preset | ModelCard, *, trained_on: str = "") -> TrainRecipe:
    """Return a recipe for a user's own frames.

    Parameters
    ----------
    name : str
        Name of the new model.
    start : Preset or ModelCard
        A new network; or a model, whose weights, channels and polarity are the start.
    trained_on : str
        The data, in words.
    """
    values: dict[str, Any] = {
        "name": name,
        "trained_on": trained_on,
        "patch": 128,
        "polarity": "dark",
        "arguments": dict(start.arguments),
        "network": start.network,
        "training": {"steps": NO_LIMIT, "minutes": 10.0, "validate_every": 50},
    }
    if isinstance(start, ModelCard):
        arguments = {key: value for key, value in start.arguments.items() if key != "out_channels"}
        values |= {
            "start_from": start.name,
            "arguments": arguments,
            "task": start.task,
            "channels": list(start.channels),
            "polarity": start.polarity,
        }
        values["training"] |= {"learning_rate": 3e-4, "freeze_batch_statistics": True}
        if start.diameters is not None:
            values["diameters"] = list(start.diameters)
    return TrainRecipe.from_dict(values)
