"""The Species dock: columns in the colours of their elements, vacancies, tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer, Points
from qtpy.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLabel, QPushButton, QWidget

from napari_insitu_tem.gui.background import plain_words
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.species_layers import (
    COLOURS,
    VACANCY_COLOURS,
    over_series,
    points_of,
    show_points,
)
from napari_insitu_tem.gui.species_table import SpeciesTable
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.species import Species

if TYPE_CHECKING:
    import napari

__all__ = ["SpeciesDock"]

_FILTERS = "Figure (*.svg);;Picture (*.png)"
_WORDS = {"Mo": "Mo", "2S": "two S", "S": "one S"}
_LOST = {"S": "one S missing", "2S": "both S missing", "Mo": "Mo missing"}
_MAPS = {"Mo": "bop blue", "2S": "yellow", "S": "bop orange"}
_RING = "selected column"
_MOVED = 5  # px that a click may move


class SpeciesDock(TaskPanel):
    """The species task, by point and click."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.spatial", "scipy.ndimage")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "species")
        self.found: Species | None = None
        self._canvas: Any = None
        self._points: list[Points | None] = [None, None]
        self._ring: Points | None = None
        self._name = ""
        self._build_results()
        self.viewer.mouse_drag_callbacks.append(self._click)
        listen(self, (self.viewer.dims.events.current_step, self._moved))

    def show_result(self, result: Species, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show the network's maps, columns and vacancies over the movie, tables and plot."""
        maps = [_map_tuple(result, part) for part in tuples] if result.images() else []
        layers = super().show_result(result, maps, source)
        self.found, self._name = result, self._base_name(source)
        if self._ring is not None:
            self._ring.visible = False
        self._show_points()
        if source is not None and source in self.viewer.layers:
            self.viewer.layers.selection.active = source
        self.table.show_result(result)
        self._legend.show()
        if self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self.extras.insertWidget(self.extras.indexOf(self._save), self._canvas)
        self._canvas.plot(result.drawings()["vacancies"])
        self._save.show()
        self._moved()
        self.say(result.message, error=bool(result.warning))
        return [*layers, *(layer for layer in self._points if layer is not None)]

    def save(self, path: str | Path) -> list[Path]:
        """Save the plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.figures import save_drawing

        if self.found is None:
            raise ValueError("There is no plot yet. Run Species first.")
        return save_drawing(self.found.drawings()["vacancies"], path)

    def select(self, row: int) -> None:
        """Go to a row of the shown table, and put a ring around its place."""
        table = self.table.table
        if self.found is None or table is None or not 0 <= row < len(table):
            return
        place = table.iloc[row]
        self._go_to(int(place["series"]))
        if "y" not in place:
            return
        self._put_ring(float(place["series"]), float(place["y"]), float(place["x"]))

    # -- inside ----------------------------------------------------------------------------

    def _build_results(self) -> None:
        self._legend = QWidget()
        grid = QGridLayout(self._legend)
        grid.setContentsMargins(0, 4, 0, 0)
        self._boxes: dict[str, QCheckBox] = {}
        for column, (name, words) in enumerate(_WORDS.items()):
            self._boxes[name] = _box(f"● {words}", COLOURS[name], f"show_{name}")
            self._boxes[name].setToolTip(f"Columns of {words}: show or hide.")
            grid.addWidget(self._boxes[name], 0, column)
        self._boxes["vacancies"] = _box("Vacancies:", "", "show_vacancies")
        self._boxes["vacancies"].setToolTip("Rings where atoms are missing: show or hide.")
        grid.addWidget(self._boxes["vacancies"], 1, 0)
        self._lost = QLabel()
        self._lost.setObjectName("legend")
        self._lost.setWordWrap(True)
        grid.addWidget(self._lost, 1, 1, 1, 2)
        grid.setColumnStretch(2, 1)
        for box in self._boxes.values():
            box.toggled.connect(self._show_points)
        self.table = SpeciesTable()
        self.table.chosen.connect(self.select)
        self._save = QPushButton("Save the plot …")
        self._save.setObjectName("save_plot")
        self._save.setToolTip("Save the plot as SVG or PNG, and its numbers beside it as CSV.")
        self._save.clicked.connect(self._ask_and_save)
        for widget in (self._legend, self.table, self._save):
            widget.hide()
            self.extras.addWidget(widget)

    def _show_points(self, _: bool = False) -> None:
        if self.found is None:
            return
        hidden = [name for name, box in self._boxes.items() if not box.isChecked()]
        active = self.viewer.layers.selection.active
        for number, (data, kwargs) in enumerate(points_of(self.found, self._name, hidden)):
            self._points[number] = show_points(self.viewer, self._points[number], data, kwargs)
        if active is not None and active in self.viewer.layers:
            self.viewer.layers.selection.active = active

    def _series(self) -> int:
        """Return the series that the viewer shows."""
        if self.found is None or self.viewer.dims.ndim < 3:
            return 0
        step = self.found.movie.frame_time or 1.0
        frame = round(float(self.viewer.dims.point[-3]) / step)
        return min(max(frame // self.found.images_per_series, 0), self.found.n_series - 1)

    def _go_to(self, series: int) -> None:
        if self.found is None or self.viewer.dims.ndim < 3 or series == self._series():
            return
        step = self.found.movie.frame_time or 1.0
        self.viewer.dims.set_point(
            self.viewer.dims.ndim - 3, series * self.found.images_per_series * step
        )

    def _moved(self, _: Any = None) -> None:
        if self.found is None:
            return
        series = self._series()
        counts = self.found.counts
        row = counts[counts["series"] == series]
        for name, words in _WORDS.items():
            number = f" ({int(row[name].iloc[0])})" if len(row) else ""
            self._boxes[name].setText(f"● {words}{number}")
        parts = [
            f'<span style="color:{VACANCY_COLOURS[kind]}">◯</span> {words}'
            + (f" ({int(row[f'vacancies_{kind}'].iloc[0])})" if len(row) else "")
            for kind, words in _LOST.items()
        ]
        self._lost.setText("&nbsp; ".join(parts))
        if self._canvas is not None and len(counts) > 1:
            (at,) = np.nonzero(counts["series"].to_numpy() == series)
            if len(at):
                self._canvas.mark(None, int(at[0]))

    def _put_ring(self, series: float, y: float, x: float) -> None:
        assert self.found is not None
        constant = float(self.found.counts["lattice_constant"].median())
        data = np.array([(series, y, x)])
        kwargs = over_series(
            self.found,
            {
                "name": _RING, "features": None, "face_color": "transparent",
                "border_color": "#ffffff",
                "border_width": 0.1, "size": np.array([1.1 * constant]), "shown": True,
                "symbol": "disc", "metadata": {"preview": True},
            },
        )  # fmt: skip
        active = self.viewer.layers.selection.active
        self._ring = show_points(self.viewer, self._ring, data, kwargs)
        self._ring.visible = True
        if active is not None and active in self.viewer.layers:
            self.viewer.layers.selection.active = active
        if self.viewer.dims.ndisplay == 2:
            self.viewer.camera.center = tuple(self._ring.data_to_world(data[0])[-2:])

    def _click(self, viewer: Any, event: Any) -> Iterator[None]:
        """Choose the row of a column or vacancy that was clicked."""
        active = viewer.layers.selection.active
        layer = self._points[1 if self.table.name == "vacancies" else 0]
        if (
            event.button != 1
            or self.found is None
            or layer is None
            or layer not in viewer.layers
            or self.table.name not in ("vacancies", "columns")
            or str(getattr(active, "mode", "pan_zoom")) != "pan_zoom"
        ):
            return
        start = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos, float) - start).max() < _MOVED:
            row = self._row_at(layer, event.position)
            if row is not None:
                self.table.follow(row)
                self.select(row)

    def _row_at(self, layer: Points, position: tuple[float, ...]) -> int | None:
        """Return the row of the shown table whose place is at a world position."""
        table = self.table.table
        if table is None or not len(table) or self.found is None or len(position) < 3:
            return None
        _, y, x = layer.world_to_data(np.asarray(position)[-3:])
        away = np.hypot(table["y"] - y, table["x"] - x)
        away = np.where(table["series"] == self._series(), away, np.inf)
        nearest = int(np.argmin(away))
        reach = 0.3 * float(self.found.counts["lattice_constant"].median())
        return nearest if away[nearest] < reach else None

    def _ask_and_save(self) -> None:
        path, chosen = QFileDialog.getSaveFileName(self, "Save the plot", "vacancies.svg", _FILTERS)
        if not path:
            return
        if not Path(path).suffix:
            path += chosen[chosen.index("*") + 1 : chosen.index(")")]
        try:
            self.save(path)
        except (OSError, ValueError) as error:
            self.say(plain_words(error), error=True)
        else:
            self.say(f"Saved {path}, and its numbers beside it.")


def _box(text: str, colour: str, name: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setObjectName(name)
    box.setChecked(True)
    if colour:
        box.setStyleSheet(f"color: {colour};")
    return box


def _map_tuple(
    found: Species, part: tuple[Any, dict[str, Any], str]
) -> tuple[Any, dict[str, Any], str]:
    """Make a map show over all images of its series, in its element's colour, hidden at first."""
    data, kwargs, kind = part
    name = kwargs["name"].rpartition("[map ")[2].rstrip("]")
    kwargs = over_series(found, kwargs)
    kwargs |= {
        "contrast_limits": (0.0, 1.0),
        "colormap": _MAPS.get(name, "gray"),
        "blending": "additive",
        "visible": False,
    }
    return data, kwargs, kind
