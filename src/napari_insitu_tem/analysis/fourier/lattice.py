"""What pairs of peaks say of a lattice: brightness ratio, rotation against another, series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.pairs import Pair

__all__ = ["Rotation", "brightness_ratio", "distinct_pairs", "rotation_between", "weighted_mean"]

_SAME_SPACING = 0.06
_SAME_ANGLE = 4.0
_COLLINEAR = 6.0


@dataclass(frozen=True)
class Rotation:
    """By how much one lattice is turned against another.

    Parameters
    ----------
    angle, error : float
        Degrees, counter-clockwise positive, with its standard error.
    matches : tuple of (int, int)
        Which pair of the first is which of the second.
    """

    angle: float
    error: float
    matches: tuple[tuple[int, int], ...]


def distinct_pairs(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Leave out higher orders: pairs along a direction in which there is a longer spacing."""
    kept: list[Pair] = []
    for pair in sorted(pairs, key=lambda each: -each.spacing):
        if all(abs(_turned(pair.angle - other.angle, 180)) > _COLLINEAR for other in kept):
            kept.append(pair)
    return tuple(kept)


def brightness_ratio(pairs: Sequence[Pair]) -> float:
    """Return how much brighter the brightest pair of peaks is than the dimmest.

    After Larsen et al., as a ratio of amplitudes: near 1 where a crystal is seen along a zone
    axis, large where it is tilted away. Higher orders do not count.

    Returns
    -------
    float
        At least 1; infinite where there are not two pairs in different directions.
    """
    amplitudes = [pair.amplitude for pair in distinct_pairs(pairs)]
    return max(amplitudes) / min(amplitudes) if len(amplitudes) > 1 else math.inf


def rotation_between(first: Sequence[Pair], second: Sequence[Pair]) -> Rotation | None:
    """Find by how much a lattice is turned against another of the same kind.

    Every two pairs of the same spacing (within 6 %) propose an angle. The one that most other
    pairs agree with (by amplitude) counts; of those that are as good, as the symmetry of a
    lattice makes them, the smallest.

    Parameters
    ----------
    first, second : sequences of Pair
        Of the two lattices.

    Returns
    -------
    Rotation or None
        None where no spacings agree.
    """
    best: tuple[float, float, Rotation] | None = None
    for one in first:
        for other in second:
            if not _same_spacing(one, other):
                continue
            proposed = _turned(other.angle - one.angle, 180)
            matches = _matched(first, second, proposed)
            weight = sum(min(first[i].amplitude, second[j].amplitude) for i, j in matches)
            angle, error = _mean_turn(first, second, matches, proposed)
            better = best is None or weight > 1.15 * best[0]
            as_good = best is not None and weight > best[0] / 1.15
            if better or (as_good and best is not None and abs(angle) < best[1] - 0.5):
                best = (weight, abs(angle), Rotation(angle, error, matches))
    return best[2] if best is not None else None


def weighted_mean(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Return the mean by inverse squared errors, and its standard error."""
    weights = 1 / np.maximum(np.asarray(errors, float), 1e-12) ** 2
    return float(np.average(values, weights=weights)), float(weights.sum() ** -0.5)


def _same_spacing(one: Pair, other: Pair) -> bool:
    return abs(math.log(one.spacing / other.spacing)) < _SAME_SPACING


def _matched(
    first: Sequence[Pair], second: Sequence[Pair], turn: float
) -> tuple[tuple[int, int], ...]:
    """Return which pairs become which when the first lattice is turned."""
    matches, taken = [], set()
    for i, one in enumerate(first):
        fits = [
            (abs(_turned(other.angle - one.angle - turn, 180)), j)
            for j, other in enumerate(second)
            if j not in taken and _same_spacing(one, other)
        ]
        if fits and min(fits)[0] < _SAME_ANGLE:
            taken.add(min(fits)[1])
            matches.append((i, min(fits)[1]))
    return tuple(matches)


def _mean_turn(
    first: Sequence[Pair],
    second: Sequence[Pair],
    matches: Sequence[tuple[int, int]],
    near: float,
) -> tuple[float, float]:
    turns = [near + _turned(second[j].angle - first[i].angle - near, 180) for i, j in matches]
    errors = [math.hypot(first[i].angle_error, second[j].angle_error) for i, j in matches]
    mean, error = weighted_mean(np.array(turns), np.array(errors))
    return _turned(mean, 180), error


def _turned(angle: float, period: float) -> float:
    """Bring an angle into (-period / 2, period / 2]."""
    wrapped = angle % period
    return wrapped - period if wrapped > period / 2 else wrapped
