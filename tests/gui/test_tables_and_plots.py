"""Tables and plots in the real window, tied to the canvas and to each other."""

import time

import numpy as np
import pandas as pd
import pytest
from canvas import click_plot, settle
from napari.components import ViewerModel
from napari.layers import Labels, Points
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QPushButton

from napari_insitu_tem import Job, Movie, Segmentation, Tracking
from napari_insitu_tem.gui.canvas_link import RING, link_canvas
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.measure import MeasureDock
from napari_insitu_tem.gui.plots import PlotsDock
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.session import session_of
from napari_insitu_tem.gui.table_model import TableModel, parse_tracks
from napari_insitu_tem.gui.tables import TablesDock
from napari_insitu_tem.tasks.measure import measure
from walks import brownian, table_of

pytestmark = pytest.mark.window
FRAMES, SIDE = 30, 160


@pytest.fixture(scope="module")
def measured():
    """Eight dark discs that diffuse, in a calibrated movie with a holder's log."""
    rng = np.random.default_rng(3)
    sites = np.stack(np.meshgrid([35, 120], [20, 60, 100, 140]), axis=-1).reshape(-1, 1, 2)
    positions = sites + brownian(rng, tracks=8, frames=FRAMES, diffusion=0.2, substeps=4)
    angles = brownian(rng, tracks=8, frames=FRAMES, diffusion=3, dimensions=1, substeps=4)
    table = table_of(positions, angles, diameter=16 + 0.05 * np.arange(FRAMES))
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((FRAMES, SIDE, SIDE), np.int32)
    for row in table.itertuples():
        inside = (y - row.y) ** 2 + (x - row.x) ** 2 < (row.equivalent_diameter / 2) ** 2
        labels[row.frame][inside] = row.track
    images = rng.normal(np.where(labels > 0, 90, 180), 12).astype(np.float32)
    log = pd.DataFrame({"temperature_C": np.linspace(100, 800, FRAMES)})
    movie = Movie(images, pixel_size=0.5, frame_time=0.2, name="discs", frames=log)
    tracking = Tracking(table, Segmentation(labels, movie))
    return measure(tracking, job=Job(on_progress=lambda progress: None))


@pytest.fixture
def window(viewer, show, measured):
    """The movie, its tracks and its measurements in a real window."""
    show(measured.movie)
    show(measured.tracking, "tracks")
    session_of(viewer).show_measurements(measured)
    viewer.window._qt_window.resize(1200, 800)
    viewer.window._qt_window.show()
    return viewer


@pytest.fixture
def model(measured):
    """The same without a window, for what needs no canvas."""
    viewer = ViewerModel()
    for result, name in ((measured.movie, "discs"), (measured.tracking, "tracks")):
        show_layers(viewer, layer_data(result, name), [])
    session_of(viewer).show_measurements(measured)
    return viewer


@pytest.fixture
def tables(model, qtbot):
    dock = TablesDock(model)
    qtbot.addWidget(dock)
    dock.resize(500, 400)
    dock.show()
    return dock


@pytest.fixture
def plots(model, qtbot):
    dock = PlotsDock(model)
    qtbot.addWidget(dock)
    dock.resize(450, 450)
    dock.show()
    settle(qtbot, dock.plot)
    return dock


@pytest.fixture
def docks(window, qtbot):
    """Both docks in the real window."""
    tables, plots = TablesDock(window), PlotsDock(window)
    window.window.add_dock_widget(tables, name="Tables", area="bottom")
    window.window.add_dock_widget(plots, name="Plots", area="right")
    settle(qtbot, plots.plot)
    return tables, plots


def click_row(qtbot, dock, row, column=0):
    rectangle = dock.view.visualRect(dock.model.index(row, column))
    qtbot.mouseClick(dock.view.viewport(), Qt.MouseButton.LeftButton, pos=rectangle.center())


def click_canvas(qtbot, viewer, y, x):
    """Click in the canvas at a place in nm."""
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.update()
    qtbot.wait(50)  # a user clicks at what was painted; vispy picks from it
    centre, zoom = viewer.camera.center[-2:], viewer.camera.zoom
    position = QPoint(
        round(canvas.width() / 2 + (x - centre[1]) * zoom),
        round(canvas.height() / 2 + (y - centre[0]) * zoom),
    )
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=position)


def test_measure_is_run_by_a_click_and_tracks_can_be_coloured_by_the_results(
    viewer, show, measured, qtbot
):
    show(measured.movie)
    particles = measured.tracking.particles.drop(columns=["psi4", "psi6", "neighbours"])
    particles = particles.drop(columns="nearest_distance").query("track != 8 or frame < 3")
    layers = show(measured.tracking.replace(particles=particles), "tracks")
    dock = MeasureDock(viewer)
    viewer.window.add_dock_widget(dock)
    qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session_of(viewer).measurements is not None, timeout=20000)
    tracks = layers[-1]
    assert "7 of them long enough" in dock._message.text()
    assert {"diffusion_nm2_per_s", "nearest_distance_nm"} <= set(tracks.features)
    tracks.color_by = "diffusion_nm2_per_s"
    colours = tracks.track_colors
    short = tracks.data[:, 0] == 8
    assert np.allclose(colours[short], (0.5, 0.5, 0.5, 1))
    assert len(np.unique(colours[~short], axis=0)) == 7


def test_without_results_the_docks_say_what_to_do(qtbot):
    viewer = ViewerModel()
    for dock in (TablesDock(viewer), PlotsDock(viewer)):
        qtbot.addWidget(dock)
        assert "run Track, then Measure" in dock.message.text()
        assert not dock.export_button.isEnabled()


def test_results_that_come_later_are_shown(measured, qtbot):
    viewer = ViewerModel()
    tables, plots = TablesDock(viewer), PlotsDock(viewer)
    for dock in (tables, plots):
        qtbot.addWidget(dock)
    session_of(viewer).show_tracking(measured.tracking)
    assert [tables.kind.itemData(i) for i in range(tables.kind.count())] == ["particles"]
    assert not plots.export_button.isEnabled()
    session_of(viewer).show_measurements(measured)
    assert tables.kind.findData("frames") >= 0
    assert plots.export_button.isEnabled()


def test_columns_have_their_units_and_tooltips(tables):
    tables.show_table("tracks")
    horizontal = Qt.Orientation.Horizontal
    names = [tables.model.headerData(i, horizontal) for i in range(tables.model.columnCount())]
    assert {"diffusion_nm2_per_s", "growth_rate_nm_per_s"} <= set(names)
    at = names.index("diffusion_nm2_per_s")
    tip = tables.model.headerData(at, horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "Diffusion coefficient (nm² s⁻¹)" in tip


def test_clicking_a_row_selects_the_particle_and_shows_its_frame(tables, model, qtbot):
    tables.show_table("particles")
    row = tables.model.row_of(3, 12)
    tables.view.scrollTo(tables.model.index(row, 0))
    click_row(qtbot, tables, row)
    assert model.dims.current_step[0] == 12
    assert session_of(model).selection.track == 3
    ring = model.layers[RING]
    assert isinstance(ring, Points)
    assert ring.visible
    particle = measured_row(session_of(model).tracking.particles, 3, 12)
    np.testing.assert_allclose(ring.data[12], [12, particle["y"], particle["x"]])


def measured_row(particles, track, frame):
    return particles[(particles["track"] == track) & (particles["frame"] == frame)].iloc[0]


def test_clicking_a_particle_in_the_canvas_highlights_its_row_and_its_line(
    docks, window, measured, qtbot
):
    tables, plots = docks
    tables.show_table("particles")
    plots.show_figure("angle")
    settle(qtbot, plots.plot)
    window.dims.set_current_step(0, 7)
    row = measured_row(measured.tracking.particles, 5, 7)
    click_canvas(qtbot, window, row["y"] * 0.5, row["x"] * 0.5)
    assert tables.model.particle(tables.view.currentIndex().row()) == (5, 7)
    assert plots.plot.track == 5
    marked = [mark for mark in plots.plot._marks if len(mark.get_xdata()) == FRAMES]
    expected = measured.tracking.particles.query("track == 5")["orientation"]
    np.testing.assert_allclose(marked[0].get_ydata(), expected)
    click_canvas(qtbot, window, 0.5, 0.5)
    assert session_of(window).selection.track is None
    assert not window.layers[RING].visible
    for index in range(plots.kind.count()):
        plots.kind.setCurrentIndex(index)
        settle(qtbot, plots.plot)
        assert plots.plot._axes.get_xlabel()
        assert not plots.message.text()


def test_a_particle_is_found_where_its_masks_are_not_shown(model, measured):
    masks = next(layer for layer in model.layers if isinstance(layer, Labels))
    row = measured_row(measured.tracking.particles, 5, 7)
    place = (7 * 0.2, row["y"] * 0.5 + 2, row["x"] * 0.5)
    link = link_canvas(model)
    assert link.particle_at(place) == 5
    model.layers.remove(masks)
    assert link.particle_at(place) == 5
    assert link.particle_at((1.4, 0.5, 0.5)) is None


def test_the_measured_tracks_may_be_shown_again_without_losing_the_measurements(model, measured):
    session = session_of(model)
    bare = measured.tracking.particles.drop(columns="psi6")
    session.show_tracking(measured.tracking.replace(particles=bare))
    assert session.measurements is measured
    assert session.tracking is measured.tracking
    other = measured.tracking.segmentation.replace()
    session.show_tracking(measured.tracking.replace(segmentation=other))
    assert session.measurements is None


def test_a_click_while_painting_selects_nothing(window, measured, qtbot):
    session = session_of(window)
    link_canvas(window)
    session.select(4, 2)
    masks = next(layer for layer in window.layers if isinstance(layer, Labels))
    window.layers.selection.active = masks
    masks.mode = "pick"
    row = measured_row(measured.tracking.particles, 5, 2)
    click_canvas(qtbot, window, row["y"] * 0.5, row["x"] * 0.5)
    assert session.selection.track == 4
    assert masks.selected_label == 5  # the click arrived, at napari's own tool


@pytest.mark.parametrize("figure", ["trajectories", "angle"])
def test_clicking_a_point_in_a_plot_selects_the_particle_and_its_row(
    tables, plots, model, figure, qtbot
):
    tables.show_table("particles")
    plots.show_figure(figure)
    settle(qtbot, plots.plot)
    points = plots.plot.drawn.points
    point = points[(points["track"] == 6) & (points["frame"] == 20)].iloc[0]
    click_plot(qtbot, plots.plot, point["x"], point["y"])
    track, frame = session_of(model).selection.track, session_of(model).selection.frame
    chosen = points[(points["track"] == track) & (points["frame"] == frame)].iloc[0]
    pixels = plots.plot._axes.transData.transform(
        [(point["x"], point["y"]), (chosen["x"], chosen["y"])]
    )
    assert np.abs(np.diff(pixels, axis=0)).max() < 3  # itself, or one drawn on the same spot
    assert model.dims.current_step[0] == frame
    assert tables.model.particle(tables.view.currentIndex().row()) == (track, frame)


def test_clicking_a_bar_selects_a_particle_of_that_size(plots, model, measured, qtbot):
    plots.show_figure("sizes", "area")
    settle(qtbot, plots.plot)
    value = plots.plot.drawn.points["x"].iloc[40]
    click_plot(qtbot, plots.plot, value, 1)
    chosen = session_of(model).selection
    row = measured_row(measured.tracking.particles, chosen.track, chosen.frame)
    width = np.diff(plots.plot._axes.get_xlim())[0]
    assert row["area"] * 0.25 == pytest.approx(value, abs=0.02 * width)


def test_clicking_a_frames_point_goes_to_that_frame(plots, model, qtbot):
    plots.show_figure("over_time", "mean_diameter", "temperature_C")
    settle(qtbot, plots.plot)
    point = plots.plot.drawn.points.iloc[21]
    click_plot(qtbot, plots.plot, point["x"], point["y"])
    assert model.dims.current_step[0] == 21


def test_the_frame_is_marked_without_drawing_the_plot_again(plots, model, qtbot):
    plots.show_figure("over_time", "count")
    settle(qtbot, plots.plot)
    axes = plots.plot._axes
    model.dims.set_current_step(0, 15)
    assert plots.plot._axes is axes
    line = plots.plot._marks[0]
    assert line.get_xdata()[0] == pytest.approx(15 * 0.2)


def test_stepping_through_frames_moves_the_row_of_the_selected_particle(tables, model):
    tables.show_table("particles")
    session_of(model).select(2, 3)
    model.dims.set_current_step(0, 9)
    assert tables.model.particle(tables.view.currentIndex().row()) == (2, 9)


def test_a_track_is_selected_where_it_is_seen(tables, model, qtbot):
    tables.show_table("tracks")
    model.dims.set_current_step(0, 11)
    click_row(qtbot, tables, 4)
    assert session_of(model).selection.track == 5
    assert model.dims.current_step[0] == 11


def test_sorting_and_filtering_keep_rows_together(tables, qtbot):
    tables.show_table("particles")
    tables.only.setText("2, 5-6")
    qtbot.waitUntil(lambda: tables.model.rowCount() == 3 * FRAMES, timeout=2000)
    names = [
        tables.model.headerData(i, Qt.Orientation.Horizontal)
        for i in range(tables.model.columnCount())
    ]
    tables.view.sortByColumn(names.index("x_nm"), Qt.SortOrder.DescendingOrder)
    x = [tables.model.value(row, "x_nm") for row in range(3 * FRAMES)]
    assert x == sorted(x, reverse=True)
    track, frame = tables.model.particle(17)
    particles = tables.session.tracking.particles
    assert measured_row(particles, track, frame)["x"] * 0.5 == pytest.approx(x[17])
    tables.only.setText("2, five")
    qtbot.waitUntil(lambda: "no track number" in tables.message.text(), timeout=2000)


def test_tables_are_copied_and_exported_with_units(tables, tmp_path, qtbot):
    tables.show_table("tracks")
    tables.copy()
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 9
    assert "diffusion_nm2_per_s" in lines[0].split("\t")
    for suffix, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        tables.export_to(tmp_path / f"tracks{suffix}")
        qtbot.waitUntil(lambda: "Written" in tables.message.text(), timeout=5000)
        assert len(read(tmp_path / f"tracks{suffix}")) == 8
        tables.say("")


def test_a_figure_is_exported_with_its_numbers(plots, tmp_path, qtbot):
    plots.show_figure("msd")
    plots.export_to(tmp_path / "msd.svg")
    qtbot.waitUntil(lambda: "Written" in plots.message.text(), timeout=10000)
    assert (tmp_path / "msd.svg").stat().st_size > 1000
    assert "msd_nm2" in pd.read_csv(tmp_path / "msd.csv")


def test_closed_docks_leave_the_session_alone(window, measured, qtbot):
    for dock in (TablesDock(window), PlotsDock(window)):
        window.window.add_dock_widget(dock)
        window.window.remove_dock_widget(dock)
        dock.deleteLater()
    QApplication.processEvents()
    session_of(window).select(1, 1)
    session_of(window).show_measurements(measured)
    window.dims.set_current_step(0, 5)


def big_table(rows):
    rng = np.random.default_rng(0)
    columns = {f"c{i}": rng.normal(size=rows) for i in range(14)}
    return pd.DataFrame(
        {"frame": np.tile(np.arange(500), rows // 500), "track": np.arange(rows) // 500} | columns
    )


def test_a_hundred_thousand_rows_are_no_burden(qtbot):
    """Sorting, filtering, finding and scrolling each take less than a tenth of a second."""
    from qtpy.QtWidgets import QTableView

    model, view = TableModel(), QTableView()
    qtbot.addWidget(view)
    view.setModel(model)
    view.show()
    steps = {
        "show": lambda: model.set_table(table),
        "sort": lambda: model.sort(5, Qt.SortOrder.DescendingOrder),
        "filter": lambda: model.filter([(3, 90)]),
        "all": lambda: model.filter([]),
        "find": lambda: model.row_of(150, 20),
        "scroll": lambda: (view.scrollToBottom(), view.viewport().repaint()),
    }
    table = big_table(100_000)
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        assert time.perf_counter() - start < 0.3, name  # a tenth on an idle machine


def test_missing_values_sort_last_and_show_as_nothing():
    model = TableModel()
    model.set_table(pd.DataFrame({"track": [1, 2, 3], "d": [np.nan, 2.0, 1.0]}))
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        model.sort(1, order)
        assert model.particle(2) == (1, None)
        assert model.data(model.index(2, 1)) == ""


def test_ranges_of_tracks_are_read():
    assert parse_tracks("3, 7 - 9; 12") == [(3, 3), (7, 9), (12, 12)]
    assert parse_tracks(" ") == []
    with pytest.raises(ValueError, match="no track number"):
        parse_tracks("-3")
