"""Networks to forecast with, and the recipe for a user's own movie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.presets import NO_LIMIT
from napari_insitu_tem.learning.recipes import TrainRecipe

__all__ = ["FORECAST_PRESETS", "ForecastPreset", "forecast_recipe"]


@dataclass(frozen=True)
class ForecastPreset:
    """A forecaster to train from nothing.

    Parameters
    ----------
    title : str
        What the user reads.
    network, arguments : str, mapping
        See `networks.build_network`.
    patch : int
        Edge of what it is trained on, px.
    training : mapping
        Where it differs from `TrainSettings`.
    """

    title: str
    network: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    patch: int = 64
    training: Mapping[str, Any] = field(default_factory=dict)


_SMALL = {"width": 16, "hidden": 64, "depth": 4}
_FAST = {"batch_size": 8, "learning_rate": 2e-3, "weight_decay": 0.0, "ema_decay": 0.99}
#: Fu et al.: Adam, 1e-4. Batches of 16, as the authors of PhyDNet have.
_PUBLISHED = {"batch_size": 16, "learning_rate": 1e-4, "weight_decay": 0.0, "ema_decay": 0.99}

#: By the names that settings use.
FORECAST_PRESETS: Mapping[str, ForecastPreset] = MappingProxyType(
    {
        "cpu-small": ForecastPreset("small convolutional network", "simvp", _SMALL, 64, _FAST),
        "ensemble": ForecastPreset(
            "three small convolutional networks",
            "ensemble",
            {"of": "simvp", "members": 3, **_SMALL},
            64,
            _FAST,
        ),
        "paper": ForecastPreset("PhyDNet, as Fu et al. have it", "phydnet", {}, 128, _PUBLISHED),
        "convlstm": ForecastPreset("ConvLSTM", "convlstm", {}, 128, _PUBLISHED),
    }
)


def forecast_recipe(
    name: str,
    preset: ForecastPreset,
    clips: ForecastClips,
    *,
    trained_on: str = "",
    patch: int | None = None,
    **training: Any,
) -> TrainRecipe:
    """Return a recipe for a user's own movies.

    Parameters
    ----------
    name : str
        Name of the new model.
    preset : ForecastPreset
        Which network.
    clips : ForecastClips
        How clips are cut.
    trained_on : str
        The data, in words.
    patch : int, optional
        Edge of what it is trained on, px, instead of the preset's; made a multiple of 4.
    **training
        Further `TrainSettings`; None leaves one as it is.
    """
    values = {"steps": NO_LIMIT, "validate_every": 50, "loss": "gaussian", **preset.training}
    values |= {key: value for key, value in training.items() if value is not None}
    arguments = {
        **preset.arguments,
        "in_channels": clips.given,
        "auxiliary": int(clips.auxiliary is not None),
    }
    return TrainRecipe.from_dict(
        {
            "name": name,
            "title": preset.title,
            "description": "Goes on with movies of the kind that it was learnt from.",
            "task": "forecast",
            "channels": ["frame", "spread"],
            "network": preset.network,
            "arguments": arguments,
            "normalisation": clips.scaling,
            "patch": max(16, (patch or preset.patch) // 4 * 4),
            "trained_on": trained_on,
            "clips": clips.to_dict(),
            "training": values,
        }
    )
