"""Recipes: text in, the same result out, and plain words where it cannot be."""

import numpy as np
import pytest

from napari_insitu_tem import Measurements, Movie
from napari_insitu_tem.pipeline import Recipe, RecipeError, default_recipe, run_recipe


@pytest.fixture
def discs() -> Movie:
    """Ten frames of nine dark discs that wander."""
    rng = np.random.default_rng(2)
    centres = np.array([(r, c) for r in (25, 70, 115) for c in (25, 70, 115)], float)
    y, x = np.mgrid[:140, :140]
    frames = []
    for _ in range(10):
        centres += rng.normal(0, 0.8, centres.shape)
        image = np.full((140, 140), 150.0)
        for row, column in centres:
            image[(y - row) ** 2 + (x - column) ** 2 < 9**2] = 70
        frames.append(rng.poisson(image))
    return Movie(np.stack(frames).astype(np.uint16), pixel_size=0.4, frame_time=0.5, name="discs")


def test_a_recipe_survives_its_text():
    recipe = default_recipe()
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_the_main_job_runs_from_a_recipe_and_its_provenance_repeats_it(discs, quiet_job):
    first = [result for _, result in run_recipe(default_recipe(), discs, quiet_job)][-1]
    assert isinstance(first, Measurements)
    assert first.tracking.particles["track"].nunique() == 9
    again = Recipe.from_toml(Recipe.from_provenance(first.provenance).to_toml())
    assert [step.task.name for step in again.steps] == ["align", "segment", "track", "measure"]
    second = [result for _, result in run_recipe(again, discs, quiet_job)][-1]
    for table in ("tracks", "frames"):
        np.testing.assert_array_equal(
            getattr(first, table).select_dtypes("number").to_numpy(),
            getattr(second, table).select_dtypes("number").to_numpy(),
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing to do"),
        ("step = [", "not valid TOML"),
        ("[[step]]\nsigma = 3", "does not say which task"),
        ('[[step]]\ntask = "segmnt"', "no task 'segmnt'"),
        ('[[step]]\ntask = "track"', "needs a step 'segment' before it"),
        ('[[step]]\ntask = "segment"\nnonsense = 1', "no setting 'nonsense'"),
        ('colour = 3\n[[step]]\ntask = "align"', "not ['colour']"),
    ],
)
def test_a_wrong_recipe_is_refused_in_plain_words(text, words):
    with pytest.raises(RecipeError, match=words.replace("[", r"\[").replace("]", r"\]")):
        Recipe.from_toml(text)


def test_a_missing_recipe_file_is_one_line(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        Recipe.from_file(tmp_path / "none.toml")


def test_paths_in_a_recipe_are_relative_to_it(tmp_path):
    (tmp_path / "recipe.toml").write_text('[[step]]\ntask = "holder_log"\npath = "log.csv"\n')
    recipe = Recipe.from_file(tmp_path / "recipe.toml")
    assert recipe.steps[0].settings.path == tmp_path / "log.csv"
