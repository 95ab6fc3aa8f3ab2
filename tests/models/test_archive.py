"""Taking models along: folders and zips in and out, and what is no model is refused."""

import io
import json
import pickle
import stat
import zipfile

import pytest
import torch

from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.models import (
    ModelError,
    NameTaken,
    export_model,
    get_model,
    import_model,
    list_models,
    rename_model,
)


def files(model):
    return {path.name: path.read_bytes() for path in model.folder.iterdir()}


def zipped(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def given(tiny, tmp_path):
    """A model's folder that somebody gave, outside of the store, which has none of the name."""
    folder = export_model("tiny", tmp_path / "given")
    rename_model("tiny", "mine")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_zip_brings_the_same_model_elsewhere(tiny, tmp_path, monkeypatch):
    path = export_model("tiny", tmp_path / "out" / "tiny.zip")
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "other"))
    assert list_models() == []
    there = import_model(path)
    assert there.folder.parent == tmp_path / "other"
    assert files(there) == files(tiny)
    there.load()


def test_the_same_model_gives_the_same_zip(tiny, tmp_path):
    first = export_model("tiny", tmp_path / "1.zip").read_bytes()
    assert export_model("tiny", tmp_path / "2.zip").read_bytes() == first


def test_a_shipped_model_can_be_exported_and_taken_in_under_another_name(shipped, tmp_path):
    path = export_model("particles", tmp_path / "particles.zip")
    with pytest.raises(NameTaken, match="ships with the package"):
        import_model(path)
    assert import_model(path, name="mine").name == "mine"
    assert not get_model("mine").shipped


@pytest.mark.parametrize("way", ["folder", "card.json", "weights.safetensors", "around"])
def test_a_folder_is_found_by_itself_its_files_or_the_folder_around_it(given, way):
    path = {"folder": given, "around": given.parent}.get(way, given / way)
    assert import_model(path).name == "tiny"
    get_model("tiny").load()


@pytest.mark.parametrize("inside", ["", "tiny/", "a/b/"])
def test_a_zip_may_hold_the_model_at_any_depth_and_other_files(given, tmp_path, inside):
    entries = {f"{inside}{name}": content for name, content in contents(given).items()}
    entries |= {"__MACOSX/._card.json": b"x", f"{inside}README.txt": b"read me"}
    model = import_model(zipped(tmp_path / "m.zip", entries))
    assert sorted(files(model)) == ["card.json", "weights.safetensors"]


def test_a_taken_name_is_said_and_another_can_be_given(tiny, tmp_path):
    path = export_model("tiny", tmp_path / "tiny.zip")
    with pytest.raises(NameTaken, match="already"):
        import_model(path)
    assert import_model(path, name="tiny-2").card.sha256 == tiny.card.sha256
    with pytest.raises(ModelError, match="cannot be a model's name"):
        import_model(path, name="../x")


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil", "a/../../evil", "C:/evil", "..\\x"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(given, tmp_path, models, name):
    entries = {f"tiny/{key}": content for key, content in contents(given).items()}
    path = zipped(tmp_path / "evil.zip", {**entries, name: b"evil"})
    with pytest.raises(ModelError, match="leads out of its folder"):
        import_model(path)
    assert [each.name for each in models.iterdir()] == ["mine"]


def test_a_zip_with_a_link_is_refused(given, tmp_path):
    path = zipped(tmp_path / "link.zip", contents(given))
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ModelError, match="leads out"):
        import_model(path)


def test_several_models_at_once_are_refused_by_name(given, tmp_path):
    entries = {}
    for folder in ("one", "two"):
        entries |= {f"{folder}/{name}": content for name, content in contents(given).items()}
    with pytest.raises(ModelError, match="several models in 'm.zip': one, two"):
        import_model(zipped(tmp_path / "m.zip", entries))
    for folder in ("one", "two"):
        (tmp_path / "many" / folder).mkdir(parents=True)
        (tmp_path / "many" / folder / "card.json").write_bytes(contents(given)["card.json"])
    with pytest.raises(ModelError, match="several models in 'many': one, two"):
        import_model(tmp_path / "many")


@pytest.mark.parametrize("lacking", ["card.json", "weights.safetensors"])
def test_what_lacks_in_a_zip_or_folder_is_named(given, tmp_path, lacking):
    entries = {name: content for name, content in contents(given).items() if name != lacking}
    with pytest.raises(ModelError, match=f"no {lacking} in 'm.zip'"):
        import_model(zipped(tmp_path / "m.zip", entries))
    (given / lacking).unlink()
    with pytest.raises(ModelError, match=f"no {lacking} in 'tiny'"):
        import_model(given)


def checkpoint():
    file = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.ckpt", "m.pkl", "m.zip", "m.bin"])
@pytest.mark.parametrize("make", [checkpoint, lambda: pickle.dumps({"weight": 1})])
def test_a_checkpoint_given_as_a_model_is_refused_in_one_line(models, tmp_path, name, make):
    path = tmp_path / name
    path.write_bytes(make())
    with pytest.raises(ModelError) as caught:
        import_model(path)
    message = str(caught.value)
    assert "can run programs" in message and "train one here, or export one from here" in message
    assert "\n" not in message
    assert not models.exists()


def test_a_checkpoint_instead_of_the_weights_is_refused_in_zip_and_folder(given, tmp_path, models):
    card = contents(given)["card.json"]
    beside = zipped(tmp_path / "beside.zip", {"card.json": card, "weights.pt": checkpoint()})
    renamed = {"card.json": card, "weights.safetensors": checkpoint()}
    paths = [beside, zipped(tmp_path / "renamed.zip", renamed), given]
    (given / "weights.safetensors").write_bytes(checkpoint())
    for path in paths:
        with pytest.raises(ModelError, match="can run programs"):
            import_model(path)
    assert [each.name for each in models.iterdir()] == ["mine"]


@pytest.mark.parametrize("where", ["zip", "folder"])
def test_damaged_weights_are_not_taken_in(given, tmp_path, models, where):
    entries = contents(given)
    raw = bytearray(entries["weights.safetensors"])
    raw[-1] ^= 1
    if where == "folder":
        (given / "weights.safetensors").write_bytes(bytes(raw))
        path = given
    else:
        path = zipped(tmp_path / "m.zip", {**entries, "weights.safetensors": bytes(raw)})
    with pytest.raises(ModelError, match="sha256 differs"):
        import_model(path)
    assert [each.name for each in models.iterdir()] == ["mine"]


def test_damaged_weights_are_not_given_away(tiny, tmp_path):
    raw = bytearray((tiny.folder / "weights.safetensors").read_bytes())
    raw[-1] ^= 1
    (tiny.folder / "weights.safetensors").write_bytes(bytes(raw))
    with pytest.raises(ModelError, match="sha256 differs"):
        export_model("tiny", tmp_path / "tiny.zip")
    assert not (tmp_path / "tiny.zip").exists()


def test_weights_that_do_not_fit_are_not_taken_in(given):
    card = json.loads((given / "card.json").read_text())
    card["arguments"]["channels"] = [2, 8]
    (given / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit the network on its card"):
        import_model(given)


def test_a_damaged_zip_is_said_to_be(given, tmp_path):
    path = zipped(tmp_path / "m.zip", contents(given))
    raw = path.read_bytes()
    path.write_bytes(raw[:-40])
    with pytest.raises(ModelError, match="damaged zip"):
        import_model(path)
    middle = raw.index(b"__metadata__") if b"__metadata__" in raw else len(raw) // 2
    path.write_bytes(raw[:middle] + b"\xff\xff" + raw[middle + 2 :])
    with pytest.raises(ModelError, match="damaged"):
        import_model(path)


def test_an_encrypted_zip_is_left_to_the_user_to_unpack(given, tmp_path):
    path = zipped(tmp_path / "m.zip", contents(given))
    raw = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := raw.find(mark, at + 1)) >= 0:
            raw[at + offset] |= 1  # the flag for "encrypted"
    path.write_bytes(bytes(raw))
    with pytest.raises(ModelError, match="Unpack it yourself"):
        import_model(path)


@pytest.mark.parametrize("name", ["movie.tif", "notes.txt", "model.h5"])
def test_any_other_file_is_no_model(models, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x89HDF\r\n\x1a\n" if name.endswith("h5") else b"II*\0")
    with pytest.raises(ModelError, match="no model|HDF5"):
        import_model(path)
    with pytest.raises(ModelError, match="There is no"):
        import_model(tmp_path / "nowhere.zip")


def test_a_cancelled_import_or_export_leaves_nothing(given, tiny, tmp_path, models):
    stop = Job(is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        import_model(given, job=stop)
    for target in (tmp_path / "out.zip", tmp_path / "out"):
        with pytest.raises(Cancelled):
            export_model("mine", target, job=stop)
    assert [each.name for each in models.iterdir()] == ["mine"]
    assert not (tmp_path / "out.zip").exists() and not list(tmp_path.glob("out/*"))


def test_exporting_into_a_folder_does_not_overwrite_another_model(tiny, tmp_path):
    export_model("tiny", tmp_path / "out")
    with pytest.raises(ModelError, match="already"):
        export_model("tiny", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["tiny"]
