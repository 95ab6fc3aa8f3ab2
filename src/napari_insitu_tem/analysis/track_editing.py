"""Edits of tracks: join, cut, delete, swap, rename; the table, graph and masks follow.

An edit is plain data, such as ``("join", 3, 7)``, so that a list of them can be kept in a
recipe. Nothing is modified: the table is a new one, and masks are renumbered when a frame is
read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.orientation import unwrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EDITS", "EditError", "RelabelledFrames", "apply_edits", "check_edit", "describe_edit"]

Edit = tuple[str | int, ...]

#: Edits by name, with what their numbers are.
EDITS: dict[str, tuple[str, ...]] = {
    "join": ("track", "track"),
    "cut": ("track", "frame"),
    "delete": ("track",),
    "swap": ("track", "track", "frame"),
    "rename": ("track", "number"),
}


class EditError(ValueError):
    """An edit cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class _Rule:
    """Labels that mean something else in the frames from `first` on."""

    first: int
    names: dict[int, int]


class RelabelledFrames:
    """A (t, y, x) label array whose labels are renamed when a frame is read.

    Parameters
    ----------
    base : (t, y, x) integer array
        Anything that gives a frame for ``base[t]``; never written to.
    rules : tuple
        What to rename, in order.
    """

    def __init__(self, base: Any, rules: tuple[_Rule, ...] = ()) -> None:
        if isinstance(base, RelabelledFrames):
            base, rules = base.base, (*base.rules, *rules)
        self.base: Any = base
        self.rules: tuple[_Rule, ...] = rules
        self.shape = tuple(int(size) for size in base.shape)
        self.dtype = np.dtype(base.dtype)
        self.ndim = len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """What the whole array would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def names(self, frame: int) -> dict[int, int]:
        """Old label to new label in a frame; labels that stay are left out."""
        names: dict[int, int] = {}
        for rule in self.rules:
            if frame < rule.first:
                continue
            after = {old: rule.names.get(new, new) for old, new in names.items()}
            for old, new in rule.names.items():
                after.setdefault(old, new)
            names = after
        return {old: new for old, new in names.items() if old != new}

    def read(self, frame: int) -> np.ndarray:
        """Return one frame as an array of its own."""
        labels = np.array(self.base[frame])
        names = self.names(frame)
        if names:
            # Only labels that may occur; the lookup is no longer than the largest of those.
            top = int(labels.max(initial=0))
            lookup = np.arange(top + 1, dtype=self.dtype)
            for old, new in names.items():
                if old <= top:
                    lookup[old] = new
            labels = lookup[labels]
        return labels

    def __getitem__(self, index: Any) -> np.ndarray:
        index = index if isinstance(index, tuple) else (index,)
        if index and index[0] is Ellipsis:
            index = (slice(None),) * (self.ndim - len(index) + 1) + index[1:]
        time, rest = index[0], index[1:]
        if isinstance(time, int | np.integer):
            frame = int(time) + (self.shape[0] if time < 0 else 0)
            return np.asarray(self.read(frame)[rest])
        if isinstance(time, slice):
            frames = range(*time.indices(self.shape[0]))
            if not frames:
                return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *rest)]
            return np.stack([self.read(frame)[rest] for frame in frames])
        times = np.asarray(time)
        if not rest:
            return np.stack([self.read(int(frame)) for frame in times])
        out = np.empty(np.broadcast_shapes(*(np.shape(part) for part in index)), self.dtype)
        parts = np.broadcast_arrays(*index)
        for frame in np.unique(parts[0]):
            here = parts[0] == frame
            out[here] = self.read(int(frame))[tuple(part[here] for part in parts[1:])]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def check_edit(edit: Edit) -> Edit:
    """Return an edit with the right types.

    Raises
    ------
    EditError
        When there is no such edit, or its numbers do not fit.
    """
    name, *numbers = edit
    if name not in EDITS:
        raise EditError(f"There is no edit '{name}'; there are: {', '.join(EDITS)}.")
    wanted = EDITS[str(name)]
    if len(numbers) != len(wanted) or not all(isinstance(n, int) for n in numbers):
        raise EditError(
            f"'{name}' takes {len(wanted)} whole numbers ({', '.join(wanted)}), not {numbers}."
        )
    return tuple(edit)


def describe_edit(edit: Edit) -> str:
    """Say in words what an edit does."""
    name, *n = check_edit(edit)
    return {
        "join": "Join track {1} to {0}",
        "cut": "Cut track {0} at frame {1}",
        "delete": "Delete track {0}",
        "swap": "Swap tracks {0} and {1} from frame {2} on",
        "rename": "Rename track {0} to {1}",
    }[str(name)].format(*n)


def apply_edits(
    particles: pd.DataFrame, graph: dict[int, list[int]], labels: Any, edits: Iterable[Edit]
) -> tuple[pd.DataFrame, dict[int, list[int]], Any]:
    """Make edits, one after another.

    Parameters
    ----------
    particles : pandas.DataFrame
        Table of a `Tracking`.
    graph : dict of int to list of int
        Track to its parents.
    labels : (t, y, x) integer array
        Masks in which the label is the track.
    edits : iterable of tuples
        See `EDITS`. ``("join", a, b)`` makes b part of a; ``("cut", a, frame)`` gives a a new
        number (one above the largest) from that frame on; ``("swap", a, b, frame)`` exchanges
        two tracks from that frame on.

    Returns
    -------
    particles, graph, labels
        New ones; `labels` is a `RelabelledFrames` when anything was edited.

    Raises
    ------
    EditError
        When an edit cannot be made.
    """
    edits = [check_edit(tuple(edit)) for edit in edits]
    if not edits:
        return particles, graph, labels
    table = particles.copy()
    track, frame = table["track"].to_numpy().copy(), table["frame"].to_numpy()
    graph = {child: list(parents) for child, parents in graph.items()}
    rules = []
    for edit in edits:
        # The numbers of now, so that edits made one by one and all at once are the same.
        first, names = _names(edit, track, frame, int(track.max(initial=0)))
        graph = _renamed_graph(graph, first, names, track, frame)
        later = frame >= first
        new = track.copy()
        for old, number in names.items():
            new[later & (track == old)] = number
        track = new
        rules.append(_Rule(first, names))
    changed = {n for rule in rules for pair in rule.names.items() for n in pair}
    table["track"] = track
    table = table[track > 0].sort_values(["track", "frame"]).reset_index(drop=True)
    _unwrap_again(table, changed)
    return table, _tidy(graph, set(table["track"])), RelabelledFrames(labels, tuple(rules))


def _names(
    edit: Edit, track: np.ndarray, frame: np.ndarray, highest: int
) -> tuple[int, dict[int, int]]:
    """First frame of an edit, and what every track is called from there on."""
    name, *numbers = edit
    n = [int(number) for number in numbers]
    tracks = n[: sum(kind == "track" for kind in EDITS[str(name)])]
    for number in tracks:
        if not np.any(track == number):
            raise EditError(f"There is no track {number}; it may have been joined or deleted.")
    if len(set(tracks)) < len(tracks):
        raise EditError(f"Choose two different tracks to {name}; both are {n[0]}.")
    if name == "join":
        both = np.intersect1d(frame[track == n[0]], frame[track == n[1]])
        if len(both):
            raise EditError(
                f"Tracks {n[0]} and {n[1]} are both in frame {both[0]}, so they cannot be one "
                "particle. Cut one of them first."
            )
        return 0, {n[1]: n[0]}
    if name == "delete":
        return 0, {n[0]: 0}
    if name == "rename":
        if n[1] < 1 or np.any(track == n[1]):
            raise EditError(f"{n[1]} cannot be a track's new number: it is taken or not above 0.")
        return 0, {n[0]: n[1]}
    at, of = n[-1], frame[np.isin(track, tracks)]
    if name == "cut":
        if not of.min() < at <= of.max():
            raise EditError(
                f"Track {n[0]} runs from frame {of.min()} to {of.max()}; cut it after its first "
                f"frame and not after its last one, not at {at}."
            )
        return at, {n[0]: highest + 1}
    if at > of.max():
        raise EditError(f"Neither track {n[0]} nor {n[1]} goes on after frame {at}.")
    return at, {n[0]: n[1], n[1]: n[0]}


def _renamed_graph(
    graph: dict[int, list[int]],
    first: int,
    names: dict[int, int],
    track: np.ndarray,
    frame: np.ndarray,
) -> dict[int, list[int]]:
    """Graph with the new names: a child's start and a parent's end decide when they count."""
    renamed: dict[int, list[int]] = {}
    for child, parents in graph.items():
        start = int(frame[track == child].min(initial=np.iinfo(np.int64).max))
        new_child = names.get(child, child) if start >= first else child
        # A parent ends where its child begins.
        new_parents = [names.get(p, p) if start - 1 >= first else p for p in parents]
        renamed.setdefault(new_child, []).extend(p for p in new_parents if p != new_child)
    return renamed


def _tidy(graph: dict[int, list[int]], known: set[int]) -> dict[int, list[int]]:
    """Graph of tracks that exist."""
    tidy = {
        child: sorted({p for p in parents if p in known})
        for child, parents in graph.items()
        if child in known
    }
    return {child: parents for child, parents in tidy.items() if parents}


def _unwrap_again(table: pd.DataFrame, tracks: set[int]) -> None:
    """Make angles continuous along tracks that were put together."""
    if "orientation" not in table or "symmetry" not in table:
        return
    degrees = table["orientation"].to_numpy().copy()
    for rows in table.groupby("track").indices.items():
        number, where = rows
        folds = table["symmetry"].to_numpy()[where]
        if number in tracks and folds[0] and np.all(folds == folds[0]):
            degrees[where] = unwrap(degrees[where], int(folds[0]))
    table["orientation"] = degrees
