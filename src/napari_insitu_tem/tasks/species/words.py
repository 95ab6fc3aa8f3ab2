"""What was found in focal series, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_insitu_tem.analysis.species.order import Order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["order_words", "summary", "wrong_images", "wrong_length"]


def wrong_length(frames: int, images: int) -> str:
    """Say that the frames make no whole number of series."""
    if frames < images:
        return (
            f"The movie has {frames} frame{'s' if frames != 1 else ''}, but a focal series has "
            f"{images} images. Open all images of the series as one movie, or choose the network "
            "for single images."
        )
    return (
        f"{frames} frames make no whole number of focal series of {images} images: "
        f"{frames % images} would be left over. Check 'Images per series', or crop the movie in "
        "time."
    )


def wrong_images(used: int, needed: int, name: str) -> str:
    """Say that a network takes another number of images."""
    return (
        f"The network '{name}' takes {needed} image{'s' if needed != 1 else ''} of a series, but "
        f"{used} {'are' if used != 1 else 'is'} given. Name {needed} under 'Images used', or "
        "choose another network."
    )


def order_words(order: Order, used: Sequence[int]) -> str:
    """Say in which order the images seem to be."""
    seem = ",".join(str(used[at]) for at in order.best)
    return (
        f"The images of the first series seem to be in another order: the network is surer with "
        f"{seem} ({order.scores[order.best]:.2f}) than with {','.join(map(str, used))} "
        f"({order.scores[tuple(range(len(used)))]:.2f}). If so, write {seem} under 'Images used'."
    )


def summary(counts: pd.DataFrame, troubles: Sequence[str], *, doubtful: int) -> str:
    """Return what was found, and what is doubtful."""
    series = len(counts)
    many = series > 1
    mean = counts.mean(numeric_only=True)
    parts = [
        f"{mean[name]:.1f} {name}" if many else f"{int(mean[name])} {name}"
        for name in ("Mo", "2S", "S")
    ]
    gone = [
        f"{mean[f'vacancies_{kind}']:.1f} {words}" if many else
        f"{int(mean[f'vacancies_{kind}'])} {words}"
        for kind, words in (("S", "single S"), ("2S", "double S"), ("Mo", "Mo"))
    ]  # fmt: skip
    each = f" a series, in the mean of {series}" if many else ""
    words = [f"Columns: {', '.join(parts)}{each}. Vacancies: {', '.join(gone)}{each}."]
    if doubtful:
        words.append(
            f"In {doubtful} series, the shift between the images could not be told from noise "
            "and was left as it is."
        )
    if troubles:
        words.append(f"{len(troubles)} series could not be read. {troubles[0]}")
    return " ".join(words)
