"""Recipes of models, and the models that they make."""

import csv
import dataclasses
from importlib.util import find_spec

import numpy as np
import pytest
import tifffile
import torch
from toy_frames import pairs

from napari_insitu_tem import Job
from napari_insitu_tem.learning import recipes, simulators
from napari_insitu_tem.learning.loop import TrainError
from napari_insitu_tem.learning.make import make_model
from napari_insitu_tem.learning.recipes import (
    RecipeError,
    TrainRecipe,
    find_recipe,
    shipped_recipes,
)
from napari_insitu_tem.learning.samples import PairsFromArrays, SampleError, SimulatedSet
from napari_insitu_tem.models import ModelError, get_model, list_models
from napari_insitu_tem.simulate.hrtem import ExitWaveError

TOML = """
name = "toy"
title = "A toy"
patch = 32
diameters = [4, 14]
trained_on = "discs"

[arguments]
channels = [4, 8]

[data]
kind = "folder"
folder = "pairs"

[training]
steps = 4
validate_every = 2
batch_size = 2
workers = 0
mixed_precision = "no"
"""


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """A store of models of one's own."""
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def recipe_file(tmp_path):
    for kind, arrays in zip(("images", "labels"), pairs(5), strict=True):
        (tmp_path / "pairs" / kind).mkdir(parents=True)
        for number, array in enumerate(arrays):
            array = array.astype(np.uint16) if kind == "labels" else array
            tifffile.imwrite(tmp_path / "pairs" / kind / f"{number}.tif", array)
    path = tmp_path / "recipe.toml"
    path.write_text(TOML)
    return path


@pytest.fixture
def toy_simulator(monkeypatch):
    monkeypatch.setitem(simulators.SIMULATORS, "toy", "toy_frames:draw")


def test_a_recipe_survives_writing_and_reading(recipe_file, tmp_path):
    recipe = TrainRecipe.from_file(recipe_file)
    assert recipe.data.folder == tmp_path / "pairs"
    assert TrainRecipe.from_toml(recipe.to_toml()) == recipe
    assert TrainRecipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not valid TOML"),
        ("title = 'no name'", "name"),
        ("name = 'a'\nepochs = 3", "no setting 'epochs'"),
        ("name = 'a'\n[training]\nsteps = 0", "steps"),
        ("name = 'a'\n[data]\nkind = 'web'", "kind"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line(text, words):
    with pytest.raises(RecipeError, match=words) as refused:
        TrainRecipe.from_toml(text)
    assert "\n" not in str(refused.value)


def test_every_shipped_recipe_can_be_read_and_draws_samples(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_CACHE", str(tmp_path))
    for name in shipped_recipes():
        recipe = find_recipe(name)
        assert recipe.name == name
        assert recipe.trained_on
        training, validation = recipe.sets()
        if recipe.data.settings.get("sheets") and find_spec("abtem") is None:
            with pytest.raises(ExitWaveError, match="need abTEM"):
                training.sample(0)
            training = validation
        sample = training.sample(0)
        if recipe.task == "forecast":  # parts of every movie are set aside, as its clips say
            assert validation is None and sample.n_frames > recipe.clips.plan.span
            continue
        assert validation is not None
        other = validation.sample(1)
        one, two = (
            getattr(each, "image", getattr(each, "clean", each)) for each in (sample, other)
        )
        assert not np.array_equal(one, two)


def test_a_recipe_that_is_not_there_is_said(tmp_path):
    with pytest.raises(RecipeError, match="There is no recipe 'nothing'"):
        find_recipe("nothing")
    with pytest.raises(RecipeError, match="cannot be read"):
        find_recipe(str(tmp_path / "none.toml"))


def test_a_folder_is_divided_by_time_and_never_at_random(recipe_file):
    training, validation = TrainRecipe.from_file(recipe_file).sets()
    assert training.indices == (0, 1, 2, 3)
    assert validation.indices == (4,)


def test_a_simulator_validates_on_other_draws(toy_simulator):
    recipe = TrainRecipe.from_dict(
        {"name": "a", "data": {"simulator": "toy", "settings": {"edge": 36}}}
    )
    training, validation = recipe.sets()
    assert isinstance(validation, SimulatedSet)
    assert training.sample(0).image.shape == (36, 36)
    assert not np.array_equal(training.sample(0).image, validation.sample(0).image)


def test_a_simulator_that_is_not_there_or_has_other_settings_is_said(toy_simulator):
    with pytest.raises(SampleError, match="no simulator 'web'"):
        TrainRecipe.from_dict({"name": "a", "data": {"simulator": "web"}}).sets()
    with pytest.raises(ValueError, match="no setting 'size'"):
        TrainRecipe.from_dict(
            {"name": "a", "data": {"simulator": "toy", "settings": {"size": 3}}}
        ).sets()


def test_a_model_has_its_recipe_on_its_card_and_its_history_beside_it(recipe_file, quiet_job):
    recipe = TrainRecipe.from_file(recipe_file)
    made = make_model(recipe, quiet_job)
    card = get_model("toy").card
    assert card.title == "A toy"
    assert card.diameters == (4, 14)
    assert TrainRecipe.from_dict(card.training) == recipe
    assert find_recipe("toy") == recipe
    assert {row["measure"] for row in card.quality} == {"validation loss", "foreground IoU"}
    with (made.model.folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4"]
    assert float(rows[-1]["foreground_IoU"]) >= 0
    network = made.model.load()
    assert network(torch.zeros(1, 1, 32, 32)).shape == (1, 2, 32, 32)


def test_making_a_model_again_from_its_card_gives_the_same_weights(recipe_file, quiet_job):
    first = make_model(TrainRecipe.from_file(recipe_file), quiet_job).model
    again = make_model(find_recipe("toy").replace(name="again"), quiet_job).model
    assert first.card.sha256 == again.card.sha256


def test_a_training_starts_from_a_model(recipe_file, quiet_job):
    recipe = TrainRecipe.from_file(recipe_file)
    first = make_model(recipe, quiet_job).model
    still = recipe.replace(name="child", start_from="toy").with_training(
        learning_rate=1e-12, weight_decay=0.0, freeze_batch_statistics=True, steps=2
    )
    child = make_model(still, quiet_job).model
    assert child.card.parent == "toy"
    for name, tensor in first.state().items():
        torch.testing.assert_close(child.state()[name], tensor)


def test_a_model_of_another_network_cannot_be_the_start(recipe_file, quiet_job):
    recipe = TrainRecipe.from_file(recipe_file)
    make_model(recipe, quiet_job)
    with pytest.raises(TrainError, match="other arguments"):
        make_model(
            recipe.replace(name="b", start_from="toy", arguments={"channels": [4, 12]}), quiet_job
        )
    with pytest.raises(TrainError, match="cannot be the start"):
        make_model(recipe.replace(name="b", start_from="toy", channels=["foreground"]), quiet_job)
    assert [model.name for model in list_models() if not model.shipped] == ["toy"]


def test_a_start_that_only_has_a_recipe_is_said_to_be_trained_first(
    recipe_file, tmp_path, quiet_job, monkeypatch
):
    monkeypatch.setattr(recipes, "_SHIPPED", tmp_path)
    (tmp_path / "first.toml").write_text(TOML.replace("toy", "first"))
    (tmp_path / "second.toml").write_text('start_from = "first"\n' + TOML.replace("toy", "second"))
    with pytest.raises(TrainError, match="Train it first: insitu-tem train first$"):
        make_model(find_recipe("second"), quiet_job)
    with pytest.raises(ModelError, match="no model 'third'"):
        make_model(find_recipe("second").replace(start_from="third"), quiet_job)
    make_model(find_recipe("first"), quiet_job)
    assert make_model(find_recipe("second"), quiet_job).model.card.parent == "first"


def test_a_model_can_be_the_start_of_its_own_recipe(recipe_file, quiet_job):
    recipe = TrainRecipe.from_file(recipe_file)
    again = recipe.replace(start_from="toy")
    with pytest.raises(ModelError, match="no model 'toy'"):
        make_model(again, quiet_job)
    first = make_model(recipe, quiet_job).model
    with pytest.raises(ModelError, match="already"):
        make_model(again, quiet_job)
    second = make_model(again, quiet_job, replace=True).model
    assert second.card.parent == "toy" and second.card.sha256 != first.card.sha256
    assert make_model(again.replace(name="child"), quiet_job).model.card.parent == "toy"


def test_layers_make_a_model_but_its_recipe_cannot_open_them_again(recipe_file, quiet_job):
    recipe = TrainRecipe.from_file(recipe_file).replace(data={"kind": "layers"})
    made = make_model(
        recipe, quiet_job, sets=(PairsFromArrays(*pairs(3)), PairsFromArrays(*pairs(1, seed=1)))
    )
    assert made.model.card.training["data"]["kind"] == "layers"
    with pytest.raises(RecipeError, match="Save images and masks as a folder of pairs"):
        find_recipe("toy").sets()


def test_notes_on_the_data_reach_the_user(recipe_file):
    images, labels = pairs(2)
    images[0][0, 0] = np.nan
    notes = []
    job = Job(on_progress=lambda _: None, on_log=notes.append)
    make_model(
        TrainRecipe.from_file(recipe_file), job, sets=(PairsFromArrays(images, labels), None)
    )
    assert notes == ["frame 0: 1 pixels are not numbers (NaN or infinite); they are ignored."]


def test_a_wrong_name_costs_no_training(recipe_file):
    recipe = TrainRecipe.from_file(recipe_file).replace(name="not a name")
    job = Job(on_progress=lambda _: pytest.fail("it trained"))
    with pytest.raises(ValueError, match="cannot be a model's name"):
        make_model(recipe, job)


def test_only_the_first_of_several_machines_saves(recipe_file, quiet_job, monkeypatch):
    from napari_insitu_tem.learning import make

    train = make.train
    monkeypatch.setattr(
        make, "train", lambda *args, **more: dataclasses.replace(train(*args, **more), main=False)
    )
    assert make_model(TrainRecipe.from_file(recipe_file), quiet_job) is None
    assert not [model for model in list_models() if not model.shipped]
