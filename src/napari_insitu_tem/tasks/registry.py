"""The registry of tasks: one declaration makes a function a task everywhere.

A task is a function ``(input, settings, job) -> result``. Inputs are never modified; results
are frozen dataclasses with a ``provenance`` field. `task` adds the provenance, so that no
function has to, and enters the function here, from where the panels, the command line and
recipes take it.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import time
import typing
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from napari_insitu_tem.job import Job
from napari_insitu_tem.loading import old_objects_spared
from napari_insitu_tem.provenance import Step
from napari_insitu_tem.settings import Settings

__all__ = ["Task", "all_tasks", "get_task", "task"]

#: Modules of `napari_insitu_tem.tasks`, in the order of the way through.
MODULES = (
    "calibrate",
    "detector",
    "holder_log",
    "align",
    "denoise",
    "quality",
    "heterogeneity",
    "fourier",
    "crystals",
    "zone_axis",
    "thon",
    "columns",
    "species",
    "latent",
    "segment",
    "correct",
    "separate",
    "track",
    "edit_tracks",
    "measure",
    "follow",
    "forecast",
)

_TASKS: dict[str, Task] = {}


@dataclass(frozen=True)
class Task:
    """What the panels, the command line and recipes know of a task.

    Parameters
    ----------
    name, title, summary : str
        Name in recipes and on the command line; title of its dock; one sentence.
    function : callable
        ``(input, settings, job) -> result``.
    settings_type, input_type, result_type : type
        From the function's annotations.
    result_name : str
        What its result is called behind the input's name: ``movie [masks]``.
    previews : bool
        Whether it can run on one frame (with `Settings.context`).
    propose : callable, optional
        ``(movie, settings, job) -> settings`` with the automatic values filled in from the
        whole movie, so that a preview of one frame shows what the movie will get.
    """

    name: str
    title: str
    summary: str
    function: Callable[..., Any]
    settings_type: type[Settings]
    input_type: type
    result_type: type
    result_name: str
    previews: bool
    propose: Callable[[Any, Any, Job], Any] | None = None

    def __call__(self, subject: Any, settings: Settings | None = None, job: Job | None = None):
        """Run it."""
        return self.function(subject, settings or self.settings_type(), job or Job())


Function = typing.TypeVar("Function", bound=Callable[..., Any])


def task(
    *,
    title: str,
    result: str = "",
    previews: bool = False,
    propose: Callable[[Any, Any, Job], Any] | None = None,
) -> Callable[[Function], Function]:
    """Enter a function as a task, and give its results their provenance."""

    def enter(function: Function) -> Function:
        hints = typing.get_type_hints(function)
        input_type, settings_type, _ = (hints[name] for name in list(hints)[:3])
        name = function.__name__

        @functools.wraps(function)
        def run(subject: Any, settings: Any = None, job: Job | None = None) -> Any:
            settings = settings_type() if settings is None else settings
            job = job or Job()
            history = subject.history()
            start = time.perf_counter()
            with _one_blas_thread(), old_objects_spared():
                result = function(subject, settings, job)
            step = Step(
                name,
                settings.to_dict(),
                seed=job.seed,
                device=_device(job) if settings.uses_network else "cpu",
                seconds=round(time.perf_counter() - start, 3),
                models=_digests(settings.models_used),
            )
            return dataclasses.replace(result, provenance=history.then(step))

        _TASKS[name] = Task(
            name=name,
            title=title,
            summary=(function.__doc__ or "").strip().splitlines()[0],
            function=run,
            settings_type=settings_type,
            input_type=input_type,
            result_type=hints["return"],
            result_name=result or name.replace("_", " "),
            previews=previews,
            propose=propose,
        )
        return typing.cast("Function", run)

    return enter


def _device(job: Job) -> str:
    from napari_insitu_tem.inference.devices import pick_device

    return str(pick_device(job.device))


def _digests(names: tuple[str, ...]) -> dict[str, str]:
    """Return the SHA-256 of the models of these names."""
    if not names:
        return {}
    from napari_insitu_tem.models.store import get_model

    return {name: get_model(name).card.sha256 for name in names}


def _one_blas_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra from starting threads of its own.

    Tasks work on several frames at once already, and the small matrices of one frame cost
    many times more with BLAS threads than without.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")


def all_tasks() -> Iterator[Task]:
    """Yield every task, in the order of the way through."""
    for module in MODULES:
        yield get_task(module)


def get_task(name: str) -> Task:
    """Return a task by name.

    Raises
    ------
    KeyError
        With the names there are.
    """
    if name not in _TASKS:
        if name not in MODULES:
            raise KeyError(f"There is no task '{name}'. There are: {', '.join(MODULES)}.")
        importlib.import_module(f"napari_insitu_tem.tasks.{name}")
    return _TASKS[name]
