"""LatentRetrain: latent variables learnt from the user's own movie, in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPushButton,
)

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.train_plot import LossPlot
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.movie import Movie

__all__ = ["LatentRetrain"]

_POLL_MS = 500


class LatentRetrain(QGroupBox):
    """Name, time and button; the loss while it trains.

    Parameters
    ----------
    movie : callable
        Returns the movie to learn from; raises in plain words.
    start : callable
        Returns the name of the model to start from.
    """

    #: Name of the model that was made.
    made = Signal(str)
    said = Signal(str, bool)

    def __init__(self, movie: Callable[[], Movie], start: Callable[[], str]) -> None:
        super().__init__("Retrain on this movie")
        self._movie, self._start = movie, start
        self._reports: list[Report] = []
        self._background = Background(self)
        self._background.finished.connect(self._finish)
        self._background.failed.connect(lambda text: self.said.emit(text, True))
        self._background.messaged.connect(lambda text: self.said.emit(text, False))
        self._background.cancelled.connect(
            lambda: self.said.emit("Cancelled before anything was learnt.", False)
        )
        self._background.ended.connect(self._restore)
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._tell)
        self._build()

    def run(self) -> None:
        """Train; or end what trains and keep what was learnt."""
        if self._background.running:
            self._button.setText("Ending …")
            self._button.setEnabled(False)
            self._background.cancel()
            return
        try:
            movie, start, name = self._movie(), self._start(), self._name.text().strip()
        except Exception as error:
            self.said.emit(plain_words(error), True)
            return
        reports = self._reports = []
        minutes = self._minutes.value()

        def work(job: Job) -> Any:
            from napari_insitu_tem.learning.latent_movies import train_on_movie
            from napari_insitu_tem.models.card import check_name
            from napari_insitu_tem.models.store import check_free, user_folder

            check_name(name)
            check_free(name, user_folder())
            return train_on_movie(
                movie, name, start=start, minutes=minutes, job=job, on_report=reports.append
            )

        self._button.setText("End and keep")
        self._began = time.monotonic()
        self._timer.start()
        self._background.start(work, uses_device=True)

    def stop(self) -> None:
        """End what trains."""
        self._background.cancel()

    # -- inside ------------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QFormLayout(self)
        self._name = QLineEdit("my-lattice")
        self._name.setObjectName("retrained_name")
        self._name.setToolTip("What the new network is called among your models.")
        self._minutes = QDoubleSpinBox()
        self._minutes.setObjectName("retrain_minutes")
        self._minutes.setRange(0.1, 10000)
        self._minutes.setValue(10)
        self._minutes.setSuffix(" min")
        self._button = QPushButton("Retrain")
        self._button.setObjectName("retrain")
        self._button.setToolTip(
            "Learn from the windows of the chosen movie that show a lattice, starting from the "
            "chosen network. Analyse another movie of the kind with it, or be told."
        )
        self._button.clicked.connect(self.run)
        self._state = QLabel()
        self._state.setWordWrap(True)
        self._plot = LossPlot()
        layout.addRow("Name", self._name)
        layout.addRow("Time", self._minutes)
        layout.addRow(self._button)
        layout.addRow(self._state)
        layout.addRow(self._plot)
        self._state.hide()

    def _tell(self) -> None:
        reports = list(self._reports)
        judged = [report for report in reports if report.metrics]
        words = f"{time.monotonic() - self._began:.0f} s"
        if reports:
            words = f"Step {reports[-1].step}, loss {reports[-1].train_loss:.0f}"
        if judged:
            words += "; " + ", ".join(
                f"{name} {value:.0f}" for name, value in judged[-1].metrics.items()
            )
        self._state.setText(words)
        self._state.show()
        self._plot.show_reports(reports)

    def _finish(self, made: Any) -> None:
        if made is None:
            return
        self._tell()
        self.said.emit(f"Learnt, and kept as '{made.model.name}'.", False)
        self.made.emit(made.model.name)

    def _restore(self) -> None:
        self._timer.stop()
        self._button.setText("Retrain")
        self._button.setEnabled(True)
