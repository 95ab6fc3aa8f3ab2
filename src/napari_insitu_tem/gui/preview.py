"""Preview: a task on the frame that the user looks at, in layers of their own."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.registry import Task

__all__ = ["Preview"]

_DELAY_MS = 250


class Preview(QObject):
    """Keeps a preview up to date while it is on.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the preview's layers go.
    task : Task
        What to preview.
    ask : callable
        Returns (movie, settings, name) as chosen now; raises in plain words.
    """

    failed = Signal(str)

    def __init__(
        self,
        viewer: Any,
        task: Task,
        ask: Callable[[], tuple[Movie, Settings, str]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._task, self._ask = viewer, task, ask
        self._on = False
        self._layers: list[weakref.ref[Layer]] = []
        self._proposed: tuple[Any, Settings, Settings] | None = None
        self._background = Background(self)
        self._background.finished.connect(self._show)
        self._background.failed.connect(self.failed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._run)

    def switch(self, on: bool) -> None:
        """Show the preview, or take it away."""
        self._on = on
        if on:
            self._run()
        else:
            self._background.cancel()
            self._timer.stop()
            for layer in self._shown():
                self._viewer.layers.remove(layer)
            self._layers = []

    def refresh(self, *_: Any) -> None:
        """Compute it again soon; many calls in a row count as one."""
        if self._on:
            self._timer.start()

    def cancel(self) -> None:
        """Stop what is being computed."""
        self._background.cancel()

    def _run(self) -> None:
        if self._background.running:
            self._timer.start()
            return
        try:
            movie, settings, name = self._ask()
        except Exception as error:
            self.failed.emit(plain_words(error))
            return
        if settings.no_preview is not None:
            self.failed.emit(settings.no_preview)
            return
        dims = self._viewer.dims
        index = min(int(dims.current_step[0]) if dims.ndim > 2 else 0, movie.n_frames - 1)
        before, after = settings.context
        start, stop = max(0, index - before), min(movie.n_frames, index + after + 1)
        task = self._task

        def work(job: Job) -> list[Any]:
            filled = self._filled(movie, settings, job)
            result = task(movie.select(start, stop), filled, job)
            tuples = layer_data(result, f"{name} [{task.result_name} preview]")
            later = np.array([index, 0, 0]) * tuples[0][1]["scale"]
            shown = slice(index - start, index - start + 1)
            return [
                (
                    data if kind == "points" else np.asarray(data[shown]),
                    {
                        **kwargs,
                        "translate": kwargs["translate"] + later,
                        "metadata": {"preview": True},
                    },
                    kind,
                )
                for data, kwargs, kind in tuples
            ]

        self._background.start(work, uses_device=settings.uses_network)

    def _filled(self, movie: Movie, settings: Settings, job: Job) -> Settings:
        """Return the settings with what the task finds from the whole movie; found once."""
        if self._task.propose is None:
            return settings
        known = self._proposed
        if known is None or known[0] is not movie.data or known[1] != settings:
            proposed = self._task.propose(movie, settings, job)
            self._proposed = known = (movie.data, settings, proposed)
        return known[2]

    def _show(self, tuples: list[Any]) -> None:
        if not self._on:
            return
        active = self._viewer.layers.selection.active
        layers = show_layers(self._viewer, tuples, self._shown())
        self._layers = [weakref.ref(layer) for layer in layers]
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active

    def _shown(self) -> list[Layer]:
        layers = (reference() for reference in self._layers)
        return [layer for layer in layers if layer is not None and layer in self._viewer.layers]
