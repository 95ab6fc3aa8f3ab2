"""Losses, with pixels that do not count."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from napari_insitu_tem.learning.settings import LossName

__all__ = ["Loss", "LossName", "loss_function", "segmentation_loss"]

#: ``(what the network gives, targets, weights)`` to one number.
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def loss_function(kind: LossName, *, beta: float = 2.0) -> Loss:
    """Return a loss by its name: of logits and maps, of images, or of latent variables.

    `beta` is the weight of the divergence of latent variables, see `latent_loss`.
    """
    if kind == "evidence":
        from napari_insitu_tem.learning.latent_loss import evidence_loss

        return functools.partial(evidence_loss, beta=beta)
    if kind in ("l1", "l2", "relative l2", "psnr", "ssim"):
        from napari_insitu_tem.learning.image_losses import image_loss

        return functools.partial(image_loss, kind=kind)
    if kind == "gaussian":
        from napari_insitu_tem.learning.forecast_loss import forecast_loss

        return forecast_loss
    return functools.partial(segmentation_loss, kind=kind)


def segmentation_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, *, kind: LossName = "bce+dice"
) -> Tensor:
    """Return the loss of predicted logits.

    ``"bce"`` is the binary cross-entropy, mean over the pixels that count. ``"dice"`` is
    1 − soft Dice (Milletari et al., 3DV 2016, with plain sums in the denominator), summed
    over batch and pixels and averaged over channels. ``"focal"`` is Lin et al. (ICCV 2017)
    with γ = 2. ``"bce+dice"`` is the sum of the first two. ``"any order"`` is
    that, for layers whose order may not matter; see `permutation_loss`. All is in float32,
    whatever the network computed in.

    Parameters
    ----------
    logits : (n, c, y, x) tensor
        The network's output, before the sigmoid.
    targets : (n, c, y, x) tensor
        0 … 1.
    weights : (n, 1, y, x) or (n, c, y, x) tensor
        0 for pixels that are ignored.
    kind : str
        Which loss.

    Returns
    -------
    tensor
        One number; 0 when no pixel counts.
    """
    if kind == "any order":
        from napari_insitu_tem.learning.permutation_loss import permutation_loss

        return permutation_loss(logits, targets, weights)
    logits, targets, weights = logits.float(), targets.float(), weights.float()
    weights = weights.expand_as(logits)
    loss = logits.new_zeros(())
    if kind in ("bce", "bce+dice"):
        entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        loss = loss + _mean(entropy, weights)
    if kind == "focal":
        entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        missed = (targets - torch.sigmoid(logits)).abs()
        loss = loss + _mean(missed.square() * entropy, weights)
    if kind in ("dice", "bce+dice"):
        loss = loss + _dice(torch.sigmoid(logits), targets, weights)
    return loss


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp_min(1.0)


def _dice(probabilities: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    over = (0, 2, 3)
    # One pixel's worth of smoothing, so that a batch without particles has a gradient, too.
    both = 2 * (probabilities * targets * weights).sum(over) + 1
    either = ((probabilities + targets) * weights).sum(over) + 1
    return (1 - both / either).mean()
