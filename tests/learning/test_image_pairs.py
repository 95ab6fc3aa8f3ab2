"""Learning from pairs of noisy and clean images."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity as reference

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.image_losses import image_loss, structural_similarity
from napari_insitu_tem.learning.image_pairs import ImagePair, PairDrawing, PairPatches
from napari_insitu_tem.learning.pair_training import matched_psnr, train_on_pairs
from napari_insitu_tem.learning.recipes import TrainRecipe, find_recipe
from napari_insitu_tem.learning.samples import SampleError, SimulatedSet
from napari_insitu_tem.networks import build_network


def smooth(rng, edge=40):
    y, x = np.mgrid[:edge, :edge] / edge
    return (np.sin(6 * x + rng.uniform(0, 6)) * np.cos(5 * y)).astype(np.float32)


def draw(rng):
    clean = 100 + 10 * smooth(rng)
    return ImagePair(clean + rng.normal(0, 10, clean.shape), clean)


def test_patches_of_noisy_and_clean_show_the_same_place():
    rng = np.random.default_rng(0)
    place = rng.normal(size=(40, 40)).astype(np.float32)
    pairs = SimulatedSet(lambda _: ImagePair(place, place), 3)
    drawing = PairDrawing(pairs, 16, "standard", mosaics=0.5, cuts=4)
    for given, wanted, _ in drawing(0):
        assert given.shape == wanted.shape == (1, 16, 16)
        assert np.allclose(given, wanted, atol=1e-4)
    for given, wanted, _ in PairPatches(pairs, 16, 9, "standard")():
        assert np.allclose(given, wanted, atol=1e-4)


def test_of_a_few_frames_the_middle_one_is_wanted():
    clip = np.stack([np.full((20, 20), level) for level in (1.0, 2.0, 3.0)])
    clip[:, 0, 0] = 0
    pairs = SimulatedSet(lambda _: ImagePair(clip, clip[1]), 1)
    given, wanted, _ = PairDrawing(pairs, 16, "movie")(0)[0]
    assert given.shape == (3, 16, 16)
    assert np.allclose(given[1], wanted[0])


@pytest.mark.parametrize(
    ("noisy", "clean", "words"),
    [
        (np.ones((4, 5)), np.ones((5, 4)), "same size"),
        (np.full((4, 4), np.nan), np.ones((4, 4)), "not numbers"),
    ],
)
def test_pairs_that_cannot_be_learnt_from_are_refused(noisy, clean, words):
    with pytest.raises(SampleError, match=words):
        ImagePair(noisy, clean)


def test_similarity_is_that_of_scikit_image():
    rng = np.random.default_rng(0)
    one = rng.random((40, 50))
    other = np.clip(one + rng.normal(0, 0.1, one.shape), 0, 1)
    ours = structural_similarity(*(torch.tensor(each)[None, None] for each in (one, other)))
    _, whole = reference(
        one, other, data_range=1, win_size=11, use_sample_covariance=False, full=True
    )
    assert np.allclose(ours[0, 0].numpy(), whole[5:-5, 5:-5], atol=1e-6)


@pytest.mark.parametrize("kind", ["l1", "l2", "relative l2", "psnr", "ssim"])
def test_pixels_that_do_not_count_do_not_matter(kind):
    torch.manual_seed(0)
    wanted, images = torch.rand(1, 1, 32, 32), torch.rand(1, 1, 32, 32)
    weights = torch.zeros(1, 1, 32, 32)
    weights[..., :, 16:] = 1
    spoilt = images.clone()
    spoilt[..., :, :5] = 7
    assert torch.isclose(
        image_loss(images, wanted, weights, kind=kind),
        image_loss(spoilt, wanted, weights, kind=kind),
    )
    nothing_wrong = np.log(1e-5) if kind == "psnr" else 0
    assert image_loss(wanted, wanted, weights, kind=kind) == pytest.approx(nothing_wrong, abs=1e-6)


def test_the_psnr_loss_counts_in_decibels_in_every_image_alike():
    torch.manual_seed(0)
    wanted, error = torch.randn(2, 1, 32, 32), torch.randn(2, 1, 32, 32)
    error[1] /= 30
    weights = torch.ones(2, 1, 32, 32)
    before = float(image_loss(wanted + error, wanted, weights, kind="psnr"))
    for better in (0, 1):
        less = error.clone()
        less[better] /= 2  # by 6 dB
        after = float(image_loss(wanted + less, wanted, weights, kind="psnr"))
        assert before - after == pytest.approx(np.log(4) / 2, rel=0.05)
    nothing = torch.zeros_like(weights)
    assert float(image_loss(wanted + error, wanted, nothing, kind="psnr")) == 0


def test_the_relative_loss_weighs_frames_of_faint_and_strong_contrast_alike():
    torch.manual_seed(0)
    wanted, error = 4 * torch.randn(1, 1, 32, 32), torch.randn(1, 1, 32, 32)
    weights = torch.ones(1, 1, 32, 32)
    strong = image_loss(wanted + error, wanted, weights, kind="relative l2")
    faint = image_loss(wanted / 4 + error / 4, wanted / 4, weights, kind="relative l2")
    assert float(faint) == pytest.approx(float(strong), rel=0.05)


def test_matched_psnr_does_not_see_gain_and_offset():
    rng = np.random.default_rng(0)
    truth = smooth(rng)[None, None]
    noisy = truth + rng.normal(0, 0.1, truth.shape)
    once, again = matched_psnr(noisy, truth, truth), matched_psnr(50 * noisy - 3, truth, truth)
    assert once == pytest.approx(again)
    assert once == pytest.approx(10 * np.log10(np.ptp(truth) ** 2 / 0.01), abs=0.5)


def test_a_small_network_learns_to_denoise():
    recipe = TrainRecipe(
        name="x", task="denoise", channels=("image",), patch=32,
        training={"steps": 60, "batch_size": 4, "learning_rate": 5e-3, "loss": "l2",
                  "validate_every": 30, "validation_patches": 8, "workers": 0},
    )  # fmt: skip
    torch.manual_seed(0)
    network = build_network("unet", {"channels": [8, 16], "out_channels": 1})
    held = SimulatedSet(draw, 6, seed=9)
    trained = train_on_pairs(
        recipe, network, SimulatedSet(draw, 1000), held, Job(on_progress=lambda _: None)
    )
    noisy = [
        matched_psnr(pair.noisy[None], pair.clean[None, None], pair.clean)
        for pair in map(held.sample, range(6))
    ]
    assert trained.best.metrics["matched PSNR"] > np.mean(noisy) + 3


@pytest.mark.parametrize("name", ["refine", "movie"])
def test_the_shipped_recipes_can_be_drawn_from(name):
    recipe = find_recipe(name)
    training, validation = recipe.sets()
    drawing = PairDrawing(training, recipe.patch, recipe.normalisation)
    given, wanted, _ = drawing(0)[0]
    assert given.shape[0] == recipe.arguments.get("in_channels", 1)
    assert wanted.shape[0] == 1
    assert len(validation) <= recipe.training.validation_patches
