"""The drift of a whole movie: measured, freed of fixed patterns, and doubted.

Whether what moves is the scene, and not a single particle or a pattern that stands still on
the camera, is decided on pairs of neighbouring frames from all over the movie.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np

from napari_insitu_tem.analysis import drift, drift_checks
from napari_insitu_tem.analysis.drift import DriftCurve
from napari_insitu_tem.analysis.registration import Correlator
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

__all__ = ["measured_drift"]

_SAMPLES = 12
_CLEARLY_LESS = 0.85


def measured_drift(
    movie: Movie,
    region: tuple[slice, slice],
    *,
    reference: Literal["running mean", "previous", "first"],
    sigma: float | None,
    largest_jump: float | None,
    outlier_threshold: float,
    check: bool,
    job: Job,
) -> tuple[DriftCurve, str]:
    """Return the drift of the scene, and what was found, in a sentence.

    Parameters
    ----------
    movie : Movie
        Read two to three times, frame by frame.
    region : (slice, slice)
        Rows and columns that are compared.
    reference : {"running mean", "previous", "first"}
        What each frame is compared with.
    sigma : float, optional
        Width of the smoothing in pixels; found from the frames otherwise.
    largest_jump : float, optional
        How far the scene may move between frames, in pixels; half the frame otherwise.
    outlier_threshold : float
        Frames that fit worse than the others by so many robust standard deviations get their
        drift from their neighbours.
    check : bool
        Whether to find no drift where the parts of the frame do not move together.
    job : Job
        Progress and cancel.
    """
    n = movie.n_frames
    still = DriftCurve(np.zeros((n, 2)), np.ones(n), np.zeros(n, bool))
    if n == 1:
        return still, "A single frame has no drift."
    first = np.unique(np.linspace(0, n - 2, min(_SAMPLES, n - 1)).round().astype(int))
    bare = Correlator(movie.frame_shape, region)
    pairs = [
        bare.flatten(movie.frame(index))
        for start in job.track(first, "Looking at the movie", len(first))
        for index in (start, start + 1)
    ]
    samples = pairs[::2]
    correlator = bare.learn(pairs, sigma=sigma)
    reach = largest_jump or min(bare.flat_shape) * bare.binning / 2

    def measure(correlator: Correlator) -> DriftCurve:
        def spectra(
            description: str, spans: Sequence[np.ndarray] | None = None
        ) -> Iterable[np.ndarray]:
            items = zip(movie.iter_frames(), [None] * n if spans is None else spans, strict=True)
            return job.map(lambda item: correlator.spectrum(*item), items, description, n)

        if reference == "first":
            return drift.against_first(spectra, correlator, reach=reach)
        if reference == "previous":
            return drift.against_previous(spectra, correlator, reach=reach)
        return drift.against_running_mean(spectra, correlator, reach=reach, n=n)

    curve = measure(correlator)
    free = None
    if drift_checks.has_fixed_pattern(samples, correlator):
        free = _without_pattern(measure, curve, correlator, samples, first)
    if free is not None:
        curve, correlator = free
    curve = curve.bridged(outlier_threshold)
    words = _summary(curve, pattern=free is not None)
    if reference != "running mean" or not check or curve.references is None:
        return curve, words
    used = [i for i, index in enumerate(first) if not curve.interpolated[index]]
    positions, support, elsewhere = drift_checks.group_shifts(
        [samples[i] for i in used],
        first[used],
        curve.shift,
        correlator,
        curve.references,
        reach=reach,
    )
    kept = dataclasses.replace(still, quality=curve.quality)
    if (
        not used
        or drift_checks.agreeing_groups(support) < 2
        or drift_checks.is_in_one_place(elsewhere)
    ):
        return kept, (
            "No drift was taken out: the parts of the frame do not move together, so what moves "
            "is a single particle, or there is only noise. To follow one particle, track it and "
            "use Follow; to align on it all the same, switch off 'Only real drift'."
        )
    if drift_checks.is_still(positions):
        return kept, "The scene does not drift; the movie was left as it is."
    return curve, words


def _without_pattern(
    measure: Callable[[Correlator], DriftCurve],
    curve: DriftCurve,
    correlator: Correlator,
    samples: list[np.ndarray],
    first: np.ndarray,
) -> tuple[DriftCurve, Correlator] | None:
    """Measure with what stands still in the frame set aside; None if that explains no more."""
    # First with the mean for a pattern, then with what does not move with the scene.
    free = dataclasses.replace(correlator, fixed=np.mean(samples, axis=0))
    moves = measure(free).shift[first] / correlator.binning
    free = dataclasses.replace(free, fixed=drift_checks.fixed_pattern(samples, moves))
    other = measure(free)
    shifts = [found.shift[first] / correlator.binning for found in (other, curve)]
    with_it = drift_checks.unexplained(samples, shifts[0], free.fixed)
    without = drift_checks.unexplained(samples, shifts[1])
    # The pattern has 1/n of each frame in it, which makes that frame seem better explained.
    own = (1 - 1 / len(samples)) ** 2
    return (other, free) if with_it < _CLEARLY_LESS * own * without else None


def _summary(curve: DriftCurve, *, pattern: bool) -> str:
    span = curve.shift.max(axis=0) - curve.shift.min(axis=0)
    words = f"Drift of up to {span[0]:.1f} px in y and {span[1]:.1f} px in x."
    bad = int(curve.interpolated.sum())
    if bad:
        words += f" {bad} bad frame{'s' if bad > 1 else ''} got it from their neighbours."
    if pattern:
        words += " A pattern that stands still in the frame was set aside."
    return words
