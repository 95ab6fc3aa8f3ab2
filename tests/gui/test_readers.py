import warnings

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_insitu_tem import (
    AmbiguousSignal,
    CalibrationWarning,
    ReadError,
    read_labels,
    read_movie,
    write_movie,
)
from napari_insitu_tem.gui import readers, writers
from napari_insitu_tem.gui.layers import layer_data, movie_from_layer
from napari_insitu_tem.gui.signal_dialog import SignalDialog
from napari_insitu_tem.io.read import list_signals


@pytest.fixture
def file(tmp_path, small_movie, quiet_job):
    return str(write_movie(small_movie, tmp_path / "run.ome.tif", quiet_job))


@pytest.fixture
def two_movies(tmp_path):
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path) as written:
        for name in ("first", "second"):
            frames = np.full((3, 16, 16), len(name), np.uint16)
            written.write(frames, metadata={"axes": "TYX", "Name": name})
    return str(path)


def add(layers):
    viewer = ViewerModel()
    for layer in layers:
        viewer.add_layer(Layer.create(*layer))
    return viewer


def test_a_dropped_file_becomes_a_calibrated_layer(file, small_movie):
    (layer,) = add(readers.get_reader(file)(file)).layers
    assert isinstance(layer, Image)
    assert layer.name == "run"
    assert tuple(layer.scale) == (0.1, 0.5, 0.5)
    assert [str(unit) for unit in layer.units] == ["second", "nanometer", "nanometer"]
    assert tuple(layer.axis_labels) == ("t", "y", "x")
    back = movie_from_layer(layer)
    assert (back.pixel_size, back.frame_time) == (0.5, 0.1)
    np.testing.assert_array_equal(np.asarray(back.data), small_movie.data)


def test_a_movie_without_calibration_is_in_pixels(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 8, 8), np.uint8))
    with pytest.warns(CalibrationWarning):
        (layer,) = add(readers.read_layers(tmp_path / "a.npy")).layers
    assert tuple(layer.scale) == (1, 1, 1)
    assert {str(unit) for unit in layer.units} == {"pixel"}


def test_the_brightest_of_all_frames_is_not_needed_to_show_the_first(tmp_path):
    """Contrast limits come from a few frames: a 20 GB movie is not read to be shown."""
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (20_000, 1024, 1024)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 20_000 * 1024**2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ((data, kwargs, kind),) = readers.read_layers(path)
    assert (data.shape, kind) == ((20_000, 1024, 1024), "image")
    assert len(kwargs["contrast_limits"]) == 2


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.dens", "folder"])
def test_what_is_not_ours_is_left_to_others(tmp_path, name):
    if name == "folder":
        (tmp_path / name).mkdir()
    assert readers.get_reader(str(tmp_path / name)) is None


def test_a_folder_of_frames_and_a_stack_of_files_are_one_movie(tmp_path):
    from PIL import Image as Picture

    for number in (2, 10, 1):
        frame = np.full((8, 8), number, np.uint8)
        Picture.fromarray(frame).save(tmp_path / f"f{number}.png")
    files = [str(file) for file in tmp_path.iterdir()]
    for path in (str(tmp_path), files):
        (layer,) = add(readers.get_reader(path)(path)).layers
        assert [int(frame[0, 0]) for frame in np.asarray(layer.data)] == [1, 2, 10]


def test_without_a_window_a_choice_is_an_error_and_nothing_is_opened(two_movies):
    with pytest.raises(AmbiguousSignal, match="first .*second"):
        readers.get_reader(two_movies)(two_movies)


def test_without_a_window_a_damaged_file_is_an_error(tmp_path):
    path = str(tmp_path / "a.tif")
    (tmp_path / "a.tif").write_bytes(b"II*\0nonsense")
    with pytest.raises(ReadError, match="'a.tif' cannot be opened"):
        readers.get_reader(path)(path)


@pytest.mark.window
def test_the_dialog_offers_what_can_be_opened(qtbot, two_movies):
    signals = list_signals(two_movies)
    dialog = SignalDialog(signals, "two.ome.tif")
    qtbot.addWidget(dialog)
    assert dialog.chosen() == [0]
    dialog._all.click()
    assert dialog.chosen() == [0, 1]


@pytest.mark.window
@pytest.mark.parametrize(("answer", "names"), [([1], ["two: second"]), ([0, 1], None), ([], [])])
def test_in_the_window_the_user_is_asked(viewer, monkeypatch, two_movies, answer, names):
    monkeypatch.setattr(readers, "_has_window", lambda: True)
    monkeypatch.setattr(SignalDialog, "ask", classmethod(lambda *arguments: answer))
    viewer.open(two_movies, plugin="napari-insitu-tem")
    opened = [layer.name for layer in viewer.layers]
    assert opened == (["two: first", "two: second"] if names is None else names)


@pytest.mark.window
def test_in_the_window_a_damaged_file_is_a_message(viewer, monkeypatch, tmp_path):
    from napari.utils.notifications import notification_manager

    monkeypatch.setattr(readers, "_has_window", lambda: True)
    (tmp_path / "a.tif").write_bytes(b"II*\0nonsense")
    viewer.open(str(tmp_path / "a.tif"), plugin="napari-insitu-tem")
    assert not viewer.layers
    assert "'a.tif' cannot be opened" in notification_manager.records[-1].message


@pytest.mark.window
def test_in_the_window_assumptions_are_one_message(viewer, monkeypatch, tmp_path):
    from napari.utils.notifications import notification_manager

    monkeypatch.setattr(readers, "_has_window", lambda: True)
    np.save(tmp_path / "a.npy", np.zeros((3, 8, 9), np.uint8))
    before = len(notification_manager.records)
    viewer.open(str(tmp_path / "a.npy"), plugin="napari-insitu-tem")
    (said,) = list(notification_manager.records)[before:]
    assert "first axis is not labelled" in said.message


def test_a_saved_image_layer_keeps_its_calibration(tmp_path, small_movie):
    ((data, kwargs, kind),) = layer_data(small_movie, "small")
    layer = Layer.create(data, kwargs, kind)
    path = str(tmp_path / "a.ome.tif")
    assert writers.write_image(path, *layer.as_layer_data_tuple()[:2]) == [path]
    back = read_movie(path)
    assert (back.pixel_size, back.frame_time) == (0.5, 0.1)
    np.testing.assert_array_equal(np.asarray(back.data), small_movie.data)


def test_a_labels_layer_of_any_origin_is_saved_with_its_scale(tmp_path):
    masks = np.zeros((3, 8, 8), np.int32)
    masks[1, 2:4, 2:4] = 5
    layer = Labels(masks, scale=(0.5, 2, 2), units=("s", "nm", "nm"), name="mine")
    path = str(tmp_path / "a.ome.tif")
    assert writers.write_labels(path, *layer.as_layer_data_tuple()[:2]) == [path]
    labels, known = read_labels(path)
    np.testing.assert_array_equal(np.asarray(labels), masks)
    assert (known["pixel_size"], known["frame_time"]) == (2.0, 0.5)
