"""A loss for layers whose order cannot be known: each cluster counts in its best order.

Where two overlapping particles look alike, nothing in a projection says which one is in the
first layer. A loss that demands an order all the same teaches the network to answer "half" for
both. Permutation-invariant training (Yu et al., ICASSP 2017, there for speakers that talk at
once) demands only that they be apart: of all orders of the layers the one that fits best counts,
here for every cluster of overlapping particles by itself. A part of the loss still
demands the order that was labelled, so that layers which can be told apart keep it.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
import torch
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn import functional

from napari_insitu_tem.learning.losses import LossName, segmentation_loss

__all__ = ["LABELLED_SHARE", "overlap_clusters", "permutation_loss", "reordered"]

#: Part of the loss that demands the order in which the layers were labelled.
LABELLED_SHARE = 0.15

_MAPS = 2  # of each layer: its particles and their cores


def permutation_loss(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor,
    *,
    kind: LossName = "bce+dice",
    labelled_share: float = LABELLED_SHARE,
) -> Tensor:
    """Return the loss of layers, each cluster of particles in the order that fits best.

    Parameters
    ----------
    logits, targets : (n, 2 · layers, y, x) tensor
        Channels in the order layer 1, core 1, layer 2, core 2 and so on.
    weights : (n, 1, y, x) tensor
        0 for pixels that are ignored.
    kind : str
        The loss that is computed once the order is chosen; see `losses.segmentation_loss`.
    labelled_share : float
        Part of the loss in which the labelled order counts.

    Raises
    ------
    ValueError
        When the channels are no pairs of a layer and its cores.
    """
    best = reordered(logits.detach().float(), targets.float(), weights.float())
    free = segmentation_loss(logits, best, weights, kind=kind)
    labelled = segmentation_loss(logits, targets, weights, kind=kind)
    return (1 - labelled_share) * free + labelled_share * labelled


def reordered(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the targets with the layers of every cluster in the order nearest to the logits.

    A cluster is what hangs together by overlaps, see `overlap_clusters`.

    Parameters
    ----------
    logits, targets, weights : tensor
        As in `permutation_loss`.
    """
    number, channels, height, width = targets.shape
    if channels % _MAPS:
        raise ValueError(
            f"A loss for layers in any order needs pairs of a layer and its cores, not {channels} "
            "channels."
        )
    n_layers = channels // _MAPS
    shape = (number, n_layers, _MAPS, height, width)
    found, wanted = logits.view(shape), targets.view(shape)
    weights = weights.expand(number, 1, height, width)[:, 0]
    clusters, count = _clusters(wanted)
    orders = list(permutations(range(n_layers)))
    # entropy[a][b]: of the answer for layer a, if what is wanted were layer b.
    entropy = [
        [
            functional.binary_cross_entropy_with_logits(
                found[:, a], wanted[:, b], reduction="none"
            ).sum(1)
            * weights
            for b in range(n_layers)
        ]
        for a in range(n_layers)
    ]
    costs = torch.zeros((len(orders), count + 1), device=targets.device)
    for index, order in enumerate(orders):
        cost = torch.stack([entropy[a][b] for a, b in enumerate(order)]).sum(0)
        costs[index].scatter_add_(0, clusters.view(-1), cost.reshape(-1))
    best = costs.argmin(0)
    best[0] = 0  # background: the same in any order
    source = torch.tensor(orders, device=targets.device)[best][clusters]  # (n, y, x, layers)
    layer = source.permute(0, 3, 1, 2)[:, :, None].expand(shape)
    return wanted.gather(1, layer).view_as(targets)


def _clusters(wanted: Tensor) -> tuple[Tensor, int]:
    """Return the number (n, y, x) of every pixel's cluster, 0 for background, and their count."""
    maps = (wanted > 0.5).cpu().numpy()
    numbers = np.zeros((len(maps), *maps.shape[-2:]), np.int64)
    count = 0
    for index, layers in enumerate(maps):
        labels, here = overlap_clusters(layers[:, 0], layers[:, 1])
        numbers[index] = np.where(labels, labels + count, 0)
        count += here
    return torch.from_numpy(numbers).to(wanted.device), count


def overlap_clusters(masks: np.ndarray, cores: np.ndarray) -> tuple[np.ndarray, int]:
    """Find the particles that hang together by overlaps; touching is not enough.

    Parameters
    ----------
    masks, cores : (n_layers, y, x) bool arrays
        Pixels of each layer, and of the cores of its particles.

    Returns
    -------
    (y, x) int array
        Number of every pixel's cluster, from 1; 0 is background.
    int
        How many there are.
    """
    particles = np.zeros(masks.shape, np.int64)
    count = 0
    for layer, (mask, core) in enumerate(zip(masks, cores, strict=True)):
        labels, here = ndimage.label(core if core.any() else mask)
        if not here:
            continue
        # Every pixel belongs to the nearest core; so touching particles stay two.
        nearest = ndimage.distance_transform_edt(
            labels == 0, return_distances=False, return_indices=True
        )
        particles[layer][mask] = labels[tuple(nearest)][mask] + count
        count += here
    pairs = [np.zeros((2, 0), np.int64)]
    for one in range(len(particles)):
        for other in range(one + 1, len(particles)):
            both = (particles[one] > 0) & (particles[other] > 0)
            pairs.append(np.stack([particles[one][both], particles[other][both]]))
    rows, columns = np.concatenate(pairs, axis=1)
    links = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(count + 1, count + 1))
    _, cluster = connected_components(links, directed=False)
    # The background is particle 0, which is linked to none.
    numbers = np.where(particles.any(axis=0), cluster[particles.max(axis=0)] + 1, 0)
    return numbers, int(cluster.max()) + 1
