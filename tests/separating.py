"""Movies of overlapping squares, and a stand-in for a network that can tell their layers."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from napari_insitu_tem import Movie
from napari_insitu_tem.models.card import ModelCard

#: Brightness of background, first layer, second layer, both.
LEVELS = np.array([200.0, 150.0, 120.0, 70.0])
SIDE = 16


class LevelReader(nn.Module):
    """Tells the layers by the four levels of brightness."""

    multiple, receptive_radius = 1, 4

    def forward(self, images):
        low, high = images.amin((1, 2, 3), True), images.amax((1, 2, 3), True)
        depth = (high - images) / (high - low).clamp_min(1e-6)
        both = depth > 0.85
        masks = [(((depth - level).abs() < 0.1) | both).float() for level in (0.385, 0.615)]
        cores = [-nn.functional.max_pool2d(-mask, 7, 1, 3) for mask in masks]
        return 12 * torch.cat([masks[0], cores[0], masks[1], cores[1]], 1) - 6


CHANNELS = ("layer 1", "core 1", "layer 2", "core 2")


def install(monkeypatch, *, channels=CHANNELS, network=LevelReader):
    """Let every model that is asked for be the stand-in."""
    card = ModelCard(
        name="layers", task="layers", network="unet", channels=channels, polarity="dark",
        trained_on="nothing", sha256="ab" * 32,
    )  # fmt: skip
    model = SimpleNamespace(name=card.name, card=card, load=lambda device: network().eval())
    model.expect = lambda *, task: model
    monkeypatch.setattr("napari_insitu_tem.models.store.get_model", lambda name: model)
    return model


def squares(places):
    mask = np.zeros((96, 128), bool)
    for y, x in places:
        mask[y : y + SIDE, x : x + SIDE] = True
    return mask


def truth(t):
    """Corners of the squares of both layers in frame `t`: a pair moves, a pair stays."""
    first = [(10, 10 + t), (60, 70)]
    second = [(18, 20 + t), (68, 60), (20, 100)]
    return first, second


def movie(n_frames=6, swapped=()):
    """Return the movie; in `swapped` frames the network takes each layer for the other."""
    rng = np.random.default_rng(0)
    frames = []
    for t in range(n_frames):
        one, two = (squares(places) for places in truth(t))
        if t in swapped:
            one, two = two, one
        frames.append(rng.normal(LEVELS[one + 2 * two], 1.0))
    data = np.stack(frames).astype(np.float32)
    return Movie(data, pixel_size=0.5, frame_time=0.1, name="squares")
