"""The Retrain dock: corrected frames make the network better, in the background."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels
from psygnal import SignalInstance
from qtpy.QtCore import QTimer, Signal

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.label_editor import corrected_frames, disconnect_all, editor_of
from napari_insitu_tem.gui.layers import result_of, segmentation_from_layer
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.models_watcher import ModelsWatcher
from napari_insitu_tem.gui.retrain_open import open_dock
from napari_insitu_tem.gui.retrain_result import Comparison
from napari_insitu_tem.gui.retrain_view import RetrainView
from napari_insitu_tem.gui.session import own_viewer
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.retrain_history import model_in_use
from napari_insitu_tem.learning.retrain_settings import RetrainSettings
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.loading import load_ahead, old_objects_spared
from napari_insitu_tem.models import Model, list_models
from napari_insitu_tem.results import Segmentation

if TYPE_CHECKING:
    import napari

    from napari_insitu_tem.learning.retrained import Retrained

__all__ = ["RetrainDock"]

#: What a training needs; loaded on its own thread when the first one begins.
_HEAVY = (
    "torch",
    "accelerate",
    "safetensors.torch",
    "segmentation_models_pytorch",
    "matplotlib.backends.backend_qtagg",
)
_POLL_MS, _PLOT_SECONDS = 250, 2.0


class RetrainDock(RetrainView):
    """Retrains a network on corrected frames, compares it with the old one, and keeps it."""

    #: The `Retrained` network, not saved yet.
    finished = Signal(object)
    #: The `Model` that was kept.
    kept = Signal(object)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self.viewer = own_viewer(viewer)
        super().__init__(self.viewer)
        self.retrained: Retrained | None = None
        self.model_kept: Model | None = None
        self.reports: list[Report] = []
        self._comparison: Comparison | None = None
        self._source: tuple[Labels, Image | None] | None = None
        self._enough = threading.Event()
        self._background, self._keeping = Background(self), Background(self)
        self._watcher, self._timer = ModelsWatcher(self), QTimer(self)
        self._plotted, self._shown = 0.0, 0
        self._heard: list[SignalInstance] = []
        self._connect()
        self._follow_masks()
        self.show_idle()

    # -- what the user does ----------------------------------------------------------------

    def choose(self, masks: Labels, movie: Image | None = None) -> None:
        """Choose the masks to learn from, and their movie unless they know it."""
        self.masks.value = masks
        if movie is not None and not isinstance(result_of(masks), Segmentation):
            self.movie.value = movie

    def settings(self) -> RetrainSettings:
        """Return the settings as chosen; raises in plain words."""
        chosen = {"model": self.model.currentData(), "left_out": self.left_out.currentData()}
        return RetrainSettings.from_dict({**self.form.value().to_dict(), **chosen})

    def retrain(self) -> None:
        """Retrain; or end what trains, with what it has learnt so far."""
        if self._background.running:
            self._enough.set()
            self.button.setText("Stopping …")
            self.button.setEnabled(False)
            return
        masks, movie = self.masks.value, self.movie.value
        try:
            if masks is None:
                raise ValueError("There are no masks yet: run Segment, then correct a few frames.")
            segmentation, settings = segmentation_from_layer(masks, movie), self.settings()
        except Exception as error:
            self.say(plain_words(error), error=True)
            return
        self._forget()
        self._source = masks, movie
        reports: list[Report] = []
        self.reports, self._shown = reports, 0
        enough = self._enough = threading.Event()

        def work(job: Job) -> Any:
            load_ahead(_HEAVY)
            from napari_insitu_tem.learning.retrain import retrain

            with old_objects_spared():
                return retrain(
                    segmentation, settings, job, on_report=reports.append, enough=enough.is_set
                )

        self.show_beginning()
        self._timer.start()
        self._background.start(work, uses_device=True)

    def stop(self) -> None:
        """Cancel what trains, and keep nothing."""
        self.cancel.setText("Cancelling …")
        self.cancel.setEnabled(False)
        self._background.cancel()

    def keep(self, name: str) -> None:
        """Save the new network among the user's models."""
        retrained = self.retrained
        if retrained is not None and not self._keeping.running:
            self.result.allow(idle=False)
            self._keeping.start(lambda job: retrained.save(name))

    def discard(self) -> None:
        """Forget the new network; or, when it was kept, just take the comparison away."""
        words = "" if self.model_kept else "The new network was discarded; nothing was changed."
        self._forget()
        self.show_idle()
        self.say(words)

    def segment(self) -> None:
        """Segment the whole movie with the network that was kept."""
        retrained, model = self.retrained, self.model_kept
        if retrained is None or model is None:
            return
        dock: Any = open_dock(self.viewer, "segment")
        seen = {
            "model": model.name,
            "polarity": "bright" if retrained.view.bright else "dark",
            "diameter": round(retrained.view.diameter, 1),
        }
        dock.form.set_value(dock.form.value().model_copy(update=seen))
        movie = self._movie_layer()
        if movie is not None:
            self.viewer.layers.selection.active = movie  # docks take it over
        self._forget_comparison()
        dock.run()

    # -- inside ----------------------------------------------------------------------------

    def _movie_layer(self) -> Image | None:
        """Return the layer of the movie that was retrained on."""
        masks, movie = self._source or (None, None)
        if movie is not None and movie in self.viewer.layers:
            return movie
        known = getattr(result_of(masks), "movie", None) if masks is not None else None
        images = [layer for layer in self.viewer.layers if type(layer) is Image]
        for layer in images:
            shown = result_of(layer)
            if known is not None and getattr(shown, "movie", shown) is known:
                return layer
        fits = [layer for layer in images if known is not None and layer.name == known.name]
        return fits[0] if fits else None

    def _follow_masks(self, _: Any = None) -> None:
        """Follow the marks of the chosen masks."""
        disconnect_all(self._heard)
        layer: Labels | None = self.masks.value
        if layer is not None:
            try:
                editor = editor_of(layer)
            except ValueError as error:
                self.say(str(error), error=True)
            else:
                self._heard.append(editor.marked)
                editor.marked.connect(self._show_frames)
        self._show_frames()
        self._offer_models()

    def _show_frames(self) -> None:
        layer = self.masks.value
        self.offer_frames([] if layer is None else sorted(corrected_frames(layer)))

    def _offer_models(self) -> None:
        shown = result_of(self.masks.value) if self.masks.value is not None else None
        known = shown if isinstance(shown, Segmentation) else None
        self.offer_models(model_in_use(known), [each.name for each in list_models("segment")])

    def _tick(self) -> None:
        if not self.reports:
            return
        self.show_standing(self.reports[-1])
        if len(self.reports) != self._shown and time.monotonic() - self._plotted > _PLOT_SECONDS:
            self._draw()

    def _draw(self) -> None:
        self._plotted, self._shown = time.monotonic(), len(self.reports)
        self.plot.show_reports(list(self.reports))

    def _show_progress(self, progress: Any) -> None:
        self.bar.setRange(0, progress.total or 0)
        self.bar.setValue(progress.done)
        self.bar.setFormat(f"{progress.description} %p %")

    def _finish(self, retrained: Retrained) -> None:
        self.retrained, self.model_kept = retrained, None
        masks = self._source[0] if self._source else None
        self.result.show_result(retrained, retrained.proposed_name())
        if masks is not None and masks in self.viewer.layers:
            self._comparison = Comparison(self.viewer, retrained, masks)
        steps = retrained.trained.best.step
        how = "Stopped" if retrained.trained.stopped == "cancelled" else "Done"
        self.say(f"{how} after {steps} steps. Look at the outlines on the left-out frame.")
        self.finished.emit(retrained)

    def _on_kept(self, model: Model) -> None:
        self.model_kept = model
        self.result.show_kept()
        self.show_idle()
        parent = self.retrained.parent.name
        self.say(f"Kept as '{model.name}'; '{parent}' is as it was. Segment offers both.")
        self.kept.emit(model)

    def _on_not_kept(self, text: str) -> None:
        self.result.allow(idle=True)
        self.say(text, error=True)

    def _forget(self) -> None:
        self.retrained = self.model_kept = None
        self.result.forget()
        self._forget_comparison()

    def _forget_comparison(self) -> None:
        if self._comparison is not None:
            self._comparison.remove()
            self._comparison = None

    def _restore(self) -> None:
        self._timer.stop()
        if self.reports:
            self._draw()
        self.show_idle()

    def _connect(self) -> None:
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._tick)
        self.button.clicked.connect(self.retrain)
        self.cancel.clicked.connect(self.stop)
        self.masks.changed.connect(self._follow_masks)
        self._watcher.changed.connect(self._offer_models)
        self.result.shown.connect(
            lambda what: self._comparison.show(what) if self._comparison else None
        )
        self.result.keep_wanted.connect(self.keep)
        self.result.discard_wanted.connect(self.discard)
        self.result.segment_wanted.connect(self.segment)
        background = self._background
        background.progressed.connect(self._show_progress)
        background.messaged.connect(self.say)
        background.finished.connect(self._finish)
        background.failed.connect(lambda text: self.say(text, error=True))
        background.cancelled.connect(lambda: self.say("Cancelled; nothing was changed."))
        background.ended.connect(self._restore)
        self._keeping.finished.connect(self._on_kept)
        self._keeping.failed.connect(self._on_not_kept)
        heard = self._heard
        listen(
            self,
            at_end=(
                self.masks.disconnect,
                self.movie.disconnect,
                lambda: disconnect_all(heard),
                background.cancel,
            ),
        )
