"""Thon rings: defocus and astigmatism of every frame, from the film's power spectrum."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.denoise import windows
from napari_insitu_tem.analysis.fourier.regions import region_mask, regions_from_text
from napari_insitu_tem.analysis.fourier.thon import ThonSpectrum, averaged, polar, window_size
from napari_insitu_tem.analysis.fourier.thon_fit import ThonFit, fit_rings
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.tasks.thon.result import Thon, curve_table, lens_table, summary
from napari_insitu_tem.tasks.thon.settings import ThonSettings

__all__ = ["Thon", "ThonSettings", "region_of", "rings_of", "thon"]

_LOWEST_STEPS = 3  # of the spectrum, below which a Hann window's own shape shows


@task(title="Thon rings")
def thon(movie: Movie, settings: ThonSettings = ThonSettings(), job: Job = Job()) -> Thon:
    """Measure defocus and astigmatism of every frame from the Thon rings of an amorphous film.

    Parameters
    ----------
    movie : Movie
        Frames with amorphous film, with a pixel size.
    settings : ThonSettings
        The microscope, the region, the range of the search.
    job : Job
        Progress and cancel.

    Returns
    -------
    Thon
        Table and curves.

    Raises
    ------
    MovieError
        When the movie has no pixel size.
    FourierError
        When the region is too small or lies outside, or no frame shows rings, with why.
    """
    mask = region_of(movie, settings)
    size = settings.window or window_size(mask)

    half = settings.frames // 2
    spectra: Any = (_spectrum(frame, mask, size) for frame in movie.iter_frames())
    found: list[ThonFit | None] = []
    trouble = ""
    fits = job.map(
        lambda held: _rings(held, movie, settings),
        windows(spectra, half, half),
        "Finding rings",
        movie.n_frames,
    )
    for fit in fits:
        if isinstance(fit, str):
            trouble = trouble or fit
        found.append(None if isinstance(fit, str) else fit)
    if not any(fit is not None for fit in found):
        raise FourierError(trouble)
    result = Thon(movie, lens_table(found), curve_table(found))
    message = summary(result, both_signs=settings.lowest < 0 < settings.highest)
    job.log(message)
    return result.replace(message=message)


def region_of(movie: Movie, settings: ThonSettings) -> np.ndarray:
    """Return the region (y, x) of film; refuses a movie without a pixel size."""
    if movie.pixel_size is None:
        raise MovieError(
            "This movie has no pixel size, without which rings give no defocus. Set it under "
            "Calibrate."
        )
    corners = regions_from_text(settings.region)
    shape = movie.frame_shape
    return region_mask(corners[0], shape) if corners else np.ones(shape, bool)


def rings_of(spectrum: ThonSpectrum, movie: Movie, settings: ThonSettings) -> ThonFit:
    """Return the rings of a spectrum.

    Raises
    ------
    FourierError
        When there are none, or fringes of a lattice hide them.
    """
    assert movie.pixel_size is not None
    lowest = _LOWEST_STEPS / spectrum.size
    if settings.longest is not None:
        lowest = max(lowest, 1 / settings.longest)
    cells = polar(spectrum, lowest=lowest, highest=1 / settings.shortest)
    return fit_rings(cells, settings.optics, movie.pixel_size, settings.search)


def _spectrum(frame: np.ndarray, mask: np.ndarray, size: int) -> ThonSpectrum | str:
    try:
        return averaged([frame], mask, size=size)
    except FourierError as error:  # a blanked beam, say: that frame is left out, and counted
        return str(error)


def _rings(held: Any, movie: Movie, settings: ThonSettings) -> ThonFit | str:
    """Return the rings of a frame and its neighbours, or why there are none."""
    here = held.frames[held.centre]
    if isinstance(here, str):
        return here
    near = [spectrum for spectrum in held.frames if not isinstance(spectrum, str)]
    try:
        return rings_of(functools.reduce(operator.add, near), movie, settings)
    except FourierError as error:
        return str(error)
