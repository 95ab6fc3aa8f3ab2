"""Fixtures of the model store's tests: an empty store, and a tiny model."""

import pytest

from napari_insitu_tem.models import ModelCard, building, save_model, store


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The user's folder of models, empty; nothing ships."""
    folder = tmp_path / "models"
    monkeypatch.setenv("INSITU_TEM_MODELS", str(folder))
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    building.forget_networks()
    return folder


@pytest.fixture
def card():
    """A card of a network with two outputs and a few hundred weights."""
    return ModelCard(
        name="tiny",
        title="A tiny one",
        task="segment",
        network="unet",
        arguments={"channels": [2, 4], "out_channels": 2},
        channels=("foreground", "core"),
        diameters=(8, 32),
        trained_on="nothing",
        quality=({"data": "none", "measure": "F1@0.5", "value": 0.25, "baseline": 0.5},),
    )


@pytest.fixture
def state(card):
    """Weights that fit the card."""
    import torch

    from napari_insitu_tem.networks import build_network

    torch.manual_seed(0)
    return build_network(card.network, card.arguments).state_dict()


@pytest.fixture
def tiny(models, card, state):
    """The tiny model, saved as the user's."""
    return save_model(card, state)


@pytest.fixture
def shipped(models, card, state):
    """A model that ships with the package."""
    card = card.model_copy(update={"name": "particles"})
    return save_model(card, state, store.SHIPPED)
