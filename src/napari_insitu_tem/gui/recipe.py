"""The Recipe dock: what was done to a layer, as a recipe to save, and recipes to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.corrections_note import unsaved_corrections
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.layers import layer_data, movie_from_layer, result_of
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.session import session_of
from napari_insitu_tem.job import Job, Progress
from napari_insitu_tem.pipeline import Recipe, default_recipe, run_recipe
from napari_insitu_tem.results import Measurements, Tracking

if TYPE_CHECKING:
    import napari

__all__ = ["RecipeDock"]

_FILTER = "Recipes (*.toml);;All files (*)"


class RecipeDock(QWidget):
    """Shows, saves, loads and runs recipes."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer, self.session = viewer, session_of(viewer)
        self._background = Background(self)
        self._build()
        self._background.progressed.connect(self._show_progress)
        self._background.finished.connect(self._finish)
        self._background.failed.connect(self.say)
        self._background.cancelled.connect(lambda: self.say("Cancelled; nothing was changed."))
        self._background.ended.connect(self._restore)
        chooser, background = self._chooser, self._background
        self.destroyed.connect(lambda: (chooser.disconnect(), background.cancel()))

    def text(self) -> str:
        """Return the recipe as shown."""
        return self._text.toPlainText()

    def set_text(self, text: str) -> None:
        """Show a recipe."""
        self._text.setPlainText(text)

    def say(self, text: str) -> None:
        """Show a message."""
        self._message.setText(text)

    def show_history(self) -> None:
        """Show the recipe that made the selected layer."""
        layer = self.viewer.layers.selection.active
        result = result_of(layer) if layer is not None else None
        provenance = getattr(result, "provenance", None)
        if isinstance(result, Tracking) and self.session.has_measured(result):
            provenance = self.session.measurements.provenance
        if provenance is None:
            self.say("Select a layer that a dock of this plugin made; it remembers how.")
            return
        self.set_text(Recipe.from_provenance(provenance).to_toml())
        words = f"This is how '{layer.name}' was made from {provenance.source}."
        if unsaved_corrections(layer):
            words += (
                " The corrections by hand are in no file yet, so the recipe lacks them: "
                "save them in the Correct dock first."
            )
        self.say(words)

    def show_default(self) -> None:
        """Show the main job with every setting at its default."""
        self.set_text(default_recipe().to_toml())
        self.say("The main job, with every setting at its default.")

    def save(self) -> None:
        """Save what is shown."""
        path, _ = QFileDialog.getSaveFileName(self, "Save recipe", "recipe.toml", _FILTER)
        if path:
            Path(path).write_text(self.text(), encoding="utf-8")
            self.say(f"Saved. Repeat it with: insitu-tem run {Path(path).name} MOVIE -o OUT")

    def load(self) -> None:
        """Show a recipe from a file."""
        path, _ = QFileDialog.getOpenFileName(self, "Load recipe", "", _FILTER)
        if path:
            try:
                self.set_text(Recipe.from_file(path).to_toml())
            except ValueError as error:
                self.say(plain_words(error))

    def run(self) -> None:
        """Run what is shown on the chosen movie; or cancel what runs."""
        if self._background.running:
            self._run.setEnabled(False)
            self._background.cancel()
            return
        layer = self._chooser.value
        try:
            if layer is None:
                raise ValueError("There is no movie yet: open one first.")
            recipe, movie = Recipe.from_toml(self.text()), movie_from_layer(layer)
        except ValueError as error:
            self.say(plain_words(error))
            return
        name = layer.name

        def work(job: Job) -> list[tuple[Any, list[Any]]]:
            shown = []
            for step, result in run_recipe(recipe, movie, job):
                plain = isinstance(result, Measurements)
                label = f"{name} [{step.task.result_name}]"
                shown.append((result, [] if plain else layer_data(result, label)))
            return shown

        self.say("")
        self._run.setText("Cancel")
        self._bar.show()
        self._background.start(work)

    def _finish(self, shown: list[tuple[Any, list[Any]]]) -> None:
        for result, tuples in shown:
            show_layers(self.viewer, tuples, [])
            if isinstance(result, Tracking):
                self.session.show_tracking(result)
            elif isinstance(result, Measurements):
                self.session.show_measurements(result)
        self.say(f"Done: {len(shown)} steps.")

    def _show_progress(self, progress: Progress) -> None:
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        self._bar.setFormat(f"{progress.description} {progress.done}/{progress.total or '?'}")

    def _restore(self) -> None:
        self._run.setText("Run")
        self._run.setEnabled(True)
        self._bar.hide()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        intro = QLabel("A recipe repeats on any movie what was done to one.")
        intro.setWordWrap(True)
        layout.addWidget(intro)
        sources = QHBoxLayout()
        for title, tip, action in (
            ("From layer", "The recipe that made the selected layer", self.show_history),
            ("Main job", "Align, segment, track and measure with defaults", self.show_default),
            ("Load …", "A recipe file", self.load),
            ("Save …", "Save what is shown", self.save),
        ):
            button = QPushButton(title)
            button.setToolTip(tip)
            button.clicked.connect(action)
            sources.addWidget(button)
        layout.addLayout(sources)
        self._text = QPlainTextEdit()
        self._text.setPlaceholderText('[[step]]\ntask = "segment"')
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        layout.addWidget(self._text, 1)
        row = QHBoxLayout()
        self._chooser = LayerChooser(self.viewer, Image, "Movie")
        fill_width(self._chooser.native)
        self._run = QPushButton("Run")
        self._run.setObjectName("run")
        row.addWidget(QLabel("on"))
        row.addWidget(self._chooser.native, 1)
        row.addWidget(self._run)
        self._run.clicked.connect(self.run)
        layout.addLayout(row)
        self._bar = QProgressBar()
        self._bar.hide()
        layout.addWidget(self._bar)
        self._message = QLabel()
        self._message.setWordWrap(True)
        layout.addWidget(self._message)
