"""What was found in focal series, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dark_words", "faint_words", "order_words", "summary", "wrong_images", "wrong_length"]

#: e/Å² an image below which simulated series give too many vacancies, and the mean confidence at
#: sulphur sites that goes with it (`species`, three images, 100 to 1000 e/Å², seeds below
#: 1000). From one image the confidence is lower, and does not tell the dose.
_ENOUGH, _SURE = 200, 0.94


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


def order_words(wrong: Mapping[int, Sequence[int]], n_series: int, used: Sequence[int]) -> str:
    """Say which series are out of order, and in which order their images seem to be.

    Parameters
    ----------
    wrong : mapping
        From series to the positions of its images from overfocus to underfocus.
    n_series : int
        All of them.
    used : sequence of int
        Numbers of the images in the order given.
    """
    first = min(wrong)
    where = "" if n_series == 1 else f" of {len(wrong)} of {n_series} series (first: {first})"
    seem = ",".join(str(used[at]) for at in wrong[first])
    words = (
        f"The images{where} seem to be in the wrong order, and then elements and vacancies are "
        f"wrong, too: they are given as {','.join(map(str, used))}, but by how bright the atoms "
        f"are, {seem} runs from overfocus (bright atoms) to underfocus (dark atoms). If so, write "
        f"{seem} under 'Images used'."
    )
    if tuple(wrong[first]) == tuple(range(len(used)))[::-1]:
        words += " Inverted grey values look the same: if the order is right, invert the images."
    return words


def dark_words(series: int, n_series: int) -> str:
    """Say that atoms are dark in the first image of some series."""
    where = "the first image used" if n_series == 1 else f"the first image of {series} series"
    return (
        f"Atoms look dark in {where}, as at underfocus or with inverted grey values, but the "
        "network knows series that begin at overfocus, where atoms are bright. Elements and "
        "vacancies are not to be trusted."
    )


def faint_words(dose: float | None, confidence: float, images: int) -> str:
    """Say that there are too few electrons to count vacancies; nothing where there are enough.

    Parameters
    ----------
    dose : float, optional
        e/Å² an image, if known.
    confidence : float
        Mean probability of the likeliest class at the sulphur sites; tells where no dose does.
    images : int
        Of a series.
    """
    if dose is not None and dose < _ENOUGH:
        start = f"With {dose:.0f} e/Å² an image (less than {_ENOUGH})"
    elif dose is None and images > 1 and confidence < _SURE:
        start = (
            f"The network is unsure of the sulphur columns (confidence {confidence:.2f} in the "
            f"mean), as with less than {_ENOUGH} e/Å² an image: then"
        )
    else:
        return ""
    return (
        f"{start} numbers of vacancies tend to come out too high, and single vacancies are not to "
        "be trusted."
    )


def summary(
    counts: pd.DataFrame,
    troubles: Sequence[str],
    *,
    doubtful: int,
    dose: float | None,
    images: int,
) -> str:
    """Return what was found, and what is doubtful; `dose` is that of an image, e/Å²."""
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
    if faint := faint_words(dose, float(mean["sulphur_confidence"]), images):
        words.append(faint)
    if doubtful:
        words.append(
            f"In {doubtful} series, the shift between the images could not be told from noise "
            "and was left as it is."
        )
    if troubles:
        words.append(f"{len(troubles)} series could not be read. {troubles[0]}")
    return " ".join(words)
