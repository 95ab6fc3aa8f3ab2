"""LatentSpot: one window over time: its latents, its frames, and what a latent means for it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.picture_strip import PictureStrip
from napari_insitu_tem.job import Job

if TYPE_CHECKING:
    from napari_insitu_tem.figures.latent import Beside
    from napari_insitu_tem.tasks.latent import LatentMaps
    from napari_insitu_tem.tasks.latent.checks import Course

__all__ = ["LatentSpot"]

_FRAMES, _VALUES = 7, 7
#: Values of a traversal, in standard deviations of the latent over the training set.
_RANGE = 3.0


class LatentSpot(QWidget):
    """The plot z(t) of a window, a strip of its frames, and a traversal of one latent."""

    #: A frame was chosen in the strip.
    frame_chosen = Signal(int)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.found: LatentMaps | None = None
        self.place: tuple[int, int] | None = None
        self.latent: int | None = None
        self.frame = 0
        self.canvas: Any = None
        self._frames: list[int] = []
        self._stale = False
        self._reading = Background(self)
        self._reading.finished.connect(self._show_strips)
        self._reading.failed.connect(self.failed)
        self._reading.ended.connect(lambda: self._stale and self._read())
        self._build()

    # -- what the dock says ------------------------------------------------------------------

    def show_window(self, found: LatentMaps, row: int, column: int) -> None:
        """Show a window of a result."""
        self.found, self.place = found, (row, column)
        self._title.setText(_words(found, row, column))
        if self.canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self.canvas = PlotCanvas()
            self.layout().insertWidget(1, self.canvas)
        self._plot()
        self._read()
        self.show()

    def choose(self, latents: Sequence[int]) -> None:
        """Plot these latents; the first one is traversed."""
        self._which.setText(", ".join(map(str, latents)))
        self.latent = latents[0] if latents else None
        self._plot()
        self._read()

    def latents(self) -> list[int]:
        """Return the latents that are plotted."""
        count = 0 if self.found is None else self.found.latents
        numbers = [part.strip().lstrip("zZ") for part in self._which.text().split(",")]
        return [int(each) for each in numbers if each.isdigit() and int(each) < count]

    def show_courses(self, courses: Sequence[Course]) -> None:
        """Offer quantities that Fourier checks have measured, to be drawn beside latents."""
        self._beside.blockSignals(True)
        chosen = self._beside.currentText()
        self._beside.clear()
        self._beside.addItem("beside it: nothing", None)
        for course in courses:
            self._beside.addItem(f"beside it: {course.words}", course)
        self._beside.setCurrentIndex(max(0, self._beside.findText(chosen)))
        self._beside.blockSignals(False)
        self._beside.setVisible(bool(courses))
        self._plot()

    def mark(self, frame: int) -> None:
        """Mark the frame that the viewer shows."""
        self.frame = frame
        if self.canvas is not None:
            self.canvas.mark(None, frame)
        if self._frames:
            nearest = int(np.argmin(np.abs(np.array(self._frames) - frame)))
            self.strip.mark(nearest)

    def stop(self) -> None:
        """Let go of what is being read."""
        self._stale = False
        self._reading.cancel()

    # -- inside ------------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        self._title = QLabel()
        self._title.setObjectName("spot")
        self._title.setWordWrap(True)
        layout.addWidget(self._title)
        row = QHBoxLayout()
        self._which = QLineEdit()
        self._which.setObjectName("latents")
        self._which.setMinimumWidth(50)
        self._which.setToolTip("Latent variables to plot, with commas between: 63, 31.")
        self._which.editingFinished.connect(self._retyped)
        self._smooth = QSpinBox()
        self._smooth.setObjectName("smooth")
        self._smooth.setRange(1, 999)
        self._smooth.setValue(10)
        self._smooth.setPrefix("mean ")
        self._smooth.setMinimumWidth(110)
        self._smooth.setToolTip("Frames of the running mean (thick line).")
        self._smooth.valueChanged.connect(self._plot)
        row.addWidget(QLabel("z"))
        row.addWidget(self._which, 1)
        row.addWidget(self._smooth)
        layout.addLayout(row)
        self._beside = QComboBox()
        self._beside.setObjectName("beside")
        self._beside.setToolTip("Draw what Fourier checks have measured in this movie beside it.")
        self._beside.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._beside.setMinimumContentsLength(8)  # never wider than the dock
        fill_width(self._beside)
        self._beside.currentIndexChanged.connect(self._plot)
        self._beside.hide()
        layout.addWidget(self._beside)
        self.strip = PictureStrip()
        self.strip.setObjectName("window_strip")
        self.strip.setToolTip("The window over time; click to go there.")
        self.strip.chosen.connect(lambda number: self.frame_chosen.emit(self._frames[number]))
        self.meaning = QLabel()
        self.meaning.setWordWrap(True)
        self.traversal = PictureStrip()
        self.traversal.setObjectName("traversal")
        self.traversal.setToolTip("The window decoded while this latent alone changes.")
        for widget in (self.strip, self.meaning, self.traversal):
            layout.addWidget(widget)
        self.hide()

    def _retyped(self) -> None:
        chosen = self.latents()
        self.latent = chosen[0] if chosen else None
        self._plot()
        self._read()

    def _plot(self, _: int = 0) -> None:
        if self.canvas is None or self.found is None or self.place is None:
            return
        from napari_insitu_tem.figures.latent import draw_series

        series, frames = self.found.at(*self.place), self._smooth.value()
        self.canvas.plot(
            functools.partial(
                draw_series,
                series,
                self.latents(),
                times=self.found.movie.time,
                frames=frames,
                beside=_beside(self._beside.currentData(), series, frames),
            )
        )
        self.canvas.mark(None, self.frame)

    def _read(self) -> None:
        """Read the window's frames and decode the traversal, in the background."""
        if self.found is None or self.place is None:
            return
        self._stale = self._reading.running
        if self._stale:
            return
        found, place, latent, frame = self.found, self.place, self.latent, self.frame

        def work(job: Job) -> Any:
            at = np.linspace(0, found.movie.n_frames - 1, _FRAMES).round().astype(int)
            numbers = [int(number) for number in np.unique(at)]
            windows = np.stack([found.window(number, *place) for number in numbers])
            return numbers, windows, _traversed(found, place, latent, frame)

        self._reading.start(work, uses_device=False)

    def _show_strips(self, outcome: Any) -> None:
        self._frames, windows, traversed = outcome
        self.strip.show_pictures(windows, [str(number) for number in self._frames])
        self.mark(self.frame)
        self.traversal.setVisible(traversed is not None)
        self.meaning.setVisible(traversed is not None)
        if traversed is not None:
            latent, values, pictures, words = traversed
            self.meaning.setText(words)
            self.traversal.show_pictures(pictures, [f"{value:+.1f}" for value in values])
            self.traversal.mark(len(values) // 2)


def _beside(course: Course | None, series: np.ndarray, frames: int) -> Beside | None:
    if course is None:
        return None
    from napari_insitu_tem.figures.latent import Beside
    from napari_insitu_tem.tasks.latent.checks import correlation

    words = course.words[:1].upper() + course.words[1:]
    return Beside(words, course.frames, course.values, correlation(series, course, frames=frames))


def _traversed(
    found: LatentMaps, place: tuple[int, int], latent: int | None, frame: int
) -> tuple[int, np.ndarray, np.ndarray, str] | None:
    if latent is None:
        return None
    from napari_insitu_tem.inference.latent_decoder import traverse
    from napari_insitu_tem.models.store import get_model

    network = get_model(found.model).load("cpu")
    start = found.at(*place)[min(frame, len(found.series) - 1)]
    spread = float(np.sqrt(found.training_variance[latent])) or 1.0
    values = start[latent] + np.linspace(-_RANGE, _RANGE, _VALUES) * spread
    pictures = traverse(network, start, latent, values)  # type: ignore[arg-type]
    row = found.responses.iloc[latent]
    words = f"What z{latent} means here: the window of this frame, decoded with other values of it."
    if row["mostly"]:
        words += f" Of simulated lattices, it follows {row['mostly']} most."
    return latent, values, pictures, words


def _words(found: LatentMaps, row: int, column: int) -> str:
    y, x = found.grid.centre(row, column)
    cluster = int(found.clusters[row, column])
    kind = f"cluster {cluster}" if cluster else "no lattice"
    top = ", ".join(f"z{latent}" for latent in _top(found, row, column))
    return f"Window at row {y:.0f}, column {x:.0f} px ({kind}); most changes: {top}."


def _top(found: LatentMaps, row: int, column: int) -> list[int]:
    values = found.statistics.time_correlated_variance[row, column]
    return [int(latent) for latent in np.argsort(values)[::-1][:3]]
