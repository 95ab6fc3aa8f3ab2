"""Every frame of a denoised movie against its raw one and against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.denoise import Window, fill_missing, windows
from napari_insitu_tem.analysis.quality.noise import ExpectedNoise
from napari_insitu_tem.analysis.quality.reference import compare_with_reference
from napari_insitu_tem.analysis.quality.replicas import (
    UnsupervisedError,
    motion_between,
    unsupervised_error,
)
from napari_insitu_tem.analysis.quality.residual import (
    radial_power,
    residual_figures,
    standardised,
)
from napari_insitu_tem.analysis.quality.structure import Significance, local_structure
from napari_insitu_tem.analysis.quality.whiteness import whiteness
from napari_insitu_tem.io.store import new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Compared
from napari_insitu_tem.tasks.quality.expected import reference_range

__all__ = ["Frames", "measure_frames"]

_WIDE = 16.0
_MARGIN = 4
_MISTAKE = 1.5


@dataclass(eq=False)
class Frames:
    """What was found frame by frame.

    Parameters
    ----------
    residual, structure : (t, y, x) arrays
        In counts, and in standard deviations of the noise.
    rows : list of dict
        The figures of every frame by name.
    correlations : list of arrays
        Autocorrelation of every frame's residual.
    frequency, power : (n,) arrays
        Mean radial power of the residuals in units of the noise expected, whitened.
    plain_power : (n,) array
        The same before it was whitened.
    motion : float
        Mean squared change from one frame to the next that is not noise; NaN of few frames.
    limit : float
        Of `structure`.
    """

    residual: Any
    structure: Any
    rows: list[dict[str, float]] = field(default_factory=list)
    correlations: list[np.ndarray] = field(default_factory=list)
    frequency: np.ndarray = field(default_factory=lambda: np.zeros(0))
    power: np.ndarray = field(default_factory=lambda: np.zeros(0))
    plain_power: np.ndarray = field(default_factory=lambda: np.zeros(0))
    motion: float = float("nan")
    limit: float = float("nan")


@dataclass(frozen=True, eq=False)
class _Measured:
    row: dict[str, float]
    residual: np.ndarray
    structure: Significance
    correlation: np.ndarray
    power: tuple[np.ndarray, np.ndarray, np.ndarray]
    motion: float


def measure_frames(
    compared: Compared,
    noise: ExpectedNoise,
    *,
    scale: tuple[float, float],
    peak: float,
    apart: int | None,
    job: Job,
) -> Frames:
    """Measure every frame, reading each movie once.

    Parameters
    ----------
    compared : Compared
        The movies.
    noise : ExpectedNoise
        Of the raw one.
    scale : (gain, offset)
        Bring the denoised movie to the raw one's scale.
    peak : float
        Range of the signal in counts, for the unsupervised PSNR.
    apart : int, optional
        How many frames away a raw frame lies that did not go into the denoised one; without it,
        no unsupervised error is measured.
    job : Job
        Progress and cancel.
    """
    shape = compared.movie.data.shape
    found = Frames(new_frames(shape, np.float32), new_frames(shape, np.float32))
    truth_range = 1.0 if compared.reference is None else reference_range(compared.reference)

    def one(parts: tuple[Window, np.ndarray, np.ndarray | None]) -> _Measured:
        return _measured(parts, noise, scale, peak, apart, truth_range)

    items = _together(compared, apart)
    total = compared.movie.n_frames
    powers, plain, motions = [], [], []
    for index, each in enumerate(job.map(one, items, "Measuring frames", total)):
        found.residual[index] = each.residual
        found.structure[index] = each.structure.values
        found.rows.append(each.row)
        found.correlations.append(each.correlation)
        found.frequency, power, raw_power = each.power
        powers.append(power)
        plain.append(raw_power)
        motions.append(each.motion)
        found.limit = each.structure.limit
    found.power, found.plain_power = np.mean(powers, axis=0), np.mean(plain, axis=0)
    seen = [each for each in motions if np.isfinite(each)]
    found.motion = float(np.mean(seen)) if seen else float("nan")
    return found


def _together(
    compared: Compared, apart: int | None
) -> Iterator[tuple[Window, np.ndarray, np.ndarray | None]]:
    reach = max(apart or 1, 1)
    raw = windows(map(fill_missing, compared.raw.iter_frames()), reach, reach)
    for window, denoised, truth in zip(
        raw, compared.movie.iter_frames(), _references(compared), strict=False
    ):
        yield window, fill_missing(denoised), truth


def _references(compared: Compared) -> Iterator[np.ndarray | None]:
    reference: Movie | None = compared.reference
    if reference is None or reference.n_frames == 1:
        only = None if reference is None else fill_missing(reference.frame(0))
        for _ in range(compared.movie.n_frames):
            yield only
    else:
        yield from map(fill_missing, reference.iter_frames())


def _measured(
    parts: tuple[Window, np.ndarray, np.ndarray | None],
    noise: ExpectedNoise,
    scale: tuple[float, float],
    peak: float,
    apart: int | None,
    truth_range: float,
) -> _Measured:
    window, given, truth = parts
    raw = window.frames[window.centre]
    denoised = given if scale == (1.0, 0.0) else np.float32(scale[0]) * given + np.float32(scale[1])
    variance = noise.variance(denoised)
    figures = residual_figures(raw, denoised, variance)
    plain = standardised(raw - denoised, variance)
    white = noise.whitened(plain)
    # At the very edge, whitening knows only half of the neighbours.
    test = whiteness(white[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] if white is not plain else white)
    # The noise expected may be a little too low; what is far too strong is no such mistake.
    structure = local_structure(white / np.clip(float(white.std()), 1.0, _MISTAKE))
    frequency, power = radial_power(white)
    row = {
        "mean_counts": float(raw.mean()),
        "signal_to_noise_db": figures.signal_to_noise_db,
        "noise_counts": figures.expected_deviation,
        "residual_counts": figures.deviation,
        "residual_variance_of_expected": figures.variance_ratio,
        "residual_correlation_with_denoised": figures.correlation,
        "whiteness_p": test.p_value,
        "largest_correlation": test.largest,
        "neighbour_correlation": test.beside(),
        "structure_fraction": structure.fraction,
        "structure_sign": _sign(structure, denoised),
    }
    if truth is not None:
        likeness = compare_with_reference(given, truth, data_range=truth_range)
        before = compare_with_reference(raw, truth, data_range=truth_range)
        row |= {
            "psnr_db": likeness.psnr_db,
            "matched_psnr_db": likeness.matched_psnr_db,
            "ssim": likeness.ssim,
            "ssim_uniform": likeness.ssim_uniform,
            "matched_gain": likeness.gain,
            "matched_offset": likeness.offset,
            "raw_psnr_db": before.psnr_db,
            "raw_matched_psnr_db": before.matched_psnr_db,
            "raw_ssim": before.ssim,
        }
    motion = _motion(window)
    if apart is not None:
        row |= unsupervised_row(_from_neighbours(window, denoised, apart), peak, variance)
    return _Measured(
        row, raw - denoised, structure, test.correlation,
        (frequency, power, radial_power(plain)[1]), motion,
    )  # fmt: skip


def unsupervised_row(
    error: UnsupervisedError | None, peak: float, variance: np.ndarray
) -> dict[str, float]:
    """Return the columns of an unsupervised error; NaN without one."""
    if error is None:
        nothing = float("nan")
        return {"umse_counts2": nothing, "umse_error_counts2": nothing,
                "upsnr_db": nothing, "raw_upsnr_db": nothing}  # fmt: skip
    return {
        "umse_counts2": error.mse,
        "umse_error_counts2": error.error,
        "upsnr_db": error.psnr_db(peak),
        "raw_upsnr_db": float(10 * np.log10(peak**2 / float(np.mean(variance)))),
    }


def _from_neighbours(window: Window, denoised: np.ndarray, apart: int) -> UnsupervisedError | None:
    """Compare with raw frames so far away that they did not go into the denoised one."""
    frames, centre = window.frames, window.centre
    others = [frames[i] for i in (centre - apart, centre + apart) if 0 <= i < len(frames)]
    if not others:
        return None
    beside = frames[centre + 1] if centre + 1 < len(frames) else frames[centre - 1]
    each = [unsupervised_error(denoised, other, frames[centre], beside) for other in others]
    # Both have the error of the denoised frame in common, so no certainty is gained.
    return UnsupervisedError(
        float(np.mean([one.mse for one in each])), float(np.mean([one.error for one in each]))
    )


def _motion(window: Window) -> float:
    frames, centre = window.frames, window.centre
    if not 0 < centre < len(frames) - 1:
        return float("nan")
    return motion_between(*frames[centre - 1 : centre + 2])


def _sign(structure: Significance, denoised: np.ndarray) -> float:
    """Correlation of the marked structure with what the denoised frame shows there."""
    marked = structure.marked
    if marked.sum() < 2:
        return float("nan")
    shown = denoised - ndimage.gaussian_filter(denoised, _WIDE)
    left, there = structure.values[marked], shown[marked]
    size = float(np.sqrt(np.sum(left.astype(float) ** 2) * np.sum(there.astype(float) ** 2)))
    return float(np.sum(left.astype(float) * there)) / size if size > 0 else float("nan")
