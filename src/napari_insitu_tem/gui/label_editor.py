"""LabelEditor: edits of one Labels layer, each one undo step, with its corrected frames marked.

It stands on what napari makes public: `Labels.data_setitem` writes into napari's own undo
history, so that Ctrl+Z takes back corrections and brush strokes alike, in the order they were
made. Which frames a stroke painted is read from the value of the `paint` event.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from napari.layers import Labels
from psygnal import Signal, SignalInstance

from napari_insitu_tem.analysis.correction import Edit
from napari_insitu_tem.gui.corrections_note import note_file, noted_step
from napari_insitu_tem.gui.layers import result_of
from napari_insitu_tem.io.editable import EditableLabels

__all__ = ["CORRECTED", "LabelEditor", "corrected_frames", "disconnect_all", "editor_of"]

#: Where a Labels layer's metadata holds the set of corrected frames.
CORRECTED = "corrected"
_HISTORY = 100  # as many steps as napari keeps


def corrected_frames(layer: Labels) -> frozenset[int]:
    """Return the frames of a layer that were corrected by hand."""
    known = getattr(result_of(layer), CORRECTED, frozenset())
    return frozenset(layer.metadata.get(CORRECTED, known))


class LabelEditor:
    """Edits a Labels layer over (t, y, x) or (y, x).

    Parameters
    ----------
    layer : napari.layers.Labels
        Whose data is edited in place. Data that is not in memory is put under an
        `EditableLabels`, so that no stroke waits for the disk; what lies there stays.

    Raises
    ------
    ValueError
        When the layer has several resolutions, or another number of dimensions.
    """

    #: Emitted with the frames whose labels changed.
    changed = Signal(object)
    #: Emitted when the set of corrected frames changed.
    marked = Signal()
    #: Emitted when the layer was given other data.
    replaced = Signal()

    def __init__(self, layer: Labels) -> None:
        if layer.multiscale or layer.data.ndim not in (2, 3):
            raise ValueError(
                f"'{layer.name}' cannot be corrected here: masks have three dimensions (time, "
                "y, x) and one resolution. Choose the masks that Segment made."
            )
        self._layer = weakref.ref(layer)
        self._undone_marks: deque[tuple[frozenset[int], frozenset[int]]] = deque(maxlen=_HISTORY)
        self._marks: deque[tuple[frozenset[int], frozenset[int]]] = deque(maxlen=_HISTORY)
        #: Counts the edits, so that one can tell whether something happened since.
        self.serial = 0
        self._data: Any = None
        self._on_data()
        layer.events.paint.connect(self._on_paint)
        layer.events.data.connect(self._on_data)
        layer.bind_key("Control-Z", lambda _: self.undo(), overwrite=True)
        layer.bind_key("Control-Shift-Z", lambda _: self.redo(), overwrite=True)

    @property
    def layer(self) -> Labels:
        """The layer that is edited."""
        layer = self._layer()
        if layer is None:
            raise RuntimeError("The layer is gone.")
        return layer

    @property
    def n_frames(self) -> int:
        """Number of frames; 1 of a still image."""
        return int(self.layer.data.shape[0]) if self.layer.data.ndim == 3 else 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape as (t, y, x)."""
        height, width = self.layer.data.shape[-2:]
        return self.n_frames, int(height), int(width)

    @property
    def corrected(self) -> frozenset[int]:
        """Frames that were corrected by hand."""
        return corrected_frames(self.layer)

    def frame(self, index: int) -> np.ndarray:
        """Return the label image of a frame; not to be written to."""
        return np.asarray(self.layer.data[index] if self.layer.data.ndim == 3 else self.layer.data)

    def read(self, index: int) -> np.ndarray:
        """Return a frame for a thread that goes through many."""
        data = self.layer.data
        return data.read(index) if isinstance(data, EditableLabels) else self.frame(index)

    def apply(self, edits: Iterable[tuple[int, Edit]]) -> int:
        """Make edits of any frames as one undo step, and return how many pixels changed."""
        places: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        values = []
        for index, edit in edits:
            old = self.frame(index)[edit.box] if not self._held(index) else None
            if old is None:
                old = self._held_values(index, edit)
            rows, columns = np.nonzero(old != edit.values)
            values.append(edit.values[rows, columns])
            rows, columns = rows + edit.box[0].start, columns + edit.box[1].start
            places.append((np.full(len(rows), index), rows, columns))
        if not values or not sum(map(len, values)):
            return 0
        where = tuple(np.concatenate(parts) for parts in zip(*places, strict=True))
        with self.layer.block_history():
            self.layer.data_setitem(where[-self.layer.data.ndim :], np.concatenate(values))
        return len(where[0])

    def undo(self) -> None:
        """Take back the last correction or brush stroke, and its mark."""
        self.layer.undo()
        self._step(self._marks, self._undone_marks, back=True)

    def redo(self) -> None:
        """Make again what was taken back last."""
        self.layer.redo()
        self._step(self._undone_marks, self._marks, back=False)

    def mark(self, frames: Iterable[int], *, corrected: bool = True) -> None:
        """Call frames corrected (or not), whatever was done to them."""
        frames = frozenset(int(frame) for frame in frames)
        self._set(self.corrected | frames if corrected else self.corrected - frames)

    def put_frames(self, frames: Mapping[int, np.ndarray]) -> None:
        """Put whole label images in place; on any thread. `show_frames` must follow."""
        for index, labels in frames.items():
            if self.layer.data.ndim == 3:
                self.layer.data[index] = labels
            else:
                self.layer.data[...] = labels

    def show_frames(self, frames: Iterable[int]) -> None:
        """Show and mark frames that were put in place; this cannot be undone."""
        self._forget_history()
        self.layer.refresh()
        self.mark(frames)
        self.changed.emit(frozenset(frames))

    def _held(self, index: int) -> bool:
        data = self.layer.data
        return isinstance(data, EditableLabels) and not data.at_hand(index)

    def _held_values(self, index: int, edit: Edit) -> np.ndarray:
        rows, columns = np.mgrid[edit.box]
        return self.layer.data[np.full(rows.shape, index), rows, columns]

    def _step(self, source: deque[Any], target: deque[Any], *, back: bool) -> None:
        self._begin_change()
        if not source:
            return
        frames, marks = source.pop()
        target.append((frames, marks))
        self.mark(marks, corrected=not back)
        self.changed.emit(frames)

    def _on_paint(self, event: Any) -> None:
        frames = _painted_frames(event.value, self.n_frames, self.layer.data.ndim)
        self._begin_change()
        self._marks.append((frames, frames - self.corrected))
        self._undone_marks.clear()
        self.mark(frames)
        self.changed.emit(frames)

    def _on_data(self, _: Any = None) -> None:
        """Begin anew when the layer is given other data."""
        layer = self.layer
        if layer.data is self._data:
            return
        self._data = layer.data
        if not isinstance(layer.data, np.ndarray | EditableLabels):
            layer.data = EditableLabels(layer.data)  # which comes back here
            return
        self._forget_history()
        self.replaced.emit()
        self.marked.emit()

    def _forget_history(self) -> None:
        self.serial += 1
        self._marks.clear()
        self._undone_marks.clear()
        # napari keeps its history when a layer is given other data, and undoing would then write
        # old pixels into new masks. What makes it forget is that the layer cannot be edited.
        mode = self.layer.mode
        self.layer.editable = False
        self.layer.editable = True
        self.layer.mode = mode

    def _begin_change(self) -> None:
        """Count a change; what a file holds of these masks is no longer all."""
        self.serial += 1
        if noted_step(self.layer) is not None:
            note_file(self.layer, None)
            self.marked.emit()

    def _set(self, frames: frozenset[int]) -> None:
        if frames != self.corrected or CORRECTED not in self.layer.metadata:
            note_file(self.layer, None)
            self.layer.metadata = {**self.layer.metadata, CORRECTED: frames}
            self.marked.emit()


def _painted_frames(atoms: Sequence[Any], n_frames: int, ndim: int) -> frozenset[int]:
    """Return the frames that a history item changed.

    An item is a list of changes; each begins with where it was: a tuple of slices (brush,
    fill, polygon) or of index arrays (`data_setitem`).
    """
    if ndim == 2:
        return frozenset({0})
    frames: set[int] = set()
    for atom in atoms:
        first = atom[0][0]
        if isinstance(first, slice):
            frames.update(range(*first.indices(n_frames)))
        else:
            frames.update(np.unique(np.asarray(first)).tolist())
    return frozenset(frames)


_editors: weakref.WeakKeyDictionary[Labels, LabelEditor] = weakref.WeakKeyDictionary()


def editor_of(layer: Labels) -> LabelEditor:
    """Return the layer's editor; the same one each time, for as long as there is the layer.

    From the first time on, whatever is painted in the layer is marked as corrected.

    Raises
    ------
    ValueError
        As `LabelEditor`.
    """
    if layer not in _editors:
        _editors[layer] = LabelEditor(layer)
    return _editors[layer]


def disconnect_all(signals: list[SignalInstance]) -> None:
    """Hear these signals no longer, and empty the list; the editor outlives who listens."""
    while signals:
        signals.pop().disconnect()
