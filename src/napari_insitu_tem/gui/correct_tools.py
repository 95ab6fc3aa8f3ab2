"""The tools of the Correct dock: what each is called, what it says, and the edit it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.analysis import correction
from napari_insitu_tem.analysis.correction import CorrectionError, Edit
from napari_insitu_tem.gui.shortcuts import Shortcut

__all__ = [
    "SHORTCUTS",
    "TOOLS",
    "TOOL_KEYS",
    "Amounts",
    "Tool",
    "edit_of",
    "hint_of",
    "label_at",
    "labels_under",
]


@dataclass(frozen=True)
class Tool:
    """One tool.

    Parameters
    ----------
    name, title, key : str
        Its name, what its button says, and its shortcut.
    hint : str
        What the next click does.
    lines : bool
        Whether dragging draws a line.
    along_track : bool
        Whether it can be applied along a whole track.
    options : tuple of str
        Which options it uses: ``"pixels"``, ``"number"``, ``"range"``.
    """

    name: str
    title: str
    key: str
    hint: str
    lines: bool = False
    along_track: bool = False
    options: tuple[str, ...] = ()


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("split", "Split", "Shift-S", "Drag a line across a particle to cut it.", lines=True),
        Tool(
            "merge",
            "Merge",
            "Shift-M",
            "Click particles one after another, or drag a line across them.",
            lines=True,
        ),
        Tool(
            "new",
            "New",
            "Shift-N",
            "Click the middle of a particle that has no mask.",
        ),
        Tool("delete", "Delete", "Shift-D", "Click a particle to delete it.", along_track=True),
        Tool("fill", "Fill holes", "Shift-F", "Click a particle to fill it.", along_track=True),
        Tool(
            "smooth",
            "Smooth",
            "Shift-O",
            "Click a particle to smooth its outline.",
            along_track=True,
            options=("pixels",),
        ),
        Tool(
            "grow",
            "Grow",
            "Shift-G",
            "Click a particle to grow it.",
            along_track=True,
            options=("pixels",),
        ),
        Tool(
            "shrink",
            "Shrink",
            "Shift-H",
            "Click a particle to shrink it.",
            along_track=True,
            options=("pixels",),
        ),
        Tool(
            "renumber",
            "Renumber",
            "Shift-R",
            "Click a particle to give it the number below.",
            along_track=True,
            options=("number",),
        ),
        Tool(
            "copy",
            "Copy",
            "Shift-C",
            "Click a particle to give it this mask in the frames below.",
            options=("range",),
        ),
    )
}

#: The tools' keys, for `shortcuts.bind_keys`.
TOOL_KEYS: dict[str, Callable[[Any], None]] = {
    tool.key: lambda dock, name=tool.name: dock.choose_tool(name) for tool in TOOLS.values()
}

SHORTCUTS: tuple[Shortcut, ...] = (
    *(Shortcut(tool.key, f"{tool.title} tool", tool.hint) for tool in TOOLS.values()),
    Shortcut("Shift-T", "Apply along the track", "Switch between this frame and all frames."),
    Shortcut("Shift-K", "Mark this frame", "Call this frame corrected, or not."),
    Shortcut("Shift-J", "Next suspicious frame", "Go to the next frame that looks wrong."),
    Shortcut("Shift-U", "Previous suspicious frame", "Go to the one before."),
    Shortcut("Control-Z", "Undo", "Take back the last correction or brush stroke."),
    Shortcut("Control-Shift-Z", "Redo", "Make it again."),
    Shortcut("Shift-click", "New tool: more", "This belongs to the new particle, too."),
    Shortcut("Alt-click", "New tool: less", "This does not belong to the new particle."),
    Shortcut("Escape", "Put the tool away", "The mouse moves the view again."),
)


@dataclass(frozen=True)
class Amounts:
    """What the options of the dock say: a distance in pixels, and a number for a particle."""

    pixels: int = 2
    number: int = 1


_EDITS: dict[str, Callable[[np.ndarray, int, Amounts], Edit]] = {
    "delete": lambda labels, label, _: correction.delete(labels, [label]),
    "fill": lambda labels, label, _: correction.fill_holes(labels, [label]),
    "smooth": lambda labels, label, how: correction.smooth(labels, [label], radius=how.pixels),
    "grow": lambda labels, label, how: correction.grow(labels, [label], pixels=how.pixels),
    "shrink": lambda labels, label, how: correction.shrink(labels, [label], pixels=how.pixels),
    "renumber": lambda labels, label, how: correction.relabel(labels, label, how.number),
}


def edit_of(tool: str, labels: np.ndarray, label: int, amounts: Amounts) -> Edit:
    """Return the edit that a tool makes of one particle of a label image."""
    return _EDITS[tool](labels, label, amounts)


def hint_of(tool: Tool, scope: str, *, merging: int | None, new: int | None) -> str:
    """Return what the next click does.

    Parameters
    ----------
    tool : Tool
        In hand.
    scope : str
        In words, what is corrected.
    merging : int, optional
        The particle into which others are merged.
    new : int, optional
        The particle in the making.
    """
    words = f"<b>{tool.hint}</b>"
    if merging is not None:
        words = f"<b>Click what to merge into particle {merging}</b>; it again to stop."
    elif new is not None:
        words = (
            f"<b>Shift+click: belongs to particle {new}, too. Alt+click: does not.</b> "
            "Click: another new one."
        )
    if tool.along_track:
        words += f" In {scope}."
    return words + " <i>Esc puts the tool away.</i>"


def label_at(labels: np.ndarray, point: Sequence[float]) -> int:
    """Return the label at (y, x), which may be beside the image.

    Raises
    ------
    CorrectionError
        If there is background.
    """
    y, x = (round(float(value)) for value in point)
    inside = 0 <= y < labels.shape[0] and 0 <= x < labels.shape[1]
    label = int(labels[y, x]) if inside else 0
    if not label:
        raise CorrectionError("There is no particle here; click on one.")
    return label


def labels_under(labels: np.ndarray, line: np.ndarray) -> list[int]:
    """Return the labels that a line (n, 2) crosses, in its order."""
    from napari_insitu_tem.analysis.splitting import line_pixels

    path = line_pixels(line, labels.shape)
    return [label for label in dict.fromkeys(labels[path[:, 0], path[:, 1]].tolist()) if label]
