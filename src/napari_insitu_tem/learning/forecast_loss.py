"""The loss of forecasts that come with a spread."""

from __future__ import annotations

from torch import Tensor

__all__ = ["forecast_loss"]

#: What the spread's part weighs: the frames are learnt as if they had none.
_SHARE = 0.1


def forecast_loss(given: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Return the mean squared error, and a part of the Gaussian likelihood for the spread.

    The likelihood's gradient reaches the spread only: what is foreseen is the mean of what may
    come, however uncertain. Of several members, the mean of their losses.

    Parameters
    ----------
    given : (n, members · 2 · frames, y, x) tensor
        Of every member first all frames, then the logarithms of all spreads.
    wanted : (n, frames, y, x) tensor
        What came.
    weights : (n, 1, y, x) tensor
        0 for pixels that do not count.

    Returns
    -------
    tensor
        One number.
    """
    frames = wanted.shape[1]
    parts = given.float().unflatten(1, (-1, 2, frames))
    means, spreads = parts[:, :, 0], parts[:, :, 1]
    squared = (means - wanted.float().unsqueeze(1)).square()
    likelihood = spreads + 0.5 * squared.detach() * (-2 * spreads).exp()
    counted = weights.float().unsqueeze(1).expand_as(squared)
    total = ((squared + _SHARE * likelihood) * counted).sum()
    return total / counted.sum().clamp_min(1.0)
