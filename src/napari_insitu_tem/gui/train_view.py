"""What the Train dock looks like; what it does is in `train`."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.form import SettingsForm, fill_width
from napari_insitu_tem.gui.train_data import DataChooser
from napari_insitu_tem.gui.train_plot import LossPlot
from napari_insitu_tem.learning.settings import Report, TrainSettings

__all__ = ["TrainView"]

_HIDDEN = ("minutes", "steps", "seed", "resume", "mixed_precision", "workers", "clip", "warm_up")


class TrainView(QWidget):
    """Data, start, name and time; the settings; plot, progress and messages.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers can be learnt from.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.data = DataChooser(viewer, self._rows, self)
        self.start = QComboBox()
        self.name = QLineEdit()
        self.minutes = QDoubleSpinBox()
        self.form = SettingsForm(TrainSettings, hidden=_HIDDEN)
        self.plot = LossPlot()
        self.button = QPushButton("Train")
        self.bar = QProgressBar()
        self.status, self.message = QLabel(), QLabel()
        self._set_up()
        self._build()

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the dock."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")
        self.message.setVisible(bool(text))

    def show_standing(self, reports: list[Report]) -> None:
        """Say in a line where a training stands."""
        report = reports[-1]
        text = f"Step {report.step}, loss {report.train_loss:.3f}"
        judged = [each for each in reports if each.validation_loss is not None]
        if judged:
            measured = "".join(
                f", {name} {value:.2f}" for name, value in judged[-1].metrics.items()
            )
            text += f"; set aside: {judged[-1].validation_loss:.3f}{measured}"
        left = f". {_clock(report.seconds_left)} left" if report.seconds_left else ""
        self.status.setText(f"{text}{left}.")

    def show_idle(self) -> None:
        """Show that nothing trains."""
        self.button.setText("Train")
        self.button.setEnabled(True)
        self.bar.hide()

    def show_beginning(self) -> None:
        """Show that a training begins."""
        self.say("")
        self.plot.show_reports(())
        self.status.setText("Getting ready …")
        self.status.show()
        self.button.setText("End, keep the best")
        self.bar.setRange(0, 0)
        self.bar.setFormat("")
        self.bar.show()

    # -- inside ----------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.start.setToolTip(
            "A new network learns from nothing and needs many frames; a model that knows similar "
            "frames needs a few."
        )
        self.start.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.start.setMinimumContentsLength(8)
        self.name.setToolTip("Letters, digits, - and _; what to call it in the list of models.")
        self.minutes.setRange(0.05, 10_000)
        self.minutes.setDecimals(1)
        self.minutes.setToolTip("The training ends by itself then; you may end it sooner.")
        self.button.setToolTip("Trains in the background; the best so far is kept when ended.")
        named = {
            "start": self.start,
            "name": self.name,
            "minutes": self.minutes,
            "run": self.button,
            "message": self.message,
            "status": self.status,
        }
        for name, widget in named.items():
            widget.setObjectName(name)
        for label in (self.status, self.message):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.hide()
        self.bar.hide()
        self.setMinimumWidth(300)

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        summary = QLabel("Train a network on frames whose particles are known.")
        summary.setWordWrap(True)
        outer.addWidget(summary)
        for text, widget in (
            ("Start from", self.start),
            ("Name", self.name),
            ("Time (min)", self.minutes),
        ):
            fill_width(widget)
            self._rows.addRow(text, widget)
            widget.setAccessibleName(text)
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, 0, 0)
        body.addLayout(self._rows)
        body.addWidget(self.form)
        body.addWidget(self.plot)
        body.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        outer.addWidget(scroll, 1)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.button)
        outer.addLayout(row)
        for below in (self.bar, self.status, self.message):
            outer.addWidget(below)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
