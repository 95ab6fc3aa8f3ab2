"""`insitu-tem models …`, as a user types it."""

import pytest
from typer.testing import CliRunner

from napari_insitu_tem.cli import app
from napari_insitu_tem.models import list_models, save_model, user_folder

runner = CliRunner()


def run(*words, answer=None):
    return runner.invoke(app, ["models", *map(str, words)], input=answer)


def test_an_empty_list_says_what_to_do(models):
    shown = run("list")
    assert shown.exit_code == 0
    assert "train one, or import one" in shown.output


def test_the_list_shows_all_and_names_what_is_broken(shipped, tiny):
    (user_folder() / "bad").mkdir()
    shown = run("list")
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "particles", "tiny"]
    assert "shipped" in lines[1] and "yours" in lines[2]
    assert "no card.json in 'bad'" in shown.stderr
    assert "particles" not in run("list", "--task", "layers").stdout


def test_show_tells_what_the_card_says(tiny):
    shown = run("show", "tiny").output
    for words in ("A tiny one", "foreground, core", "8–32 px", "F1@0.5", "0.25", tiny.card.sha256):  # noqa: RUF001
        assert words in shown


def test_how_it_was_trained_is_told_without_what_the_card_says_anyway(models, card, state):
    training = {"trained_on": "nothing", "steps": {"count": 7}, "diameters": [8, 64]}
    save_model(card.model_copy(update={"training": training}), state)
    shown = run("show", "tiny").output
    assert shown.count("nothing") == 1
    assert "steps.count  7" in shown and "8, 64" in shown


def test_a_model_goes_out_and_comes_in_again(tiny, tmp_path):
    path = tmp_path / "tiny.zip"
    assert str(path) in run("export", "tiny", path).output
    assert "is now called 'old'" in run("rename", "tiny", "old").output
    assert "Imported 'tiny'" in run("import", path).output
    assert "Imported 'third'" in run("import", path, "--name", "third").output
    assert [model.name for model in list_models()] == ["old", "third", "tiny"]


def test_delete_asks_first(tiny):
    assert run("delete", "tiny", answer="n\n").exit_code == 1
    assert len(list_models()) == 1
    assert run("delete", "tiny", answer="y\n").exit_code == 0
    assert list_models() == []


def test_delete_does_not_ask_when_told_so(tiny):
    assert "Deleted 'tiny'" in run("delete", "tiny", "--yes").output


@pytest.mark.parametrize(
    "words", [("show", "no"), ("delete", "no"), ("rename", "no", "x"), ("export", "no", "x.zip")]
)
def test_what_goes_wrong_is_one_line(tiny, words):
    done = run(*words)
    assert done.exit_code == 1
    assert done.stderr.strip() == "Error: There is no model 'no'. There are: tiny."


def test_shipped_models_stay(shipped):
    done = run("delete", "particles")
    assert done.exit_code == 1
    assert "ships with the package and cannot be deleted" in done.stderr
