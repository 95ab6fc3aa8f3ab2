"""Fourier checks: angles, spacings and extent of lattices in regions of a movie, over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.denoise import windows
from napari_insitu_tem.analysis.fourier.extent import Extent
from napari_insitu_tem.analysis.fourier.following import FIRST_FRAMES, RegionFollower
from napari_insitu_tem.analysis.fourier.regions import region_mask, regions_from_text
from napari_insitu_tem.analysis.fourier.window import FourierError, Window
from napari_insitu_tem.io.store import as_dask, new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.fourier.maps import (
    Lattices,
    change_between,
    extent_of,
    lattices_now,
)
from napari_insitu_tem.tasks.fourier.result import FourierChecks
from napari_insitu_tem.tasks.fourier.settings import FourierSettings
from napari_insitu_tem.tasks.fourier.words import no_fringes, summary
from napari_insitu_tem.tasks.registry import task

__all__ = ["FourierChecks", "FourierSettings", "fourier"]


@task(title="Fourier checks", result="lattice")
def fourier(
    movie: Movie, settings: FourierSettings = FourierSettings(), job: Job = Job()
) -> FourierChecks:
    """Measure angles, spacings and extent of lattices in regions of a movie, over time.

    Parameters
    ----------
    movie : Movie
        Frames with lattice fringes; read once, and the frames at both ends once more.
    settings : FourierSettings
        Regions, what counts as a peak, where a lattice ends.
    job : Job
        Progress and cancel.

    Returns
    -------
    FourierChecks
        Tables and maps.

    Raises
    ------
    FourierError
        When a region is too small, lies outside, is constant or saturated in all frames, or when
        no region shows fringes in any frame.
    """
    shape = movie.frame_shape
    corners = regions_from_text(settings.regions)
    masks = [region_mask(each, shape) for each in corners] or [np.ones(shape, bool)]
    followers = [RegionFollower(Window.of_mask(mask), settings.search) for mask in masks]
    _begin(movie, followers)
    looked = _Looked(movie, settings, followers)
    store = new_frames(movie.data.shape, np.uint8) if settings.extent else None
    areas: list[tuple[int, int, int, int]] = []
    known: list[Lattices | None] = []
    noisy = False
    steps = job.map(looked.map, looked, "Following fringes", movie.n_frames)
    for index, (lattices, extent) in enumerate(steps):
        known.append(lattices)
        if store is None or lattices is None or extent is None:
            continue
        numbers = np.append(0, lattices.regions).astype(np.uint8)
        labels = numbers[extent.labels]
        store[index] = labels
        noisy |= any(extent.noisy)
        for place, region in enumerate(lattices.regions, start=1):
            inside = extent.area(place, masks[region - 1])
            areas.append((index, region, extent.area(place), inside))
    if not any(follower.reference for follower in followers):
        raise FourierError(looked.trouble or no_fringes(len(followers)))
    return _result(movie, settings, job, followers, looked, store, areas, known, noisy)


def _begin(movie: Movie, followers: Sequence[RegionFollower]) -> None:
    """Find the pairs of every region in the first frames together."""
    frames = [movie.frame(index) for index in range(min(FIRST_FRAMES, movie.n_frames))]
    for follower in followers:
        usable = []
        for frame in frames:
            pixels, _ = _pixels(frame, follower.window)
            if pixels is not None:
                usable.append(pixels)
        follower.begin(usable)


def _pixels(frame: np.ndarray, window: Window) -> tuple[np.ndarray | None, str]:
    try:
        return window.of(frame), ""
    except FourierError as error:  # a blanked beam, say: that frame is left out, and counted
        return None, str(error)


@dataclass(frozen=True, eq=False)
class _Step:
    """A frame with what is needed to map it."""

    frames: tuple[np.ndarray, ...]
    lattices: Lattices | None


class _Looked:
    """Follows all regions from frame to frame, in order; the maps are made on threads."""

    def __init__(
        self, movie: Movie, settings: FourierSettings, followers: Sequence[RegionFollower]
    ) -> None:
        self.movie, self.settings, self.followers = movie, settings, followers
        self.trouble, self.unusable = "", 0

    def __iter__(self) -> Iterator[_Step]:
        """Yield every frame, after its fringes were found."""
        half = self.settings.frames // 2
        prepared: Any = self._prepared()  # windows of anything, not of frames alone
        for held in windows(prepared, half, half):
            frames, pixels = zip(*held.frames, strict=True)
            for number, follower in enumerate(self.followers):
                own = [each[number] for each in pixels if each[number] is not None]
                here = pixels[held.centre][number] is not None
                follower.add(own if here else [])
            yield _Step(frames, lattices_now(self.followers, self.settings.blur))

    def _prepared(self) -> Iterator[tuple[np.ndarray, list[np.ndarray | None]]]:
        for frame in self.movie.iter_frames():
            parts = [_pixels(frame, follower.window) for follower in self.followers]
            troubles = [text for _, text in parts if text]
            self.trouble = self.trouble or "".join(troubles[:1])
            self.unusable += bool(troubles)
            yield frame, [pixels for pixels, _ in parts]

    def map(self, step: _Step) -> tuple[Lattices | None, Extent | None]:
        """Find where the lattices of a frame are."""
        if step.lattices is None or not self.settings.extent:
            return step.lattices, None
        return step.lattices, extent_of(step.frames, step.lattices, self.settings.fraction)


def _result(
    movie: Movie,
    settings: FourierSettings,
    job: Job,
    followers: Sequence[RegionFollower],
    looked: _Looked,
    store: np.ndarray | None,
    areas: list[tuple[int, int, int, int]],
    known: Sequence[Lattices | None],
    noisy: bool,
) -> FourierChecks:
    import pandas as pd

    from napari_insitu_tem.analysis.fourier.series import (
        lattice_course,
        misorientation_course,
        pair_courses,
    )

    changes, change = pd.DataFrame(), None
    if settings.extent:
        changes, change, doubtful = change_between(movie, settings, known, job)
        noisy |= doubtful
    columns = ["frame", "region", "lattice_area", "lattice_area_in_region"]
    found = FourierChecks(
        movie,
        lattice_course(followers),
        pair_courses(followers),
        misorientation_course(followers),
        pd.DataFrame(areas, columns=columns),
        changes,
        extent=None if store is None else Segmentation(as_dask(store), movie),
        change=change,
    )
    message = summary(found, followers, noisy=noisy, unusable=looked.unusable)
    job.log(message)
    return found.replace(message=message)
