"""The Export dock: what to write of which result, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels, Layer, Tracks
from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.form import SettingsForm, fill_width
from napari_insitu_tem.gui.layers import (
    movie_from_layer,
    segmentation_from_layer,
    tracking_from_layer,
)
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.session import own_viewer, session_of
from napari_insitu_tem.io.export import ExportSettings, export
from napari_insitu_tem.io.video import VideoSettings
from napari_insitu_tem.job import Job, Progress

if TYPE_CHECKING:
    import napari

__all__ = ["ExportDock"]

_MEASURED = "Everything measured last"


class ExportDock(QWidget):
    """Writes a result with all that belongs to it into a folder."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = own_viewer(viewer)
        self.session = session_of(viewer)
        self._background = Background(self)
        self._written: list[Path] = []
        self._build()
        self._connect()
        self.refresh()

    # -- what the user does ----------------------------------------------------------------

    def refresh(self, *_: Any) -> None:
        """List what can be exported; what was chosen stays chosen while it is there."""
        chosen = self._chosen()
        self._what.blockSignals(True)
        self._what.clear()
        if self.session.measurements is not None:
            self._what.addItem(_MEASURED, _MEASURED)
        for layer in reversed(self.viewer.layers):
            if type(layer) in (Image, Labels, Tracks) and not layer.metadata.get("preview"):
                self._what.addItem(layer.name, layer)
        for index in range(self._what.count()):
            if self._what.itemData(index) is chosen:
                self._what.setCurrentIndex(index)
        self._what.blockSignals(False)

    def result(self) -> Any:
        """Return the chosen result; raises in plain words."""
        chosen = self._chosen()
        if chosen is None:
            raise ValueError("There is nothing to export yet: open a movie first.")
        if isinstance(chosen, str):
            if self.session.measurements is None:
                raise ValueError("Nothing is measured yet: run Measure first.")
            return self.session.measurements
        return _result_of(chosen)

    def run(self) -> None:
        """Write it, in the background; or cancel what runs."""
        if self._background.running:
            self._run.setText("Cancelling …")
            self._run.setEnabled(False)
            self._background.cancel()
            return
        folder = self._folder.text().strip()
        try:
            if not folder:
                raise ValueError("Choose a folder to export to.")
            result, settings, options = self.result(), self.form.value(), self.video.value()
        except Exception as error:
            self.say(plain_words(error), error=True)
            return

        def work(job: Job) -> list[Path]:
            return export(result, folder, settings=settings, video_options=options, job=job)

        self.say("")
        self._open.hide()
        self._run.setText("Cancel")
        self._bar.setRange(0, 0)
        self._bar.setFormat("Starting …")
        self._bar.show()
        self._background.start(work)

    def choose_folder(self) -> None:
        """Ask for the folder."""
        folder = QFileDialog.getExistingDirectory(self, "Export to", self._folder.text())
        if folder:
            self._folder.setText(folder)

    def open_folder(self) -> None:
        """Show the folder in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self._folder.text()).absolute())))

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message."""
        self._message.setText(text)
        self._message.setStyleSheet("color: #e06c5a;" if error else "")
        self._message.setVisible(bool(text))

    # -- inside ----------------------------------------------------------------------------

    def _chosen(self) -> Any:
        return self._what.currentData()

    def _finish(self, written: list[Path]) -> None:
        self._written = written
        if not written:
            self.say("Nothing was chosen to be written.", error=True)
            return
        self.say(
            f"Wrote {len(written)} file{'s' if len(written) > 1 else ''} to {self._folder.text()}."
        )
        self._open.show()

    def _show_progress(self, progress: Progress) -> None:
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        self._bar.setFormat(f"{progress.description} {progress.done}/{progress.total or '?'}")

    def _restore(self) -> None:
        self._run.setText("Export")
        self._run.setEnabled(True)
        self._bar.hide()

    def _connect(self) -> None:
        self._run.clicked.connect(self.run)
        self._open.clicked.connect(self.open_folder)
        background, refresh = self._background, self.refresh
        background.progressed.connect(self._show_progress)
        background.messaged.connect(self.say)
        background.finished.connect(self._finish)
        background.failed.connect(lambda text: self.say(text, error=True))
        background.cancelled.connect(
            lambda: self.say("Cancelled; only finished files are in the folder.")
        )
        background.ended.connect(self._restore)
        layers = self.viewer.layers.events
        changes = (layers.inserted, layers.removed, self.session.measured, self.session.tracked)
        listen(self, *((change, refresh) for change in changes), at_end=(background.cancel,))

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        intro = QLabel("Write a result into a folder, with all that belongs to it.")
        intro.setWordWrap(True)
        layout.addWidget(intro)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._what = QComboBox()
        self._what.setObjectName("what")
        self._what.setToolTip(
            "Measurements bring tracks, tables, figures and masks along; tracks bring masks along."
        )
        self._what.setMinimumContentsLength(12)
        fill_width(self._what)
        rows.addRow("Result", self._what)
        self._folder = QLineEdit(str(Path.home() / "insitu-tem"))
        self._folder.setObjectName("folder")
        self._folder.setToolTip("Made if it is missing; files of the same name are replaced.")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose a folder")
        browse.clicked.connect(self.choose_folder)
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._folder)
        line.addWidget(browse)
        rows.addRow("Folder", holder)
        layout.addLayout(rows)
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, 0, 0)
        self.form, self.video = SettingsForm(ExportSettings), SettingsForm(VideoSettings)
        body.addWidget(self.form)
        look = QCollapsible("What the video shows")
        look.layout().setContentsMargins(0, 0, 0, 0)
        look.addWidget(self.video)
        body.addWidget(look)
        body.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(inner)
        layout.addWidget(scroll, 1)
        self._open, self._run = QPushButton("Open folder"), QPushButton("Export")
        self._open.hide()
        self._run.setObjectName("run")
        self._run.setToolTip("Write the files, in the background.")
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._open)
        buttons.addWidget(self._run)
        layout.addLayout(buttons)
        self._bar, self._message = QProgressBar(), QLabel()
        self._message.setWordWrap(True)
        for widget in (self._bar, self._message):
            widget.hide()
            layout.addWidget(widget)
        self.setMinimumWidth(300)


def _result_of(layer: Layer) -> Any:
    if isinstance(layer, Tracks):
        return tracking_from_layer(layer)
    if isinstance(layer, Labels):
        return segmentation_from_layer(layer)
    return movie_from_layer(layer)
