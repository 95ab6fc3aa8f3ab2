"""Species: the element of every column of MoS2 and its vacancies, from focal series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.species import SpeciesError
from napari_insitu_tem.analysis.species.order import lattice_contrasts
from napari_insitu_tem.analysis.species.registration import find_shift
from napari_insitu_tem.analysis.species.sites import SPECIES
from napari_insitu_tem.io.store import as_dask, new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.tasks.species.result import Species
from napari_insitu_tem.tasks.species.series import (
    Registered,
    checked,
    read_maps,
    registered,
)
from napari_insitu_tem.tasks.species.settings import SpeciesSettings
from napari_insitu_tem.tasks.species.tables import Tables
from napari_insitu_tem.tasks.species.words import (
    dark_words,
    order_words,
    summary,
    wrong_images,
    wrong_length,
)

if TYPE_CHECKING:
    from napari_insitu_tem.tasks.species.network import SpeciesNetwork

__all__ = ["Species", "SpeciesError", "SpeciesSettings", "species"]

#: Vacancies of two series nearer than this, in bonds, are the same.
_SAME = 0.5


@task(title="Species", result="species")
def species(
    movie: Movie, settings: SpeciesSettings = SpeciesSettings(), job: Job = Job()
) -> Species:
    """Tell the element of every column in focal series of MoS2, and find vacancies.

    Parameters
    ----------
    movie : Movie
        Calibrated; the images of the first focal series, then those of the second, and so on.
    settings : SpeciesSettings
        Images of a series, network, threshold.
    job : Job
        Progress, cancel and device.

    Returns
    -------
    Species
        Tables of columns, vacancies and counts; the network's maps.

    Raises
    ------
    SpeciesError
        When the frames make no whole number of series, the network takes another number of
        images, the movie has no pixel size, or no series shows a sheet.
    ModelError
        When there is no such network.
    """
    from napari_insitu_tem.tasks.species.network import SpeciesNetwork

    network = SpeciesNetwork.of(settings.model, movie.pixel_size, job)
    per_series = settings.images or max(network.images, *settings.chosen, 1)
    if movie.n_frames % per_series:
        raise SpeciesError(wrong_length(movie.n_frames, per_series))
    used = settings.chosen or tuple(range(1, min(per_series, network.images) + 1))
    if len(used) != network.images:
        raise SpeciesError(wrong_images(len(used), network.images, settings.model))
    return _Run(movie, settings, network, per_series, used, job).result()


class _Run:
    """Goes through the series of a movie, one after the other."""

    def __init__(
        self,
        movie: Movie,
        settings: SpeciesSettings,
        network: SpeciesNetwork,
        per_series: int,
        used: Sequence[int],
        job: Job,
    ) -> None:
        self.movie, self.settings, self.network, self.job = movie, settings, network, job
        self.per_series, self.used = per_series, used
        self.n_series = movie.n_frames // per_series
        assert movie.pixel_size is not None
        self.pixel_size = movie.pixel_size / network.scale
        self.bond = settings.lattice_constant / np.sqrt(3) / self.pixel_size
        self.tables = Tables(network.scale)
        self.troubles: list[str] = []
        self.doubtful = 0
        self.wrong: dict[int, tuple[int, ...]] = {}
        self.dark = 0
        self.drift = np.zeros((self.n_series, 2))
        self.stores: list[np.ndarray] = []

    def result(self) -> Species:
        """Read all series."""
        before: np.ndarray | None = None
        for series, registered_ in self.job.track(
            self._registered(), "Telling elements", self.n_series
        ):
            if registered_ is None:
                continue
            if self.settings.check_order:
                self._check_order(series, registered_)
            maps = self.network.maps(registered_.images, self.job)
            self._keep(series, maps, registered_)
            try:
                reading = read_maps(
                    maps,
                    bond=self.bond,
                    settings=self.settings,
                    calibration=self.network.calibration,
                    check=self.job.check,
                )
            except SpeciesError as error:
                self.troubles.append(f"Series {series}: {error}")
                continue
            self.tables.add(series, reading, registered_.corner)
            self.tables.add_shifts(series, self.used, registered_.shifts)
            self.doubtful += registered_.doubtful
            first = self._seen_first(series)
            if before is not None:
                moved = find_shift(
                    first,
                    before,
                    pixel_size=self.pixel_size,
                    largest=self.settings.largest_shift,
                )
                self.drift[series:] += moved.pixels / self.network.scale
            before = first
        if not self.tables.counts:
            raise SpeciesError(f"{self._warning()} {self.troubles[0]}".strip())
        return self._made()

    def _registered(self) -> Iterator[tuple[int, Registered | None]]:
        for series in range(self.n_series):
            numbers = [series * self.per_series + at - 1 for at in self.used]
            try:
                images = checked([self.movie.frame(number) for number in numbers], numbers)
            except SpeciesError as error:
                self.troubles.append(str(error))
                yield series, None
                continue
            seen = [self.network.seen(image) for image in images]
            yield (
                series,
                registered(seen, pixel_size=self.pixel_size, settings=self.settings),
            )

    def _seen_first(self, series: int) -> np.ndarray:
        return self.network.seen(self.movie.frame(series * self.per_series + self.used[0] - 1))

    def _check_order(self, series: int, given: Registered) -> None:
        found = lattice_contrasts(list(given.images), bond=self.bond)
        if found.out_of_order:
            self.wrong[series] = found.best
        elif found.dark:
            self.dark += 1

    def _warning(self) -> str:
        """Return what makes all numbers doubtful."""
        words = []
        if self.wrong:
            words.append(order_words(self.wrong, self.n_series, self.used))
        if self.dark:
            words.append(dark_words(self.dark, self.n_series))
        return " ".join(words)

    def _keep(self, series: int, maps: np.ndarray, given: Registered) -> None:
        """Write the maps where the first image shows them."""
        if not self.settings.show_maps:
            return
        shape = self.network.seen(self.movie.frame(0)).shape
        if not self.stores:
            self.stores = [new_frames((self.n_series, *shape), np.float16) for _ in SPECIES]
        for store, values in zip(self.stores, maps, strict=True):
            whole = np.zeros(shape, np.float16)
            top, left = given.corner
            whole[top : top + values.shape[0], left : left + values.shape[1]] = values
            store[series] = whole

    def _made(self) -> Species:
        import pandas as pd

        counts = pd.DataFrame(self.tables.counts)
        warning = self._warning()
        message = summary(
            counts,
            self.troubles,
            doubtful=self.doubtful,
            dose=self.movie.dose,
            images=len(self.used),
        )
        message = f"{warning} {message}".strip()
        self.job.log(message)
        return Species(
            self.movie,
            self.per_series,
            pd.concat(self.tables.columns, ignore_index=True),
            self.tables.numbered(self.drift, _SAME * self.bond / self.network.scale),
            counts,
            pd.DataFrame(self.tables.shifts),
            maps=dict(zip(SPECIES, map(self._movie_of, self.stores), strict=bool(self.stores))),
            message=message,
            warning=warning,
        )

    def _movie_of(self, store: np.ndarray) -> Movie:
        """Return maps as a movie whose frames last for a series, over the images."""
        scale, origin, time = self.network.scale, self.movie.origin, self.movie.frame_time
        offset = 0.5 - 0.5 * scale
        return Movie(
            as_dask(store),
            pixel_size=self.pixel_size,
            frame_time=time * self.per_series if time else None,
            name=self.movie.name,
            origin=(origin[0] * scale + offset, origin[1] * scale + offset),
        )
