"""The Plots dock: figures of what was measured, tied to canvas and table."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem import figures
from napari_insitu_tem.figures.style import axis_label
from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.canvas_link import link_canvas
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.plot_canvas import PlotCanvas
from napari_insitu_tem.gui.session import Selection, own_viewer, session_of
from napari_insitu_tem.results import Measurements

if TYPE_CHECKING:
    import napari

__all__ = ["PlotsDock"]

_NOT_PLOTTED = {"frame", "label", "track", "first_frame", "last_frame"}
_DEFAULTS = {"sizes": "equivalent_diameter", "over_time": "mean_diameter", "tracks": "diffusion"}


class PlotsDock(QWidget):
    """Choose a figure and its quantities; click into it to select a particle; export it."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = own_viewer(viewer)
        self.session = session_of(viewer)
        link_canvas(self.viewer)
        self._background = Background(self)
        self._build()
        self._connect()
        self.refresh()

    # -- what is shown ---------------------------------------------------------------------

    @property
    def figure_name(self) -> str:
        """Name of the chosen figure."""
        return str(self.kind.currentData())

    def show_figure(self, name: str, quantity: str | None = None, against: str | None = None):
        """Choose a figure and what it shows."""
        self.kind.setCurrentIndex(self.kind.findData(name))
        for box, wanted in ((self.quantity, quantity), (self.against, against)):
            if wanted is not None:
                box.setCurrentIndex(box.findData(wanted))

    def options(self) -> dict[str, Any]:
        """Return the figure's options as chosen."""
        taken = inspect.signature(figures.FIGURES[self.figure_name]).parameters
        options: dict[str, Any] = {}
        for name, box in (("quantity", self.quantity), ("against", self.against)):
            if name in taken and box.currentData():
                options[name] = box.currentData()
        if "frame" in taken and self.one_frame.isChecked():
            options["frame"] = self._current_frame()
        return options

    def refresh(self, _: Any = None) -> None:
        """Take over what the session has now."""
        measured = self.session.measurements
        for widget in (self.kind, self.quantity, self.against, self.export_button):
            widget.setEnabled(measured is not None)
        todo = "run Measure" if self.session.tracking is not None else "run Track, then Measure"
        self.say("" if measured else f"There is nothing to plot yet: {todo}.")
        self._offer()

    def redraw(self, _: Any = None) -> None:
        """Draw the chosen figure again, as soon as the window has time."""
        measured, name = self.session.measurements, self.figure_name
        self.plot.mark(self.session.selection.track, self._current_frame())
        if measured is None:
            self.plot.plot(None)
            return
        self.say("")
        options = self.options()
        self.plot.plot(lambda axes: figures.FIGURES[name](measured, axes, **options))

    def _offer(self, _: Any = None) -> None:
        """Offer the quantities that the chosen figure can show."""
        measured, name = self.session.measurements, self.figure_name
        taken = inspect.signature(figures.FIGURES[name]).parameters
        quantities: dict[str, str] = {}
        against: dict[str, str] = {}
        if measured is not None and "quantity" in taken:
            quantities = _quantities(name, measured)
        if measured is not None and "against" in taken:
            against = _against(name, measured)
        _fill(self.quantity, quantities, _DEFAULTS.get(name))
        _fill(self.against, against, "mean_diameter" if name == "tracks" else None)
        self.form.setRowVisible(self.quantity, bool(quantities))
        self.form.setRowVisible(self.against, bool(against))
        self.one_frame.setVisible("frame" in taken)
        self.redraw()

    # -- selection, both ways --------------------------------------------------------------

    def _pick(self, track: int, frame: int) -> None:
        now = self._current_frame()
        chosen = track if track > 0 else self.session.selection.track
        if frame < 0:
            particles = self.session.measurements.tracking.particles
            seen = particles.loc[particles["track"] == chosen, "frame"]
            frame = now if (seen == now).any() or not len(seen) else int(seen.iloc[0])
        self.session.select(chosen, frame)

    def _follow(self, _: Selection | None = None) -> None:
        if self.figure_name == "sizes" and self.one_frame.isChecked():
            self.redraw()
        self.plot.mark(self.session.selection.track, self._current_frame())

    def _follow_frame(self, _: Any = None) -> None:
        self._follow()

    def _current_frame(self) -> int:
        dims = self.viewer.dims
        return int(dims.current_step[0]) if dims.ndim > 2 else 0

    # -- taking it elsewhere ---------------------------------------------------------------

    def export(self) -> None:
        """Ask for a file name and write the figure and its numbers."""
        path, _ = QFileDialog.getSaveFileName(
            self, "Export figure", f"{self.figure_name}.svg", "Figures (*.svg *.png *.pdf)"
        )
        if path:
            self.export_to(path)

    def export_to(self, path: str | Path) -> None:
        """Write the figure, and its numbers as CSV beside it, in the background."""
        path = Path(path)
        path = path if path.suffix else path.with_suffix(".svg")
        measured, name, options = self.session.measurements, self.figure_name, self.options()
        if measured is None or self._background.running:
            return
        self.say("Writing …")
        self._background.start(lambda job: figures.save(name, measured, path, **options))

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message below the plot."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")
        self.message.setVisible(bool(text))

    # -- inside ----------------------------------------------------------------------------

    def _build(self) -> None:
        self.kind = QComboBox()
        for name, title in figures.TITLES.items():
            self.kind.addItem(title, name)
        self.kind.setToolTip("Which figure.")
        self.quantity, self.against = QComboBox(), QComboBox()
        self.quantity.setToolTip("What is shown.")
        self.against.setToolTip("What it is plotted against: time, temperature, another quantity.")
        self.one_frame = QCheckBox("Only the frame that is shown")
        self.export_button = QPushButton("Export …")
        self.export_button.setToolTip("Write SVG, PNG or PDF, and the numbers as CSV beside it.")
        for box in (self.kind, self.quantity, self.against):
            fill_width(box)
            box.setMinimumContentsLength(14)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        top = QHBoxLayout()
        top.addWidget(self.kind, 1)
        top.addWidget(self.export_button)
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.form.addRow("Quantity", self.quantity)
        self.form.addRow("Against", self.against)
        self.plot = PlotCanvas()
        self.message = QLabel()
        self.message.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(top)
        layout.addLayout(self.form)
        layout.addWidget(self.one_frame)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.message)
        self.setMinimumWidth(320)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._offer)
        self.quantity.currentIndexChanged.connect(self.redraw)
        self.against.currentIndexChanged.connect(self.redraw)
        self.one_frame.toggled.connect(self.redraw)
        self.export_button.clicked.connect(self.export)
        self.plot.picked.connect(self._pick)
        self.plot.failed.connect(lambda text: self.say(text, error=True))
        self._background.finished.connect(
            lambda paths: self.say(f"Written: {paths[0]} and {paths[1].name}")
        )
        self._background.failed.connect(lambda text: self.say(text, error=True))
        listen(
            self,
            (self.session.selected, self._follow),
            (self.session.tracked, self.refresh),
            (self.session.measured, self.refresh),
            (self.viewer.dims.events.current_step, self._follow_frame),
        )


def _numeric(table: pd.DataFrame) -> list[str]:
    return [
        str(name)
        for name in table.columns
        if name not in _NOT_PLOTTED
        and is_numeric_dtype(table[name])
        and not is_bool_dtype(table[name])
    ]


def _quantities(figure: str, measured: Measurements) -> dict[str, str]:
    """Return what a figure can show, as titles by column name."""
    particles = _numeric(measured.tracking.particles)
    if figure == "sizes":
        return {name: axis_label(name, measured) for name in particles if name not in "yx"}
    if figure == "tracks":
        return {name: axis_label(name, measured) for name in _numeric(measured.tracks)}
    frames = [name for name in _numeric(measured.frames) if name != "time_s"]
    found = {name: axis_label(name, measured) for name in frames}
    each = (name for name in particles if name not in found)
    return found | {name: f"{axis_label(name, measured)}, each particle" for name in each}


def _against(figure: str, measured: Measurements) -> dict[str, str]:
    table = measured.tracks if figure == "tracks" else measured.frames
    names = _numeric(table)
    if figure != "tracks":
        # Time first, then what the holder's log says, then what was measured.
        measured_here = {"count", "density", "coverage", "nearest_distance", "neighbours"}
        measured_here |= {name for name in names if name.endswith("_diameter")}
        measured_here |= {"psi4", "psi6"}
        names = [name for name in names if name not in measured_here]
        names.insert(1 if "time_s" in names else 0, "frame")
    return {name: axis_label(name, measured) for name in names}


def _fill(box: QComboBox, entries: dict[str, str], default: str | None) -> None:
    """Fill a chooser, keeping what was chosen where it is still there."""
    wanted = box.currentData()
    box.blockSignals(True)
    box.clear()
    for name, title in entries.items():
        box.addItem(title, name)
    for candidate in (wanted, default):
        at = box.findData(candidate) if candidate is not None else -1
        if at >= 0:
            box.setCurrentIndex(at)
            break
    box.blockSignals(False)
