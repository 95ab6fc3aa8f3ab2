"""Training samples of layers, and the recipe of the model that ships."""

import pickle

import numpy as np

from napari_insitu_tem.learning.permutation_loss import permutation_loss
from napari_insitu_tem.learning.prepare import Drawing
from napari_insitu_tem.learning.recipes import find_recipe
from napari_insitu_tem.learning.samples import SimulatedSet
from napari_insitu_tem.learning.sets_layers import draw
from napari_insitu_tem.learning.simulators import Simulator
from napari_insitu_tem.networks import build_network
from napari_insitu_tem.simulate.layers import LayerFrameSettings


def test_a_sample_has_one_label_image_a_layer_and_can_be_drawn_elsewhere():
    settings = LayerFrameSettings(edge=64, layers=3)
    here = draw(settings)(np.random.default_rng(5))
    there = pickle.loads(pickle.dumps(draw(settings)))(np.random.default_rng(5))
    assert here.image.shape == (64, 64) and here.labels.shape == (3, 64, 64)
    assert np.array_equal(here.image, there.image) and np.array_equal(here.labels, there.labels)


def test_the_shipped_recipe_draws_patches_that_its_network_and_loss_take():
    import torch

    recipe = find_recipe("layers")
    assert recipe.training.loss == "any order" and recipe.task == "layers"
    assert isinstance(recipe.data.open(0).draw, Simulator)
    small = SimulatedSet(Simulator("layers", {"edge": 72}), 10)
    drawing = Drawing(small, recipe.channels, 64, recipe.augmentation)
    image, targets, weights = (torch.from_numpy(part)[None] for part in drawing(0)[0])
    assert image.shape == (1, 1, 64, 64) and targets.shape == (1, 4, 64, 64)
    # Cores lie inside their layer, and the two layers differ.
    assert (targets[:, 1] <= targets[:, 0]).all() and (targets[:, 0] != targets[:, 2]).any()
    network = build_network("unet", {"channels": [4, 8, 8], "out_channels": 4})
    loss = permutation_loss(network(image), targets, weights)
    loss.backward()
    assert torch.isfinite(loss)
