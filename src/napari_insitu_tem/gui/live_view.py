"""What the Live dock looks like; what it does is in `live`."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.form import SettingsForm, fill_width
from napari_insitu_tem.live.settings import LiveSettings

__all__ = [
    "FILE",
    "FOLDER",
    "SIMULATED",
    "SIMULATED_FAULTY",
    "SIMULATED_LATTICE",
    "SIMULATIONS",
    "LiveView",
]

FOLDER, FILE = "folder", "file"
SIMULATED, SIMULATED_FAULTY, SIMULATED_LATTICE = "simulated", "faulty", "lattice"
_SOURCES = (
    (FOLDER, "A folder of frames"),
    (FILE, "A file that grows"),
    (SIMULATED, "Simulated microscope"),
    (SIMULATED_FAULTY, "Simulated, with faults"),
    (SIMULATED_LATTICE, "Simulated lattice"),
)
#: What a `SimulatedMicroscope` is told for each of them.
SIMULATIONS: dict[str, dict[str, Any]] = {
    SIMULATED: {},
    SIMULATED_FAULTY: {"faulty": True},
    SIMULATED_LATTICE: {"lattice": True},
}
_LINES = 200


class LiveView(QWidget):
    """Source, settings, buttons, how it goes, and what happened."""

    def __init__(self) -> None:
        super().__init__()
        self.way = QComboBox()
        self.place = QLineEdit()
        self.browse = QToolButton()
        self.form = SettingsForm(LiveSettings)
        self.standing = QLabel()
        self.message = QLabel()
        self.log = QPlainTextEdit()
        self.start_button = QPushButton("&Start")
        self.record_button = QPushButton("&Record …")
        self._set_up()
        self._build()
        self.show_way()

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the dock."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")
        self.message.setVisible(bool(text))

    def note(self, text: str) -> None:
        """Add a line to what happened; the oldest lines go."""
        self.log.appendPlainText(text)
        self.log.show()

    def show_standing(self, words: list[str]) -> None:
        """Show how it goes, a line a fact."""
        self.standing.setText("\n".join(words))
        self.standing.setVisible(bool(words))

    def show_way(self) -> None:
        """Show what the chosen kind of source needs."""
        simulated = self.way.currentData() in SIMULATIONS
        self._rows.setRowVisible(self._place_row, not simulated)
        what = "folder" if self.way.currentData() == FOLDER else "file"
        self.place.setPlaceholderText(f"path of the {what}; need not be there yet")
        self.browse.setToolTip(f"Choose a {what}.")

    def show_running(self) -> None:
        """Show that something is followed."""
        self.start_button.setText("&Stop")
        self.start_button.setEnabled(True)
        self._allow(idle=False)

    def show_stopping(self) -> None:
        """Show that it is about to end."""
        self.start_button.setText("Stopping …")
        self.start_button.setEnabled(False)
        self.record_button.setEnabled(False)

    def show_idle(self) -> None:
        """Show that nothing is followed."""
        self.start_button.setText("&Start")
        self.start_button.setEnabled(True)
        self.show_recording(False)
        self._allow(idle=True)

    def show_recording(self, recording: bool) -> None:
        """Show whether what comes is recorded."""
        self.record_button.setText("End &recording" if recording else "&Record …")
        self.record_button.setStyleSheet("color: #e06c5a;" if recording else "")

    # -- inside ----------------------------------------------------------------------------

    def _allow(self, *, idle: bool) -> None:
        for widget in (self.way, self.place, self.browse, self.form):
            widget.setEnabled(idle)
        self.record_button.setEnabled(not idle)

    def _set_up(self) -> None:
        for value, words in _SOURCES:
            self.way.addItem(words, value)
        self.way.setToolTip(
            "Where the frames come from. In the simulated lattice a disc turns: for Map activity."
        )
        self.way.setMinimumContentsLength(8)
        self.way.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.browse.setText("…")
        self.start_button.setToolTip("Follow the frames as they come, from now on.")
        self.record_button.setToolTip(
            "Keep every frame, raw and refined, in a new folder, until recording is ended."
        )
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_LINES)
        self.log.setMaximumHeight(110)
        self.log.setToolTip("What happened to single frames.")
        self.log.hide()
        named = {
            "source": self.way,
            "place": self.place,
            "browse": self.browse,
            "run": self.start_button,
            "record": self.record_button,
            "standing": self.standing,
            "message": self.message,
            "log": self.log,
        }
        for name, widget in named.items():
            widget.setObjectName(name)
        for label in (self.standing, self.message):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.hide()
        self.setMinimumWidth(340)

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        summary = QLabel("Follow a running experiment: raw beside refined, as the frames come.")
        summary.setWordWrap(True)
        outer.addWidget(summary)
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._place_row = QWidget()
        row = QHBoxLayout(self._place_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.place)
        row.addWidget(self.browse)
        for text, widget in (("From", self.way), ("Path", self._place_row)):
            fill_width(widget)
            self._rows.addRow(text, widget)
        self.way.setAccessibleName("From")
        self.place.setAccessibleName("Path")
        outer.addLayout(self._rows)
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.form)
        body.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        outer.addWidget(scroll, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.record_button)
        buttons.addStretch()
        buttons.addWidget(self.start_button)
        outer.addLayout(buttons)
        for below in (self.standing, self.message, self.log):
            outer.addWidget(below)
