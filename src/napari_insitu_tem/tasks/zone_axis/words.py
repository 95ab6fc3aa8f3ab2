"""What the zone-axis task found, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from napari_insitu_tem.tasks.zone_axis.result import ZoneAxis

__all__ = ["passing", "summary"]


def passing(found: ZoneAxis, threshold: float) -> str:
    """Say what a threshold keeps."""
    frames = found.interpretable(threshold)
    kept, total = sum(map(len, frames.values())), len(found.table)
    particles = sum(1 for own in frames.values() if len(own))
    if found.movie.n_frames == 1:
        return f"Interpretable at a threshold of {threshold:.2f}: {kept} of {_count(total)}."
    return (
        f"Interpretable at a threshold of {threshold:.2f}: {kept} of {total} images "
        f"({100 * kept / total:.0f} %; a particle in a frame is one image), of {particles} of "
        f"{_count(len(frames))}."
    )


def summary(found: ZoneAxis, troubles: Sequence[str]) -> str:
    """Return what passes, and what could not be looked at."""
    if not len(found.table):
        return (
            "No particles were found, so the map is empty. Look whether the pixel size is right, "
            "lower the probability, or choose another network."
        )
    words = [passing(found, found.threshold)]
    if not (found.table["evenness"] > 0).any():
        words.append("No particle shows fringes in two directions that stand out from noise.")
    for trouble, count in Counter(troubles).most_common(2):
        words.append(f"{count} images count as not interpretable: {trouble}")
    return " ".join(words)


def _count(particles: int) -> str:
    return f"{particles} particle{'s' if particles != 1 else ''}"
