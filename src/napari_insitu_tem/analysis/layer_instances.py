"""From the maps of a network with several layers to the particles of one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.instances import instances_from_probability
from napari_insitu_tem.analysis.layer_channels import LayerChannels
from napari_insitu_tem.job import Job

__all__ = ["LayerParticles", "particles_in_layers"]

#: Pixels of its own that a particle needs, for them alone to say in which layer it is.
_FEWEST = 4
#: A piece of a particle is smaller than this part of it, shares more than that of itself with it,
#: and its own layer is not more probable than the other one by as much.
_PIECE, _SLIGHT, _SURE = 0.5, 0.05, 0.75


@dataclass(frozen=True, eq=False)
class LayerParticles:
    """The particles that lie in the layers of one frame; row i has label i + 1.

    Parameters
    ----------
    labels : (n_layers, y, x) int32 array
        Numbered from 1 throughout all layers; 0 is background.
    layer : (n,) int array
        In which of `labels` a particle is.
    position : (n, 2) array
        Its centroid (y, x) in pixels.
    area : (n,) int array
        Its pixels.
    evidence : (n, n_layers) array
        How probable each layer is for it, 0 to 1: the mean over the pixels that it shares
        with no other particle.
    pairs : (m, 2) int array
        Rows of particles that overlap.
    shared : (m,) int array
        The pixels that they share.
    """

    labels: np.ndarray
    layer: np.ndarray
    position: np.ndarray
    area: np.ndarray
    evidence: np.ndarray
    pairs: np.ndarray
    shared: np.ndarray

    def __len__(self) -> int:
        return len(self.layer)

    @property
    def covered(self) -> np.ndarray:
        """Part (n,) of each particle that the others cover, where they do not cover it twice."""
        pixels = np.zeros(len(self))
        for column in (0, 1):
            np.add.at(pixels, self.pairs[:, column], self.shared)
        return np.minimum(1.0, pixels / np.maximum(self.area, 1))


def particles_in_layers(
    probability: np.ndarray,
    layers: Sequence[LayerChannels],
    *,
    threshold: float = 0.5,
    smallest_area: float = 6.0,
    largest_overlap: float = 1.0,
    job: Job = Job(),
) -> LayerParticles:
    """Return the particles that a network's maps show, layer by layer.

    Parameters
    ----------
    probability : (c, y, x) array
        The network's channels, 0 to 1.
    layers : sequence of LayerChannels
        What they mean.
    threshold : float
        Probability above which a pixel belongs to a layer.
    smallest_area : float
        Smaller particles are left out (px²).
    largest_overlap : float
        Where more than this part of a particle lies under one of another layer, both are the
        same one seen twice, and the less probable one is left out. Below 1, what is likely a
        piece of a particle of another layer is left out as well: it overlaps one at least
        twice as large, and the network is not sure of its layer. 1 keeps all.
    job : Job
        Asked between steps whether to stop.
    """
    found = []
    for layer in layers:
        core = None if layer.core is None else probability[layer.core]
        found.append(
            instances_from_probability(
                probability[layer.mask], core, threshold=threshold,
                smallest_area=smallest_area, job=job,
            )
        )  # fmt: skip
    labels = _numbered(found)
    maps = probability[[layer.mask for layer in layers]]
    if largest_overlap < 1:
        labels = _without_twins(labels, maps, largest_overlap)
        labels = _without_pieces(labels, maps)
    return _described(labels, maps)


def _numbered(labels: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Stack label images, and number their particles throughout from 1."""
    stack = np.zeros((len(labels), *labels[0].shape), np.int32)
    count = 0
    for layer, image in enumerate(labels):
        there = _present(image)
        numbers = np.zeros(int(there.max(initial=0)) + 1, np.int32)
        numbers[there] = count + 1 + np.arange(len(there))
        stack[layer] = numbers[image]
        count += len(there)
    return stack


def _present(image: np.ndarray) -> np.ndarray:
    """Return the labels in an image, ascending, without the background."""
    counts = np.bincount(image.ravel())
    return np.flatnonzero(counts[1:]) + 1


def _overlaps(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs (m, 2) of labels that share pixels, and how many (m,)."""
    size = int(labels.max(initial=0)) + 1
    pairs, shared = [], []
    for one in range(len(labels)):
        for other in range(one + 1, len(labels)):
            both = (labels[one] > 0) & (labels[other] > 0)
            code = labels[one][both].astype(np.int64) * size + labels[other][both]
            values, counts = np.unique(code, return_counts=True)
            pairs.append(np.stack(np.divmod(values, size), axis=1))
            shared.append(counts)
    if not pairs:
        return np.zeros((0, 2), int), np.zeros(0, int)
    return np.concatenate(pairs), np.concatenate(shared)


def _without_twins(labels: np.ndarray, maps: np.ndarray, largest: float) -> np.ndarray:
    area = np.bincount(labels.ravel())
    certainty = _means(labels, maps, np.ones(labels.shape, bool), len(area))
    own = np.zeros(len(area))
    for layer, image in enumerate(labels):
        here = _present(image)
        own[here] = certainty[here, layer]
    dropped = np.zeros(len(area), bool)
    pairs, shared = _overlaps(labels)
    for (one, other), pixels in zip(pairs.tolist(), shared.tolist(), strict=True):
        if dropped[one] or dropped[other] or pixels <= largest * min(area[one], area[other]):
            continue
        # Of a particle and a fragment of it the particle stays, unless it is much less certain.
        weight = {label: own[label] * np.sqrt(area[label]) for label in (one, other)}
        dropped[min(weight, key=lambda label: weight[label])] = True
    if not dropped.any():
        return labels
    return _numbered(np.where(dropped[labels], 0, labels))


def _without_pieces(labels: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Leave out uncertain pieces of particles that were found in another layer."""
    found = _described(labels, maps)
    if not len(found.pairs):
        return labels
    own = found.evidence[np.arange(len(found)), found.layer]
    others = found.evidence.copy()
    others[np.arange(len(found)), found.layer] = -np.inf
    unsure = own - others.max(axis=1) < _SURE
    dropped = np.zeros(len(found) + 1, bool)
    for piece, whole in ((0, 1), (1, 0)):
        small, large = found.pairs[:, piece], found.pairs[:, whole]
        is_piece = found.area[small] < _PIECE * found.area[large]
        is_piece &= found.shared > _SLIGHT * found.area[small]
        dropped[1 + small[is_piece & unsure[small]]] = True
    if not dropped.any():
        return labels
    return _numbered(np.where(dropped[labels], 0, labels))


def _described(labels: np.ndarray, maps: np.ndarray) -> LayerParticles:
    n_layers, height, width = labels.shape
    count = int(labels.max(initial=0))
    flat = labels.reshape(n_layers, -1)
    area = np.bincount(flat.ravel(), minlength=count + 1)
    position = np.zeros((count + 1, 2))
    layer = np.zeros(count + 1, int)
    rows, columns = (axis.ravel() for axis in np.indices((height, width)))
    for index, image in enumerate(flat):
        for axis, values in enumerate((rows, columns)):
            position[:, axis] += np.bincount(image, values, minlength=count + 1)
        layer[_present(image)] = index
    position /= np.maximum(area, 1)[:, np.newaxis]
    alone = np.count_nonzero(labels, axis=0) == 1
    evidence = _means(labels, maps, np.broadcast_to(alone, labels.shape), count + 1)
    own_pixels = np.bincount(labels[:, alone].ravel(), minlength=count + 1)
    few = own_pixels < _FEWEST
    everywhere = _means(labels, maps, np.ones(labels.shape, bool), count + 1)
    evidence[few] = everywhere[few]
    pairs, shared = _overlaps(labels)
    return LayerParticles(
        labels, layer[1:], position[1:], area[1:], evidence[1:], pairs - 1, shared
    )


def _means(labels: np.ndarray, maps: np.ndarray, where: np.ndarray, count: int) -> np.ndarray:
    """Return the mean (count, n_layers) of every map over the pixels of every label."""
    pixels, total = np.zeros(count), np.zeros((count, len(maps)))
    for image, counts in zip(labels, where, strict=True):
        chosen = image[counts]
        pixels += np.bincount(chosen, minlength=count)
        for index, values in enumerate(maps):
            total[:, index] += np.bincount(chosen, values[counts], minlength=count)
    return total / np.maximum(pixels, 1)[:, np.newaxis]
