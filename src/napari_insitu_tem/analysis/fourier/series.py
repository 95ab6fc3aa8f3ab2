"""Courses of spacings, angles and brightness of followed regions, as tables.

Tables are in pixels, frames and degrees; a row is there only where something was found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_insitu_tem.analysis.fourier.following import Found, RegionFollower
from napari_insitu_tem.analysis.fourier.lattice import (
    brightness_ratio,
    rotation_between,
    weighted_mean,
)

__all__ = ["lattice_course", "misorientation_course", "pair_courses"]

_PAIRS = [
    "frame", "region", "pair", "spacing", "spacing_error", "fringe_angle", "fringe_angle_error",
    "amplitude", "amplitude_error", "peak_over_noise",
]  # fmt: skip
_LATTICE = [
    "frame", "region", "lattice_angle", "lattice_angle_error", "spacing", "spacing_error",
    "pair_ratio", "pairs",
]  # fmt: skip
_TURNS = ["frame", "region", "against", "misorientation", "misorientation_error"]


def pair_courses(regions: Sequence[RegionFollower]) -> pd.DataFrame:
    """Return one row a frame, region and pair, all numbered from 1 but the frames.

    Angles run on beyond 0 and 180 degrees, so that a lattice that turns has no jumps.
    """
    rows = []
    for number, region in enumerate(regions, start=1):
        angles = _angles(region.found)
        for frame, found in enumerate(region.found):
            for index, pair in enumerate(found):
                if pair is None:
                    continue
                values = (
                    frame, number, index + 1, pair.spacing, pair.spacing_error,
                    angles[frame, index], pair.angle_error, pair.amplitude, pair.amplitude_error,
                    pair.excess,
                )  # fmt: skip
                rows.append(values)
    return pd.DataFrame(rows, columns=_PAIRS)


def lattice_course(regions: Sequence[RegionFollower]) -> pd.DataFrame:
    """Return one row a frame and region: angle and spacing of its lattice, from all its pairs.

    What a pair differs by from the brightest (pair 1), in angle and in the logarithm of its
    spacing, is taken from all frames together; every pair then tells the angle and spacing of
    pair 1, and their mean by inverse squared errors counts.
    """
    rows = []
    for number, region in enumerate(regions, start=1):
        angles = _angles(region.found)
        spacings = _values(region.found, "spacing")
        angle_errors = _values(region.found, "angle_error")
        spacing_errors = _values(region.found, "spacing_error") / spacings
        turned = angles - _offsets(angles, angle_errors)
        scaled = np.log(spacings) - _offsets(np.log(spacings), spacing_errors)
        for frame, found in enumerate(region.found):
            known = np.flatnonzero(np.isfinite(turned[frame]))
            if not known.size:
                continue
            angle, error = weighted_mean(turned[frame, known], angle_errors[frame, known])
            size, relative = weighted_mean(scaled[frame, known], spacing_errors[frame, known])
            spacing = float(np.exp(size))
            ratio = brightness_ratio([pair for pair in found if pair is not None])
            rows.append(
                (frame, number, angle, error, spacing, relative * spacing, ratio, known.size)
            )
    return pd.DataFrame(rows, columns=_LATTICE)


def misorientation_course(regions: Sequence[RegionFollower]) -> pd.DataFrame:
    """Return one row a frame and region from the second on: its angle against the first.

    Which pair of one lattice is which of the other follows from spacings and angles where they
    were first found; as a symmetric lattice allows several, the smallest angle.
    """
    rows: list[tuple[float, ...]] = []
    for number, region in enumerate(regions[1:], start=2):
        turn = rotation_between(regions[0].reference, region.reference)
        if turn is None:
            continue
        first, second = _angles(regions[0].found), _angles(region.found)
        errors = [_values(each.found, "angle_error") for each in (regions[0], region)]
        last = turn.angle
        for frame in range(len(region.found)):
            turns, spreads = [], []
            for i, j in turn.matches:
                difference = second[frame, j] - first[frame, i]
                if np.isfinite(difference):
                    turns.append(last + _wrapped(difference - last))
                    spreads.append(float(np.hypot(errors[0][frame, i], errors[1][frame, j])))
            if turns:
                last, error = weighted_mean(np.array(turns), np.array(spreads))
                rows.append((frame, number, 1, last, error))
    return pd.DataFrame(rows, columns=_TURNS)


def _values(found: Sequence[Found], name: str) -> np.ndarray:
    """Return a property of all pairs (t, pairs), NaN where one was not found."""
    count = max((len(each) for each in found), default=0)
    values = np.full((len(found), count), np.nan)
    for frame, each in enumerate(found):
        for index, pair in enumerate(each):
            if pair is not None:
                values[frame, index] = getattr(pair, name)
    return values


def _angles(found: Sequence[Found]) -> np.ndarray:
    """Return the angles of all pairs (t, pairs), unwrapped over time."""
    angles = _values(found, "angle")
    for course in angles.T:
        known = np.isfinite(course)
        course[known] = np.unwrap(course[known], period=180)
    return angles


def _offsets(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return what every pair (columns) differs by from the first, from all frames together."""
    offsets = np.zeros(values.shape[1])
    for index in range(1, values.shape[1]):
        both = np.isfinite(values[:, index]) & np.isfinite(values[:, 0])
        if both.any():
            spread = np.hypot(errors[both, index], errors[both, 0])
            offsets[index] = weighted_mean(values[both, index] - values[both, 0], spread)[0]
        else:
            offsets[index] = np.nan  # never seen together: it says nothing of pair 1
    return offsets


def _wrapped(angle: float) -> float:
    return (angle + 90) % 180 - 90
