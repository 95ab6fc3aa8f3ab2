"""A focal series of a MoS2 sheet, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.simulate.focal.exposure import Exposure, draw_exposure
from napari_insitu_tem.simulate.focal.settings import FocalSettings
from napari_insitu_tem.simulate.hrtem.imaging import Conditions

if TYPE_CHECKING:
    from napari_insitu_tem.movie import Movie

__all__ = ["FocalSeries", "draw_series", "recorded"]


@dataclass(frozen=True, eq=False)
class FocalSeries:
    """A simulated focal series and the truth about it.

    Places are (y, x) in px of the first image; in image i the same atom lies ``shifts[i]``
    further.

    Parameters
    ----------
    images : (n, y, x) float32 array
        Electrons per pixel, in the order of the defocus.
    defoci : (n,) array
        nm; underfocus is positive.
    shifts : (n, 2) array
        (y, x) px, from the first image.
    positions : (m, 2) array
        Occupied columns within the first image.
    species : (m,) array of str
        What they are: "Mo", "2S" or "S".
    vacancies : (k, 2) array
        Columns that lack atoms; those that lack one of two S are among the columns, too.
    vacancy_kinds : (k,) array of str
        What is missing: "S" (one of two), "2S" (both) or "Mo".
    pixel_size : float
        nm.
    conditions : tuple of Conditions
        How each image was taken; their dose is that of one image.
    """

    images: np.ndarray
    defoci: np.ndarray
    shifts: np.ndarray
    positions: np.ndarray
    species: np.ndarray
    vacancies: np.ndarray
    vacancy_kinds: np.ndarray
    pixel_size: float
    conditions: tuple[Conditions, ...]

    @property
    def movie(self) -> Movie:
        """The images as a calibrated movie, one frame a defocus."""
        from napari_insitu_tem.movie import Movie

        return Movie(
            self.images,
            pixel_size=self.pixel_size,
            dose=self.conditions[0].dose,
            name="simulated focal series",
            metadata={
                "defoci": [float(defocus) for defocus in self.defoci],
                "images_per_series": len(self.images),
                "conditions": self.conditions[0].to_dict(),
            },
        )


def draw_series(settings: FocalSettings, rng: np.random.Generator) -> FocalSeries:
    """Draw a focal series: a sheet, how it is taken, and the noise.

    Parameters
    ----------
    settings : FocalSettings
        The ranges. `FocalSettings.dose` is that of one image.
    rng : numpy.random.Generator
        Where chance comes from; the same state gives the same series.

    Raises
    ------
    ExitWaveError
        Where `exit_waves` names a folder without sheets.
    """
    exposure = draw_exposure(settings, rng)
    return recorded(exposure, exposure.record(rng))


def recorded(exposure: Exposure, images: np.ndarray) -> FocalSeries:
    """Return recorded images with the truth about them."""
    last = np.array(images.shape[1:]) - 1

    def seen(places: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels = exposure.field.pixels(places)
        inside = ((pixels >= 0) & (pixels <= last)).all(axis=1)
        return pixels[inside], kinds[inside]

    positions, species = seen(*exposure.sheet.columns)
    vacancies, vacancy_kinds = seen(*exposure.sheet.vacancies)
    return FocalSeries(
        images,
        np.array([taken.defocus for taken in exposure.conditions]),
        exposure.shifts,
        positions,
        species,
        vacancies,
        vacancy_kinds,
        exposure.pixel_size,
        exposure.conditions,
    )
