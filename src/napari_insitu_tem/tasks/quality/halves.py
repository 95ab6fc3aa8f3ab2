"""Two halves of the data, each denoised by itself: what they agree on, and what they do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.quality.noise import ExpectedNoise
from napari_insitu_tem.analysis.quality.replicas import UnsupervisedError, unsupervised_error
from napari_insitu_tem.analysis.quality.rings import (
    RingCorrelation,
    RingCorrelator,
    checkerboard_correlation,
)
from napari_insitu_tem.analysis.quality.structure import disagreement
from napari_insitu_tem.analysis.quality.thinning import binomial_halves, gaussian_halves
from napari_insitu_tem.io.cameras import Camera
from napari_insitu_tem.io.store import as_dask, new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Compared

__all__ = ["Halves", "HalvesCompared", "compare_halves", "raw_rings", "split", "thinned"]

_COUNTED_READOUT = 0.2
_COUNTED_TRANSFER = 0.9


@dataclass(frozen=True, eq=False)
class Halves:
    """Two raw movies of the same scene with independent noise.

    Parameters
    ----------
    first, second : Movie
        Of one shape.
    frames : tuple of tuples of int
        Which frames of the whole movie each pair of frames stands for.
    noisier : float
        Their noise variance over that of the whole movie's frames.
    words : str
        How they were made.
    """

    first: Movie
    second: Movie
    frames: tuple[tuple[int, ...], ...]
    noisier: float
    words: str


@dataclass(frozen=True, eq=False)
class HalvesCompared:
    """What two separately denoised halves of the data say of the denoiser.

    Parameters
    ----------
    disagreement : (t, y, x) array
        In standard deviations of the noise; see `analysis.quality.structure.disagreement`. 0 in
        frames that have no partner.
    limit : float
        What noise passes in one frame of a hundred.
    fractions : (t,) array
        Part of every frame beyond the limit; NaN in frames that have no partner.
    denoised, raw : RingCorrelation
        Between the denoised halves and between the raw ones.
    agreement : float
        Mean correlation coefficient of the denoised halves.
    errors : dict of UnsupervisedError
        Of the denoised first half by frame, measured on the raw second one.
    words : str
        How the halves were made.
    """

    disagreement: Any
    limit: float
    fractions: np.ndarray
    denoised: RingCorrelation
    raw: RingCorrelation
    agreement: float
    errors: dict[int, UnsupervisedError]
    words: str


def split(movie: Movie) -> Halves:
    """Return the odd and the even frames; a last frame without partner is left out."""
    pairs = movie.n_frames // 2
    both = [
        dataclasses.replace(
            movie,
            data=movie.data[start : 2 * pairs : 2],
            frames=None,
            frame_time=None if movie.frame_time is None else 2 * movie.frame_time,
        )
        for start in (0, 1)
    ]
    frames = tuple((2 * pair, 2 * pair + 1) for pair in range(pairs))
    return Halves(both[0], both[1], frames, 1.0, "odd and even frames")


def thinned(
    compared: Compared,
    noise: ExpectedNoise,
    camera: Camera | None,
    *,
    scale: tuple[float, float],
    job: Job,
) -> Halves:
    """Split the noise of every frame in two.

    Counted electrons fall to either half by a coin toss, where the camera counts them one by
    one; noise of the strength and correlation expected is added and taken away otherwise.
    """
    raw, shape = compared.raw, compared.raw.data.shape
    stores = [new_frames(shape, np.float32) for _ in range(2)]
    counted = camera is not None and _counts(camera)
    pairs = zip(raw.iter_frames(), compared.movie.iter_frames(), strict=False)
    for index, (frame, denoised) in enumerate(job.track(pairs, "Thinning", raw.n_frames)):
        rng = np.random.default_rng((job.seed, index))
        frame = fill_missing(frame)
        if counted and camera is not None:
            halves = binomial_halves((frame - camera.offset) / camera.gain, rng)
            both = [half * camera.gain + camera.offset for half in halves]
        else:
            level = scale[0] * fill_missing(denoised) + scale[1]
            both = list(gaussian_halves(frame, noise.drawn(level, rng)))
        for store, half in zip(stores, both, strict=True):
            store[index] = half
    movies = [dataclasses.replace(raw, data=as_dask(store)) for store in stores]
    frames = tuple((index,) for index in range(raw.n_frames))
    words = "halves of every frame's electrons" if counted else "halves of every frame's noise"
    return Halves(movies[0], movies[1], frames, 2.0, words)


def _counts(camera: Camera) -> bool:
    from napari_insitu_tem.analysis.transfer import modulation_transfer_function

    transfer = modulation_transfer_function(0.5, camera.c0, camera.c1, camera.c2, camera.c3)
    return camera.readout_noise < _COUNTED_READOUT and float(transfer) > _COUNTED_TRANSFER


def compare_halves(
    halves: Halves,
    denoised: tuple[Movie, Movie],
    noise: ExpectedNoise,
    *,
    scale: tuple[float, float],
    n_frames: int,
    job: Job,
) -> HalvesCompared:
    """Compare two halves that were denoised separately.

    Parameters
    ----------
    halves : Halves
        The raw data.
    denoised : (Movie, Movie)
        Each half, denoised without the other.
    noise : ExpectedNoise
        Of the whole movie.
    scale : (gain, offset)
        Bring the denoised halves to the raw ones' scale.
    n_frames : int
        Of the whole movie.
    job : Job
        Progress and cancel.
    """
    first, second = denoised
    shape = halves.first.frame_shape
    store = new_frames((n_frames, *shape), np.float32)
    rings, raw_pairs = RingCorrelator(shape), RingCorrelator(shape)
    fractions = np.full(n_frames, np.nan)
    alike, errors, limit = [], {}, float("nan")

    def one(parts: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
        a, b = (np.float32(scale[0]) * part + np.float32(scale[1]) for part in parts[:2])
        raw_a, raw_b = parts[2:]
        both = halves.noisier * (noise.variance(a) + noise.variance(b))
        unit = np.sqrt(both)
        apart = disagreement(noise.whitened((a - b) / unit), noise.whitened((raw_a - raw_b) / unit))
        error = unsupervised_error(a, raw_b, raw_a, raw_b)
        return (a, b, raw_a, raw_b), apart, error

    items = _quadruples(first, second, halves)
    for pair, (parts, apart, error) in enumerate(
        job.map(one, items, "Comparing halves", len(halves.frames))
    ):
        rings.add(parts[0], parts[1])
        raw_pairs.add(parts[2], parts[3])
        limit = apart.limit
        spread = parts[0].std() * parts[1].std()
        if spread > 0:
            alike.append(float(np.corrcoef(parts[0].ravel(), parts[1].ravel())[0, 1]))
        for index in halves.frames[pair]:
            store[index] = apart.values
            fractions[index] = apart.fraction
        errors[halves.frames[pair][0]] = error
    return HalvesCompared(
        store, limit, fractions, rings.result(), raw_pairs.result(),
        float(np.mean(alike)) if alike else float("nan"), errors, halves.words,
    )  # fmt: skip


def raw_rings(movie: Movie, job: Job) -> tuple[RingCorrelation, str]:
    """Return the Fourier ring correlation of the raw data, and between what."""
    if movie.n_frames == 1:
        rings = checkerboard_correlation([fill_missing(movie.frame(0))])
        return rings, "a checkerboard's two colours"
    halves = split(movie)
    rings_of_pairs = RingCorrelator(movie.frame_shape)
    pairs: Iterable[Any] = zip(halves.first.iter_frames(), halves.second.iter_frames(), strict=True)
    for first, second in job.track(pairs, "Fourier rings", len(halves.frames)):
        rings_of_pairs.add(fill_missing(first), fill_missing(second))
    return rings_of_pairs.result(), "successive frames"


def _quadruples(first: Movie, second: Movie, halves: Halves) -> Iterator[tuple[np.ndarray, ...]]:
    movies = (first, second, halves.first, halves.second)
    for parts in zip(*(movie.iter_frames() for movie in movies), strict=True):
        yield tuple(fill_missing(part) for part in parts)
