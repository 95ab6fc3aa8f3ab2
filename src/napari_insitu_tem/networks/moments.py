"""Moments of convolution filters: which derivative a filter takes.

Long, Lu, Ma and Dong (PDE-Net, ICML 2018), as PhyDNet has it (Le Guen and Thome, CVPR 2020).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["derivative_filters", "derivative_moments", "filter_moments", "moment_loss"]


def filter_moments(filters: Tensor) -> Tensor:
    """Return the moments of filters.

    ``moment[i, j] = sum over u, v of filter[u, v] · u^i / i! · v^j / j!``, where u and v count
    from the middle. By Taylor's theorem, a filter whose only moment is 1 at (i, j) takes the
    partial derivative of order i along y and j along x.

    Parameters
    ----------
    filters : (..., k, k) tensor
        Of odd edge.

    Returns
    -------
    (..., k, k) tensor
        Orders 0 to k - 1 along both axes.
    """
    along = [_powers(size, filters) for size in filters.shape[-2:]]
    return along[0] @ filters @ along[1].T


def derivative_moments(edge: int) -> Tensor:
    """Return the moments that the edge² filters of a physical cell are drawn to.

    Returns
    -------
    (edge², edge, edge) tensor
        Filter ``edge · i + j`` has a 1 at (i, j), and 0 elsewhere.
    """
    return torch.eye(edge * edge).reshape(edge * edge, edge, edge)


def derivative_filters(edge: int) -> Tensor:
    """Return the filters that take the partial derivatives: those of `derivative_moments`.

    Returns
    -------
    (edge², edge, edge) float64 tensor
        Their values grow with the order, of edge 7 up to 400.
    """
    along = torch.linalg.inv(_powers(edge, torch.zeros((), dtype=torch.float64)))
    return torch.einsum("ui,vj->ijuv", along, along).reshape(edge * edge, edge, edge)


def moment_loss(filters: Tensor) -> Tensor:
    """Return how far a layer's filters are from all partial derivatives.

    The mean squared difference of moments over filters and orders, summed over the channels
    that go in, as in the authors' training.

    Parameters
    ----------
    filters : (edge², channels, edge, edge) tensor
        The weights of a convolution.
    """
    wanted = derivative_moments(filters.shape[-1]).to(filters).unsqueeze(1)
    return (filter_moments(filters) - wanted).square().mean(dim=(0, 2, 3)).sum()


def _powers(edge: int, like: Tensor) -> Tensor:
    """Return u^i / i! (order, place)."""
    places = torch.arange(edge, dtype=torch.float64) - edge // 2
    rows = [places**order / math.factorial(order) for order in range(edge)]
    return torch.stack(rows).to(like)
