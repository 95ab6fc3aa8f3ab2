"""The Live dock: choose a source, start, and watch raw beside refined; record when wanted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.live_activity import LiveActivity
from napari_insitu_tem.gui.live_layers import LiveLayers
from napari_insitu_tem.gui.live_microscope import SimulatedMicroscope
from napari_insitu_tem.gui.live_start import made_follower
from napari_insitu_tem.gui.live_view import FOLDER, SIMULATIONS, LiveView
from napari_insitu_tem.gui.session import own_viewer
from napari_insitu_tem.live.settings import LiveSettings

if TYPE_CHECKING:
    import napari

    from napari_insitu_tem.live.follower import Follower
    from napari_insitu_tem.live.picture import Picture

__all__ = ["LiveDock"]

_TICK_MS, _WORDS_SECONDS = 15, 0.5


class LiveDock(LiveView):
    """Follows a running experiment.

    All reading, refining and recording is done by the follower's threads; the window looks at
    a timer's pace what is the latest, and shows it.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = own_viewer(viewer)
        self.follower: Follower | None = None
        self._layers = LiveLayers(self.viewer)
        self._over = LiveActivity(self.viewer)
        self._microscope: SimulatedMicroscope | None = None
        self._shown: Picture | None = None
        self._labels: Any = None
        self._activity: Any = None
        self._told = 0.0
        self._background = Background(self)
        self._timer = QTimer(self)
        self._connect()

    # -- what the user does ----------------------------------------------------------------

    def follow(self, path: str | Path, settings: LiveSettings | None = None) -> None:
        """Choose a folder or a growing file, and begin."""
        way = FOLDER if Path(path).is_dir() or not Path(path).suffix else "file"
        self.way.setCurrentIndex(self.way.findData(way))
        self.place.setText(str(path))
        if settings is not None:
            self.form.set_value(settings)
        self.start()

    def start(self) -> None:
        """Begin to follow; or stop."""
        if self.follower is not None:
            self.stop()
            return
        if self._background.running:
            return
        try:
            settings = self.form.value()
        except ValueError as error:
            self.say(plain_words(error), error=True)
            return
        self.say("")
        self.log.clear()
        self.log.hide()
        self.show_standing(["getting ready …"])
        way, path = self.way.currentData(), self.place.text().strip()
        if way in SIMULATIONS:
            self._microscope = SimulatedMicroscope(**SIMULATIONS[way])
            path = str(self._microscope.folder)
        self.start_button.setEnabled(False)
        self._background.start(lambda job: made_follower(path, settings, job))

    def stop(self) -> None:
        """Ask to stop; what was recorded is finished and the pictures stay."""
        if self.follower is not None:
            self.follower.ask_to_stop()
            self.show_stopping()

    def record(self) -> None:
        """Ask for a folder and record into it; or end the recording."""
        if self.follower is None:
            return
        if self.record_button.text() != "&Record …":
            self.follower.record(None)
            self.show_recording(False)
            return
        chosen = QFileDialog.getExistingDirectory(self, "Folder to record into")
        if chosen and self.follower is not None:
            self.record_into(chosen)

    def record_into(self, folder: str | Path) -> None:
        """Record into a new folder in this one, from the next frame on."""
        if self.follower is not None:
            self.follower.record(folder)
            self.show_recording(True)

    # -- inside ----------------------------------------------------------------------------

    def _begin(self, follower: Follower) -> None:
        self.follower, self._shown, self._labels = follower, None, None
        self._activity = None
        self._layers.begin()
        self._over.begin()
        self._over.show(None)
        follower.start()
        self.show_running()
        self._timer.start()

    def _tick(self) -> None:
        """Show the latest picture, and now and then how it goes."""
        follower = self.follower
        if follower is None:
            return
        picture = follower.latest
        if picture is not None and picture is not self._shown:
            self._shown = picture
            self._layers.show(picture)
            # The canvas is painted before a timer of no length fires.
            QTimer.singleShot(0, lambda: follower.was_shown(picture))
        labels = follower.labels
        if labels is not None and labels is not self._labels:
            self._labels = labels
            self._layers.show_labels(labels[0])
        activity = follower.activity
        if activity is not self._activity and self._shown is not None:
            self._activity = activity
            self._over.show(activity)
        if not follower.running:
            self._end()
        elif time.monotonic() - self._told > _WORDS_SECONDS:
            self._tell(follower)

    def _tell(self, follower: Follower) -> None:
        from napari_insitu_tem.live.words import standing_words

        self._told = time.monotonic()
        self.show_standing(standing_words(follower.standing(), self._shown))
        notes = follower.notes()
        for note in notes:
            self.note(f"{time.strftime('%H:%M:%S')}  {note}")
        if any(note.startswith("The recording was ended") for note in notes):
            self.show_recording(False)

    def _end(self) -> None:
        follower, self.follower = self.follower, None
        self._timer.stop()
        self._end_microscope()
        if follower is not None:
            self._tell(follower)
        self.show_idle()

    def _fail(self, text: str) -> None:
        self._end_microscope()
        self.show_standing([])
        self.show_idle()
        self.say(text, error=True)

    def _end_microscope(self) -> None:
        if self._microscope is not None:
            self._microscope.stop()
            self._microscope = None

    def _let_go(self) -> None:
        """Stop everything without touching any widget."""
        self._background.cancel()
        if self.follower is not None:
            self.follower.ask_to_stop()
        self._end_microscope()

    def _ask_for_place(self) -> None:
        if self.way.currentData() == FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, "Folder to follow", self.place.text())
        else:
            kinds = "MRC, TIFF or raw files (*.mrc *.mrcs *.st *.tif *.tiff *.raw *.bin *.dat *)"
            chosen, _ = QFileDialog.getOpenFileName(
                self, "File to follow", self.place.text(), kinds
            )
        if chosen:
            self.place.setText(chosen)

    def _connect(self) -> None:
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.start_button.clicked.connect(self.start)
        self.record_button.clicked.connect(self.record)
        self.browse.clicked.connect(self._ask_for_place)
        self.way.currentIndexChanged.connect(lambda _: self.show_way())
        self.place.returnPressed.connect(self.start)
        self._background.finished.connect(self._begin)
        self._background.failed.connect(self._fail)
        self._background.cancelled.connect(lambda: self._fail(""))
        self.show_idle()
        listen(self, at_end=(self._let_go,))
