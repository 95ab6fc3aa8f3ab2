"""What the panels offer where a method or a model is chosen."""

from __future__ import annotations

from napari_insitu_tem.models.store import list_models

__all__ = [
    "CLASSICAL",
    "NEW_WEIGHTS",
    "column_models",
    "denoising_models",
    "forecasting_models",
    "latent_models",
    "layer_models",
    "learning_starts",
    "particle_models",
    "segmentation_methods",
    "species_models",
]

#: What the way without a network is called in settings.
CLASSICAL = "classical"
#: What learning from nothing but the movie at hand is called.
NEW_WEIGHTS = "new weights"


def segmentation_methods() -> list[tuple[str, str]]:
    """Return (name, words) of every way to find particles: the networks, and the classical way."""
    return [*_models("segment"), (CLASSICAL, "classical: thresholds and watershed")]


def particle_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that finds particles."""
    return _models("segment")


def layer_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that separates layers."""
    return _models("layers")


def denoising_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that denoises."""
    return _models("denoise")


def forecasting_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that forecasts."""
    return _models("forecast") or [("", "none yet: learn from this movie")]


def column_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that finds columns."""
    return _models("columns")


def latent_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network with latent variables of windows."""
    return _models("latent")


def species_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that tells elements in focal series."""
    return _models("species") or [("", "none yet: train one")]


def learning_starts() -> list[tuple[str, str]]:
    """Return (name, words) of every network that can go on learning from a movie."""
    fitting = [m.card.name for m in list_models("denoise") if m.card.network == "blindspot"]
    return [*((name, f"network: {name}") for name in fitting), (NEW_WEIGHTS, "new weights")]


def _models(task: str) -> list[tuple[str, str]]:
    return [(model.card.name, f"network: {model.card.name}") for model in list_models(task)]
