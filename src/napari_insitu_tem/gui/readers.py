"""napari's door to recordings: drag and drop, File → Open, ``viewer.open``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_insitu_tem.io.formats.frames import SUFFIXES as PICTURES
from napari_insitu_tem.io.formats.omezarr import is_zarr
from napari_insitu_tem.io.read import SUFFIXES, read_movie
from napari_insitu_tem.io.signal import AmbiguousSignal, ReadError
from napari_insitu_tem.movie import CalibrationWarning, Movie

__all__ = ["get_reader", "read_layers"]

LayerTuple = tuple[Any, ...]
# napari's way of saying that a file was read and gave no layer.
_NO_LAYERS: list[LayerTuple] = [(None,)]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """Return the reader for a path (or several to be stacked), or None when it is not ours."""
    if not isinstance(path, str):
        ours = bool(path) and all(_suffix(Path(file)) in PICTURES for file in path)
        return _read_for_user if ours else None
    place = Path(path)
    if place.is_dir():
        ours = _suffix(place) in SUFFIXES or is_zarr(place) or _holds_pictures(place)
        return _read_for_user if ours else None
    return _read_for_user if _suffix(place) in SUFFIXES else None


def _suffix(path: Path) -> str:
    return path.suffix.lower().lstrip(".")


def _holds_pictures(folder: Path) -> bool:
    return any(_suffix(file) in PICTURES for file in folder.iterdir())


def read_layers(path: str | Path | Sequence[Path], signals: Sequence[int] = ()) -> list[LayerTuple]:
    """Return one napari layer tuple for every movie that is opened.

    Parameters
    ----------
    path : path or list of paths
        As for `read_movie`.
    signals : sequence of int
        Which of the file's signals, when it holds several.

    Raises
    ------
    ReadError
        When it cannot be opened as a movie.
    AmbiguousSignal
        When it holds several movies and `signals` does not say which.
    """
    from napari_insitu_tem.gui.layers import layer_data

    if not signals:
        movie = read_movie(path)
        return layer_data(movie, movie.name)
    layers: list[LayerTuple] = []
    for index in signals:
        movie = read_movie(path, signal=index)
        layers += layer_data(movie, _layer_name(movie))
    return layers


def _layer_name(movie: Movie) -> str:
    signal = str(movie.metadata["signal"])
    return signal if signal.startswith(movie.name) else f"{movie.name}: {signal}"


def _read_for_user(path: str | Sequence[str]) -> list[LayerTuple]:
    """Read for napari: ask when there is a choice, tell what was assumed, in the window.

    Without a window nobody can be asked or told, so errors and warnings go to the caller.
    """
    target: Any = path if isinstance(path, str) else [Path(file) for file in path]
    if not _has_window():
        return read_layers(target)
    from napari.utils.notifications import show_error, show_warning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CalibrationWarning)
        try:
            layers = _read_or_ask(target)
        except ReadError as error:
            show_error(str(error))
            return _NO_LAYERS
    told = [str(entry.message) for entry in caught if entry.category is CalibrationWarning]
    if told:
        show_warning("\n".join(dict.fromkeys(told)))
    return layers


def _read_or_ask(path: Any) -> list[LayerTuple]:
    try:
        return read_layers(path)
    except AmbiguousSignal as question:
        from napari_insitu_tem.gui.signal_dialog import SignalDialog

        chosen = SignalDialog.ask(question.signals, _title(path))
        return read_layers(path, chosen) if chosen else _NO_LAYERS


def _title(path: Any) -> str:
    return Path(path).name if isinstance(path, str) else Path(path[0]).parent.name


def _has_window() -> bool:
    """Whether there is a napari window, so that someone can be asked and told."""
    from qtpy.QtWidgets import QApplication

    if QApplication.instance() is None:
        return False
    return any(widget.isVisible() for widget in QApplication.topLevelWidgets())
