"""Latent variables are learnt: windows with lattices, the loss, the order, the user's movie."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lattices import TINY, tiny_model, tiny_network, turning_movie
from napari_insitu_tem import Job, Movie
from napari_insitu_tem.io.write import write_movie
from napari_insitu_tem.learning import latent_training
from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.data_source import DataSource
from napari_insitu_tem.learning.latent_frames import LatticeFrame, MovieFrames
from napari_insitu_tem.learning.latent_loss import (
    LATENT_METRICS,
    Autoencoding,
    evidence_loss,
    target_entropy,
)
from napari_insitu_tem.learning.latent_movies import _divided as divided
from napari_insitu_tem.learning.latent_movies import train_on_movie, was_trained_on
from napari_insitu_tem.learning.latent_patches import LatticePatches, held_patches, lattice_places
from napari_insitu_tem.learning.loop import TrainError
from napari_insitu_tem.learning.make import make_model
from napari_insitu_tem.learning.recipes import find_recipe
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.simulate.lattice_frames import (
    LatticeFrameSettings,
    draw_lattice_frame,
    plane_lattice,
)

QUIET = Job(on_progress=lambda _: None, on_log=lambda _: None, device="cpu")


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(latent_training, "_COUNTED", 64)


def test_the_loss_is_the_evidence_bound_as_distributions_have_it():
    from torch import distributions

    torch.manual_seed(0)
    wanted, logits = torch.rand(3, 1, 4, 4), torch.randn(3, 16)
    mean, log_variance = torch.randn(3, 5), torch.randn(3, 5)
    packed = torch.cat((logits, mean, log_variance, torch.ones(3, 1)), 1)
    q = distributions.Normal(mean, (log_variance / 2).exp())
    divergence = distributions.kl_divergence(q, distributions.Normal(0, 1)).sum(1)
    bernoulli = distributions.Bernoulli(logits=logits, validate_args=False)
    entropy = -bernoulli.log_prob(wanted.flatten(1)).sum(1)
    ones = torch.ones_like(wanted)
    found = evidence_loss(packed, wanted, ones, beta=2.0)
    assert found.item() == pytest.approx((entropy + 2 * divergence).mean().item(), rel=1e-5)
    packed[:, -1] = 0.25  # while beta rises
    early = evidence_loss(packed, wanted, ones, beta=2.0)
    assert early.item() == pytest.approx((entropy + 0.5 * divergence).mean().item(), rel=1e-5)
    values = (packed.numpy(), wanted.numpy(), ones.numpy())
    assert LATENT_METRICS["KL"](*values) == pytest.approx(divergence.mean().item(), rel=1e-5)
    excess = (entropy - torch.from_numpy(target_entropy(wanted.numpy()))).mean().item()
    assert LATENT_METRICS["reconstruction less entropy"](*values) == pytest.approx(excess, rel=1e-4)


@given(st.floats(0.001, 0.999))
def test_nothing_reconstructs_a_grey_window_better_than_itself(level):
    window = np.full((1, 1, 8, 8), level, np.float32)
    logit = np.log(level / (1 - level))
    own = np.concatenate([np.full((1, 64), logit), np.zeros((1, 5))], 1).astype(np.float32)
    measure = LATENT_METRICS["reconstruction less entropy"]
    assert measure(own, window, np.ones_like(window)) == pytest.approx(0, abs=1e-3)
    assert measure(own + 0.5, window, np.ones_like(window)) > 0


def test_latents_are_random_while_it_trains_and_their_means_otherwise():
    network = Autoencoding(tiny_network())
    windows = torch.rand(2, 1, 64, 64)
    network.train()
    assert not torch.equal(network(windows), network(windows))
    network.eval()
    assert torch.equal(network(windows), network(windows))
    assert network(windows).shape == (2, 64 * 64 + 2 * 6 + 1)


def test_beta_rises_while_it_trains_and_counts_in_full_otherwise():
    network = Autoencoding(tiny_network(), beta_steps=4).train()
    windows = torch.rand(1, 1, 64, 64)
    shares = [network(windows)[0, -1].item() for _ in range(6)]
    assert shares == [0, 0, 0.5, 1, 1, 1]
    fresh = Autoencoding(tiny_network(), beta_steps=4).eval()
    assert fresh(windows)[0, -1].item() == 1


def test_windows_with_lattices_are_chosen_by_themselves():
    rng = np.random.default_rng(0)
    frame = rng.normal(size=(192, 256)).astype(np.float32)
    frame[:, 128:] += 1.5 * plane_lattice((192, 128), np.eye(2) / 9)
    places = lattice_places(LatticeFrame(frame), 64)
    assert len(places) > 10 and (places[:, 1] >= 80).mean() > 0.9
    frames = MovieFrames([Movie(frame)], smallest=64)
    drawn = LatticePatches(frames, 64, cuts=40, augmentation=AugmentSettings.none())
    contrasts = [window.std() for window, _, _ in drawn(0)]
    noise = frame[:, :64].std() / frame.std() / 5
    assert np.mean(np.array(contrasts) > 1.1 * noise) > 0.6


def test_windows_of_enlarged_frames_are_chosen_where_the_lattice_is():
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(128, 160)).astype(np.float32)
    pixels[:, 96:] += 1.5 * plane_lattice((128, 64), np.eye(2) / 6.5)
    places = lattice_places(LatticeFrame(pixels, 3.4), 64)
    assert len(places) > 10 and (places[:, 1] + 32 > 80 * 3.4).mean() > 0.9


@pytest.mark.parametrize("scaling", ["frame", "window"])
def test_windows_are_their_own_targets_between_0_and_1_and_come_again(scaling):
    frames = MovieFrames([turning_movie(3)], smallest=64)
    drawn = LatticePatches(frames, 64, scaling, AugmentSettings(), 4, 5)
    for one, other in zip(drawn(2), drawn(2), strict=True):
        assert one[0].shape == (1, 64, 64) and one[0].min() >= 0 and one[0].max() <= 1
        assert np.array_equal(one[0], one[1]) and np.array_equal(one[0], other[0])
    if scaling == "window":
        assert one[0].min() == 0 and one[0].max() == 1
    held = held_patches(frames, 64, 6, scaling)(lambda: None)
    assert 3 <= len(held) <= 6


def test_simulated_frames_hold_lattices_and_the_same_generator_gives_the_same():
    settings = LatticeFrameSettings(edge=96)
    one, other = (draw_lattice_frame(settings, np.random.default_rng(3)) for _ in range(2))
    assert one.shape == (96, 96) and one.dtype == np.float32 and np.array_equal(one, other)
    assert (one >= 0).all()


def test_a_folder_of_recordings_is_learnt_from_and_the_rest_left_out(tmp_path):
    for number in range(2):
        write_movie(turning_movie(3, name="a"), tmp_path / f"{number}.ome.tif", QUIET)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "broken.tif").write_bytes(b"nothing")
    data = DataSource(kind="folder", folder=str(tmp_path))
    found = data.open(0, "latent")
    assert len(found) == 6 and found.recordings == (0, 0, 0, 1, 1, 1)
    assert len(found.notes) == 1 and "broken.tif" in found.notes[0]
    with pytest.raises(SampleError, match="do not fit"):
        MovieFrames([turning_movie(2, edge=50)], smallest=64)


def short(recipe_name, **changes):
    """Return a shipped recipe that is over in a second or two."""
    recipe = find_recipe(recipe_name).replace(**changes)
    return recipe.with_training(
        steps=6, batch_size=8, patches_per_frame=8, validate_every=3, validation_patches=8,
        workers=0,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["lattice", "lattice-paper"])
def test_the_shipped_recipes_make_models_with_ordered_latents(name):
    small = TINY if name == "lattice" else {"latents": 6, "hidden": 32}
    recipe = short(name, name="mine", arguments=small)
    data = {**recipe.data.to_dict(), "settings": {**recipe.data.settings, "edge": 96}, "count": 30}
    reports = []
    made = make_model(recipe.replace(data=data), QUIET, on_report=reports.append)
    network = get_model("mine").load("cpu")
    variance = network.training_variance
    assert (variance[1:] >= variance[:-1]).all() and variance[-1] > 0
    assert set(reports[-1].metrics) == set(LATENT_METRICS)
    measures = {row["measure"] for row in made.model.card.quality}
    assert {"KL", "reconstruction less entropy", "active latents"} <= measures
    assert np.isfinite(made.trained.best.validation_loss)


def test_a_users_movie_is_learnt_from_starting_from_a_model_and_remembered():
    tiny_model()
    movie, other = turning_movie(6, edge=80), turning_movie(6, edge=80, seed=1)
    reports = []
    made = train_on_movie(
        movie, "mine", start="tiny", steps=12, minutes=5, job=QUIET, on_report=reports.append
    )
    card = made.model.card
    assert card.parent == "tiny" and "turning" in card.trained_on
    assert was_trained_on(card, movie) and not was_trained_on(card, other)
    assert reports[-1].train_loss < reports[0].train_loss or len(reports) < 3


def test_movies_are_learnt_from_on_the_scale_that_networks_know():
    fine = MovieFrames([turning_movie(3, period=7.0)], smallest=64)
    assert fine.zooms[0] == pytest.approx(22 / 7, rel=0.05)
    assert fine.sample(0).image.shape == tuple(int(128 * fine.zooms[0]) for _ in range(2))


def test_of_several_movies_all_are_learnt_from_and_the_last_frames_judged_by():
    frames = MovieFrames([turning_movie(10, edge=64), turning_movie(2, edge=64)], smallest=64)
    kept, held = divided(frames)
    assert kept.indices == (*range(9), 10, 11) and held.indices == (9,)
    assert divided(MovieFrames([turning_movie(3, edge=64)], smallest=64))[1] is None


def test_recipes_that_cannot_work_are_refused_in_plain_words():
    with pytest.raises(TrainError, match="no latent variables"):
        make_model(short("lattice", name="a", network="unet", arguments={}), QUIET)
    with pytest.raises(TrainError, match="'frame' or 'window'"):
        make_model(short("lattice", name="a", normalisation="standard"), QUIET)
    with pytest.raises(TrainError, match="evidence"):
        make_model(short("lattice", name="a").with_training(loss="l2"), QUIET)
