"""HRTEM frames and movies of particles whose atomic columns are known one by one."""

from napari_insitu_tem.simulate.columns.frame import ColumnFrame, draw_frame
from napari_insitu_tem.simulate.columns.movie import ColumnMovie, draw_movie
from napari_insitu_tem.simulate.columns.settings import ColumnsSettings

__all__ = [
    "ColumnFrame",
    "ColumnMovie",
    "ColumnsSettings",
    "draw_frame",
    "draw_movie",
]
