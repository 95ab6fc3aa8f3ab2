"""The Latent variance dock: maps of where and how lattices change, and what they mean."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.drawn_rectangle import DrawnRectangle
from napari_insitu_tem.gui.latent_gallery import LatentGallery
from napari_insitu_tem.gui.latent_overlay import LatentOverlay
from napari_insitu_tem.gui.latent_retrain import LatentRetrain
from napari_insitu_tem.gui.latent_spot import LatentSpot
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.latent import MAPS, LatentMaps
from napari_insitu_tem.tasks.latent.checks import courses

if TYPE_CHECKING:
    import napari

__all__ = ["LatentDock"]

_MOVED = 5  # px that the mouse may move in a click
_GALLERY_HEIGHT = 320


class LatentDock(TaskPanel):
    """The latent task, and an explorer of what it found."""

    # Not scipy.stats: it asks torch for its types, and fails while a run is just importing that.
    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.cluster.vq")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "latent", hidden=("regions",))
        self.found: LatentMaps | None = None
        self.overlay = LatentOverlay(self.viewer)
        self._source: weakref.ref[Layer] | None = None
        self.region = DrawnRectangle(self.viewer, "latent region", self._read_region)
        self._build_explorer()
        self.retraining = LatentRetrain(self.subject, lambda: self.settings().model)
        self.retraining.said.connect(lambda text, error: self.say(text, error=error))
        self.retraining.made.connect(self._take_model)
        self.extras.addWidget(self.retraining)
        callbacks, click = self.viewer.mouse_drag_callbacks, self._click
        callbacks.append(click)
        listen(
            self,
            (self.viewer.dims.events.current_step, self._mark),
            (self.session.checked, self._compare),
            at_end=(
                lambda: callbacks.remove(click),
                self.spot.stop,
                self.retraining.stop,
            ),
        )

    # -- what the user does ------------------------------------------------------------------

    def show_result(
        self, result: LatentMaps, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Show the gallery, and where most happens over the movie."""
        self.found = result
        self._source = None if source is None else weakref.ref(source)
        self._explorer.show()
        self.clusters.setEnabled(bool(result.clusters.any()))
        top = result.most_active(count=3)
        self.gallery.mark(None)
        self._show_gallery()
        self.choose(None)
        self.spot.choose(top)
        if result.lattice.any():
            place = np.unravel_index(int(result.activity().argmax()), result.grid.shape)
            self.look_at(int(place[0]), int(place[1]))
        self._show_clusters()
        self._compare()
        self.say(result.message)
        return []

    def choose(self, latent: int | None) -> None:
        """Show the map of a latent over the movie; None shows the sum of all active ones."""
        if self.found is None:
            return
        self.gallery.mark(latent)
        kind = self.kind.currentData()
        found, source = self.found, self._movie_layer_shown()
        if source is not None:
            values = found.activity(kind) if latent is None else found.maps(kind)[..., latent]
            which = "all latents" if latent is None else f"z{latent}"
            self.overlay.show_map(
                source,
                found.grid,
                np.asarray(values, np.float32),
                f"{source.name} [{which}, {MAPS[kind]}]",
                signed=kind == "spearman" and latent is not None,
            )
        if latent is not None:
            others = [each for each in self.spot.latents() if each != latent]
            self.spot.choose([latent, *others[:2]])

    def look_at(self, row: int, column: int) -> None:
        """Show one window: its series, its frames, and what the chosen latent means for it."""
        source = self._movie_layer_shown()
        if self.found is None or source is None:
            return
        self.spot.frame = shown_frame(self.viewer, source)
        self.spot.show_window(self.found, row, column)
        self.overlay.show_window(source, self.found.grid, row, column)

    def draw_region(self) -> None:
        """Put a rectangle over the movie, and name the latents that change most inside it."""
        source = self._movie_layer_shown()
        if source is None:
            return
        size = np.array(source.data.shape[-2:])
        self.region.show(source, size / 4 - 0.5, size * 3 / 4 - 0.5)

    # -- inside ------------------------------------------------------------------------------

    def _build_explorer(self) -> None:
        self._explorer = QWidget()
        self.kind, self.order = QComboBox(), QComboBox()
        self.kind.setObjectName("kind")
        self.kind.setToolTip("What the maps show.")
        for name, words in MAPS.items():
            self.kind.addItem(words[:1].upper() + words[1:], name)
        self.order.setObjectName("order")
        self.order.setToolTip("Which maps come first: those with most change, or by number.")
        for words, name in (("Most change", "change"), ("By number", "number")):
            self.order.addItem(words, name)
        self.shared = QCheckBox("One scale")
        self.shared.setObjectName("shared_scale")
        self.shared.setToolTip("Show all maps on one scale, not each on its own.")
        self.clusters = QCheckBox("Clusters")
        self.clusters.setObjectName("clusters")
        self.clusters.setToolTip("Show windows that change alike in one colour.")
        everything = QPushButton("All")
        everything.setObjectName("everything")
        everything.setToolTip("Show where anything happens: the sum over all active latents.")
        everything.clicked.connect(lambda: self.choose(None))
        region = QPushButton("Region …")
        region.setObjectName("region")
        region.setToolTip("Drag a rectangle, and see which latents change most inside it.")
        region.clicked.connect(self.draw_region)
        self.gallery, self.spot = LatentGallery(), LatentSpot()
        body = QVBoxLayout(self._explorer)
        body.setContentsMargins(0, 0, 0, 0)
        for chooser in (self.kind, self.order):  # never wider than the dock
            chooser.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            chooser.setMinimumContentsLength(8)
        rows = ((self.kind,), (self.order, self.shared), (self.clusters, everything, region))
        for widgets in rows:
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            body.addLayout(row)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFixedHeight(_GALLERY_HEIGHT)
        scroll.setWidget(self.gallery)
        body.addWidget(scroll)
        body.addWidget(self.spot)
        self._explorer.hide()
        self.extras.addWidget(self._explorer)
        self.kind.currentIndexChanged.connect(self._redraw)
        self.order.currentIndexChanged.connect(self._show_gallery)
        self.shared.toggled.connect(self._show_gallery)
        self.clusters.toggled.connect(self._show_clusters)
        self.gallery.chosen.connect(self.choose)
        self.spot.frame_chosen.connect(self._go_to)
        self.spot.failed.connect(lambda text: self.say(text, error=True))

    def _redraw(self, _: Any = None) -> None:
        self._show_gallery()
        self.choose(self.gallery.current)

    def _show_gallery(self, _: Any = None) -> None:
        if self.found is None:
            return
        found, kind = self.found, self.kind.currentData()
        maps = found.maps(kind)
        if self.order.currentData() == "change":
            latents = np.argsort(np.abs(maps).max(axis=(0, 1)))[::-1]
        else:
            latents = np.arange(found.latents)[::-1]
        idle = frozenset(map(int, np.setdiff1d(np.arange(found.latents), found.active)))
        self.gallery.show_maps(
            maps[..., latents],
            latents.tolist(),
            shared=self.shared.isChecked(),
            signed=kind == "spearman",
            faint=idle,
        )

    def _show_clusters(self, _: Any = None) -> None:
        source = self._movie_layer_shown()
        if self.found is None or source is None or not self.clusters.isChecked():
            self.overlay.hide_clusters()
            return
        name = f"{source.name} [clusters]"
        self.overlay.show_clusters(source, self.found.grid, self.found.clusters, name)

    def _movie_layer_shown(self) -> Layer | None:
        """Return the layer that was analysed, while it is there."""
        layer = self._source() if self._source is not None else None
        return layer if layer is not None and layer in self.viewer.layers else None

    def _read_region(self) -> None:
        source = self._movie_layer_shown()
        box = self.region.box(source) if source is not None else None
        if box is None or self.found is None:
            return
        top, left, height, width = box
        windows = self.found.inside(top, top + height - 1, left, left + width - 1)
        if not windows.any():
            self.say("No window has its middle in this rectangle; make it larger.")
            return
        kind = self.kind.currentData()
        latents = self.found.most_active(windows, kind=kind, count=5)
        names = ", ".join(f"z{latent}" for latent in latents)
        self.say(f"In this region, {names} change most ({MAPS[kind]}).")
        self.spot.choose(latents[:3])

    def _click(self, viewer: Any, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        if event.button != 1 or str(getattr(active, "mode", "pan_zoom")) != "pan_zoom":
            return
        start = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos, float) - start).max() < _MOVED and self.isVisible():
            self.click_at(event.position)

    def click_at(self, position: tuple[float, ...]) -> None:
        """Look at the window around a place of the world."""
        source = self._movie_layer_shown()
        if self.found is None or source is None:
            return
        y, x = (np.asarray(position)[-2:] - source.translate[-2:]) / source.scale[-2:]
        place = self.found.grid.at(float(y), float(x))
        if place is not None:
            self.look_at(*place)

    def _compare(self, _: Any = None) -> None:
        """Offer what Fourier checks have measured in the movie that was analysed."""
        checks, found = self.session.checks, self.found
        if found is None:
            return
        self.spot.show_courses(
            courses(checks)
            if checks is not None
            and checks.movie.name == found.movie.name
            and checks.movie.data.shape == found.movie.data.shape
            else []
        )

    def _go_to(self, frame: int) -> None:
        source = self._movie_layer_shown()
        if source is not None and source.ndim > 2:
            time = float(source.translate[-3]) + frame * float(source.scale[-3])
            self.viewer.dims.set_point(self.viewer.dims.ndim - 3, time)

    def _mark(self, _: Any = None) -> None:
        source = self._movie_layer_shown()
        if source is not None and self.found is not None:
            self.spot.mark(shown_frame(self.viewer, source))

    def _take_model(self, name: str) -> None:
        settings = self.settings()
        self.form.set_value(settings.model_copy(update={"model": name}))
