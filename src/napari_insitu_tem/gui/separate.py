"""The Separate layers dock: the task's panel, and particles moved between layers by hand."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Layer

from napari_insitu_tem.analysis.layer_moves import Move, carry_over, describe_move
from napari_insitu_tem.gui.background import plain_words
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.separate_moves import MovesEditor, ParticlePicker
from napari_insitu_tem.gui.shortcuts import bind_keys
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.results import Layers
from napari_insitu_tem.tasks.separate import move_particles

if TYPE_CHECKING:
    import napari

__all__ = ["SeparateDock"]

_KEYS = {
    "Shift-L": lambda dock: dock.moves_editor.flip(),
    "Shift-I": lambda dock: dock.moves_editor.flip_on(),
    "Shift-P": lambda dock: dock.moves_editor.flip_here(),
}


class SeparateDock(TaskPanel):
    """The separate task, by point and click; one Labels layer a layer, as outlines."""

    loads_ahead = ("skimage.measure", "skimage.segmentation")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "separate", hidden=("flips", "go_on_with"))
        self.found: Layers | None = None
        self.layers: Layers | None = None
        self.moves: list[Move] = []
        self._source: weakref.ref[Layer] | None = None
        self._name = ""
        self.picker = ParticlePicker(self.viewer, self.select)
        self.moves_editor = MovesEditor(self.viewer)
        self.moves_editor.hide()
        self.extras.addWidget(self.moves_editor)
        self.moves_editor.wanted.connect(self.move)
        self.moves_editor.undone.connect(self.undo)
        listen(
            self,
            (self.viewer.dims.events.current_step, self.moves_editor.refresh),
            at_end=(bind_keys(self.viewer, self, _KEYS), self.picker.disconnect),
        )

    # -- what the user does ----------------------------------------------------------------

    def select(self, particle: int) -> None:
        """Choose a particle; 0 is none."""
        if self.layers is not None:
            self.picker.show(self.layers, particle)
            self.moves_editor.select(particle)

    def move(self, move: Move) -> None:
        """Move a particle to another layer."""
        if self._show_moved([*self.moves, move]):
            self.moves.append(move)
            self._list()
            self.say(f"{describe_move(move, self.layers.names)}.")

    def undo(self) -> None:
        """Take back the last move."""
        if self.moves and self._show_moved(self.moves[:-1]):
            last = self.moves.pop()
            self._list()
            self.say(f"Taken back: {describe_move(last, self.layers.names)}.")

    def show_result(self, result: Layers, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show the layers as outlines; what was moved by hand before is moved again."""
        earlier = self._made_for(source)
        before, moves = self.found, self.moves
        same_movie = self._source is not None and self._source() is source
        layers = super().show_result(result, tuples, source)
        for layer in earlier:
            if layer not in layers and layer in self.viewer.layers:  # the model has fewer layers
                self.viewer.layers.remove(layer)
        self.found = self.layers = result
        self.moves = []
        self._source = weakref.ref(source) if source is not None else None
        self._name = f"{self._base_name(source)} [{self.task.result_name}]"
        self.picker.listen_to([layer for layer in layers if isinstance(layer, Labels)])
        self.moves_editor.show()
        if same_movie and before is not None and moves:
            self._move_again(moves, before)
        self._list()
        self.select(0)
        return layers

    # -- inside ----------------------------------------------------------------------------

    def _move_again(self, moves: list[Move], before: Layers) -> None:
        carried, lost = carry_over(moves, before.particles, self.found.particles)
        carried = [move for move in carried if move[1] <= self.found.n_layers]
        if carried and self._show_moved(carried):
            self.moves = carried
        words = f"{len(self.moves)} of {len(moves)} moves by hand were made again"
        self.say(f"{words}; the other particles are not there any more." if lost else f"{words}.")

    def _show_moved(self, moves: list[Move]) -> bool:
        """Make moves on what was found and show the result; False when one cannot be made."""
        if self.found is None:
            return False
        try:
            self.layers = move_particles(self.found, tuple(moves))
        except Exception as error:
            self.say(plain_words(error), error=True)
            return False
        source = self._source() if self._source is not None else None
        shown = show_layers(
            self.viewer, layer_data(self.layers, self._name), self._made_for(source)
        )
        self._made[id(source)] = [weakref.ref(layer) for layer in shown]
        self.picker.listen_to([layer for layer in shown if isinstance(layer, Labels)])
        return True

    def _list(self) -> None:
        source = self._source() if self._source is not None else None
        shown = [layer for layer in self._made_for(source) if isinstance(layer, Labels)]
        if self.layers is not None and shown:
            self.moves_editor.show_result(self.layers, shown[0], self.moves)
