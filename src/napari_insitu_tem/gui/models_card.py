"""A model's card as a page to read."""

from __future__ import annotations

import html

from napari_insitu_tem.models import Broken, Model
from napari_insitu_tem.models.describe import facts, file_facts, quality_table, training_lines

__all__ = ["page", "page_of_broken", "paragraph"]

_QUIET = "color: #9a9a9a"
_TABLE = "<table cellspacing='0' cellpadding='2' style='margin-top: 6px'>"
_CELL = "padding-right: 10px"


def page(model: Model) -> str:
    """Return a model's card as HTML; whatever the card says is shown as text.

    Raises
    ------
    ModelError
        When the weights' file has gone or is damaged.
    """
    card = model.card
    parts = [f"<h3 style='margin-bottom: 4px'>{_text(card.title or card.name)}</h3>"]
    if card.description:
        parts.append(f"<p style='margin-top: 0; margin-bottom: 6px'>{_text(card.description)}</p>")
    parts.append(_pairs(facts(model)))
    if card.quality:
        names, rows, commands = quality_table(card)
        parts += ["<h4>Measured quality</h4>", _grid(names, rows)]
        parts += [f"<p style='{_QUIET}'>Measured by: {_text(each)}</p>" for each in commands]
    else:
        parts.append(f"<p style='{_QUIET}'>Its quality has not been measured.</p>")
    if training_lines(card):
        parts += ["<h4>How it was trained</h4>", _pairs(training_lines(card))]
    parts += ["<h4>Version and files</h4>", _pairs(file_facts(model))]
    return "".join(parts)


def page_of_broken(broken: Broken) -> str:
    """Return why something cannot be used, as HTML."""
    return (
        f"<h3>{_text(broken.name)}</h3>{paragraph('This cannot be used: ' + broken.reason)}"
        f"<p style='{_QUIET}'>{_text(str(broken.folder))}</p>"
    )


def paragraph(text: str) -> str:
    """Return any text as a paragraph of HTML, in which nothing of it is taken for a tag."""
    return f"<p>{_text(text)}</p>"


def _text(text: str) -> str:
    return html.escape(text)


def _pairs(pairs: list[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td style='{_QUIET}; {_CELL}; white-space: nowrap'>{_text(what)}</td>"
        f"<td>{_text(value)}</td></tr>"
        for what, value in pairs
    )
    return f"{_TABLE}{rows}</table>"


def _grid(names: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<td style='{_QUIET}; {_CELL}'>{_text(name)}</td>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td style='{_CELL}'>{_text(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"{_TABLE}<tr>{head}</tr>{body}</table>"
