"""What the Fourier checks found, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_insitu_tem.analysis.fourier.following import RegionFollower
from napari_insitu_tem.movie import Movie

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.fourier.result import FourierChecks

__all__ = ["no_fringes", "summary"]


def no_fringes(count: int) -> str:
    """Say that no region shows a lattice."""
    where = "The frame shows" if count == 1 else f"None of the {count} regions shows"
    return (
        f"{where} no lattice fringes that stand out from noise. Draw a region where fringes are, "
        "average over more frames, or allow more false alarms."
    )


def summary(
    found: FourierChecks, followers: Sequence[RegionFollower], *, noisy: bool, unusable: int
) -> str:
    """Return a sentence or two for every region, and what is doubtful."""
    words = []
    for number, follower in enumerate(followers, start=1):
        name = f"Region {number}" if len(followers) > 1 else "Fringes"
        rows = found.lattices[found.lattices["region"] == number]
        if not len(rows):
            words.append(f"{name}: no lattice fringes that stand out from noise.")
            continue
        words.append(f"{name}: {_course(rows, found.movie)}.")
        missed = len(follower.found) - follower.frames_found
        if missed:
            words.append(f"In {missed} of {len(follower.found)} frames they were not found.")
    for number in sorted(set(found.angles["region"])):
        rows = found.angles[found.angles["region"] == number]
        turns = rows["misorientation"].to_numpy(float)
        words.append(
            f"Angle of region {number} against region 1: {_ends(turns)}"
            f" (± {rows['misorientation_error'].median():.2f}° a frame)."
        )
    matched = set(found.angles["region"])
    for number in range(2, len(followers) + 1):
        if number not in matched and followers[0].reference and followers[number - 1].reference:
            words.append(
                f"Regions 1 and {number} have no spacing in common, so there is no angle between "
                "their lattices."
            )
    for row in found.changes.to_dict("records"):
        start = row["unchanged_area"] + row["shrunk_area"]
        if start:
            words.append(
                f"Lattice of region {row['region']}: {100 * row['grown_area'] / start:.0f} % "
                f"grown, {100 * row['shrunk_area'] / start:.0f} % shrunk."
            )
    if noisy:
        words.append(
            "Noise decides where the lattice ends; blur the map more, or average over more frames."
        )
    if unusable:
        words.append(f"{unusable} frames are constant, saturated or missing in a region.")
    return " ".join(words)


def _course(rows: pd.DataFrame, movie: Movie) -> str:
    scale, unit = (movie.pixel_size, "nm") if movie.pixel_size else (1.0, "px")
    spacing = rows["spacing"].median() * scale
    error = rows["spacing_error"].median() * scale
    digits = 4 if movie.pixel_size else 2
    pairs = round(float(rows["pairs"].median()))
    turns = rows["lattice_angle"].to_numpy(float)
    return (
        f"{pairs} pair{'s' if pairs != 1 else ''} of peaks, spacing {spacing:.{digits}f} ± "
        f"{error:.{digits}f} {unit}, angle {_ends(turns)}"
    )


def _ends(values: object) -> str:
    """Return the course of an angle from its first tenth to its last."""
    import numpy as np

    angles = np.asarray(values, float)
    count = max(1, len(angles) // 10)
    first, last = float(np.mean(angles[:count])), float(np.mean(angles[-count:]))
    return f"{first:.1f}°" if abs(last - first) < 0.1 else f"{first:.1f}° to {last:.1f}°"
