"""What the Retrain dock looks like; what it does is in `retrain`."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.form import SettingsForm, fill_width
from napari_insitu_tem.gui.retrain_result import ResultBox
from napari_insitu_tem.gui.train_plot import LossPlot
from napari_insitu_tem.learning.retrain_settings import RetrainSettings
from napari_insitu_tem.learning.settings import Report

__all__ = ["RetrainView"]

_SUMMARY = (
    "Let the network learn from the frames that you corrected by hand. The old one stays as it is."
)


class RetrainView(QWidget):
    """Choosers, the form, buttons, plot, progress, the comparison and a message.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers can be chosen.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.masks = LayerChooser(viewer, Labels, "Masks")
        self.movie = LayerChooser(viewer, Image, "Movie", none_means="the one segmented")
        self.model, self.left_out = QComboBox(), QComboBox()
        self.form = SettingsForm(RetrainSettings, hidden=("model", "left_out"))
        self.corrected, self.status, self.message = QLabel(), QLabel(), QLabel()
        self.plot, self.bar, self.result = LossPlot(), QProgressBar(), ResultBox()
        self.button, self.cancel = QPushButton("Retrain"), QPushButton("Cancel")
        self._set_up()
        self._build()

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the dock."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")
        self.message.setVisible(bool(text))

    def offer_models(self, in_use: str, names: list[str]) -> None:
        """List the networks to start from; None stands for the one in use."""
        self._fill(
            self.model, [(f"the one in use: {in_use}", None), *((name, name) for name in names)]
        )

    def offer_frames(self, frames: list[int]) -> None:
        """List the corrected frames, one of which is left out; None stands for the last."""
        if len(frames) > 1:
            known = ", ".join(str(frame) for frame in frames[:12])
            more = ", …" if len(frames) > 12 else ""
            self.corrected.setText(f"{len(frames)} corrected frames: {known}{more}")
            last = f"the last corrected: {frames[-1]}"
        elif frames:
            self.corrected.setText(
                f"Only frame {frames[0]} is corrected: half of it is learnt from, and the other "
                "half judges. Three frames or more are better."
            )
            last = f"one half of frame {frames[0]}"
        else:
            self.corrected.setText(
                "No frame of these masks is corrected yet. Correct a few, or mark those that are "
                "right, under Correct by hand."
            )
            last = "–"
        several = frames if len(frames) > 1 else []
        self._fill(self.left_out, [(last, None), *((str(frame), frame) for frame in several)])
        self.left_out.setEnabled(len(frames) > 1)

    def show_beginning(self) -> None:
        """Show that a training begins."""
        self.say("")
        self.plot.show_reports(())
        self.status.setText("Getting ready …")
        self.status.show()
        self.button.setText("Stop here")
        self.button.setToolTip("End the training now, and compare what it has learnt so far.")
        self.cancel.show()
        self.bar.setRange(0, 0)
        self.bar.setFormat("")
        self.bar.show()

    def show_standing(self, report: Report) -> None:
        """Say in a line where the training stands."""
        minutes, seconds = divmod(round(report.seconds_left), 60)
        left = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
        self.status.setText(f"Step {report.step}, loss {report.train_loss:.3f}. {left} left.")

    def show_idle(self) -> None:
        """Show that nothing runs."""
        self.button.setText("Retrain")
        self.cancel.setText("Cancel")
        for widget in (self.cancel, self.bar, self.status):
            widget.hide()
        self.cancel.setEnabled(True)
        unkept = self.result.unkept
        self.button.setEnabled(not unkept)
        self.button.setToolTip(
            "Keep or discard the new network first."
            if unkept
            else "Trains in the background for the time above, then compares."
        )

    # -- inside ----------------------------------------------------------------------------

    def _fill(self, box: QComboBox, items: list[tuple[str, Any]]) -> None:
        chosen = box.currentData()
        box.blockSignals(True)
        box.clear()
        for words, value in items:
            box.addItem(words, value)
        index = next((i for i, (_, value) in enumerate(items) if value == chosen), 0)
        box.setCurrentIndex(index)
        box.blockSignals(False)

    def _set_up(self) -> None:
        self.model.setToolTip("The network to start from. It stays as it is.")
        self.left_out.setToolTip(
            "A corrected frame that is not learnt from; old and new network are compared on it."
        )
        for box in (self.model, self.left_out):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(8)
        self.cancel.setToolTip("Stop, and keep nothing.")
        named = {
            "model": self.model,
            "left_out": self.left_out,
            "run": self.button,
            "cancel": self.cancel,
            "corrected": self.corrected,
            "status": self.status,
            "message": self.message,
        }
        for name, widget in named.items():
            widget.setObjectName(name)
        for label in (self.corrected, self.status, self.message):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        self.setMinimumWidth(300)

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        summary = QLabel(_SUMMARY)
        summary.setWordWrap(True)
        outer.addWidget(summary)
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, 0, 0)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for text, widget in (
            ("Masks", self.masks.native),
            ("Movie", self.movie.native),
            ("", self.corrected),
            ("Start from", self.model),
            ("Judge by", self.left_out),
        ):
            if widget is not self.corrected:
                fill_width(widget)
                widget.setAccessibleName(text)
            rows.addRow(text, widget)
        body.addLayout(rows)
        body.addWidget(self.form)
        body.addWidget(self.result)
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
        row.addWidget(self.cancel)
        row.addWidget(self.button)
        outer.addLayout(row)
        for below in (self.bar, self.status, self.message):
            outer.addWidget(below)
