"""Losses: what counts, what is ignored, and numbers that stay finite."""

import pytest
import torch

from napari_insitu_tem.learning.losses import segmentation_loss

KINDS = ("bce+dice", "bce", "dice", "focal")


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 2, 16, 16, generator=generator).requires_grad_()
    targets = (torch.rand(2, 2, 16, 16, generator=generator) > 0.7).float()
    weights = torch.ones(2, 1, 16, 16)
    weights[:, :, :5] = 0
    return logits, targets, weights


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_answer_costs_nothing_and_the_wrong_one_much(batch, kind):
    _, targets, weights = batch
    right = segmentation_loss((targets - 0.5) * 40, targets, weights, kind=kind)
    wrong = segmentation_loss((0.5 - targets) * 40, targets, weights, kind=kind)
    assert float(right) < 1e-3
    assert float(wrong) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_ignored_pixels_have_no_gradient_and_no_say(batch, kind):
    logits, targets, weights = batch
    loss = segmentation_loss(logits, targets, weights, kind=kind)
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[:, :, :5].any()
    assert logits.grad[:, :, 5:].any()
    other = targets.clone()
    other[:, :, :5] = 1 - other[:, :, :5]
    assert segmentation_loss(logits, other, weights, kind=kind).item() == pytest.approx(loss.item())


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_in_which_no_pixel_counts_is_no_error(batch, kind):
    logits, targets, weights = batch
    loss = segmentation_loss(logits, targets, torch.zeros_like(weights), kind=kind)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert not logits.grad.any()


@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_bit_logits_of_any_size_give_a_finite_loss(batch, kind):
    _, targets, weights = batch
    logits = ((0.5 - targets) * 2e4).to(torch.bfloat16)
    loss = segmentation_loss(logits, targets, weights, kind=kind)
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)


def test_cross_entropy_is_the_mean_over_the_pixels_that_count(batch):
    logits, targets, weights = batch
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits[:, :, 5:], targets[:, :, 5:]
    )
    found = segmentation_loss(logits, targets, weights, kind="bce")
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
