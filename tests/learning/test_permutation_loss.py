"""A loss that forgives the order of layers, cluster by cluster."""

import numpy as np
import pytest
import torch

from napari_insitu_tem.learning.losses import segmentation_loss
from napari_insitu_tem.learning.permutation_loss import (
    overlap_clusters,
    permutation_loss,
    reordered,
)


def wanted():
    """Two clusters far apart: left and right, each with a particle in both layers."""
    targets = torch.zeros(1, 4, 20, 60)
    for shift in (0, 30):
        targets[0, 0:2, 4:12, 4 + shift : 14 + shift] = 1
        targets[0, 2:4, 8:16, 10 + shift : 20 + shift] = 1
    return targets


def swapped(targets, columns):
    other = targets.clone()
    other[..., columns] = targets[:, [2, 3, 0, 1]][..., columns]
    return other


RIGHT = slice(30, 60)


def logits(targets):
    return 12 * targets - 6


def test_layers_of_one_cluster_in_the_other_order_cost_nothing_where_order_is_free():
    targets, weights = wanted(), torch.ones(1, 1, 20, 60)
    answer = logits(swapped(targets, RIGHT))
    free = permutation_loss(answer, targets, weights, labelled_share=0.0)
    strict = segmentation_loss(answer, targets, weights)
    assert free < 0.05 < strict
    assert torch.equal(reordered(answer, targets, weights), swapped(targets, RIGHT))
    half = permutation_loss(answer, targets, weights, labelled_share=0.5)
    assert half == pytest.approx(float(0.5 * free + 0.5 * strict))


def test_touching_particles_of_one_layer_are_no_cluster_and_overlapping_ones_are():
    masks, cores = np.zeros((2, 30, 50), bool), np.zeros((2, 30, 50), bool)
    for layer, x in ((0, 4), (0, 14), (1, 20), (0, 36)):
        masks[layer, 4:14, x : x + 10] = True
        cores[layer, 7:11, x + 3 : x + 7] = True
    numbers, count = overlap_clusters(masks, cores)
    of = {x: numbers[9, x] for x in (6, 16, 22, 27, 40)}
    assert of[16] == of[22] == of[27] and len({of[6], of[16], of[40], 0}) == 4
    assert (numbers > 0).sum() == masks.any(axis=0).sum() and count >= 3
    assert overlap_clusters(masks & False, cores & False)[0].max() == 0


def test_one_layer_for_everything_is_wrong_in_any_order():
    targets, weights = wanted(), torch.ones(1, 1, 20, 60)
    both = logits(
        torch.cat([targets[:, :2] + targets[:, 2:], 0 * targets[:, 2:]], dim=1).clamp(0, 1)
    )
    assert permutation_loss(both, targets, weights, labelled_share=0.0) > 0.5


def test_ignored_pixels_have_no_say_in_the_order():
    targets = wanted()
    answer = logits(targets)
    answer[..., 12:16, :] = logits(swapped(targets, slice(None)))[..., 12:16, :]
    weights = torch.zeros(1, 1, 20, 60)
    weights[..., 12:16, :] = 1
    assert torch.equal(reordered(answer, targets, weights), swapped(targets, slice(None)))
    weights = 1 - weights
    assert torch.equal(reordered(answer, targets, weights), targets)


def test_three_layers_are_put_into_the_best_of_six_orders():
    targets = torch.zeros(1, 6, 16, 40)
    for layer in range(3):
        targets[0, 2 * layer : 2 * layer + 2, 4:12, 4 + 5 * layer : 14 + 5 * layer] = 1
    turned = targets[:, [4, 5, 0, 1, 2, 3]]
    assert torch.equal(reordered(logits(turned), targets, torch.ones(1, 1, 16, 40)), turned)


def test_gradients_pull_an_undecided_cluster_apart():
    targets, weights = wanted(), torch.ones(1, 1, 20, 60)
    answer = (0.1 * logits(swapped(targets, RIGHT))).requires_grad_()
    permutation_loss(answer, targets, weights).backward()
    # The right cluster goes on in the order it leans to, against the labelled one.
    assert answer.grad[0, 2, 6, 38] < 0 < answer.grad[0, 0, 6, 36]


def test_it_is_found_by_name_and_refuses_channels_without_cores():
    targets, weights = wanted(), torch.ones(1, 1, 20, 60)
    named = segmentation_loss(logits(targets), targets, weights, kind="any order")
    assert named == permutation_loss(logits(targets), targets, weights)
    with pytest.raises(ValueError, match="pairs of a layer and its cores"):
        permutation_loss(logits(targets)[:, :3], targets[:, :3], weights)
