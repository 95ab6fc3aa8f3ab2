"""Columns corrected by hand: a Points layer that the table follows, with undo."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Points
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_insitu_tem import units
from napari_insitu_tem.gui.layers import KEY
from napari_insitu_tem.tasks.columns.editing import Corrections, with_places
from napari_insitu_tem.tasks.columns.result import Columns

__all__ = ["FEATURES", "ColumnEditor"]

#: What columns may be coloured by, with its title.
FEATURES = {
    "": "one colour",
    "intensity": "Intensity",
    "width": "Width",
    "residual": "Residual of the fit",
    "certainty": "Certainty",
    "nearest_distance": "Nearest distance",
    "displacement": "Displacement from the lattice",
    "strain_xx": "Strain along x",
    "strain_yy": "Strain along y",
    "strain_xy": "Shear strain",
    "lattice_rotation": "Rotation of the lattice",
    "surface": "Surface",
    "site": "Site",
}

_PLAIN = np.array([0.2, 0.76, 1.0, 1.0])
_NO_VALUE = np.array([0.6, 0.6, 0.6, 1.0])
_SIGNED = ("strain_xx", "strain_yy", "strain_xy", "lattice_rotation")
_MOST_UNDONE = 50
_SIZE = 0.3  # of the spacing
_SMALLEST = 2.0


class ColumnEditor:
    """Keeps a Points layer and a `Columns` result in step, whichever of them changes.

    napari's own tools add, move and delete points; every change is measured again in its frame.

    Parameters
    ----------
    layer : napari.layers.Points
        Made from the result: one point a row, (frame, y, x).
    found : Columns
        The result.
    """

    changed = Signal()

    def __init__(self, layer: Points, found: Columns) -> None:
        self.layer = layer
        self.found = found
        self.corrections = Corrections()
        self.feature = ""
        self._undo: list[tuple[Columns, Corrections]] = []
        self._busy = False
        size = found.spacing if np.isfinite(found.spacing) else 8.0
        layer.size = max(_SIZE * size, _SMALLEST)
        layer.current_size = max(_SIZE * size, _SMALLEST)
        # A dark rim around a bright disc shows on any ground.
        layer.border_color = "black"
        layer.current_border_color = "black"
        layer.border_width = 0.16
        layer.opacity = 0.95
        self._show()
        layer.events.data.connect(self._follow)

    def let_go(self) -> None:
        """Follow the layer no more."""
        self.layer.events.data.disconnect(self._follow)

    def colour_by(self, feature: str) -> None:
        """Colour the points by a column of the table; by nothing for ``""``."""
        self.feature = feature
        self.layer.face_color = _colours(self.found, feature)
        self.layer.current_face_color = _PLAIN

    @property
    def can_undo(self) -> bool:
        """Whether there is a correction to take back."""
        return bool(self._undo)

    def undo(self) -> None:
        """Take the last correction back."""
        if self._undo:
            self.found, self.corrections = self._undo.pop()
            self._show()
            self.changed.emit()

    def replace(self, found: Columns) -> None:
        """Show another result of the same places, such as one that was followed again."""
        self.found = found
        self._undo.clear()
        self._show()
        self.changed.emit()

    def _follow(self, event: Any = None) -> None:
        """Take over what the hand did to the layer."""
        action = str(getattr(event, "action", "")).lower()
        if self._busy or action.endswith("ing"):  # napari tells before, too
            return
        before = self.found.table[["frame", "y", "x"]].to_numpy(float)
        now = np.asarray(self.layer.data, float).copy()
        now[:, 0] = np.clip(np.rint(now[:, 0]), 0, self.found.movie.n_frames - 1)
        origin = _origins(before, now)
        frames = _touched(before, now, origin)
        if not len(frames):
            return
        step = self.found, self.corrections
        chosen = [row for row in sorted(self.layer.selected_data) if row < len(now)]
        for frame in frames:
            rows = np.flatnonzero(now[:, 0] == frame)
            first = np.flatnonzero(before[:, 0] == frame)
            place = {int(row): index for index, row in enumerate(first)}
            of_row = np.array([place.get(int(origin[row]), -1) for row in rows], int)
            self.found, done = with_places(self.found, int(frame), now[rows, 1:], of_row)
            self.corrections += done
        self._undo = [*self._undo[1 - _MOST_UNDONE :], step]
        history = self.corrections.noted(self.found.history())
        self.found = self.found.replace(provenance=history)
        fresh = now[origin < 0]
        self._show()
        self._select(fresh if len(fresh) else now[chosen])
        if len(fresh):
            # napari selects the last point after it told of a new one, which in the order of the
            # table is another.
            QTimer.singleShot(0, lambda: self._select(fresh))
        self.changed.emit()

    def _show(self) -> None:
        """Bring the layer in step with the result."""
        self._busy = True
        try:
            table, movie = self.found.table, self.found.movie
            data = table[["frame", "y", "x"]].to_numpy(float)
            self.layer.selected_data = set()
            if data.shape != self.layer.data.shape or not np.array_equal(data, self.layer.data):
                self.layer.data = data
            self.layer.features = units.publish(
                table.drop(columns=["y", "x"]), movie.pixel_size, movie.frame_time
            ).reset_index(drop=True)
            self.layer.metadata = {**self.layer.metadata, KEY: self.found}
            self.colour_by(self.feature)
        finally:
            self._busy = False

    def _select(self, places: np.ndarray) -> None:
        """Select the points at these places (frame, y, x)."""
        data = np.asarray(self.layer.data, float)
        rows = [np.flatnonzero(np.abs(data - place).max(axis=1) < 1e-6) for place in places]
        self.layer.selected_data = set(np.concatenate(rows).tolist()) if rows else set()


def _origins(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Return for every point now the row that it was; −1 for new ones."""
    if len(before) == len(now):  # moved, or nothing
        return np.arange(len(now))
    if len(now) > len(before):  # napari puts new points behind the others
        return np.append(np.arange(len(before)), np.full(len(now) - len(before), -1))
    rows: dict[tuple[float, ...], list[int]] = {}
    for row, point in enumerate(before):
        rows.setdefault(tuple(point), []).append(row)
    return np.array([rows.get(tuple(point), [-1]).pop(0) for point in now], int)


def _touched(before: np.ndarray, now: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return the frames in which something is new, gone or moved."""
    gone = np.setdiff1d(np.arange(len(before)), origin)
    fresh = origin < 0
    moved = np.zeros(len(now), bool)
    kept = ~fresh
    moved[kept] = (np.abs(now[kept] - before[origin[kept]]) > 1e-9).any(axis=1)
    frames = [before[gone, 0], now[fresh | moved, 0], before[origin[moved], 0]]
    return np.unique(np.concatenate(frames))


def _colours(found: Columns, feature: str) -> np.ndarray:
    """Return a colour (n, 4) of every column; grey where the feature has no value."""
    from napari.utils.colormaps import ensure_colormap

    table = found.table
    if feature not in table or not len(table):
        return np.tile(_PLAIN, (len(table), 1))
    values = table[feature].to_numpy(float)
    if feature == "site":  # neighbours in number apart in colour
        values = np.where(values > 0, (values * 0.618034) % 1, np.nan)
    known = np.isfinite(values)
    if not known.any():
        return np.tile(_NO_VALUE, (len(table), 1))
    low, high = np.percentile(values[known], (2, 98))
    if feature in _SIGNED:
        high = max(abs(low), abs(high))
        low = -high
    name = "twilight_shifted" if feature in _SIGNED else "turbo" if feature == "site" else "viridis"
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    colours = ensure_colormap(name).map(np.where(known, share, 0.0))
    return np.where(known[:, np.newaxis], colours, _NO_VALUE)
