"""Focal series of MoS2 monolayers with vacancies, with the truth about every column."""

from napari_insitu_tem.simulate.focal.kept import compute_sheets
from napari_insitu_tem.simulate.focal.movie import FocalMovie, draw_series_movie
from napari_insitu_tem.simulate.focal.series import FocalSeries, draw_series
from napari_insitu_tem.simulate.focal.settings import FocalSettings

__all__ = [
    "FocalMovie",
    "FocalSeries",
    "FocalSettings",
    "compute_sheets",
    "draw_series",
    "draw_series_movie",
]
