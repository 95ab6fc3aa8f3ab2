"""What is found: the latents of every window over time, their statistics, and maps of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from napari_insitu_tem.analysis.latent_statistics import SeriesStatistics, active_first
from napari_insitu_tem.analysis.windows import WindowGrid
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult, Segmentation
from napari_insitu_tem.tasks.latent import tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAPS", "LatentMaps"]

#: What maps can show, as `SeriesStatistics` calls it and in words.
MAPS: Mapping[str, str] = MappingProxyType(
    {
        "time_correlated_variance": "time-correlated variance",
        "variance": "variance",
        "slow_variance": "variance beyond noise",
        "spearman": "Spearman's ρ against time",
        "rate": "change per frame",
    }
)


@dataclass(frozen=True, eq=False)
class LatentMaps(MovieResult):
    """Latent variables of all windows over time.

    Latents are numbered by ascending variance on the training set, as Wang et al. have it: the
    last one varies most.

    Parameters
    ----------
    movie : Movie
        As it was.
    grid : WindowGrid
        Where the windows lie.
    series : (t, rows, columns, latents) float32 array
        Latents over time; a memory map where they are large.
    statistics : SeriesStatistics
        Of shape (rows, columns, latents).
    lattice : (rows, columns) bool array
        Windows with a lattice; all, if that was not asked for.
    clusters : (rows, columns) uint8 array
        Windows that change alike have the same number, 1 where most happens; 0 without lattice.
    training_variance : (latents,) array
        Variance of every latent over the training set.
    responses : pandas.DataFrame
        What every latent does when a simulated lattice shifts, turns or fades.
    fourier : pandas.DataFrame, optional
        How latents go with what Fourier checks measured; see `checks.correlations`.
    model : str
        The network's name.
    message : str
        What was found, in a sentence or two.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    grid: WindowGrid
    series: np.ndarray
    statistics: SeriesStatistics
    lattice: np.ndarray
    clusters: np.ndarray
    training_variance: np.ndarray
    responses: pd.DataFrame
    fourier: pd.DataFrame | None = None
    model: str = ""
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    @property
    def latents(self) -> int:
        """Number of latent variables."""
        return len(self.training_variance)

    @property
    def active(self) -> np.ndarray:
        """Active latents, that of the largest training variance first."""
        return active_first(self.training_variance)

    def maps(self, kind: str = "time_correlated_variance") -> np.ndarray:
        """Return the maps (rows, columns, latents) of one kind; 0 where there is no lattice."""
        values: np.ndarray = getattr(self.statistics, kind)
        return np.where(self.lattice[..., np.newaxis], values, np.float32(0))

    def activity(self, kind: str = "time_correlated_variance") -> np.ndarray:
        """Return the sum (rows, columns) over the active latents: where anything happens."""
        values = self.maps(kind)[..., self.active]
        return (np.abs(values) if kind == "spearman" else values).sum(axis=-1)

    def most_active(
        self,
        windows: np.ndarray | None = None,
        *,
        kind: str = "time_correlated_variance",
        count: int = 3,
    ) -> list[int]:
        """Return the latents that change most in some windows, the first one most.

        Parameters
        ----------
        windows : (rows, columns) bool array, optional
            Which windows; all with a lattice otherwise.
        kind : str
            One of `MAPS`.
        count : int
            How many latents.
        """
        chosen = self.lattice if windows is None else windows
        values = np.abs(getattr(self.statistics, kind)[chosen])
        if not len(values):
            return []
        return [int(latent) for latent in np.argsort(values.mean(axis=0))[::-1][:count]]

    def inside(self, top: float, bottom: float, left: float, right: float) -> np.ndarray:
        """Return the windows (rows, columns) whose centres lie in a rectangle, px of the frame."""
        y, x = self.grid.centres()
        rows, columns = (y >= top) & (y <= bottom), (x >= left) & (x <= right)
        return rows[:, np.newaxis] & columns

    def at(self, row: int, column: int) -> np.ndarray:
        """Return the latents (t, latents) of one window."""
        return np.asarray(self.series[:, row, column])

    def window(self, frame: int, row: int, column: int) -> np.ndarray:
        """Return the pixels (edge, edge) of one window in one frame, as they were."""
        half = self.grid.edge / 2
        rows, columns = (
            slice(round(middle - half + 0.5), round(middle - half + 0.5) + round(2 * half))
            for middle in self.grid.centre(row, column)
        )
        return np.asarray(self.movie.data[frame, rows, columns])

    def save_series(self, path: str | Path) -> Path:
        """Write the latents over time as ``.npz``: ``z``, ``y_px``, ``x_px`` and ``time``."""
        from napari_insitu_tem.io.series import write_series

        y, x = self.grid.centres()
        time = self.movie.time
        frames = np.arange(len(self.series))
        return write_series(
            path, z=self.series, y_px=y, x_px=x, time=frames if time is None else time
        )

    # -- what every result tells -------------------------------------------------------------

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the maps, a latent a page; pixels are windows, placed by their centres."""
        pages = {kind: np.moveaxis(self.maps(kind), -1, 0) for kind in MAPS}
        pages["activity"] = self.activity()[np.newaxis]
        return {name: self._as_movie(page, name) for name, page in pages.items()}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return a row a latent, a row a window, the responses, and Fourier checks if any."""
        found = {
            "latents": tables.of_latents(self),
            "windows": tables.of_windows(self),
            "responses": self.responses,
        }
        if self.fourier is not None:
            found["fourier"] = self.fourier
        return found

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: the gallery of maps, and the variances of the latents."""
        from napari_insitu_tem.figures.latent import draw_gallery, draw_variances

        shown = self.active
        return {
            "gallery": functools.partial(draw_gallery, self.maps()[..., shown], shown),
            "latent_variances": functools.partial(draw_variances, self.training_variance),
        }

    def replace(self, **changes: Any) -> LatentMaps:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _as_movie(self, pages: np.ndarray, name: str) -> Movie:
        size, step = self.movie.pixel_size, self.grid.spacing
        # Places count in pixels of their own, which are windows.
        origin = tuple((start + self.grid.first_centre) / step for start in self.movie.origin)
        return Movie(
            np.ascontiguousarray(pages, np.float32),
            pixel_size=None if size is None else size * step,
            origin=(origin[0], origin[1]),
            name=f"{self.movie.name} {name.replace('_', ' ')}",
        )
