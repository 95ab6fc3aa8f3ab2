"""Models in words: the facts on a card as people read them, and tables of text."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.model import Model

__all__ = [
    "details",
    "facts",
    "file_facts",
    "in_short",
    "quality_table",
    "recipe_lines",
    "size_in_words",
    "table",
    "training_lines",
    "value_in_words",
]

_POLARITIES = {
    "bright": "bright (frames with dark ones are inverted)",
    "dark": "dark (frames with bright ones are inverted)",
    "any": "bright or dark",
}
_NORMALISATIONS = {"standard": "zero mean, unit standard deviation"}
#: Columns of the quality table, in this order; others follow.
_COLUMNS = ("data", "measure", "value", "baseline")


def facts(model: Model) -> list[tuple[str, str]]:
    """Return (what, value) pairs of a model, in the order in which they are asked for.

    Raises
    ------
    ModelError
        When the weights' file has gone or is damaged.
    """
    card = model.card
    rows = [
        ("Task", card.task),
        ("Gives", ", ".join(card.channels)),
        ("Trained on", card.trained_on),
        ("Particles", _POLARITIES[card.polarity]),
        ("Diameters", _range(card.diameters, "px", "any (not said)")),
        ("Pixel size", _range(card.pixel_size, "nm/px", "")),
        ("Frames", _NORMALISATIONS.get(card.normalisation, card.normalisation)),
        ("Network", network_in_words(card, model.parameters)),
        ("Retrained from", card.parent or ""),
    ]
    return [(what, value) for what, value in rows if value]


def file_facts(model: Model) -> list[tuple[str, str]]:
    """Return (what, value) pairs of a model's version and files."""
    card = model.card
    return [
        ("Version", f"{card.version}, {date_in_words(card.created)}"),
        ("Licence", card.licence),
        ("Size", size_in_words(model.size)),
        ("SHA-256", card.sha256),
        ("Folder", str(model.folder)),
    ]


def network_in_words(card: ModelCard, parameters: int) -> str:
    """Return the network, its arguments and the number of its parameters."""
    arguments = ", ".join(
        f"{name} {value_in_words(value)}"
        for name, value in card.arguments.items()
        if name not in ("in_channels", "out_channels")
    )
    count = f"{parameters / 1e6:.3g} million" if parameters >= 1e6 else f"{parameters:,}"
    return f"{card.network}{f' ({arguments})' if arguments else ''}, {count} parameters"


def quality_table(card: ModelCard) -> tuple[list[str], list[list[str]], list[str]]:
    """Return what was measured as column names, rows, and the commands that measured it."""
    rows = [dict(row) for row in card.quality]
    commands = list(dict.fromkeys(str(row.pop("command")) for row in rows if "command" in row))
    present = {name for row in rows for name in row}
    names = [name for name in _COLUMNS if name in present]
    names += sorted(present.difference(names))
    return names, [[value_in_words(row.get(name, "")) for name in names] for row in rows], commands


def training_lines(card: ModelCard) -> list[tuple[str, str]]:
    """Return how a model was trained as (name, value) pairs, less what its card says anyway."""
    said = card.model_dump(mode="json")
    new = {name: value for name, value in card.training.items() if said.get(name, ...) != value}
    return recipe_lines(new)


def recipe_lines(recipe: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Return a training recipe as flat (name, value) pairs; nested names are joined by dots."""
    lines = []
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            lines += recipe_lines(value, f"{before}{name}.")
        else:
            lines.append((f"{before}{name}", value_in_words(value)))
    return lines


def details(model: Model) -> str:
    """Return all that a card says, as text for a terminal."""
    card = model.card
    parts = [f"{model.name}: {card.title}" if card.title else model.name]
    if card.description:
        parts += ["", card.description]
    parts += ["", _columns(facts(model))]
    if card.quality:
        names, rows, commands = quality_table(card)
        parts += ["", "Measured quality", _columns([names, *rows], indent="  ")]
        parts += [f"  measured by: {command}" for command in commands]
    if training_lines(card):
        parts += ["", "Training", _columns(training_lines(card), indent="  ")]
    parts += ["", "Version and files", _columns(file_facts(model), indent="  ")]
    return "\n".join(parts)


def in_short(model: Model) -> tuple[str, str, str, str, str, str]:
    """Return name, task, what it was trained on, whose it is, date, and size."""
    return (
        model.name,
        model.card.task,
        model.card.trained_on,
        "shipped" if model.shipped else "yours",
        date_in_words(model.card.created),
        size_in_words(model.size),
    )


def table(models: Sequence[Model]) -> str:
    """Return a line a model, as text for a terminal."""
    if not models:
        return "There are no models yet: train one, or import one."
    shown = []
    for model in models:
        name, task, data, whose, date, size = in_short(model)
        shown.append((name, task, size, whose, date, _cut(data, 60)))
    return _columns([("name", "task", "size", "whose", "made", "trained on"), *shown])


def size_in_words(size: int) -> str:
    """Return bytes as kB or MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def date_in_words(created: str) -> str:
    """Return the day of an ISO date."""
    return datetime.datetime.fromisoformat(created).date().isoformat()


def value_in_words(value: Any) -> str:
    """Return a JSON value as people write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(value_in_words(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in recipe_lines(value))
    return str(value)


def _range(limits: tuple[float, float] | None, unit: str, otherwise: str) -> str:
    return otherwise if limits is None else f"{limits[0]:g}–{limits[1]:g} {unit}"  # noqa: RUF001


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _columns(rows: Iterable[Sequence[str]], indent: str = "") -> str:
    """Align cells; the last column may be as long as it likes."""
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(indent + line.rstrip() for line in lines)
