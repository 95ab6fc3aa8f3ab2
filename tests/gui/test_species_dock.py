"""The species dock, in the real window: run, look at points, choose rows and places."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton

import focal_sheets as fs
from napari_insitu_tem import Movie
from napari_insitu_tem.gui.species import SpeciesDock
from species_stub import PerfectNetwork

pytestmark = pytest.mark.window


@pytest.fixture
def dock(viewer, show, monkeypatch):
    sheets = [fs.sheet(shape=(128, 128), seed=seed, missing=0.1) for seed in (1, 2)]
    PerfectNetwork([fs.class_maps(each) for each in sheets]).install(monkeypatch)
    frames = np.random.default_rng(0).poisson(20, (6, 128, 128)).astype(np.float32)
    show(Movie(frames, pixel_size=0.025, frame_time=0.5, name="series"))
    dock = SpeciesDock(viewer)
    viewer.window.add_dock_widget(dock, name="Species")
    quick = {"check_order": False, "register_images": False}
    dock.form.set_value(dock.form.value().model_copy(update=quick))
    return dock


def press(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=120_000):
        press(qtbot, dock, "run")


def test_columns_and_vacancies_lie_over_all_images_of_their_series(qtbot, viewer, dock, tmp_path):
    with pytest.raises(ValueError, match="no plot"):
        dock.save(tmp_path / "x.svg")
    run(qtbot, dock)
    names = [layer.name for layer in viewer.layers]
    assert names[0] == "series" and {"series [columns]", "series [vacancies]"} <= set(names)
    columns, vacancies = viewer.layers["series [columns]"], viewer.layers["series [vacancies]"]
    assert len(columns.data) == len(dock.found.columns)
    assert len(vacancies.data) == len(dock.found.vacancies) > 0
    assert columns.scale == pytest.approx((1.5, 0.025, 0.025))
    for frame, series in enumerate((0, 0, 0, 1, 1, 1)):
        viewer.dims.set_current_step(0, frame)
        assert round(columns.world_to_data(viewer.dims.point)[0]) == series == dock._series()
    press_box = dock.findChild(QCheckBox, "show_Mo")
    press_box.setChecked(False)
    hidden = dock.found.columns["species"].eq("Mo").to_numpy()
    assert np.array_equal(columns.shown, ~hidden)
    assert "S missing" in dock.findChild(QLabel, "legend").text()
    assert {path.name for path in dock.save(tmp_path / "v.svg")} == {"v.svg", "v.csv"}
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == names


def test_a_row_goes_to_its_place_and_a_place_to_its_row(qtbot, viewer, dock):
    run(qtbot, dock)
    table = dock.found.vacancies
    row = int(table.index[table["series"] == 1][0])
    dock.table.view.selectRow(row)
    assert viewer.dims.current_step[0] == 3
    ring = viewer.layers["selected column"]
    assert ring.data[0] == pytest.approx(table.loc[row, ["series", "y", "x"]].to_numpy(float))
    layer = viewer.layers["series [vacancies]"]
    place = layer.data_to_world(layer.data[row] + (0, 0.5, 0.3))
    assert dock._row_at(layer, tuple(place)) == row
    dock.table.kind.setCurrentIndex(dock.table.kind.findData("counts"))
    assert dock.table.model.rowCount() == 2


def test_what_fails_is_said_in_the_panel(qtbot, viewer, dock, show):
    show(Movie(np.ones((2, 64, 64)), pixel_size=0.025, name="two"))
    dock._chooser.value = viewer.layers["two"]
    press(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "focal series has 3 images" in dock._message.text(), timeout=60_000)
