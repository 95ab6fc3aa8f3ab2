"""Training samples of columns."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.learning.recipes import find_recipe
from napari_insitu_tem.learning.sets_columns import draw
from napari_insitu_tem.networks import build_network
from napari_insitu_tem.simulate.columns import ColumnsSettings, draw_frame

SETTINGS = ColumnsSettings(height=96, width=96, diameter=(2.0, 2.5), dose=(500, 1000))


def test_the_map_has_a_maximum_at_every_readable_column_and_nothing_elsewhere() -> None:
    sample = draw(SETTINGS)(np.random.default_rng(3))
    frame = draw_frame(SETTINGS, np.random.default_rng(3))
    assert np.array_equal(np.abs(sample.image[0]), np.abs(frame.image))
    y, x = frame.positions[frame.readable].round().astype(int).T
    assert (sample.maps[0, y, x] > 0.6).all()
    assert sample.maps[0][frame.labels == 0].max() < 0.5


@pytest.mark.parametrize("defocus", [-5.0, 6.0])
def test_columns_are_bright_in_every_sample(defocus: float) -> None:
    settings = ColumnsSettings(**{**SETTINGS.to_dict(), "defocus": (defocus, defocus)})
    assert draw_frame(settings, np.random.default_rng(0)).bright == (defocus < 0)
    sample = draw(settings)(np.random.default_rng(0))
    at_columns = ndimage.gaussian_filter(sample.image[0], 1)
    around = ndimage.uniform_filter(sample.image[0], 9)
    y, x = np.nonzero(sample.maps[0] > 0.9)
    assert at_columns[y, x].mean() > around[y, x].mean()


def test_what_draws_can_be_sent_to_another_process() -> None:
    sent = pickle.loads(pickle.dumps(draw(SETTINGS)))
    one, other = (each(np.random.default_rng(1)) for each in (sent, draw(SETTINGS)))
    assert np.array_equal(one.image, other.image)


def test_recipes_of_columns_draw_frames_for_their_networks() -> None:
    for name in ("columns", "columns-msdnet"):
        recipe = find_recipe(name)
        training, validation = recipe.sets()
        assert validation is not None
        assert len(training.sample(0).maps) == len(recipe.channels)
        network = build_network(recipe.network, {**recipe.arguments, "out_channels": 1})
        assert recipe.patch % getattr(network, "multiple", 1) == 0
