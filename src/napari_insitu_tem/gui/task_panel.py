"""TaskPanel: the dock of any task, made from its declaration."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from napari.layers import Image, Labels, Layer, Tracks
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.form import SettingsForm, fill_width
from napari_insitu_tem.gui.layers import (
    layer_data,
    movie_from_layer,
    result_of,
    segmentation_from_layer,
    tracking_from_layer,
)
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.preview import Preview
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.scroll import Column
from napari_insitu_tem.gui.session import own_viewer, session_of
from napari_insitu_tem.job import Job, Progress
from napari_insitu_tem.loading import collector_at_rest, load_ahead
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Compared, Measurements, Segmentation, Tracking
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.registry import get_task

__all__ = ["TaskPanel"]


class TaskPanel(QWidget):
    """Layer choosers, the form, Run and Cancel, progress, messages and a preview.

    A capability's own module subclasses it and adds what is special: widgets through
    ``self.extras`` (a layout between the form and the buttons) and ``self.inputs`` (the form of
    layer choosers), settings from elsewhere by
    overriding `settings`, and what happens with a result by overriding `show_result`.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layers come from and go to.
    task_name : str
        Which task.
    hidden : tuple of str
        Settings that the subclass edits in its own way.
    """

    finished = Signal(object)
    #: Modules that take long to import; loaded on a thread when the dock opens, so that the
    #: window need not wait for them in the middle of a run.
    loads_ahead: tuple[str, ...] = ()

    def __init__(self, viewer: Any, task_name: str, *, hidden: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.viewer = viewer = own_viewer(viewer)
        self.task = get_task(task_name)
        self.session = session_of(viewer)
        self._made: dict[int, list[weakref.ref[Layer]]] = {}
        self._background = Background(self)
        self._preview = Preview(viewer, self.task, self._ask_for_preview, self)
        self.form = SettingsForm(self.task.settings_type, hidden=hidden)
        self.extras = QVBoxLayout()
        self._build()
        self._connect()
        threading.Thread(target=load_ahead, args=(self.loads_ahead,), daemon=True).start()

    # -- what subclasses may override ----------------------------------------------------

    def settings(self) -> Settings:
        """Return the settings to run with."""
        return self.form.value()

    def subject(self) -> Any:
        """Return the task's input from the chosen layers; raises in plain words."""
        layer = self.input_layer()
        if layer is None:
            raise ValueError(f"There is no {self._wanted()} yet: {self._advice()}")
        if self.task.input_type is Movie:
            return movie_from_layer(layer)
        if self.task.input_type is Segmentation:
            return segmentation_from_layer(layer, self._movie_layer(layer))
        return tracking_from_layer(layer)

    def prepared(self, job: Job) -> Job:
        """Return the job to run with; asked on the thread that runs, where Qt is out of bounds."""
        return job

    def show_result(self, result: Any, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Put a finished result into the viewer; returns the layers."""
        layers = show_layers(self.viewer, tuples, self._made_for(source))
        self._made[id(source)] = [weakref.ref(layer) for layer in layers]
        if isinstance(result, Tracking):
            self.session.show_tracking(result)
        elif isinstance(result, Measurements):
            self.session.show_measurements(result)
        return layers

    # -- what the user does ----------------------------------------------------------------

    def input_layer(self) -> Layer | None:
        """Return the chosen main input layer."""
        return self._chooser.value

    def run(self) -> None:
        """Run on the whole input, in the background; or cancel what runs."""
        if self._background.running:
            self._cancel()
            return
        try:
            subject, settings, source = self.subject(), self.settings(), self.input_layer()
        except Exception as error:
            self.say(plain_words(error), error=True)
            return
        self.clear_preview()
        name = f"{self._base_name(source)} [{self.task.result_name}]"
        task = self.task

        def work(job: Job) -> Any:
            result = task(subject, settings, self.prepared(job))
            tuples = [] if isinstance(result, Measurements) else layer_data(result, name)
            return result, tuples, source

        self.say("")
        self._run_button.setText("Cancel")
        self._bar.setRange(0, 0)
        self._bar.setFormat("Starting …")
        self._bar.show()
        self._background.start(work, uses_device=settings.uses_network)

    def clear_preview(self) -> None:
        """Take the preview's layers away."""
        self._live.setChecked(False)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the panel."""
        self._message.setText(text)
        self._message.setStyleSheet("color: #e06c5a;" if error else "")
        self._message.setVisible(bool(text))

    # -- inside ----------------------------------------------------------------------------

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        summary = QLabel(self.task.summary)
        summary.setWordWrap(True)
        outer.addWidget(summary)
        self.inputs = inputs = QFormLayout()
        inputs.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        kinds = {
            Movie: (Image, "Movie"),
            Compared: (Image, "Denoised"),
            Segmentation: (Labels, "Masks"),
        }
        layer_type, label = kinds.get(self.task.input_type, (Tracks, "Tracks"))
        self._chooser = LayerChooser(self.viewer, layer_type, label)
        inputs.addRow(label, self._chooser.native)
        self._movie_chooser: LayerChooser | None = None
        if self.task.input_type is Segmentation:
            self._movie_chooser = LayerChooser(
                self.viewer, Image, "Movie", none_means="the one segmented"
            )
            inputs.addRow("Movie", self._movie_chooser.native)
        for chooser in (self._chooser, self._movie_chooser):
            if chooser is not None:
                fill_width(chooser.native)
        outer.addLayout(inputs)

        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.form)
        body.addLayout(self.extras)
        body.addStretch()
        outer.addWidget(Column(inner), 1)

        self._live = QCheckBox("Preview on this frame")
        self._live.setToolTip("Show the result of these settings on the frame that you look at.")
        self._live.setVisible(self.task.previews)
        self._reset = QPushButton("Defaults")
        self._reset.setToolTip("Go back to the settings that work without tuning.")
        self._run_button = QPushButton("Run")
        self._run_button.setObjectName("run")
        self._run_button.setToolTip(f"{self.task.summary} Runs in the background.")
        row = QHBoxLayout()
        row.addWidget(self._live)
        row.addStretch()
        row.addWidget(self._reset)
        row.addWidget(self._run_button)
        outer.addLayout(row)
        self._bar = QProgressBar()
        self._bar.setTextVisible(True)
        self._bar.hide()
        outer.addWidget(self._bar)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._message.hide()
        outer.addWidget(self._message)
        self.setMinimumWidth(300)

    def _connect(self) -> None:
        self._run_button.clicked.connect(self.run)
        self._reset.clicked.connect(self.form.reset)
        self._background.progressed.connect(self._show_progress)
        self._background.messaged.connect(self.say)
        self._background.finished.connect(self._finish)
        self._background.failed.connect(lambda text: self.say(text, error=True))
        self._background.cancelled.connect(lambda: self.say("Cancelled; nothing was changed."))
        self._background.ended.connect(self._restore)
        preview = self._preview
        preview.failed.connect(lambda text: self.say(text, error=True))
        self._live.toggled.connect(preview.switch)
        self.form.changed.connect(preview.refresh)
        self._chooser.changed.connect(preview.refresh)
        choosers = [self._chooser, *([self._movie_chooser] if self._movie_chooser else [])]
        listen(
            self,
            (self.viewer.dims.events.current_step, preview.refresh),
            at_end=(
                *(chooser.disconnect for chooser in choosers),
                self._background.cancel,
                preview.cancel,
            ),
        )

    def _wanted(self) -> str:
        return {Movie: "movie", Segmentation: "mask layer"}.get(self.task.input_type, "track layer")

    def _advice(self) -> str:
        return {
            Movie: "open one (drop the file here, or File → Open Sample).",
            Segmentation: "run Segment first, or open masks as a Labels layer.",
        }.get(self.task.input_type, "run Track first.")

    def _movie_layer(self, masks: Layer) -> Image | None:
        """Return the movie chosen for these masks; for masks from elsewhere, one that fits."""
        if self._movie_chooser is None or self._movie_chooser.value is not None:
            return self._movie_chooser.value if self._movie_chooser else None
        if isinstance(result_of(masks), Segmentation):
            return None
        fits = [
            layer
            for layer in self.viewer.layers
            if type(layer) is Image and not layer.rgb and layer.data.shape == masks.data.shape
        ]
        return fits[0] if len(fits) == 1 else None

    def _base_name(self, layer: Layer | None) -> str:
        if layer is None:
            return self.task.title
        # What becomes of masks is named after their movie: "movie [tracks]".
        return layer.name.removesuffix(" [masks]")

    def _ask_for_preview(self) -> tuple[Movie, Settings, str]:
        return self.subject(), self.settings(), self._base_name(self.input_layer())

    def _made_for(self, source: Layer | None) -> list[Layer]:
        made = (reference() for reference in self._made.get(id(source), ()))
        return [layer for layer in made if layer is not None and layer in self.viewer.layers]

    def _cancel(self) -> None:
        self._run_button.setText("Cancelling …")
        self._run_button.setEnabled(False)
        self._background.cancel()

    def _show_progress(self, progress: Progress) -> None:
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        text = f"{progress.description} {progress.done}/{progress.total or '?'}"
        left = progress.seconds_left
        if left is not None and progress.elapsed > 1:
            text += f", {_duration(left)} left"
        self._bar.setFormat(text)

    def _finish(self, outcome: Any) -> None:
        result, tuples, source = outcome
        try:
            with collector_at_rest():  # new layers make many objects
                self.show_result(result, tuples, source)
        except Exception as error:
            self.say(plain_words(error), error=True)
            return
        if source is not None and source in self._chooser.choices:
            # The new layer is the active one now; running again shall start from the same input.
            self._chooser.value = source
        seconds = result.provenance.steps[-1].seconds if result.provenance else 0
        if not self._message.text():
            self.say(f"Done in {_duration(seconds)}.")
        self.finished.emit(result)

    def _restore(self) -> None:
        self._run_button.setText("Run")
        self._run_button.setEnabled(True)
        self._bar.hide()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
