"""The Columns dock, in the real window: points, hand correction with undo, sites and events."""

import numpy as np
import pandas as pd
import pytest
from canvas import Canvas, click_plot, settle
from napari.layers import Tracks
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QPushButton

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.gui.columns import ColumnsDock
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.tasks.columns import ColumnsSettings, columns
from napari_insitu_tem.tasks.columns.heavy import HeavyAtoms

pytestmark = pytest.mark.window

SPACING = 12.0


def spots(places, rng):
    """Return a frame of bright Gaussians with noise."""
    y, x = np.mgrid[:96, :96]
    image = rng.normal(20, 1.0, (96, 96))
    for row, column in places:
        image += 40 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 2.2**2))
    return image


@pytest.fixture(scope="module")
def hopping():
    """Twelve frames of a lattice of 25 columns, and one more that hops at frame 6."""
    rng = np.random.default_rng(2)
    lattice = [(18 + SPACING * i, 18 + SPACING * j) for i in range(5) for j in range(5)]
    frames = []
    for index in range(12):
        extra = (78, 30) if index < 6 else (78, 42)
        frames.append(spots([*lattice, extra], rng))
    return Movie(np.stack(frames).astype(np.float32), pixel_size=0.02, frame_time=0.5, name="hop")


@pytest.fixture(scope="module")
def found(hopping):
    return columns(hopping, ColumnsSettings(method="spots"), Job(on_progress=lambda _: None))


@pytest.fixture
def dock(viewer, show, hopping, found):
    (movie,) = show(hopping)
    dock = ColumnsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Columns")
    dock.show_result(found, layer_data(found, "hop [columns]"), movie)
    return dock


def in_frame(dock, frame):
    table = dock.found.table
    return table[table["frame"] == frame]


def test_columns_are_points_coloured_by_a_feature(dock, found):
    layer = dock.editor.layer
    assert layer.data.shape == (len(found.table), 3) and len(in_frame(dock, 0)) == 26
    assert {"intensity", "width_nm", "site"} <= set(layer.features)
    before = layer.face_color.copy()
    dock.tools.colour.setCurrentIndex(dock.tools.colour.findData("site"))
    assert not np.allclose(layer.face_color, before)
    dock.tools.colour.setCurrentIndex(dock.tools.colour.findData(""))
    assert len(np.unique(layer.face_color, axis=0)) == 1


def test_a_column_that_is_added_is_measured_and_can_be_taken_back(qtbot, dock):
    layer = dock.editor.layer
    layer.add((3.0, 78.0, 66.0))
    rows = in_frame(dock, 3)
    assert len(rows) == 27 and len(layer.data) == len(dock.found.table)
    fresh = rows[(rows["y"] == 78) & (rows["x"] == 66)]
    assert len(fresh) == 1 and fresh["certainty"].item() == 1.0
    assert np.isfinite(fresh["nearest_distance"]).all() and list(rows["column"]) == [*range(1, 28)]
    counts = dock.found.frames
    assert counts.loc[counts["frame"] == 3, "columns"].sum() == 27
    assert "1 added" in dock.tools.note.text()
    assert "1 added" in dock.found.history().versions["columns corrected by hand"]
    qtbot.wait(20)
    chosen = dock.found.table.iloc[sorted(layer.selected_data)]
    assert chosen[["y", "x"]].to_numpy().tolist() == [[78, 66]]
    dock.findChild(QPushButton, "undo").click()
    assert len(in_frame(dock, 3)) == 26 and "No corrections" in dock.tools.note.text()
    assert len(layer.data) == len(dock.found.table)


def test_columns_are_removed_and_moved_in_their_frame_alone(dock, found):
    layer = dock.editor.layer
    rows = np.flatnonzero(found.table["frame"] == 4)
    layer.selected_data = set(rows[:2].tolist())
    layer.remove_selected()
    assert len(in_frame(dock, 4)) == 24 and len(in_frame(dock, 5)) == 26
    row = int(np.flatnonzero(dock.found.table["frame"] == 7)[3])
    site = dock.found.table["site"].iloc[row]
    data = layer.data.copy()
    data[row, 1:] += 3
    layer.data = data
    moved = dock.found.table.iloc[row]
    assert moved["y"] == pytest.approx(data[row, 1]) and moved["site"] == site
    assert moved["certainty"] == 1.0
    assert dock.editor.corrections.removed == 2 and dock.editor.corrections.moved == 1
    untouched = dock.found.table["frame"] == 0
    assert dock.found.table[untouched].equals(found.table[found.table["frame"] == 0])


def selected(dock):
    """Return site and frame of the only selected column."""
    (row,) = dock.editor.layer.selected_data
    column = dock.found.table.iloc[row]
    return int(column["site"]), int(column["frame"])


def test_a_click_on_an_event_goes_to_its_frame_and_site(qtbot, viewer, dock):
    viewer.show()
    viewer.dims.set_current_step(0, 0)
    event = dock.found.dynamics.events.iloc[0]
    table = dock.course.events
    place = table.visualRect(dock.course.model.index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert viewer.dims.point[0] == pytest.approx(event["frame"] * 0.5)
    assert selected(dock) == (event["site"], event["frame"])


def test_a_click_in_the_raster_goes_to_its_site_and_frame(qtbot, viewer, dock):
    viewer.show()
    sites, table = dock.found.dynamics.sites, dock.found.table
    changing = sites["site"][sites["changes"] > 0].tolist()
    assert len(changing) == 2
    for row, site in enumerate(changing):
        frame = int(table.loc[table["site"] == site, "frame"].iloc[-2])
        click_plot(qtbot, dock.course.canvas, frame * 0.5, row)
        assert selected(dock) == (site, frame)
        assert viewer.dims.point[0] == pytest.approx(frame * 0.5)
    # Beside the axes, where ticks and labels are, a click means nothing.
    qtbot.mouseClick(dock.course.canvas.canvas, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert selected(dock) == (changing[-1], frame)


def test_a_click_in_the_counts_goes_to_the_frame_alone(qtbot, viewer, dock):
    viewer.show()
    viewer.dims.set_current_step(0, 0)
    which, plot = dock.course.which, dock.course.canvas
    which.setCurrentIndex(which.findData("column_counts"))
    settle(qtbot, plot)
    click_plot(qtbot, plot, 7 * 0.5, np.mean(plot._axes.get_ylim()))
    assert viewer.dims.point[0] == pytest.approx(7 * 0.5)
    assert not dock.editor.layer.selected_data


def test_a_click_on_a_column_marks_its_site_in_the_raster(viewer, dock):
    viewer.show()
    viewer.dims.set_current_step(0, 0)
    first = in_frame(dock, 0)
    (own,) = first.index[np.hypot(first["y"] - 78, first["x"] - 30) < 2]
    assert dock.course.canvas.track is None
    Canvas(viewer, dock.editor.layer).click(78, 30)
    assert dock.course.canvas.track == dock.found.table["site"][own]


def test_a_click_with_the_add_tool_adds_a_column_there(qtbot, viewer, dock):
    viewer.show()
    viewer.dims.set_current_step(0, 2)
    qtbot.mouseClick(dock.findChild(QPushButton, "add"), Qt.MouseButton.LeftButton)
    Canvas(viewer, dock.editor.layer).click(78, 66)
    rows = in_frame(dock, 2)
    assert len(rows) == 27
    assert (np.hypot(rows["y"] - 78, rows["x"] - 66) < 2).sum() == 1
    assert "1 added" in dock.tools.note.text()


def test_a_selected_point_marks_its_site(dock):
    event = dock.found.dynamics.events.iloc[0]
    table = dock.found.table
    own = np.flatnonzero((table["site"] == event["site"]) & (table["frame"] == event["frame"] + 2))
    dock.go_to(0, int(event["frame"]) + 2)
    dock.editor.layer.selected_data = {int(own[0])}
    assert dock.course.canvas.track == event["site"]
    assert [index.row() for index in dock.course.events.selectionModel().selectedRows()] == [0]


def test_following_again_takes_the_corrections_over(qtbot, dock):
    layer = dock.editor.layer
    table = dock.found.table
    gone = (table["y"] > 72) & (table["x"] < 50)
    layer.selected_data = set(np.flatnonzero(gone).tolist())
    layer.remove_selected()
    with qtbot.waitSignal(dock._following.ended, timeout=240_000):
        dock.findChild(QPushButton, "follow_again").click()
    assert "Followed again." in dock.tools.note.text()
    assert dock.editor.corrections.removed == int(gone.sum())
    assert len(dock.found.dynamics.sites) == 25


def test_tables_and_plots_are_saved_with_the_corrections(dock, tmp_path):
    dock.editor.layer.add((0.0, 78.0, 66.0))
    written = dock.save_tables(tmp_path)
    assert any(path.name == "hop_columns.csv" for path in written)
    assert "1 added" in next(tmp_path.glob("*.provenance.json")).read_text("utf-8")
    plot = dock.save(tmp_path / "raster.svg")
    assert {path.suffix for path in plot} == {".svg", ".csv"}


def test_running_again_keeps_what_was_corrected(viewer, dock, found):
    dock.editor.layer.add((0.0, 78.0, 66.0))
    dock.show_result(found, layer_data(found, "hop [columns]"), viewer.layers["hop"])
    names = [layer.name for layer in viewer.layers]
    assert names == ["hop", "hop [columns] (corrected by hand)", "hop [columns]"]
    assert len(dock.found.table) == len(found.table)


def test_heavy_atoms_that_were_followed_are_a_tracks_layer(viewer, dock, found):
    movie = found.movie
    frames = np.arange(movie.n_frames)
    tracks = pd.DataFrame({"atom": 1, "frame": frames, "y": 18.0 + frames, "x": 30.0})
    heavy = HeavyAtoms(movie, tracks.assign(kind="atom", brightness=2.0), tracks.head(0))
    followed = found.replace(heavy=heavy)
    dock.show_result(followed, layer_data(followed, "hop [columns]"), viewer.layers["hop"])
    layer = viewer.layers["hop [heavy atoms]"]
    assert isinstance(layer, Tracks) and len(layer.data) == movie.n_frames
    assert np.allclose(layer.scale, viewer.layers["hop [columns]"].scale)
    assert set(layer.features["brightness"]) == {2.0}
