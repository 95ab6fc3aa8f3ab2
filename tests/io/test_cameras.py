"""Cameras are kept by name, read back as they were, and refused in plain words."""

import json

import pytest

from napari_insitu_tem.io.cameras import (
    Camera,
    CameraError,
    camera_name,
    cameras_folder,
    delete_camera,
    list_cameras,
    load_camera,
    save_camera,
)

CAMERA = Camera(
    name="K3 counting", c1=0.01, c2=0.35, c3=2.5, gain=20.5, offset=100, readout_noise=0.3,
    errors={"c2": 0.002}, fitted={"frames": 10, "date": "2026-11-20"},
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cameras"
    monkeypatch.setenv("INSITU_TEM_CAMERAS", str(path))
    return path


def test_a_camera_comes_back_as_it_was_saved(folder):
    path = save_camera(CAMERA)
    assert path == folder / "K3 counting.json"
    assert load_camera("K3 counting") == CAMERA
    assert load_camera(path) == CAMERA
    assert list_cameras() == [CAMERA]


def test_saving_again_replaces_and_deleting_removes():
    save_camera(CAMERA)
    save_camera(CAMERA.model_copy(update={"gain": 3.0}))
    assert load_camera("K3 counting").gain == 3.0
    delete_camera("K3 counting")
    assert list_cameras() == []
    with pytest.raises(CameraError, match="no camera"):
        delete_camera("K3 counting")


def test_cameras_are_listed_by_name():
    for name in ("orius", "K3", "Ceta"):
        save_camera(CAMERA.model_copy(update={"name": name}))
    assert [camera.name for camera in list_cameras()] == ["Ceta", "K3", "orius"]


def test_a_missing_camera_is_told_with_those_there_are():
    with pytest.raises(CameraError, match="None has been saved"):
        load_camera("K2")
    save_camera(CAMERA)
    with pytest.raises(CameraError, match="There are: K3 counting"):
        load_camera("K2")
    with pytest.raises(CameraError, match="cannot be read"):
        load_camera("nowhere/k2.json")


@pytest.mark.parametrize(
    "content", ["", "{", "[1, 2]", '{"name": "a"}', '{"name": "a", "c1": 0, "c2": -1, "c3": 2}']
)
def test_a_broken_file_is_one_sentence_and_does_not_hide_the_others(folder, content):
    save_camera(CAMERA)
    (folder / "bad.json").write_text(content)
    with pytest.raises(CameraError, match="bad.json is not a camera's file") as caught:
        load_camera("bad")
    assert "\n" not in str(caught.value)
    with pytest.warns(UserWarning, match="bad.json"):
        assert list_cameras() == [CAMERA]
    (folder / "bad.json").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(CameraError):
        load_camera("bad")


@pytest.mark.parametrize("name", ["", "../../evil", "a/b", ".hidden", "x" * 100, "con:"])
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(CameraError):
        Camera.of(name=name, c1=0, c2=0.3, c3=2, gain=1)
    with pytest.raises(CameraError):
        load_camera(name)


def test_any_text_becomes_a_name():
    for text in ("movie [aligned]", "../x", "", "Ångström/2", "a" * 200):
        Camera.of(name=camera_name(text), c1=0, c2=0.3, c3=2, gain=1)


def test_without_the_variable_cameras_lie_in_the_folder_of_settings(monkeypatch):
    monkeypatch.delenv("INSITU_TEM_CAMERAS")
    assert cameras_folder().name == "cameras"
    assert "napari-insitu-tem" in str(cameras_folder())


def test_the_file_is_plain_json(folder):
    save_camera(CAMERA)
    values = json.loads((folder / "K3 counting.json").read_text("utf-8"))
    assert values["c2"] == 0.35 and values["errors"] == {"c2": 0.002}
