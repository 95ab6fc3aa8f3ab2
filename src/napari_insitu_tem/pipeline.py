"""Recipes: a list of tasks with settings, run on one movie, the same every time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import Compared, Layers, Measurements, Segmentation, Tracking
from napari_insitu_tem.settings import Settings, SettingsError
from napari_insitu_tem.tasks.registry import MODULES, Task, get_task

__all__ = ["Recipe", "RecipeError", "RecipeStep", "default_recipe", "run_recipe"]


class RecipeError(ValueError):
    """A recipe cannot be read or run; the message says which step and why."""


@dataclass(frozen=True)
class RecipeStep:
    """A task and the settings to run it with."""

    task: Task
    settings: Settings


@dataclass(frozen=True)
class Recipe:
    """Steps in the order they run.

    Parameters
    ----------
    steps : tuple of RecipeStep
        What to do.
    seed : int
        Seed for everything random.
    signal : str, optional
        Which of the file's signals to open.
    """

    steps: tuple[RecipeStep, ...]
    seed: int = 0
    signal: str | None = None

    @classmethod
    def from_toml(cls, text: str, folder: Path | None = None) -> Recipe:
        """Read a recipe; file names in it are relative to `folder`.

        Raises
        ------
        RecipeError
            With the step and what is wrong with it.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"This recipe is not valid TOML: {error}.") from None
        unknown = set(document) - {"seed", "signal", "step"}
        if unknown:
            raise RecipeError(
                f"A recipe has 'seed', 'signal' and [[step]] tables, not {sorted(unknown)}."
            )
        entries = document.get("step", [])
        if not isinstance(entries, list) or not entries:
            raise RecipeError("This recipe has no [[step]] tables, so there is nothing to do.")
        steps = tuple(_read_step(number, entry, folder) for number, entry in enumerate(entries, 1))
        recipe = cls(steps, int(document.get("seed", 0)), document.get("signal"))
        recipe.check()
        return recipe

    @classmethod
    def from_file(cls, path: str | Path) -> Recipe:
        """Read a recipe file; see `from_toml`."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise RecipeError(f"The recipe {path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise RecipeError(f"{path} is not a text file, so it is no recipe.") from None
        return cls.from_toml(text, path.parent)

    @classmethod
    def from_provenance(cls, provenance: Provenance) -> Recipe:
        """Return the recipe that makes a result again from its input."""
        steps = []
        for step in provenance.steps:
            task = get_task(step.task)
            steps.append(RecipeStep(task, task.settings_type.from_dict(step.settings)))
        seed = provenance.steps[-1].seed if provenance.steps else 0
        return cls(tuple(steps), seed, provenance.signal)

    def to_toml(self) -> str:
        """As TOML text; inverse of `from_toml`."""
        import tomli_w

        document: dict[str, Any] = {"seed": self.seed}
        if self.signal is not None:
            document["signal"] = self.signal
        document["step"] = [
            {"task": step.task.name, **step.settings.to_dict()} for step in self.steps
        ]
        return tomli_w.dumps(document)

    def check(self) -> None:
        """Raise `RecipeError` when a step needs what no earlier step makes."""
        made: set[type] = {Movie}
        for number, step in enumerate(self.steps, start=1):
            needed = step.task.input_type
            if needed not in made:
                makers = {
                    Segmentation: "segment",
                    Tracking: "track",
                    Measurements: "measure",
                    Compared: "denoise",
                }
                raise RecipeError(
                    f"Step {number} ({step.task.name}) needs a step '{makers[needed]}' before it."
                )
            made.add(_offered(step.task.result_type))
            if step.task.result_type is Movie:
                made.add(Compared)


def default_recipe() -> Recipe:
    """Return the main job with every setting at its default: align to measurements."""
    tasks = [get_task(name) for name in ("align", "segment", "track", "measure")]
    return Recipe(tuple(RecipeStep(task, task.settings_type()) for task in tasks))


def run_recipe(
    recipe: Recipe, movie: Movie, job: Job | None = None
) -> Iterator[tuple[RecipeStep, Any]]:
    """Run a recipe on a movie, yielding every step with its result as it is done.

    Each step takes the latest result of the type it works on: `segment` the latest movie,
    `track` the latest masks, and so on. `quality` compares what the latest step made that gave
    new frames with what it worked on.

    Raises
    ------
    RecipeError
        When a step fails for a reason the user can mend; `Cancelled` when asked to stop.
    """
    recipe.check()
    job = job or Job(seed=recipe.seed)
    latest: dict[type, Any] = {Movie: movie}
    for number, step in enumerate(recipe.steps, start=1):
        job.check()
        try:
            if step.task.input_type not in latest:
                raise RecipeError("no earlier step has changed the frames, so nothing compares.")
            result = step.task(latest[step.task.input_type], step.settings, job)
        except ValueError as error:
            raise RecipeError(f"Step {number} ({step.task.name}): {error}") from error
        offered = _offered(step.task.result_type)
        if isinstance(result, Layers):
            latest[offered] = result.layer(step.settings.to_dict()["go_on_with"])
        elif isinstance(result, offered):
            if isinstance(result, Movie) and result.data is not latest[Movie].data:
                if result.data.shape == latest[Movie].data.shape:
                    latest[Compared] = Compared(result, latest[Movie])
                else:  # cropped or binned: pixels are no longer the same ones
                    latest.pop(Compared, None)
            latest[offered] = result
        else:
            # A result that wraps a movie (an alignment) is that movie to the steps that follow.
            latest[offered] = result.movie.replace(provenance=result.provenance)
        if offered is Tracking:
            latest[Segmentation] = result.segmentation
        yield step, result


def _offered(result_type: type) -> type:
    if result_type is Layers:
        return Segmentation
    return result_type if result_type in (Segmentation, Tracking, Measurements) else Movie


def _read_step(number: int, entry: Any, folder: Path | None) -> RecipeStep:
    if not isinstance(entry, dict) or "task" not in entry:
        raise RecipeError(f"Step {number} does not say which task (task = …).")
    values = {key: value for key, value in entry.items() if key != "task"}
    if entry["task"] not in MODULES:
        raise RecipeError(
            f"Step {number}: there is no task '{entry['task']}'. There are: {', '.join(MODULES)}."
        )
    task = get_task(entry["task"])
    try:
        settings = task.settings_type.from_dict(values)
    except SettingsError as error:
        raise RecipeError(f"Step {number} ({task.name}): {error}") from None
    return RecipeStep(task, _anchored(settings, folder))


def _anchored(settings: Settings, folder: Path | None) -> Settings:
    """Make relative paths relative to the recipe's folder."""
    if folder is None:
        return settings
    moved = {
        name: folder / value
        for name, value in settings
        if isinstance(value, Path) and not value.is_absolute()
    }
    return settings.model_copy(update=moved) if moved else settings
