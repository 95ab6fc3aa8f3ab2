"""Lattice movies with known motion, and tiny models with latent variables, for tests."""

from __future__ import annotations

import numpy as np
import torch

from napari_insitu_tem import Movie
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.store import save_model
from napari_insitu_tem.networks import build_network
from napari_insitu_tem.simulate.lattice_frames import plane_lattice

TINY = {"latents": 6, "channels": [4, 4, 6, 6, 8], "decoder": [4, 4, 4]}


def turning_movie(
    frames=12, edge=128, degrees=10.0, noise=0.3, seed=0, period=20.0, **options
) -> Movie:
    """Return a movie of a lattice that stands still on the left and turns on the right."""
    rng = np.random.default_rng(seed)
    data = []
    for share in np.linspace(0, 1, frames):
        angle = np.deg2rad(degrees) * share
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        still, moving = (
            plane_lattice((edge, edge), basis / period, shift=(edge / 2, edge / 2))
            for basis in (np.eye(2), turn)
        )
        frame = np.where(np.arange(edge) < edge / 2, still, moving)
        data.append(100 + 10 * (frame + noise * rng.standard_normal(frame.shape)))
    return Movie(np.asarray(data, np.float32), **{"name": "turning", **options})


def tiny_network(name="patchvae", seed=0, **arguments):
    """Return a small network with latents of some size, untrained."""
    torch.manual_seed(seed)
    given = TINY if name == "patchvae" else {"latents": 6, "hidden": 16}
    network = build_network(name, {**given, **arguments}).eval()
    network.order_latents(torch.linspace(1, 0, network.latents))
    return network


def tiny_model(name="tiny", normalisation="frame", network="patchvae", **training):
    """Save a small network as one of the user's models."""
    arguments = TINY if network == "patchvae" else {"latents": 6, "hidden": 16}
    card = ModelCard(
        name=name,
        task="latent",
        network=network,
        arguments={**arguments, "out_channels": 1},
        channels=("reconstruction",),
        normalisation=normalisation,
        trained_on="nothing",
        training=training,
    )
    return save_model(card, tiny_network(network).state_dict())
