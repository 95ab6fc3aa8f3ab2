"""How far pixels share noise, and so what a network that learns from them must not see."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis.blocks import shrink
from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.quality.noise import noise_between_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.denoise.settings import DenoiseSettings

__all__ = ["bin_of", "blind_of"]

_PAIRS = 4  # of successive frames, spread over the movie
_SHARED = 0.1  # correlation from which a neighbour says much of a pixel's noise
_FARTHEST = 2  # px around a pixel that a network may be blind to
_DETAIL = 0.02  # power of details that frames share, over that of the noise
_BINS, _LEAST_EDGE = (1, 2, 4), 128

Pairs = list[tuple[np.ndarray, np.ndarray]]


def bin_of(movie: Movie, settings: DenoiseSettings, job: Job, *, independent: bool) -> int:
    """Return over how many pixels along each side the movie is averaged before it is learnt from.

    The smallest number after which noise is shared with the next two pixels at most; but never
    one that takes away detail which successive frames share.

    Parameters
    ----------
    movie : Movie
        As it is.
    settings : DenoiseSettings
        What was chosen.
    job : Job
        What is said goes here.
    independent : bool
        Whether the noise was made independent beforehand.
    """
    if settings.bin != "automatic":
        return int(settings.bin)
    if settings.method == "network":
        return get_model(settings.model).card.bin
    if settings.method != "learn from this movie" or independent or movie.n_frames < 2:
        return 1
    pairs, size = _pairs(movie), 1
    for larger in _BINS[1:]:
        shared = _reach(pairs, size) > _FARTHEST
        if not shared or min(movie.frame_shape) < larger * _LEAST_EDGE or _detail(pairs, larger):
            break
        size = larger
    if size > 1:
        job.log(
            f"Pixels share noise with others more than {_FARTHEST} px away, so the network learns "
            f"from means of {size} × {size} px, and what it finds is enlarged again."
        )
    return size


def blind_of(movie: Movie, settings: DenoiseSettings, job: Job, *, independent: bool) -> int:
    """Return how many pixels around each must not be seen, and say when that may not do.

    Parameters
    ----------
    movie : Movie
        Binned, if it is to be.
    settings : DenoiseSettings
        What was chosen.
    job : Job
        What is said goes here.
    independent : bool
        Whether the noise was made independent beforehand.
    """
    if settings.method != "learn from this movie" or movie.n_frames < 2:
        return 0  # the frame itself is not seen at all, or learning will refuse
    shared = 0 if independent else _reach(_pairs(movie), 1)
    needed = min(shared, _FARTHEST)
    chosen = needed if settings.blind == "automatic" else int(settings.blind)
    if shared > chosen:
        job.log(
            f"Pixels share noise with others {shared} px away or more, and the network sees all "
            f"that are more than {chosen} px away: some noise will stay. Bin the frames more, or "
            "fit the camera under Detector."
        )
    elif needed and settings.blind == "automatic":
        job.log(
            f"Pixels share noise with others {needed} px away, so {needed} px around each are not "
            "looked at. With the camera fitted under Detector, they could be."
        )
    return chosen


def _pairs(movie: Movie) -> Pairs:
    firsts = np.unique(np.linspace(0, movie.n_frames - 2, _PAIRS).round().astype(int))
    pairs = [(movie.frame(first), movie.frame(first + 1)) for first in firsts]
    return [(fill_missing(one), fill_missing(other)) for one, other in pairs]


def _reach(pairs: Pairs, size: int) -> int:
    """Return the largest distance (bins) at which noise is shared; 3 is that or more."""
    binned = [(shrink(one, size), shrink(other, size)) for one, other in pairs]
    correlation = noise_between_frames(binned).correlation
    middle = len(correlation) // 2
    along = np.maximum(correlation[middle, middle:], correlation[middle:, middle])
    return int(np.flatnonzero(along > _SHARED).max(initial=0))


def _detail(pairs: Pairs, size: int) -> bool:
    """Whether bins of this size take away detail that two successive frames share.

    What moved by half a period, as drifting lattices do, is shared with the opposite sign.
    """
    for one, other in pairs:
        shared = np.mean(_within(one, size) * _within(other, size))
        noise = np.var(np.subtract(one, other, dtype=np.float64)) / 2
        if abs(shared) > _DETAIL * noise:
            return True
    return False


def _within(frame: np.ndarray, size: int) -> np.ndarray:
    """Return a frame less the mean of every bin."""
    means = shrink(frame, size)
    height, width = (length * size for length in means.shape)
    whole = np.asarray(frame[:height, :width], np.float64)
    return whole - means.repeat(size, axis=0).repeat(size, axis=1)
