"""From particles' pairs of peaks to the rows of the tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.fourier.evenness import evenness
from napari_insitu_tem.analysis.fourier.indexing import Indexing
from napari_insitu_tem.analysis.fourier.lattice import (
    brightness_ratio,
    rotation_between,
    weighted_mean,
)
from napari_insitu_tem.analysis.fourier.particle import ParticlePairs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Seen", "crystal_table", "pair_table"]

_CRYSTALS = [
    "frame", "particle", "y", "x", "pairs", "orientation", "orientation_error", "spacing",
    "spacing_error", "evenness", "pair_ratio", "interpretable", "zone_axis", "strain",
    "strain_error", "explained", "at_border", "note",
]  # fmt: skip
_PAIRS = [
    "frame", "particle", "pair", "spacing", "spacing_error", "fringe_angle",
    "fringe_angle_error", "amplitude", "amplitude_error", "peak_over_noise", "h", "k", "l",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Seen:
    """One particle in one frame.

    Parameters
    ----------
    frame, particle : int
        Index of the frame; value in the masks.
    y, x : float
        Centroid, px.
    size : float
        Diameter of the disc of the same area, px.
    found : ParticlePairs
        Its pairs of peaks.
    indexing : Indexing, optional
        What they are of the lattice that was given.
    """

    frame: int
    particle: int
    y: float
    x: float
    size: float
    found: ParticlePairs
    indexing: Indexing | None = None


def crystal_table(seen: list[Seen], least_evenness: float) -> pd.DataFrame:
    """Return one row a frame and particle.

    The orientation is the angle of the brightest pair, across its fringes. A particle that has
    the same number in an earlier frame, and lies within its own size of it, turns from there on,
    so that nothing jumps when another pair becomes the brightest.
    """
    import pandas as pd

    rows = []
    for each, angle in zip(seen, _orientations(seen), strict=True):
        pairs = each.found.pairs
        even = evenness(pairs)
        index = each.indexing
        first = pairs[0] if pairs else None
        notes = [each.found.note]
        if index is not None and len(pairs):
            notes.append(index.note)
        rows.append((
            each.frame, each.particle, each.y, each.x, len(pairs), angle,
            _error(each.found), first.spacing if first else math.nan,
            first.spacing_error if first else math.nan, even, brightness_ratio(pairs),
            bool(len(pairs) > 1 and even >= least_evenness),
            _axis(index), index.strain if index else math.nan,
            index.strain_error if index else math.nan, index.explained if index else math.nan,
            each.found.border, " ".join(note for note in notes if note),
        ))  # fmt: skip
    table = pd.DataFrame(rows, columns=_CRYSTALS)
    if not any(each.indexing is not None for each in seen):
        table = table.drop(columns=["zone_axis", "strain", "strain_error", "explained"])
    return table


def pair_table(seen: list[Seen]) -> pd.DataFrame:
    """Return one row a frame, particle and pair, numbered from 1, the brightest first."""
    import pandas as pd

    rows = []
    for each in seen:
        for number, pair in enumerate(each.found.pairs):
            miller = each.indexing.miller[number] if each.indexing else None
            rows.append((
                each.frame, each.particle, number + 1, pair.spacing, pair.spacing_error,
                pair.angle, pair.angle_error, pair.amplitude, pair.amplitude_error, pair.excess,
                *(miller or (None, None, None)),
            ))  # fmt: skip
    table = pd.DataFrame(rows, columns=_PAIRS)
    if not any(each.indexing is not None for each in seen):
        return table.drop(columns=["h", "k", "l"])
    return table.astype(dict.fromkeys("hkl", "Int64"))


def _axis(index: Indexing | None) -> str:
    if index is None or index.zone_axis is None:
        return ""
    return "[" + " ".join(map(str, index.zone_axis)) + "]"


def _error(found: ParticlePairs) -> float:
    """Return the standard error of a crystal's orientation, from all its pairs."""
    if not found.pairs:
        return math.nan
    errors = np.array([pair.angle_error for pair in found.pairs])
    return weighted_mean(errors, errors)[1]


def _orientations(seen: list[Seen]) -> list[float]:
    last: dict[int, tuple[Seen, float]] = {}
    angles: list[float] = []
    for each in seen:
        pairs = each.found.pairs
        if not pairs:
            angles.append(math.nan)
            continue
        angle = pairs[0].angle
        before = last.get(each.particle)
        if before is not None:
            other, known = before
            near = math.hypot(each.y - other.y, each.x - other.x) < max(each.size, other.size)
            turn = rotation_between(other.found.pairs, pairs) if near else None
            angle = known + turn.angle if turn is not None else angle
        last[each.particle] = (each, angle)
        angles.append(angle)
    return angles
