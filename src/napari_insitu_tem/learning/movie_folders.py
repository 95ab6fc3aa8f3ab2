"""Recordings to learn from: a movie, or all movies in a folder."""

from __future__ import annotations

import warnings
from pathlib import Path

from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.io.signal import ReadError
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.movie import CalibrationWarning, Movie

__all__ = ["FolderOfMovies"]

#: What lies beside recordings and is none.
_OTHERS = {".json", ".csv", ".md", ".txt", ".toml", ".zip"}


class FolderOfMovies:
    """Movies in a folder, or one movie.

    Parameters
    ----------
    path : path
        A movie, a folder of movies, or a folder of frames (which is one movie). Stills beside
        movies, and what cannot be read, are left out.

    Raises
    ------
    SampleError
        When there is no such path, or no recording in it.

    Attributes
    ----------
    movies : tuple of Movie
        In the order of their names.
    notes : list of str
        What was left out, and why.
    """

    def __init__(self, path: str | Path) -> None:
        path, self.notes = Path(path), list[str]()
        if not path.exists():
            raise SampleError(f"There is no folder or movie '{path}' to learn from.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CalibrationWarning)
            self.movies = tuple(self._inside(path)) or (self._whole(path),)

    def __len__(self) -> int:
        """Return the number of movies."""
        return len(self.movies)

    def sample(self, index: int) -> Movie:
        """Return a movie."""
        return self.movies[index]

    def _inside(self, path: Path) -> list[Movie]:
        """Return the movies in a folder."""
        if not path.is_dir() or path.suffix == ".zarr":
            return []
        movies: list[Movie] = []
        stills: list[Movie] = []
        for each in sorted(path.iterdir()):
            if each.name.startswith(".") or each.suffix.lower() in _OTHERS:
                continue
            try:
                movie = read_movie(each)
            except ReadError as error:
                self.notes.append(f"'{each.name}' is left out: {error}")
                continue
            (movies if movie.n_frames > 1 else stills).append(movie)
        if movies:
            self.notes += [f"'{still.name}' is left out: it is a single frame." for still in stills]
        return movies

    @staticmethod
    def _whole(path: Path) -> Movie:
        try:
            return read_movie(path)
        except ReadError as error:
            raise SampleError(
                f"There is no recording in '{path}' that could be read: {error}"
            ) from error
