"""The store: shipped and own models in one list, changed safely, and nothing half-written."""

import json
import threading

import pytest

from napari_insitu_tem.models import (
    ModelError,
    delete_model,
    free_name,
    get_model,
    list_broken,
    list_models,
    open_model,
    rename_model,
    save_model,
    store,
    user_folder,
)


def names(task=None):
    return [model.name for model in list_models(task)]


def named(card, name, **values):
    return card.model_copy(update={"name": name, **values})


def test_without_models_the_list_is_empty_and_nothing_is_made(models):
    assert names() == [] and list_broken() == []
    assert not models.exists()


def test_a_saved_model_is_found_with_its_card(tiny, card):
    found = get_model("tiny")
    assert found == tiny
    assert found.card.model_copy(update={"sha256": ""}) == card
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "card.json",
        "weights.safetensors",
    ]


def test_shipped_models_come_first_and_tasks_filter(shipped, card, state):
    save_model(named(card, "a-mine"), state)
    save_model(named(card, "b-layers", task="layers"), state)
    assert names() == ["particles", "a-mine", "b-layers"]
    assert [model.shipped for model in list_models()] == [True, False, False]
    assert names("layers") == ["b-layers"]


def test_a_name_can_be_taken_once_only_whatever_its_case(tiny, card, state):
    for name in ("tiny", "Tiny"):
        with pytest.raises(ModelError, match="already"):
            save_model(named(card, name), state)


def test_a_shipped_name_is_not_for_the_user(shipped, card, state):
    with pytest.raises(ModelError, match="ships with the package"):
        save_model(named(card, "particles"), state)
    with pytest.raises(ModelError, match="ships with the package"):
        save_model(named(card, "particles"), state, replace=True)


def test_a_model_can_be_replaced_when_asked_for(tiny, card, state):
    again = save_model(card.model_copy(update={"title": "Another"}), state, replace=True)
    assert get_model("tiny").card.title == "Another"
    assert [path.name for path in again.folder.parent.iterdir()] == ["tiny"]


def test_free_names_are_numbered(tiny, card, state):
    assert free_name("new") == "new"
    assert free_name("tiny") == "tiny-2"
    save_model(named(card, "tiny-2"), state)
    assert free_name("tiny") == "tiny-3"
    assert len(free_name("x" * 64)) == 64


def test_a_failed_save_leaves_nothing(models, card, state, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.Path, "write_bytes", full)
    with pytest.raises(ModelError, match="disk is full"):
        save_model(card, state)
    assert list(models.iterdir()) == []


def test_a_failed_replacement_leaves_the_old_model(tiny, card, state, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.Path, "write_text", full)
    with pytest.raises(ModelError):
        save_model(card.model_copy(update={"title": "Another"}), state, replace=True)
    assert get_model("tiny").card.title == "A tiny one"
    get_model("tiny").load()


def test_a_place_that_cannot_be_written_is_said(models, card, state):
    models.parent.mkdir(exist_ok=True)
    models.write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(card, state)


def test_renaming_moves_card_and_folder(tiny):
    renamed = rename_model("tiny", "Better")
    assert names() == ["Better"]
    assert renamed.folder.name == "Better"
    assert json.loads((renamed.folder / "card.json").read_text())["name"] == "Better"
    renamed.load()


def test_renaming_may_change_the_case_only(tiny):
    rename_model("tiny", "Tiny")
    assert names() == ["Tiny"]


@pytest.mark.parametrize(("new", "words"), [("a b", "cannot be"), ("other", "already")])
def test_a_name_that_cannot_be_leaves_the_model_as_it_is(tiny, card, state, new, words):
    save_model(named(card, "other"), state)
    with pytest.raises(ModelError, match=words):
        rename_model("tiny", new)
    assert names() == ["other", "tiny"]


def test_a_deleted_model_is_gone(tiny):
    delete_model("tiny")
    assert names() == []
    assert list(user_folder().iterdir()) == []


def test_deleting_a_link_leaves_what_it_points_to(tiny, card, state, tmp_path):
    elsewhere = save_model(named(card, "linked"), state, tmp_path / "elsewhere")
    (user_folder() / "linked").symlink_to(elsewhere.folder, target_is_directory=True)
    delete_model("linked")
    assert names() == ["tiny"]
    open_model(elsewhere.folder).load()


def test_shipped_models_cannot_be_changed(shipped):
    with pytest.raises(ModelError, match="ships with the package and cannot be deleted"):
        delete_model("particles")
    with pytest.raises(ModelError, match="ships with the package and cannot be renamed"):
        rename_model("particles", "mine")
    assert names() == ["particles"]


def test_an_unknown_name_lists_the_known_ones(tiny):
    with pytest.raises(ModelError, match="no model 'tinny'. There are: tiny."):
        get_model("tinny")


def test_broken_folders_are_listed_with_reasons_and_do_not_hide_the_others(tiny):
    folder = user_folder()
    (folder / "empty").mkdir()
    (folder / "checkpoint").mkdir()
    (folder / "checkpoint" / "model.pth").write_bytes(b"\x80\x02}q\x00.")
    (folder / "loose.pt").write_bytes(b"PK\x03\x04")
    (folder / "wrong-json").mkdir()
    (folder / "wrong-json" / "card.json").write_text("{")
    (folder / "no-weights").mkdir()
    (folder / "no-weights" / "card.json").write_text(tiny.card.to_json())
    (folder / "copy").mkdir()
    for path in tiny.folder.iterdir():
        (folder / "copy" / path.name).write_bytes(path.read_bytes())
    assert names() == ["tiny"]
    reasons = {broken.name: broken.reason for broken in list_broken()}
    assert set(reasons) == {
        "empty", "checkpoint", "loose.pt", "wrong-json", "no-weights", "copy"
    }  # fmt: skip
    assert "no card.json" in reasons["empty"]
    assert "can run programs" in reasons["checkpoint"]
    assert "can run programs" in reasons["loose.pt"]
    assert "not valid JSON" in reasons["wrong-json"]
    assert "no weights.safetensors" in reasons["no-weights"]
    assert "its card says 'tiny'" in reasons["copy"]
    with pytest.raises(ModelError, match="no card.json"):
        get_model("empty")


def test_an_own_model_whose_name_ships_by_now_is_listed_as_such(tiny, state, card):
    save_model(card, state, store.SHIPPED)
    assert [model.shipped for model in list_models()] == [True]
    assert "ships with the package by now" in list_broken()[0].reason
    assert get_model("tiny").shipped


def test_a_model_for_something_else_is_refused_by_name(tiny):
    assert tiny.expect(task="segment", channels=("foreground", "core")) is tiny
    with pytest.raises(ModelError, match="'tiny' is for segment, not for layers"):
        tiny.expect(task="layers")
    with pytest.raises(ModelError, match="gives the channels foreground, core; mask are needed"):
        tiny.expect(task="segment", channels=("mask",))


def test_the_identity_says_which_weights(tiny):
    assert tiny.identity == {
        "name": "tiny",
        "version": "1",
        "sha256": tiny.card.sha256,
        "parent": None,
    }
    assert len(tiny.card.sha256) == 64


def test_of_many_threads_that_save_one_name_one_wins(models, card, state):
    outcomes = []

    def save():
        try:
            outcomes.append(save_model(card, state))
        except ModelError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(outcome, str) for outcome in outcomes) == 1
    assert [path.name for path in models.iterdir()] == ["tiny"]
    get_model("tiny").load()


def test_listing_models_loads_no_torch(tiny):
    import subprocess
    import sys

    code = (
        "import sys, napari_insitu_tem.models as m; from napari_insitu_tem.models import describe;"
        "print(describe.details(m.get_model('tiny')), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "foreground, core" in done.stdout
    assert done.stdout.strip().endswith("False")
