"""One noisy frame made two with independent noise, for when there is no second one.

Gaussian thinning: to y with noise of variance v, fresh noise e of the same variance is added
once and taken away once; ``y + a e`` and ``y - e / a`` then have independent noise [1]_ [2]_.
Binomial thinning: every counted electron falls to one half or the other, and the halves of a
Poisson number are independent Poisson numbers. Both stand and fall with what is said of the noise:
if it is stronger than v, or correlated otherwise, the halves share part of it.

References
----------
.. [1] T. Pang, H. Zheng, Y. Quan, H. Ji, "Recorrupted-to-Recorrupted", Proc. CVPR (2021) 2043.
.. [2] N. L. Oliveira, J. Lei, R. J. Tibshirani, "Unbiased risk estimation in the normal means
   problem via coupled bootstrap techniques", Electron. J. Stat. 18 (2024) 5405.
"""

from __future__ import annotations

import numpy as np

__all__ = ["binomial_halves", "gaussian_halves"]


def gaussian_halves(
    frame: np.ndarray, noise: np.ndarray, *, strength: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return two frames of independent noise from one with Gaussian noise.

    Parameters
    ----------
    frame : (y, x) array
        Signal and noise.
    noise : (y, x) array
        Fresh noise of the same strength and correlation as the frame's.
    strength : float
        The first half's noise variance is ``1 + strength**2`` times the frame's, the second's
        ``1 + 1 / strength**2`` times; 1 makes them alike.

    Returns
    -------
    ((y, x) float32 array, (y, x) float32 array)
        Both with the frame's expectation.
    """
    frame, noise = np.asarray(frame, np.float32), np.asarray(noise, np.float32)
    return frame + np.float32(strength) * noise, frame - noise / np.float32(strength)


def binomial_halves(
    electrons: np.ndarray, rng: np.random.Generator, *, share: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Return two frames of independent counts from one of counted electrons.

    Parameters
    ----------
    electrons : (y, x) array
        Counted electrons; fractions are rounded, and what is negative counts as none.
    rng : numpy Generator
        Source of the coin tosses.
    share : float
        Part of the electrons that goes to the first half.

    Returns
    -------
    ((y, x) float32 array, (y, x) float32 array)
        Both scaled up to the frame's expectation.
    """
    counts = np.maximum(np.rint(electrons), 0).astype(np.int64)
    first = rng.binomial(counts, share)
    second = counts - first
    return (first / share).astype(np.float32), (second / (1 - share)).astype(np.float32)
