"""What the panels offer where a method or a model is chosen."""

from __future__ import annotations

from napari_insitu_tem.models.store import list_models

__all__ = [
    "CLASSICAL",
    "denoising_models",
    "latent_models",
    "layer_models",
    "segmentation_methods",
]

#: What the way without a network is called in settings.
CLASSICAL = "classical"


def segmentation_methods() -> list[tuple[str, str]]:
    """Return (name, words) of every way to find particles: the networks, and the classical way."""
    return [*_models("segment"), (CLASSICAL, "classical: thresholds and watershed")]


def layer_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that separates layers."""
    return _models("layers")


def denoising_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network that denoises."""
    return _models("denoise")


def latent_models() -> list[tuple[str, str]]:
    """Return (name, words) of every network with latent variables of windows."""
    return _models("latent")


def _models(task: str) -> list[tuple[str, str]]:
    return [(model.card.name, f"network: {model.card.name}") for model in list_models(task)]
