"""ReadableFrames: the threshold, what it keeps, and a particle's frames that pass it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.frame_strip import FrameStrip
from napari_insitu_tem.tasks.zone_axis import ZoneAxis
from napari_insitu_tem.tasks.zone_axis.words import passing

__all__ = ["ClickedParticle", "ReadableFrames"]

_STEPS = 100
_STILL = 4.0  # screen pixels; a press that moves less is a click
ALL = 0


class ReadableFrames(QWidget):
    """A slider for the threshold, and a strip of frames; nothing is computed anew."""

    #: The threshold was moved.
    changed = Signal(float)
    #: A particle was chosen (0: all of them).
    particle_chosen = Signal(int)
    #: A frame was clicked.
    frame_chosen = Signal(int)

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.found: ZoneAxis | None = None
        self.shown = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        tip = "Evenness from which on a particle counts as readable; takes effect at once."
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("threshold")
        self.slider.setRange(0, _STEPS)
        self.box = QDoubleSpinBox()
        self.box.setRange(0, 1)
        self.box.setSingleStep(0.01)
        row.addWidget(QLabel("Threshold"))
        for widget in (self.slider, self.box):
            widget.setToolTip(tip)
            row.addWidget(widget)
        layout.addLayout(row)
        self.words = QLabel()
        self.words.setObjectName("passing")
        self.words.setWordWrap(True)
        layout.addWidget(self.words)
        self._frames = QWidget()
        strip = QVBoxLayout(self._frames)
        strip.setContentsMargins(0, 0, 0, 0)
        choose = QHBoxLayout()
        self.particles = QComboBox()
        self.particles.setObjectName("particle")
        self.particles.setToolTip("Whose frames are shown below; a click in the plot chooses, too.")
        choose.addWidget(QLabel("Frames of"))
        choose.addWidget(self.particles, 1)
        for name, words, tip, way in (
            ("previous_readable", "◂", "To the last readable frame before this one.", -1),
            ("next_readable", "▸", "To the next readable frame.", 1),
        ):
            button = QPushButton(words)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setFixedWidth(32)
            button.clicked.connect(lambda _=False, way=way: self._step(way))
            choose.addWidget(button)
        strip.addLayout(choose)
        self.strip = FrameStrip(good="readable")
        self.strip.setToolTip("Green: readable; orange: below the threshold. A click goes there.")
        strip.addWidget(self.strip)
        layout.addWidget(self._frames)
        self._frames.hide()
        self.words.hide()
        self.set_threshold(threshold)
        self.slider.valueChanged.connect(lambda value: self.box.setValue(value / _STEPS))
        self.box.valueChanged.connect(self._moved)
        self.particles.currentIndexChanged.connect(self._choose)
        self.strip.chosen.connect(self.frame_chosen)

    @property
    def threshold(self) -> float:
        """The chosen threshold."""
        return round(self.box.value(), 2)

    @property
    def particle(self) -> int:
        """The chosen particle; 0 for all of them."""
        return int(self.particles.currentData() or ALL)

    def set_threshold(self, threshold: float) -> None:
        """Choose a threshold without telling anybody."""
        for widget, value in ((self.box, threshold), (self.slider, round(_STEPS * threshold))):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)

    def show_result(self, found: ZoneAxis) -> None:
        """Show what the threshold keeps of a result."""
        self.found = found
        numbers = sorted(set(found.table["particle"]))
        chosen = self.particle
        self.particles.blockSignals(True)
        self.particles.clear()
        self.particles.addItem("all particles", ALL)
        for number in numbers:
            self.particles.addItem(f"particle {number}", int(number))
        self.particles.setCurrentIndex(max(self.particles.findData(chosen), 0))
        self.particles.blockSignals(False)
        self.words.setVisible(bool(numbers))
        self._frames.setVisible(bool(numbers) and found.movie.n_frames > 1)
        self.refresh()

    def refresh(self) -> None:
        """Show what passes now."""
        if self.found is None or not len(self.found.table):
            return
        self.words.setText(passing(self.found, self.threshold))
        rows = self.found.table
        if self.particle != ALL:
            rows = rows[rows["particle"] == self.particle]
        best = rows.groupby("frame")["evenness"].max()
        failing = best[best < self.threshold]
        reasons = {int(frame): f"evenness {value:.2f}" for frame, value in failing.items()}
        self.strip.set_frames(self.found.movie.n_frames, self._readable(), reasons)

    def choose(self, particle: int) -> None:
        """Show the frames of a particle."""
        self.particles.setCurrentIndex(max(self.particles.findData(particle), 0))

    def set_shown(self, frame: int) -> None:
        """Show which frame the viewer shows."""
        self.shown = frame
        self.strip.set_shown(frame)

    def _readable(self) -> list[int]:
        if self.found is None:
            return []
        frames = self.found.interpretable(self.threshold)
        own = frames.values() if self.particle == ALL else [frames[self.particle]]
        return sorted({int(frame) for part in own for frame in part})

    def _step(self, way: int) -> None:
        there = [frame for frame in self._readable() if (frame - self.shown) * way > 0]
        if there:
            self.frame_chosen.emit(min(there) if way > 0 else max(there))

    def _moved(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(_STEPS * value))
        self.slider.blockSignals(False)
        self.refresh()
        self.changed.emit(self.threshold)

    def _choose(self, _: int) -> None:
        self.refresh()
        self.particle_chosen.emit(self.particle)


class ClickedParticle:
    """Hears clicks on the particles of one Labels layer at a time.

    Parameters
    ----------
    chosen : callable
        Called with the number of the particle that was clicked.
    """

    def __init__(self, chosen: Callable[[int], None]) -> None:
        self._chosen = chosen
        self._layer: weakref.ref[Labels] | None = None

    def listen_to(self, layer: Labels) -> None:
        """Hear this layer from now on, and no other."""
        self.let_go()
        layer.mouse_drag_callbacks.append(self._click)
        self._layer = weakref.ref(layer)

    def let_go(self) -> None:
        """Hear nothing any more."""
        layer = self._layer() if self._layer is not None else None
        if layer is not None and self._click in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._click)
        self._layer = None

    def _click(self, layer: Any, event: Any) -> Generator[None]:
        start = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if layer.mode == "pan_zoom" and np.hypot(*(np.asarray(event.pos) - start)) < _STILL:
            value = layer.get_value(
                event.position,
                view_direction=event.view_direction,
                dims_displayed=event.dims_displayed,
                world=True,
            )
            if value:
                self._chosen(int(value))
