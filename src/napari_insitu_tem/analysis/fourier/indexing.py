"""Indices of a particle's pairs of peaks: which lattice planes they are, seen along which axis.

Two pairs in different directions and the reflections with their spacings and angle propose a zone
axis; all other pairs must be reflections of that zone, too. The proposal that explains most of the
fringes counts, the simpler axis where several do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.crystal_lattices import CrystalLattice
from napari_insitu_tem.analysis.fourier.lattice import weighted_mean
from napari_insitu_tem.analysis.fourier.pairs import Pair

__all__ = ["Indexing", "index_pairs"]

Miller = tuple[int, int, int]

_SEEDS = 4  # of the brightest pairs, any two propose an axis
_COLLINEAR = 8.0  # degrees between two pairs that propose an axis
_ALL = 0.95  # of the strength explained: other pairs need not propose any more
_ENOUGH = 0.5  # of the fringes' strength that a lattice must explain
# What a misfit of the whole tolerance, and an axis e times as long, cost in explained strength.
# Chosen on simulated frames (seeds below 1000).
_MISFIT = 0.25
_COMPLEX = 0.06


@dataclass(frozen=True)
class Indexing:
    """A particle's pairs as lattice planes.

    Parameters
    ----------
    miller : tuple
        (h, k, l) of every pair, None where it is no reflection of this lattice in this zone.
    zone_axis : (int, int, int) or None
        Direction [u v w] of the beam, without common factors; None where nothing fits or all
        pairs lie in one row, which leaves the axis open.
    explained : float
        Share of the pairs' summed amplitudes that have indices, 0 to 1.
    strain, strain_error : float
        Mean of measured over tabulated spacing, less 1, by inverse squared errors; NaN where
        nothing fits. The error is that of the pixel size not included.
    note : str
        What is to be said when it does not fit; empty otherwise.
    """

    miller: tuple[Miller | None, ...]
    zone_axis: Miller | None
    explained: float
    strain: float
    strain_error: float
    note: str = ""

    @property
    def fits(self) -> bool:
        """Whether the pairs are those of this lattice."""
        return any(each is not None for each in self.miller)


def index_pairs(
    pairs: Sequence[Pair],
    lattice: CrystalLattice,
    *,
    pixel_size: float,
    spacing_tolerance: float = 0.02,
    angle_tolerance: float = 2.0,
) -> Indexing:
    """Find which lattice planes the pairs of peaks of a particle are.

    Parameters
    ----------
    pairs : sequence of Pair
        Of one particle, the brightest first.
    lattice : CrystalLattice
        What it may be.
    pixel_size : float
        nm.
    spacing_tolerance, angle_tolerance : float
        By how much a spacing (relative) and an angle (degrees) may differ beyond three standard
        errors: for the calibration, and for strain.

    Returns
    -------
    Indexing
        Where less than half of the strength is explained, without indices and with a note.
    """
    if not pairs:
        return _nothing(0, "There are no pairs to index.", 0.0)
    finest = 0.9 * min(pair.spacing for pair in pairs) * pixel_size
    miller, vectors = lattice.reflections(finest)
    if not len(miller):
        return _nothing(len(pairs), f"It does not fit {lattice.name}.", 0.0)
    unlike = lattice.unlike(miller)
    matcher = _Matcher(
        pairs, miller, vectors, unlike, pixel_size, spacing_tolerance, angle_tolerance
    )
    best = matcher.best_zone() or matcher.best_row()
    if best is None or best.explained < _ENOUGH:
        share = 0.0 if best is None else best.explained
        note = (
            f"It does not fit {lattice.name}: {100 * share:.0f} % of the fringes' strength is "
            "explained."
        )
        return _nothing(len(pairs), note, share)
    strain, error = matcher.strain(best.indices)
    if abs(strain) > spacing_tolerance + 2 * error:
        note = (
            f"It does not fit {lattice.name}: all spacings would be {100 * abs(strain):.1f} % "
            f"too {'large' if strain > 0 else 'small'}."
        )
        return _nothing(len(pairs), note, 0.0)
    found = tuple(None if i is None else _tuple(miller[i]) for i in best.indices)
    note = "" if best.axis else "All pairs lie in one row, which leaves the zone axis open."
    return Indexing(found, best.axis, best.explained, strain, error, note)


@dataclass(frozen=True)
class _Proposal:
    indices: tuple[int | None, ...]
    axis: Miller | None
    explained: float
    score: float


class _Matcher:
    """Compares pairs with the reflections of a lattice."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        miller: np.ndarray,
        vectors: np.ndarray,
        unlike: np.ndarray,
        pixel_size: float,
        spacing_tolerance: float,
        angle_tolerance: float,
    ) -> None:
        self.miller, self.vectors = miller, vectors
        self.lengths = np.linalg.norm(vectors, axis=1)
        self.unlike = unlike
        # With y upwards, so that angles are those of the pairs.
        self.seen = np.array([(p.frequency[1], -p.frequency[0]) for p in pairs]) / pixel_size
        self.sizes = np.linalg.norm(self.seen, axis=1)
        self.angles = np.degrees(np.arctan2(self.seen[:, 1], self.seen[:, 0]))
        self.errors = np.array([pair.spacing_error / pair.spacing for pair in pairs])
        self.limits = spacing_tolerance + 3 * self.errors
        turns = np.array([pair.angle_error for pair in pairs])
        self.turns = angle_tolerance + 3 * turns
        self.strength = np.array([pair.amplitude for pair in pairs])
        self.fitting = [
            np.flatnonzero(np.abs(self.lengths / size - 1) < limit)
            for size, limit in zip(self.sizes, self.limits, strict=True)
        ]

    def best_zone(self) -> _Proposal | None:
        """Return the best of all zones that two pairs in different directions propose."""
        found: list[_Proposal] = []
        for i, j in itertools.combinations(range(min(_SEEDS, len(self.seen))), 2):
            between = self.angles[j] - self.angles[i]
            if abs((between + 90) % 180 - 90) < _COLLINEAR:
                continue
            tried: set[tuple[Miller, int]] = set()
            upwards = (between + 180) % 360 > 180
            for first, second in self._proposed(i, j, between):
                proposal = self._zone(i, first, second, upwards, tried)
                if proposal is not None:
                    found.append(proposal)
            if any(each.explained > _ALL for each in found):
                break
        if not found:
            return None
        return max(found, key=lambda each: (round(each.score, 6), each.axis))

    def best_row(self) -> _Proposal | None:
        """Return indices of pairs that all lie along one direction."""
        first = self.angles[0]
        apart = np.abs((self.angles - first + 90) % 180 - 90)
        if np.any(apart > _COLLINEAR) or not len(self.fitting[0]):
            return None
        best = max(self.fitting[0], key=lambda i: (-abs(self.lengths[i] - self.sizes[0]), i))
        direction = self.vectors[best] / self.lengths[best]
        along = self.lengths * (self.vectors @ direction > 0.9999 * self.lengths)
        indices: list[int | None] = []
        for size, limit in zip(self.sizes, self.limits, strict=True):
            off = np.abs(along / size - 1)
            indices.append(int(np.argmin(off)) if off.min() < limit else None)
        explained = self._explained(indices)
        return _Proposal(tuple(indices), None, explained, explained)

    def strain(self, indices: Sequence[int | None]) -> tuple[float, float]:
        """Return the mean relative deviation of the spacings, and its standard error."""
        known = [(k, i) for k, i in enumerate(indices) if i is not None]
        off = np.array([self.lengths[i] / self.sizes[k] - 1 for k, i in known])
        errors = np.array([self.errors[k] for k, _ in known])
        mean, error = weighted_mean(off, errors)
        if len(off) > 1:  # more scatter than the errors allow makes the mean less sure, too
            weights = 1 / np.maximum(errors, 1e-12) ** 2
            spread = float(np.sum(weights * (off - mean) ** 2)) / (len(off) - 1)
            error *= max(1.0, math.sqrt(spread))
        return mean, error

    def _proposed(self, i: int, j: int, between: float) -> list[tuple[int, int]]:
        """Return reflections that pairs i and j can be, by their spacings and their angle."""
        a, b = self.fitting[i][self.unlike[self.fitting[i]]], self.fitting[j]
        if not len(a) or not len(b):
            return []
        cosine = (self.vectors[a] @ self.vectors[b].T) / np.outer(self.lengths[a], self.lengths[b])
        angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        wanted = abs((between + 180) % 360 - 180)
        limit = math.hypot(self.turns[i], self.turns[j])
        rows, columns = np.nonzero(np.abs(angle - wanted) < limit)
        return [(int(a[r]), int(b[c])) for r, c in zip(rows, columns, strict=True)]

    def _zone(
        self, i: int, first: int, second: int, upwards: bool, tried: set[tuple[Miller, int]]
    ) -> _Proposal | None:
        axis = np.cross(self.miller[first], self.miller[second])
        axis = axis // np.gcd.reduce(axis) * (1 if upwards else -1)
        if (_tuple(axis), first) in tried:
            return None
        tried.add((_tuple(axis), first))
        inside = np.flatnonzero(self.miller @ axis == 0)
        # Axes of the image plane along and across the first reflection, in the crystal.
        along = self.vectors[first] / self.lengths[first]
        across = self.vectors[second] - (self.vectors[second] @ along) * along
        across *= (1 if upwards else -1) / np.linalg.norm(across)
        flat = np.stack([self.vectors[inside] @ along, self.vectors[inside] @ across], axis=1)
        return self._matched(i, inside, flat, axis)

    def _matched(self, i: int, inside: np.ndarray, flat: np.ndarray, axis: np.ndarray) -> _Proposal:
        turn = math.radians(self.angles[i])
        c, s = math.cos(turn), math.sin(turn)
        placed = flat @ np.array([[c, s], [-s, c]])
        lengths = self.lengths[inside]
        indices: list[int | None] = []
        misfit = 0.0
        for vector, size, limit, most, weight in zip(
            self.seen, self.sizes, self.limits, self.turns, self.strength, strict=True
        ):
            cosine = placed @ vector / (lengths * size)
            off = (
                np.abs(lengths / size - 1) / limit,
                np.degrees(np.arccos(np.clip(cosine, -1, 1))) / most,
            )
            worst = np.maximum(*off)
            at = int(np.argmin(worst))
            if worst[at] < 1:
                indices.append(int(inside[at]))
                misfit += weight * float(worst[at]) ** 2
            else:
                indices.append(None)
        explained = self._explained(indices)
        matched = max(explained * float(self.strength.sum()), 1e-30)
        length = math.log(float(axis @ axis))
        score = explained - _MISFIT * math.sqrt(misfit / matched) - _COMPLEX * length
        return _Proposal(tuple(indices), _tuple(axis), explained, score)

    def _explained(self, indices: Sequence[int | None]) -> float:
        known = np.array([each is not None for each in indices])
        return float(self.strength[known].sum() / max(float(self.strength.sum()), 1e-30))


def _tuple(values: np.ndarray) -> Miller:
    h, k, l = (int(each) for each in values)  # noqa: E741 - as they are called
    return h, k, l


def _nothing(count: int, note: str, explained: float) -> Indexing:
    return Indexing((None,) * count, None, explained, math.nan, math.nan, note)
