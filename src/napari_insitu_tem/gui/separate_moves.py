"""Moving particles between layers by hand: what is selected, the buttons, the list, undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Labels, Points
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.analysis.layer_moves import Move, describe_move
from napari_insitu_tem.gui.gestures import shown_frame
from napari_insitu_tem.gui.layers import calibration_kwargs
from napari_insitu_tem.gui.shortcuts import Shortcut
from napari_insitu_tem.results import Layers

__all__ = ["SHORTCUTS", "MovesEditor", "ParticlePicker"]

SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("Shift-L", "Flip the particle", "Put the selected particle into the other layer."),
    Shortcut("Shift-I", "Flip from here on", "The same, from the frame that you look at on."),
    Shortcut("Shift-P", "Flip in this frame", "The same, in this frame only."),
)

_RING = "selected particle in layers"
_MOVED = 5  # screen pixels; a press that moves more is no click


class ParticlePicker:
    """Selects a particle of several Labels layers by a click; the selected one wears a ring.

    Where particles of two layers overlap, another click selects the other one.

    Parameters
    ----------
    viewer : napari.Viewer
        Where clicks come from.
    picked : callable
        Called with the particle's number, or 0 where there is none.
    """

    def __init__(self, viewer: Any, picked: Callable[[int], None]) -> None:
        self._viewer, self._picked = viewer, picked
        self._layers: list[Labels] = []
        self._ring: Points | None = None
        self.particle = 0
        viewer.mouse_drag_callbacks.append(self._click)

    def disconnect(self) -> None:
        """Hear no clicks any more, and take the ring away."""
        if self._click in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._click)
        if self._ring is not None and self._ring in self._viewer.layers:
            self._viewer.layers.remove(self._ring)

    def listen_to(self, layers: list[Labels]) -> None:
        """Pick particles of these layers from now on."""
        self._layers = layers

    def particles_at(self, position: tuple[float, ...]) -> list[int]:
        """Return the particles at a world position, of the topmost visible layer first."""
        shown = [layer for layer in self._layers if layer in self._viewer.layers and layer.visible]
        shown.sort(key=self._viewer.layers.index, reverse=True)
        values = (layer.get_value(position, world=True) for layer in shown)
        return list(dict.fromkeys(int(value) for value in values if value))

    def show(self, layers: Layers, particle: int) -> None:
        """Put the ring around a particle; 0 hides it."""
        self.particle = particle
        rows = layers.particles[layers.particles["particle"] == particle]
        if not len(rows):
            if self._ring is not None:
                self._ring.visible = False
            return
        data = rows[["frame", "y", "x"]].to_numpy(float)
        size = 1.7 * np.sqrt(rows["area"].to_numpy(float)) + 6
        if self._ring is None or self._ring not in self._viewer.layers:
            active = self._viewer.layers.selection.active
            self._ring = Points(
                data,
                size=size,
                face_color="transparent",
                border_color="white",
                border_width=0.05,
                name=_RING,
                metadata={"preview": True},
                **calibration_kwargs(layers.movie),
            )
            self._viewer.add_layer(self._ring)
            if active is not None:
                self._viewer.layers.selection.active = active
        else:
            # The data first makes the sizes fit; new points take the last size otherwise.
            self._ring.selected_data = set()
            self._ring.data = data
            self._ring.size = size
        self._ring.visible = True

    def _click(self, viewer: Any, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        if event.button != 1 or str(getattr(active, "mode", "pan_zoom")) != "pan_zoom":
            return
        start = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos, float) - start).max() >= _MOVED or not self._layers:
            return
        here = self.particles_at(event.position)
        if not here:
            self._picked(0)
        elif self.particle in here:
            self._picked(here[(here.index(self.particle) + 1) % len(here)])
        else:
            self._picked(here[0])


class MovesEditor(QWidget):
    """The selected particle, the buttons that flip it, what was moved, and undo.

    It knows nothing of how a move is made: it asks for one, and shows what there is.
    """

    #: Emitted with a move that the user asks for.
    wanted = Signal(object)
    #: Emitted when the last move shall be taken back.
    undone = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers: Layers | None = None
        self._layer: Labels | None = None
        self.particle = 0
        # As high as it must be: the room below belongs to nobody.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 0, 0)
        self._title = QLabel()
        self._title.setWordWrap(True)
        outer.addWidget(self._title)
        grid = QGridLayout()
        self.buttons: dict[str, QPushButton] = {}
        for place, (name, title) in enumerate(
            (("flip", "Flip"), ("flip_on", "From here on"), ("flip_here", "In this frame"))
        ):
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(f"{SHORTCUTS[place].description} ({SHORTCUTS[place].keys})")
            button.clicked.connect(getattr(self, name))
            self.buttons[name] = button
            grid.addWidget(button, 0, place)
        outer.addLayout(grid)
        self.history = QListWidget()
        self.history.setToolTip("What was moved by hand, in order. It is kept in the recipe.")
        self.history.setFixedHeight(90)
        outer.addWidget(self.history)
        self.undo_button = QPushButton("Undo last move")
        self.undo_button.setObjectName("undo_move")
        self.undo_button.clicked.connect(self.undone)
        outer.addWidget(self.undo_button)

    @property
    def frame(self) -> int:
        """The frame that is shown."""
        return 0 if self._layer is None else shown_frame(self._viewer, self._layer)

    def show_result(self, layers: Layers, layer: Labels, moves: list[Move]) -> None:
        """Show what was moved in a result, one layer of which is `layer`."""
        self._layers, self._layer = layers, layer
        self.history.clear()
        for number, move in enumerate(moves, start=1):
            self.history.addItem(f"{number}. {describe_move(move, layers.names)}")
        self.history.scrollToBottom()
        self.history.setVisible(bool(moves))
        self.undo_button.setVisible(bool(moves))
        self.refresh()

    def select(self, particle: int) -> None:
        """Choose the particle that the buttons flip; 0 is none."""
        self.particle = particle
        self.refresh()

    def flip(self) -> None:
        """Ask for the selected particle in the next layer, throughout."""
        self._ask()

    def flip_on(self) -> None:
        """Ask for it from the shown frame on."""
        self._ask(self.frame)

    def flip_here(self) -> None:
        """Ask for it in the shown frame only."""
        self._ask(self.frame, self.frame)

    def refresh(self, _: Any = None) -> None:
        """Say which particle is selected, where it is here, and what can be done."""
        here = self._here()
        several = self._layers is not None and self._layers.n_layers > 1
        for name, button in self.buttons.items():
            button.setEnabled(several and (here is not None or (name == "flip" and self._there())))
        if self._layers is None or not self.particle:
            self._title.setText("Click a particle to put it into the other layer.")
        elif here is None:
            self._title.setText(f"Particle {self.particle} is not in this frame.")
        else:
            name = self._layers.names[here - 1]
            self._title.setText(f"<b>Particle {self.particle}</b> is in <b>{name}</b> here.")

    def _rows(self) -> Any:
        table = self._layers.particles if self._layers is not None else None
        return None if table is None else table[table["particle"] == self.particle]

    def _there(self) -> bool:
        rows = self._rows()
        return rows is not None and len(rows) > 0

    def _here(self) -> int | None:
        """Return the selected particle's layer in the shown frame, if it is there."""
        rows = self._rows()
        if rows is None:
            return None
        layer = rows.loc[rows["frame"] == self.frame, "layer"]
        return int(layer.iloc[0]) if len(layer) else None

    def _ask(self, *frames: int) -> None:
        if self._layers is None or not self._there():
            return
        now = self._here() or int(self._rows()["layer"].mode().iloc[0])
        self.wanted.emit((self.particle, now % self._layers.n_layers + 1, *frames))
