"""The Train dock: choose data and a start, train in the background, watch the loss fall."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, QTimer, Signal

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.models_watcher import ModelsWatcher
from napari_insitu_tem.gui.session import own_viewer
from napari_insitu_tem.gui.train_data import SIMULATED
from napari_insitu_tem.gui.train_view import TrainView
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.presets import NO_LIMIT, PRESETS, Preset, own_recipe
from napari_insitu_tem.learning.recipes import TrainRecipe
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.loading import load_ahead, old_objects_spared
from napari_insitu_tem.models import free_name, get_model, list_models, user_folder
from napari_insitu_tem.models.card import ModelCard, check_name
from napari_insitu_tem.models.store import check_free

if TYPE_CHECKING:
    import napari

__all__ = ["TrainDock"]

#: What a training needs; loaded on its own thread when the first one begins.
_HEAVY = (
    "matplotlib.backends.backend_qtagg",
    "napari_insitu_tem.figures.style",
    "torch",
    "accelerate",
    "safetensors.torch",
    "segmentation_models_pytorch",
)
_TASKS = ("segment", "layers")
#: What a user's own frames are learnt from best: a model that knows particles already.
_KNOWING, _AS_RECIPE = "particles", "+recipe"
_POLL_MS, _PLOT_SECONDS = 250, 2.0


class TrainDock(TrainView):
    """Trains a network, and saves it among the user's models."""

    #: The `Model` that was made.
    finished = Signal(object)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        viewer = own_viewer(viewer)
        super().__init__(viewer)
        self.viewer = viewer
        self.name.setText(free_name("my-model"))
        self.reports: list[Report] = []
        self._background = Background(self)
        self._watcher = ModelsWatcher(self)
        self._timer = QTimer(self)
        self._plotted, self._shown = 0.0, 0
        self._connect()
        self._offer_starts()
        self._propose()

    # -- what the user does ----------------------------------------------------------------

    def start_from(self, name: str | None) -> None:
        """Choose what to start from: a model by its name; None: the first new network."""
        index = 0 if name is None else self.start.findData(name)
        if index >= 0:
            self.start.setCurrentIndex(index)

    def recipe(self) -> TrainRecipe:
        """Return what is to be done, as chosen; raises in plain words."""
        name, start = self.name.text().strip(), self._start()
        check_name(name)
        check_free(name, user_folder())
        limits = {"minutes": self.minutes.value(), "steps": NO_LIMIT}
        training = {**self.form.value().to_dict(), **limits}
        simulated = self.data.simulated_recipe()
        if simulated is None:
            words, data, _ = self.data.data()
            recipe = own_recipe(name, start, trained_on=words).replace(data=data)
        else:
            recipe = simulated.replace(name=name)
            if start is not None:
                like = own_recipe(name, start)
                recipe = recipe.replace(
                    network=like.network,
                    arguments=dict(like.arguments),
                    start_from=like.start_from,
                )
        return recipe.replace(training=training)

    def train(self) -> None:
        """Train; or end what trains, and keep the best so far."""
        if self._background.running:
            self.button.setText("Ending …")
            self.button.setEnabled(False)
            self._background.cancel()
            return
        try:
            recipe = self.recipe()
            simulated = self.data.simulated_recipe() is not None
            opened = None if simulated else self.data.data()[2]
        except Exception as error:
            self.say(plain_words(error), error=True)
            return
        reports = self.reports = []
        self._shown = 0

        def work(job: Job) -> Any:
            load_ahead(_HEAVY)
            from napari_insitu_tem.learning.make import make_model

            with old_objects_spared():
                sets = None if opened is None else opened(recipe, job)
                return make_model(recipe, job, sets=sets, on_report=reports.append)

        self.show_beginning()
        self._timer.start()
        self._background.start(work, uses_device=True)

    # -- inside ----------------------------------------------------------------------------

    def _start(self) -> Preset | ModelCard | None:
        """Return the preset, or the card of the model, to start from; None: as the recipe says."""
        chosen = self.start.currentData()
        if chosen == _AS_RECIPE:
            return None
        return PRESETS[chosen[1:]] if chosen.startswith("+") else get_model(chosen).card

    def _offer_starts(self) -> None:
        """List what there is to start from; what was chosen stays, if it is still there."""
        simulated = self.data.way.currentIndex() == SIMULATED
        models = [model.name for model in list_models() if model.card.task in _TASKS]
        choices = [("new: as its recipe says", _AS_RECIPE)] if simulated else []
        choices += [(f"new: {preset.title}", f"+{name}") for name, preset in PRESETS.items()]
        wanted = self.start.currentData()
        usual = _AS_RECIPE if simulated else _KNOWING if _KNOWING in models else "+small"
        with QSignalBlocker(self.start):
            self.start.clear()
            for words, choice in choices:
                self.start.addItem(words, choice)
            self.start.insertSeparator(self.start.count())
            for name in models:
                self.start.addItem(name, name)
            kept = -1 if wanted is None else self.start.findData(wanted)
            self.start.setCurrentIndex(kept if kept >= 0 else self.start.findData(usual))

    def _change_way(self, _: Any = None) -> None:
        with QSignalBlocker(self.start):
            self.start.clear()
        self._offer_starts()
        self._propose()

    def _propose(self, _: Any = None) -> None:
        """Show the settings that suit the data and the start."""
        try:
            simulated = self.data.simulated_recipe()
            recipe = simulated or own_recipe("x", self._start())
        except ValueError as error:
            self.say(plain_words(error), error=True)
            return
        self.form.set_value(recipe.training)
        self.minutes.setValue(recipe.training.minutes or 10.0)

    def _tick(self) -> None:
        """Show where the training stands; drawn seldom, since drawing takes a while."""
        if not self.reports:
            return
        self.show_standing(self.reports)
        if len(self.reports) != self._shown and time.monotonic() - self._plotted > _PLOT_SECONDS:
            self._draw()

    def _draw(self) -> None:
        self._plotted, self._shown = time.monotonic(), len(self.reports)
        self.plot.show_reports(list(self.reports))

    def _show_progress(self, progress: Any) -> None:
        self.bar.setRange(0, progress.total or 0)
        self.bar.setValue(progress.done)
        self.bar.setFormat(f"{progress.description} %p %")

    def _finish(self, made: Any) -> None:
        best = made.trained.best
        how = {
            "finished": "Done",
            "early": "Ended early, as it got no better",
            "cancelled": "Ended",
        }[made.trained.stopped]
        measured = "".join(f", {name} {value:.3f}" for name, value in best.metrics.items())
        judged = "" if best.validation_loss is None else " on the frames set aside"
        self.say(
            f"{how}. '{made.model.name}' is among the models now, as it was at step {best.step}"
            f"{measured}{judged}. Choose it under Segment."
        )
        self.name.setText(free_name("my-model"))
        self.finished.emit(made.model)

    def _restore(self) -> None:
        self._timer.stop()
        if self.reports:
            self._tick()
            self._draw()
        self.status.setVisible(bool(self.reports))
        self.show_idle()

    def _connect(self) -> None:
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._tick)
        self.button.clicked.connect(self.train)
        self._watcher.changed.connect(self._offer_starts)
        self.start.currentIndexChanged.connect(self._propose)
        self.data.way.currentIndexChanged.connect(self._change_way)
        self.data.simulator.currentIndexChanged.connect(self._propose)
        background = self._background
        background.progressed.connect(self._show_progress)
        background.messaged.connect(self.say)
        background.finished.connect(self._finish)
        background.failed.connect(lambda text: self.say(text, error=True))
        background.cancelled.connect(
            lambda: self.say("Cancelled before there was anything to keep; no model was made.")
        )
        background.ended.connect(self._restore)
        listen(self, at_end=(self.data.disconnect_layers, background.cancel))
