"""A matplotlib canvas whose points are particles: drawn lazily, marked without redrawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg, NavigationToolbar2QT
from matplotlib.figure import Figure
from qtpy.QtCore import QSize, QTimer, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_insitu_tem.figures import Drawn
from napari_insitu_tem.figures.style import PALETTE, RC

__all__ = ["PlotCanvas"]

_REACH = 12
_DELAY_MS = 80


class _Toolbar(NavigationToolbar2QT):
    """Home, pan and zoom; saving is the dock's, as the numbers go with the figure."""

    toolitems = [
        item for item in NavigationToolbar2QT.toolitems if item[0] in ("Home", "Pan", "Zoom")
    ]


class PlotCanvas(QWidget):
    """Shows what a function draws; marks a track and a frame in it; finds clicked points."""

    picked = Signal(int, int)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        with matplotlib.rc_context(RC):
            self.figure = Figure(layout="constrained", facecolor="white")
        self.canvas = FigureCanvasQTAgg(self.figure)
        self.canvas.setMinimumSize(220, 250)
        self.toolbar = _Toolbar(self.canvas, self, coordinates=False)
        self.toolbar.setIconSize(QSize(16, 16))
        self.drawn: Drawn | None = None
        self.track: int | None = None
        self.frame = 0
        self._axes: Any = None
        self._draw: Callable[[Any], Drawn] | None = None
        self._marks: list[Any] = []
        self._background: Any = None
        self._stale = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self.redraw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.toolbar)
        self.canvas.mpl_connect("draw_event", self._remember)
        self.canvas.mpl_connect("button_press_event", self._click)

    def plot(self, draw: Callable[[Any], Drawn] | None) -> None:
        """Show what `draw(axes)` draws, as soon as the window has time and shows this."""
        self._draw = draw
        self._stale = True
        self._timer.start()

    def mark(self, track: int | None, frame: int) -> None:
        """Mark a track and a frame, without drawing the rest again."""
        self.track, self.frame = track, frame
        if not self._stale and self.isVisible():
            self._show_marks()

    def redraw(self) -> None:
        """Draw now, unless nobody would see it."""
        if not self.isVisible():
            return
        self._stale = False
        self._marks, self._background, self.drawn, self._axes = [], None, None, None
        self.figure.clear()
        if self._draw is not None:
            with matplotlib.rc_context(RC):
                axes = self.figure.add_subplot()
                try:
                    self.drawn = self._draw(axes)
                    self._axes = axes
                except ValueError as error:
                    self.figure.clear()
                    self.failed.emit(str(error))
        self.toolbar.update()
        self.canvas.draw_idle()

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Draw what was put off while hidden."""
        super().showEvent(event)
        if self._stale:
            self._timer.start()

    # -- marks -----------------------------------------------------------------------------

    def _remember(self, _: Any) -> None:
        """Keep the finished plot, to put marks on copies of it."""
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self._make_marks()
        for mark in self._marks:
            self._axes.draw_artist(mark)

    def _show_marks(self) -> None:
        if self._background is None:
            return
        self.canvas.restore_region(self._background)
        self._make_marks()
        for mark in self._marks:
            self._axes.draw_artist(mark)
        self.canvas.blit(self.figure.bbox)

    def _make_marks(self) -> None:
        for mark in self._marks:
            mark.remove()
        self._marks = []
        drawn, axes = self.drawn, self._axes
        if drawn is None or axes is None:
            return
        limits = axes.get_xlim(), axes.get_ylim()
        style: dict[str, Any] = {"animated": True, "zorder": 10}
        if drawn.frame_x is not None and 0 <= self.frame < len(drawn.frame_x):
            x = drawn.frame_x[self.frame]
            if np.isfinite(x):
                self._marks.append(axes.axvline(x, color="black", lw=0.8, ls=":", **style))
        points = drawn.points
        if points is not None and self.track is not None:
            mine = points[points["track"] == self.track]
            now = mine[mine["frame"].isin((self.frame, -1))]
            if len(mine) and mine["y"].isna().all():
                for x in now["x"]:
                    self._marks.append(axes.axvline(x, color="black", lw=1.5, **style))
            elif len(mine):
                x, y = mine["x"].to_numpy(), mine["y"].to_numpy()
                self._marks += axes.plot(x, y, color="black", lw=2.6, **style)
                self._marks += axes.plot(x, y, color="#f0e442", lw=1.4, **style)
                if len(now) == 1:
                    spot = {"ms": 5.5, "mfc": PALETTE[1], "mec": "black", "mew": 0.8}
                    self._marks += axes.plot(now["x"], now["y"], "o", **spot, **style)
        axes.set_xlim(limits[0])
        axes.set_ylim(limits[1])

    # -- clicks ----------------------------------------------------------------------------

    def _click(self, event: Any) -> None:
        if event.button != 1 or event.inaxes is not self._axes or self.toolbar.mode:
            return
        found = self.point_at(event.x, event.y)
        if found is not None:
            self.picked.emit(*found)

    def point_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the (track, frame) of the point at display coordinates; −1 where it has none.

        Of points that are equally near, the one in the frame that is shown counts.
        """
        points = self.drawn.points if self.drawn is not None else None
        if points is None or not len(points):
            return None
        bars = bool(points["y"].isna().all())
        heights = np.zeros(len(points)) if bars else points["y"].to_numpy(float)
        place = self._axes.transData.transform(
            np.stack([points["x"].to_numpy(float), heights], axis=1)
        )
        with np.errstate(invalid="ignore"):
            across = place[:, 0] - x
            distance = np.abs(across) if bars else np.hypot(across, place[:, 1] - y)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        near = np.flatnonzero(distance <= max(distance.min(), 1.0))
        if not len(near) or distance[near[0]] > _REACH:
            return None
        frames = points["frame"].to_numpy(int)[near]
        best = near[np.argmin(np.abs(frames - self.frame))]
        return int(points["track"].iloc[best]), int(points["frame"].iloc[best])
