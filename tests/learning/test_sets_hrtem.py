"""The simulator of HRTEM frames as a training set."""

import pickle

import numpy as np
import pytest

from napari_insitu_tem.learning.recipes import find_recipe
from napari_insitu_tem.learning.samples import SimulatedSet
from napari_insitu_tem.learning.sets_hrtem import draw
from napari_insitu_tem.learning.simulators import Simulator
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame

SMALL = {"height": 64, "width": 72, "particles": (1, 2), "diameter": (1.5, 2.0)}


def test_a_sample_is_the_frame_of_its_seed_and_index():
    settings = HrtemSettings(**SMALL)
    sample = SimulatedSet(draw(settings), 5, seed=3).sample(2)
    frame = draw_frame(settings, np.random.default_rng((3, 2)))
    assert np.array_equal(sample.image, frame.image)
    assert np.array_equal(sample.labels, frame.labels[np.newaxis])


def test_the_simulator_is_known_by_name_and_can_be_sent_to_another_process():
    simulator = pickle.loads(pickle.dumps(Simulator("hrtem", SMALL)))
    assert simulator(np.random.default_rng(0)).image.shape == (64, 72)


@pytest.mark.parametrize(
    ("name", "network"), [("particles-hrtem", "unet"), ("particles-hrtem-msdnet", "msdnet")]
)
def test_the_shipped_recipes_keep_the_materials_of_the_test_out_of_the_training(name, network):
    recipe = find_recipe(name)
    settings = HrtemSettings.from_dict(recipe.data.settings)
    assert not {"Pd", "Rh", "Ni", "Mo", "MgO", "ZrO2"} & set(settings.materials)
    assert recipe.pixel_size == settings.pixel_size
    assert recipe.network == network
