"""Whether a measured drift is one: not a single particle's motion, not noise, not pinned.

The frame is cut into a chequerboard of tiles in four interleaved groups. What shifts *every*
group by the same amount is drift; what shifts one is a particle that moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from napari_insitu_tem.analysis.registration import Correlator
from napari_insitu_tem.analysis.shifting import move_frame

__all__ = [
    "agreeing_groups",
    "fixed_pattern",
    "group_shifts",
    "has_fixed_pattern",
    "is_in_one_place",
    "is_still",
]

_TILES = 4
_GROUPS = 4
_PLACES = 8
_BEYOND_CHANCE = 2.5
_BEYOND_CHANCE_ELSEWHERE = 4.5
_SAMPLES_FOR_PATTERN = 6
_CLEAR = 5.0


def tile_weights(shape: tuple[int, int], tiles: int = _TILES) -> list[np.ndarray]:
    """Return weights of four groups of tiles, by the parity of their row and column.

    No pixel counts in two of them, so that their noise is independent.
    """
    smooth = []
    for length in shape:
        phase = 3 * np.sin(np.pi * tiles * (np.arange(length) + 0.5) / length)
        smooth.append([np.clip(side * phase, 0, 1).astype(np.float32) for side in (1, -1)])
    return [np.outer(row, column) for row in smooth[0] for column in smooth[1]]


def group_shifts(
    flats: Sequence[np.ndarray],
    indices: Sequence[int] | np.ndarray,
    shifts: np.ndarray,
    correlator: Correlator,
    references: Callable[[int, np.ndarray], np.ndarray],
    *,
    reach: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure every group of tiles by itself.

    Parameters
    ----------
    flats : sequence of arrays
        Flattened sample frames (`Correlator.flatten`).
    indices : sequence of int
        Their frame numbers.
    shifts : (n, 2) array
        The drift found, for every frame of the movie.
    references : callable
        Frame number and its spectrum to that of what it was compared with.

    Returns
    -------
    positions : (samples, 4, 2) array
        Shift of every group near the drift found.
    support : (samples, 4) array
        Height of a group's correlation, in its standard deviations, at the shift that the
        *other* three groups fit best. Independent noise gives 0 on average.
    elsewhere : (samples,) array
        Height of the whole frame's correlation without the place that contributes most.
    """
    weights = tile_weights(correlator.flat_shape)
    positions = np.zeros((len(indices), _GROUPS, 2))
    support = np.zeros((len(indices), _GROUPS))
    elsewhere = np.zeros(len(indices))
    for row, (flat, index) in enumerate(zip(flats, indices, strict=True)):
        parts = [correlator.transform(flat, weight=weight) for weight in weights]
        total = np.sum(parts, axis=0)
        whole = correlator.transform(flat)
        reference = references(index, whole)
        elsewhere[row] = _elsewhere(correlator, whole, reference, shifts[index])
        for group, part in enumerate(parts):
            chance = correlator.chance(part, reference)
            peak = correlator.find(total - part, reference, near=shifts[index], reach=reach)
            if chance > 0:
                support[row, group] = correlator.value(part, reference, peak.shift) / chance
            positions[row, group] = correlator.refine(part, reference, shifts[index])
    return positions, support, elsewhere


def _elsewhere(
    correlator: Correlator, spectrum: np.ndarray, reference: np.ndarray, shift: np.ndarray
) -> float:
    """Return the correlation, in standard deviations, outside the strongest 2 x 2 small tiles."""
    chance = correlator.chance(spectrum, reference)
    if not chance > 0:
        return 0.0
    product = correlator.image(spectrum) * correlator.image(correlator.moved(reference, shift))
    edges = [np.linspace(0, n, _PLACES, endpoint=False).astype(int) for n in product.shape]
    tiles = np.add.reduceat(np.add.reduceat(product, edges[0], axis=0), edges[1], axis=1)
    places = tiles[:-1, :-1] + tiles[1:, :-1] + tiles[:-1, 1:] + tiles[1:, 1:]
    return float(product.sum() - places.max()) / chance


def is_in_one_place(elsewhere: np.ndarray) -> bool:
    """Return whether what fits lies in one small place of the frame, as a single particle."""
    return bool(elsewhere.mean() < _BEYOND_CHANCE_ELSEWHERE)


def agreeing_groups(support: np.ndarray) -> int:
    """Return how many groups are displaced as the others say, beyond chance.

    Frames of pure noise would give 0 if they were compared with a scene; compared with each
    other, once aligned to fit as well as they can, they give up to 2.
    """
    return int(np.sum(support.mean(axis=0) > _BEYOND_CHANCE))


def is_still(positions: np.ndarray) -> bool:
    """Return whether the groups' shifts show no common motion.

    Analysis of variance: the variance of the groups' mean over time against the variance
    between groups, frame by frame and for means over quarters of the movie (for slow drift),
    each at the 0.1 % level.
    """
    from scipy.stats import f

    for parts in (len(positions), min(4, len(positions))):
        means = np.stack([part.mean(axis=0) for part in np.array_split(positions, parts)])
        if len(means) < 2:
            return True
        common = means.mean(axis=1)
        signal = float(common.var(axis=0, ddof=1).mean()) * _GROUPS
        noise = float(means.var(axis=1, ddof=1).mean()) + 1e-4
        limit = f.isf(1e-3, 2 * (parts - 1), 2 * parts * (_GROUPS - 1))
        if signal / noise > limit:
            return False
    return True


def has_fixed_pattern(flats: Sequence[np.ndarray], correlator: Correlator) -> bool:
    """Return whether something stands still in the frame while a scene moves behind it.

    True when frames far apart in time correlate at no shift, but, after the mean of the other
    frames has been taken off, clearly at another one.
    """
    n = len(flats)
    if n < _SAMPLES_FOR_PATTERN:
        return False
    total = np.sum(flats, axis=0)
    pinned = moving = 0
    pairs = [(i, i + n // 2) for i in range(n - n // 2)]
    for i, j in pairs:
        raw = correlator.find(correlator.transform(flats[j]), correlator.transform(flats[i]))
        rest = (total - flats[i] - flats[j]) / (n - 2)
        free = correlator.find(
            correlator.transform(flats[j] - rest), correlator.transform(flats[i] - rest)
        )
        pinned += bool(raw.clarity > _CLEAR and np.abs(raw.shift).max() < 1)
        moving += bool(free.clarity > _CLEAR and np.abs(free.shift).max() > 2)
    return pinned > 0.7 * len(pairs) and moving > 0.7 * len(pairs)


def fixed_pattern(flats: Sequence[np.ndarray], shifts: np.ndarray, rounds: int = 4) -> np.ndarray:
    """Return what stands still in flattened frames whose scene is displaced by `shifts`.

    Scene and pattern are found in turn, each as the mean of what the other leaves.
    """
    pattern = np.mean(flats, axis=0)
    for _ in range(rounds):
        scene = np.mean(
            [move_frame(flat - pattern, shift) for flat, shift in zip(flats, shifts, strict=True)],
            axis=0,
        )
        pattern = np.mean(
            [flat - move_frame(scene, -shift) for flat, shift in zip(flats, shifts, strict=True)],
            axis=0,
        )
    return np.asarray(pattern)


def unexplained(
    flats: Sequence[np.ndarray], shifts: np.ndarray, pattern: np.ndarray | None = None
) -> float:
    """Return the variance that is left when frames are predicted from the others.

    Each frame is predicted as the mean of the others' scene, moved by `shifts`, and the
    `pattern` that stands still.
    """
    still = np.zeros_like(flats[0]) if pattern is None else pattern
    moved = [move_frame(flat - still, shift) for flat, shift in zip(flats, shifts, strict=True)]
    total = np.sum(moved, axis=0)
    left = []
    for flat, own, shift in zip(flats, moved, shifts, strict=True):
        scene = move_frame((total - own) / (len(flats) - 1), -shift)
        left.append(np.var(flat - still - scene))
    return float(np.mean(left))
