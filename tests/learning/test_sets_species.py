"""Focal series as a training set, and the recipes of the species models."""

import pickle
import sys

import numpy as np
import pytest

from napari_insitu_tem.learning import sets_species
from napari_insitu_tem.learning.recipes import find_recipe
from napari_insitu_tem.learning.samples import SimulatedSet
from napari_insitu_tem.learning.sets_species import SpeciesSettings, draw
from napari_insitu_tem.learning.simulators import Simulator
from napari_insitu_tem.networks import build_network
from napari_insitu_tem.simulate.focal import draw_series
from napari_insitu_tem.simulate.hrtem import ExitWaveError

SMALL = {"height": 64, "width": 72}


def test_a_sample_is_the_series_of_its_seed_and_index_with_a_spot_on_every_column():
    settings = SpeciesSettings(**SMALL)
    sample = SimulatedSet(draw(settings), 5, seed=3).sample(2)
    series = draw_series(settings, np.random.default_rng((3, 2)))
    assert np.array_equal(sample.image, series.images)
    assert sample.maps.shape == (3, 64, 72)
    for kind, one in zip(("Mo", "2S", "S"), sample.maps, strict=True):
        places = series.positions[series.species == kind].round().astype(int)
        assert (one[tuple(places.T)] > 0.8).all()
    assert (sample.maps[1] > 0.8).sum() > (sample.maps[2] > 0.8).sum()


def test_the_simulator_is_known_by_name_and_can_be_sent_to_another_process():
    simulator = pickle.loads(pickle.dumps(Simulator("species", SMALL | {"images": 2})))
    assert simulator(np.random.default_rng(0)).image.shape == (2, 64, 72)


@pytest.mark.parametrize(("name", "images"), [("species", 3), ("species-single", 1)])
def test_the_shipped_recipes_fit_their_networks_and_learn_from_abtem(name, images):
    recipe = find_recipe(name)
    settings = SpeciesSettings.from_dict(recipe.data.settings)
    assert settings.sheets
    assert settings.images == recipe.arguments["in_channels"] == images
    assert recipe.channels == ("Mo", "2S", "S")
    assert recipe.pixel_size == settings.pixel_size
    network = build_network(recipe.network, {**recipe.arguments, "out_channels": 3})
    assert 2 * sum(each.numel() for each in network.parameters()) < 500_000  # bytes, in 16 bits
    assert recipe.half


def test_without_abtem_sheets_by_it_are_refused_in_plain_words(monkeypatch, tmp_path):
    monkeypatch.setenv("INSITU_TEM_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "abtem", None)
    with pytest.raises(ExitWaveError, match="simulate"):
        draw(SpeciesSettings(**SMALL, sheets=1))(np.random.default_rng(0))


def test_sheets_by_abtem_are_computed_when_first_drawn_and_kept(monkeypatch, tmp_path):
    pytest.importorskip("abtem", reason="abTEM is not installed ([simulate] extra)")
    monkeypatch.setenv("INSITU_TEM_CACHE", str(tmp_path))
    monkeypatch.setattr("napari_insitu_tem.simulate.focal.kept.POINTS", 216)
    settings = SpeciesSettings(**SMALL, sheets=1)
    one = draw(settings)(np.random.default_rng(0))
    monkeypatch.setattr(sets_species, "compute_sheet", None)
    assert np.array_equal(draw(settings)(np.random.default_rng(0)).image, one.image)
