"""Heterogeneity: regions of unlike texture in a (denoised) movie of soft matter, over time."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.heterogeneity import Regions, find_regions
from napari_insitu_tem.analysis.heterogeneity_features import FeatureSet, local_features
from napari_insitu_tem.analysis.heterogeneity_null import even_texture
from napari_insitu_tem.io.store import as_dask, new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult, Segmentation
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Heterogeneity", "HeterogeneitySettings", "heterogeneity"]

_SAMPLED = 6
_EVEN_FRAMES = 18
_WINDOWS_ACROSS = 4
_COARSEST = 0.2


class HeterogeneitySettings(Settings):
    """Over what area and at which scales texture is compared."""

    window: float = setting(
        32.0,
        title="Window",
        description="Width of the area over which texture is averaged: the smallest region that "
        "can be told apart. Wider is surer.",
        unit="px",
        ge=6,
        le=1000,
        step=4,
    )
    regions: int | None = setting(
        None,
        title="Kinds of regions",
        description="How many kinds of texture to tell apart. Automatic compares with a frame of "
        "even texture, and may well find that there is only one.",
        ge=2,
        le=12,
    )
    finest: float = setting(
        1.5,
        title="Finest scale",
        description="Size of the finest details that count (the standard deviation of a "
        "Gaussian); well above what noise is left.",
        unit="px",
        ge=0.5,
        le=100,
        step=0.5,
    )
    scales: int = setting(
        3,
        title="Scales",
        description="How many scales, each twice as coarse as the one before; those coarser than "
        "a fifth of the window are left out.",
        ge=1,
        le=6,
        advanced=True,
    )
    brightness: bool = setting(
        True,
        title="Brightness counts",
        description="Whether regions may differ by brightness alone. Switch it off where the "
        "illumination is uneven.",
    )
    frames: int = setting(
        1,
        title="Frames averaged",
        description="Features are averaged over this many frames around each; regions that "
        "change slowly become surer.",
        unit="frames",
        ge=1,
        le=101,
        advanced=True,
    )

    @property
    def features(self) -> FeatureSet:
        """What is computed."""
        scales = [self.finest * 2**power for power in range(self.scales)]
        scales = [scale for scale in scales if scale <= _COARSEST * self.window] or scales[:1]
        return FeatureSet(self.window, tuple(scales), self.brightness)


@dataclass(frozen=True, eq=False)
class Heterogeneity(MovieResult):
    """Where a movie's texture differs.

    Parameters
    ----------
    movie : Movie
        As it was.
    regions : Segmentation
        The kind of every pixel, from 1, the same in all frames; 0 everywhere where there is
        only one kind.
    table : pandas.DataFrame
        One row a frame and region: share of the frame, area, mean features; units in the names.
    found : Regions
        How they were told apart.
    message : str
        What was found, in a sentence or two.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    regions: Segmentation
    table: pd.DataFrame
    found: Regions
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the regions."""
        return {"regions": self.regions}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the regions over time, and the gap statistic."""
        import pandas as pd

        rows = [(count, gap, error) for count, (gap, error) in self.found.gaps.items()]
        found = {"regions": self.table}
        if rows:
            found["gaps"] = pd.DataFrame(rows, columns=["regions", "gap", "error"])
        return found

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figure: share of every region over time."""
        from napari_insitu_tem.figures.heterogeneity import draw_shares

        return {"regions": functools.partial(draw_shares, self.table)}

    def replace(self, **changes: Any) -> Heterogeneity:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@task(title="Heterogeneity", result="regions")
def heterogeneity(
    movie: Movie,
    settings: HeterogeneitySettings = HeterogeneitySettings(),
    job: Job = Job(),
) -> Heterogeneity:
    """Find regions of unlike brightness and texture, the same kinds in all frames.

    Parameters
    ----------
    movie : Movie
        Denoised, or at a dose at which texture stands out from noise.
    settings : HeterogeneitySettings
        Window, scales, and how many kinds.
    job : Job
        Progress, cancel and seed.

    Returns
    -------
    Heterogeneity
        Regions and their table; possibly that there is nothing to tell apart.

    Raises
    ------
    MovieError
        When a frame is less than four windows wide or high, or shows nothing at all.
    """
    which = settings.features
    height, width = movie.frame_shape
    if min(height, width) < _WINDOWS_ACROSS * settings.window:
        raise MovieError(
            f"Windows of {settings.window:g} px are too wide for frames of {width} × {height} px; "
            f"at least {_WINDOWS_ACROSS} must fit. Choose a narrower window."
        )
    found = _learned(movie, settings, which, job)
    store = new_frames(movie.data.shape, np.uint8)
    rows: list[dict[str, float]] = []
    for index, features in enumerate(_averaged(_features(movie, which, job), settings.frames)):
        labels = found.label(features, (height, width), which.step)
        store[index] = labels
        rows += _rows(index, labels, features, which, movie)
    import pandas as pd

    regions = Segmentation(as_dask(store), movie)
    result = Heterogeneity(movie, regions, pd.DataFrame(rows), found, _message(found, settings))
    job.log(result.message)
    return result


def _learned(movie: Movie, settings: HeterogeneitySettings, which: FeatureSet, job: Job) -> Regions:
    """Tell kinds of texture apart on a few frames."""
    numbers = np.unique(np.linspace(0, movie.n_frames - 1, _SAMPLED).round().astype(int))
    each = -(-_EVEN_FRAMES // len(numbers))

    def look(number: int) -> tuple[np.ndarray, list[np.ndarray]]:
        frame = _levelled(movie.frame(int(number)))
        even = []
        for copy in range(each):
            rng = np.random.default_rng((job.seed, int(number), copy))
            even.append(local_features(even_texture(frame, settings.window, rng), which))
            job.check()
        return local_features(frame, which), even

    looked = list(job.map(look, numbers, "Comparing with even texture", len(numbers)))
    frames = [features for features, _ in looked]
    even = [features for _, some in looked for features in some]
    if not np.ptp(np.concatenate([part.reshape(-1, part.shape[-1]) for part in frames])) > 0:
        raise MovieError(f"'{movie.name}' shows the same everywhere; there is nothing to compare.")
    return find_regions(frames, even, which, count=settings.regions, seed=job.seed)


def _features(movie: Movie, which: FeatureSet, job: Job) -> Iterator[np.ndarray]:
    return job.map(
        lambda frame: local_features(_levelled(frame), which),
        movie.iter_frames(),
        "Finding regions",
        movie.n_frames,
    )


def _levelled(frame: np.ndarray) -> np.ndarray:
    """Return a frame without its mean, so that a beam that flickers makes no regions."""
    frame = fill_missing(frame)
    return frame - frame.mean()


def _averaged(features: Iterator[np.ndarray], frames: int) -> Iterator[np.ndarray]:
    from napari_insitu_tem.analysis.denoise import mean_of_window, windows

    half = frames // 2
    for window in windows(features, half, half):
        yield mean_of_window(window) if half else window.frames[0]


def _rows(
    index: int, labels: np.ndarray, features: np.ndarray, which: FeatureSet, movie: Movie
) -> Iterator[dict[str, float]]:
    """Yield a row a region of a frame."""
    rows, columns = features.shape[:2]
    first = which.step // 2
    at = labels[first :: which.step, first :: which.step][:rows, :columns]
    size = movie.pixel_size
    for number in range(1, max(int(labels.max()), 1) + 1) if labels.any() else (0,):
        pixels = int(np.count_nonzero(labels == number))
        row: dict[str, float] = {"frame": index}
        if movie.time is not None:
            row["time_s"] = float(movie.time[index])
        row |= {"region": number, "area_fraction": pixels / labels.size}
        row["area_nm2" if size else "area_px2"] = pixels * (size**2 if size else 1)
        inside = features[at == number]
        values = inside.mean(axis=0) if len(inside) else np.full(len(which.names), np.nan)
        yield row | dict(zip(which.names, map(float, values), strict=True))


def _message(found: Regions, settings: HeterogeneitySettings) -> str:
    measure = (
        f"features vary {found.heterogeneity:.1f} times as much as in even texture "
        f"({found.expected:.1f} ± {found.spread:.1f} by chance)"
    )
    if found.count == 1:
        return f"No structure: {measure}. Every pixel is region 0."
    if settings.regions is not None and not found.structured:
        return (
            f"{found.count} kinds of regions, as asked for, though there is no structure: "
            f"{measure}."
        )
    return f"{found.count} kinds of regions: {measure}."
