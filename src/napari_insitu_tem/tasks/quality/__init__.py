"""Quality: how far a denoised movie can be trusted, with a reference or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.quality.noise import ExpectedNoise
from napari_insitu_tem.analysis.quality.rings import RingCorrelation
from napari_insitu_tem.analysis.quality.whiteness import REACH, Whiteness, whiteness_of_movie
from napari_insitu_tem.io.cameras import Camera, load_camera
from napari_insitu_tem.io.store import as_dask
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Compared
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.quality.again import (
    Denoising,
    UnknownDenoisingError,
    recorded_denoising,
)
from napari_insitu_tem.tasks.quality.expected import (
    brightness_scale,
    doses,
    expected_noise,
    signal_range,
)
from napari_insitu_tem.tasks.quality.frames import Frames, measure_frames
from napari_insitu_tem.tasks.quality.halves import (
    HalvesCompared,
    compare_halves,
    raw_rings,
    split,
    thinned,
)
from napari_insitu_tem.tasks.quality.result import Quality, resolution_rows
from napari_insitu_tem.tasks.quality.settings import QualitySettings
from napari_insitu_tem.tasks.quality.verdicts import Verdict, judge
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Quality", "QualitySettings", "quality"]

_SMALLEST = 32
_FEWEST_PAIRS = 4


@task(title="Quality", result="quality")
def quality(
    compared: Compared, settings: QualitySettings = QualitySettings(), job: Job = Job()
) -> Quality:
    """Judge a denoised movie by what was taken away, by halves of the data, and by a reference.

    Parameters
    ----------
    compared : Compared
        The denoised movie, the raw one, and possibly a reference; read frame by frame.
    settings : QualitySettings
        What is known of the noise, and how halves are made.
    job : Job
        Progress, cancel and the seed of thinning.

    Returns
    -------
    Quality
        Verdicts, figures of every frame, curves, and maps.

    Raises
    ------
    MovieError
        When the frames are smaller than 32 pixels.
    CameraError
        When there is no such camera.
    """
    movie, raw = compared.movie, compared.raw
    if min(movie.frame_shape) < _SMALLEST:
        height, width = movie.frame_shape
        raise MovieError(
            f"{width} × {height} px are too few to judge; at least {_SMALLEST} × {_SMALLEST} are "
            "needed."
        )
    camera = None if settings.camera is None else load_camera(settings.camera)
    noise = expected_noise(raw, camera, settings)
    scale = brightness_scale(compared, noise, settings)
    peak = signal_range(compared, scale)
    denoising, unknown = _recorded(compared)
    apart = _apart(denoising, settings, raw.n_frames)
    frames = measure_frames(compared, noise, scale=scale, peak=peak, apart=apart, job=job)
    halves = _halves(compared, denoising or unknown, settings, camera, noise, scale, job)
    measured_on = _enter_errors(frames, halves, apart, peak)
    rings = _rings(raw, halves, job)
    white = whiteness_of_movie(frames.correlations, (movie.frame_shape[0], movie.frame_shape[1]))
    table = _table(raw, frames, halves, doses(raw, camera, _column(frames, "mean_counts")))
    verdicts = list(
        judge(
            table, white, noise, halves,
            tolerance=settings.tolerance, motion=frames.motion, unsupervised=measured_on,
        )
    )  # fmt: skip
    if scale != (1.0, 0.0):
        words = f"brought to the raw one's scale first (times {scale[0]:.4g}, plus {scale[1]:.4g})."
        verdicts.append(Verdict("Scale", "told", f"The denoised movie was {words}"))
    figures = _figures(table, frames, white, noise, halves, rings, peak, movie.pixel_size)
    result = Quality(
        movie,
        _image(frames.residual, raw, f"{movie.name} residual"),
        _image(frames.structure, raw, f"{movie.name} structure"),
        None if isinstance(halves, str)
        else _image(halves.disagreement, raw, f"{movie.name} invented"),
        tuple(verdicts), table, _spectrum(frames, movie.pixel_size), rings, white, figures,
    )  # fmt: skip
    job.log(result.message)
    return result


def _recorded(compared: Compared) -> tuple[Denoising | None, str]:
    try:
        return recorded_denoising(compared), ""
    except UnknownDenoisingError as error:
        return None, f"{error}, so halves of the data cannot be denoised alike"


def _apart(denoising: Denoising | None, settings: QualitySettings, n_frames: int) -> int | None:
    """How far away a frame lies that the denoised one was not made of; None where none does."""
    if settings.frames_seen is not None:
        reach: int | None = settings.frames_seen
    else:
        reach = None if denoising is None else denoising.reach
    return reach + 1 if reach is not None and n_frames > reach + 1 else None


def _halves(
    compared: Compared, denoising: Denoising | str, settings: QualitySettings,
    camera: Camera | None, noise: ExpectedNoise, scale: tuple[float, float], job: Job,
) -> HalvesCompared | str:  # fmt: skip
    """Denoise halves of the data and compare them; or say why not, as a clause."""
    raw, count = compared.raw, compared.raw.n_frames
    if settings.halves == "none":
        return "it was not asked for"
    by_frames = settings.halves == "odd and even frames" or (
        settings.halves == "automatic" and count >= 2 * _FEWEST_PAIRS
    )
    if by_frames and count < 2:
        raise SettingsError(
            "There is only one frame; choose thinned frames for the halves of the data."
        )
    if isinstance(denoising, str):
        # Each frame by itself: odd and even ones are denoised separately already.
        if settings.frames_seen != 0 or not by_frames:
            return denoising
        both, done = split(raw), split(compared.movie)
        denoised = done.first, done.second
    else:
        both = split(raw) if by_frames else thinned(compared, noise, camera, scale=scale, job=job)
        try:
            denoised = denoising.again(both.first, job), denoising.again(both.second, job)
        except ValueError as error:
            return f"the halves could not be denoised ({str(error).rstrip('.')})"
    return compare_halves(both, denoised, noise, scale=scale, n_frames=count, job=job)


def _enter_errors(
    frames: Frames, halves: HalvesCompared | str, apart: int | None, peak: float
) -> str:
    """Enter unsupervised errors of the halves where there are none of frames; say which."""
    if apart is not None:
        return "the frames beside it" if apart == 1 else f"frames {apart} away"
    if isinstance(halves, str):
        return f"no raw data are known that did not go into it ({halves})"
    for index, row in enumerate(frames.rows):
        error = halves.errors.get(index)
        nothing = float("nan")
        row["umse_counts2"] = nothing if error is None else error.mse
        row["umse_error_counts2"] = nothing if error is None else error.error
        row["upsnr_db"] = nothing if error is None else error.psnr_db(peak)
        row["raw_upsnr_db"] = float(20 * np.log10(peak / row["noise_counts"]))
    return f"one of two halves ({halves.words}), denoised without the other"


def _rings(raw: Movie, halves: HalvesCompared | str, job: Job) -> dict[str, RingCorrelation]:
    if not isinstance(halves, str):
        return {f"raw, {halves.words}": halves.raw, f"denoised, {halves.words}": halves.denoised}
    rings, words = raw_rings(raw, job)
    return {f"raw, {words}": rings}


def _column(frames: Frames, name: str) -> np.ndarray:
    return np.array([row[name] for row in frames.rows], float)


def _table(
    raw: Movie, frames: Frames, halves: HalvesCompared | str, dose: dict[str, np.ndarray]
) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(frames.rows)
    for name, values in reversed(dose.items()):
        table.insert(1, name, values)
    if raw.time is not None:
        table.insert(0, "time_s", raw.time)
    table.insert(0, "frame", np.arange(len(table)))
    if not isinstance(halves, str):
        table["invented_fraction"] = halves.fractions
    return table


def _spectrum(frames: Frames, pixel_size: float | None) -> pd.DataFrame:
    import pandas as pd

    columns = {"frequency_per_px": frames.frequency, "frequency_of_nyquist": 2 * frames.frequency}
    if pixel_size:
        columns["frequency_per_nm"] = frames.frequency / pixel_size
    columns["power_of_expected"] = frames.power
    columns["power_before_whitening"] = frames.plain_power
    return pd.DataFrame(columns)


def _figures(
    table: pd.DataFrame, frames: Frames, white: Whiteness, noise: ExpectedNoise,
    halves: HalvesCompared | str, rings: dict[str, RingCorrelation], peak: float,
    pixel_size: float | None,
) -> pd.DataFrame:  # fmt: skip
    import pandas as pd

    rows: list[tuple[str, float, str, str]] = []
    for name in table.columns.drop("frame"):
        unit = next((u for end, u in _UNITS.items() if name.endswith(end)), "")
        values = table[name].to_numpy(float)
        usable = values[np.isfinite(values)]
        mean = float(usable.mean()) if usable.size else float("nan")
        if name != "time_s":
            rows.append((f"{name}, mean over frames", mean, unit, ""))
    rows += [
        ("whiteness p, all frames", white.p_value, "", f"distances up to {REACH} px"),
        ("largest correlation, all frames", white.largest, "", ""),
        ("noise correlation of neighbours", noise.beside, "", f"expected, from {noise.source}"),
        ("signal range", peak, "counts", "the peak of the unsupervised PSNR"),
        ("change from frame to frame", frames.motion, "counts²", "beyond the noise"),
    ]
    if not isinstance(halves, str):
        rows.append(("correlation of denoised halves", halves.agreement, "", halves.words))
    rows += resolution_rows(rings, pixel_size)
    return pd.DataFrame(rows, columns=["quantity", "value", "unit", "note"])


_UNITS = {"_db": "dB", "_counts": "counts", "_counts2": "counts²", "_e_per_px": "e/px",
          "_e_per_A2": "e/Å²"}  # fmt: skip


def _image(values: Any, like: Movie, name: str) -> Movie:
    return like.replace(data=as_dask(values), name=name, provenance=None)
