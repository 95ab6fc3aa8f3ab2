"""Losses of images against images."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from napari_insitu_tem.learning.settings import LossName

__all__ = ["image_loss", "structural_similarity"]

#: Edge (px) of the uniform window, as Katsuno et al. have it, and Wang et al.'s constants.
_WINDOW, _K1, _K2 = 11, 0.01, 0.03
#: Contrast (variance, in units of the noisy image's) below which nothing can be expected.
_FAINT = 0.02
#: Squared difference below which nothing is gained.
_EXACT = 1e-5


def image_loss(images: Tensor, wanted: Tensor, weights: Tensor, *, kind: LossName) -> Tensor:
    """Return how far images are from those that are wanted.

    ``"l1"`` and ``"l2"`` are the mean absolute and the mean squared difference;
    ``"relative l2"`` is the latter over the variance of the image that is wanted, so that frames
    of low dose, of which little is known, count as well as others. ``"psnr"`` is the mean over
    images of the logarithm of the squared difference: what is gained counts in decibels, at any
    dose alike. ``"ssim"`` is one minus the mean structural similarity (for images between 0 and 1;
    Katsuno et al., equation 1). All in float32, whatever the network computed in.

    Parameters
    ----------
    images, wanted : (n, c, y, x) tensors
        What the network gives, and what it should.
    weights : (n, 1, y, x) tensor
        0 for pixels that do not count.
    kind : str
        Which loss.

    Returns
    -------
    tensor
        One number; 0 when no pixel counts.
    """
    images, wanted, weights = images.float(), wanted.float(), weights.float()
    if kind == "ssim":
        inside = _WINDOW // 2
        similar = structural_similarity(images, wanted)
        weights = weights[..., inside:-inside, inside:-inside]
        return _mean(1 - similar, weights)
    difference = images - wanted
    if kind == "l1":
        return _mean(difference.abs(), weights)
    if kind == "relative l2":
        contrast = wanted.flatten(1).var(1, correction=0)[:, None, None, None]
        return _mean(difference.square() / (contrast + _FAINT), weights)
    if kind == "psnr":
        weights = weights.expand_as(difference).flatten(1)
        squares = (difference.square().flatten(1) * weights).sum(1)
        known = weights.sum(1) > 0
        each = squares[known] / weights[known].sum(1)
        return (each + _EXACT).log().sum() / known.sum().clamp_min(1)
    return _mean(difference.square(), weights)


def structural_similarity(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the structural similarity at every pixel whose window lies in the image.

    Wang et al. (IEEE Trans. Image Process. 13, 600, 2004) with a uniform window of 11 × 11, for
    a range of values of 1.

    Parameters
    ----------
    images, wanted : (n, c, y, x) tensors
        Of at least 11 × 11 px.

    Returns
    -------
    (n, c, y - 10, x - 10) tensor
        -1 to 1.
    """

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, _WINDOW, 1)

    one, other = mean(images), mean(wanted)
    product, squares = one * other, one.square() + other.square()
    covariance = mean(images * wanted) - product
    variances = mean(images.square() + wanted.square()) - squares
    c1, c2 = _K1**2, _K2**2
    return (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    weights = weights.expand_as(values)
    return (values * weights).sum() / weights.sum().clamp_min(1.0)
