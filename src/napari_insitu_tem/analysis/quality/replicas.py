"""Mean squared error of a denoised frame without any clean one, from noisy replicas.

With noisy replicas a, b and c of the same clean frame, whose noise is independent of each other
and of the data that the denoised frame f was made of, the mean of ``(a - f)**2 - (b - c)**2 / 2``
is the mean squared error of f: what the noise of a adds, b and c take away again
(the uMSE of [1]_).

Neighbouring frames are replicas only where nothing moves. What has changed between frames counts
as an error of f, so the figure is too pessimistic there; how fast the frames grow apart with their
distance in time tells how much of that is motion.

References
----------
.. [1] A. Marcos-Morales, M. Leibovich, S. Mohan, J. L. Vincent, P. Haluai, M. Tan, P. Crozier,
   C. Fernandez-Granda, "Evaluating unsupervised denoising requires unsupervised metrics",
   Proc. ICML 202 (2023) 23937.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["UnsupervisedError", "motion_between", "unsupervised_error"]

_TILE = 16


@dataclass(frozen=True)
class UnsupervisedError:
    """An unsupervised mean squared error with its standard error.

    Parameters
    ----------
    mse : float
        In squared counts; may come out negative where the error is smaller than what the noise
        of the replicas lets one see.
    error : float
        Its standard error.
    """

    mse: float
    error: float

    def psnr_db(self, data_range: float) -> float:
        """Return the unsupervised PSNR; NaN where the error is too small to be measured."""
        if not self.mse > 2 * self.error:
            return float("nan")
        return float(10 * np.log10(data_range**2 / self.mse))

    def at_least_db(self, data_range: float) -> float:
        """Return what the PSNR exceeds with 97.5 % certainty."""
        highest = self.mse + 1.96 * self.error
        return float(10 * np.log10(data_range**2 / highest)) if highest > 0 else float("inf")


def unsupervised_error(
    denoised: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> UnsupervisedError:
    """Return the uMSE of a denoised frame.

    Parameters
    ----------
    denoised : (y, x) array
        In the units of the replicas.
    a, b, c : (y, x) arrays
        Noisy replicas: a must not have gone into `denoised`. Differences of mean brightness
        (a beam that flickers) are taken out, so a wrong offset of `denoised` does not count.
        b may be a.

    Returns
    -------
    UnsupervisedError
        With a standard error from the scatter between tiles of 16 pixels.
    """
    f = np.asarray(denoised, np.float64)
    a, b, c = (np.asarray(each, np.float64) for each in (a, b, c))
    terms = _centred(a - f) ** 2 - _centred(b - c) ** 2 / 2
    mse = float(terms.mean())
    rows, columns = (max(size // _TILE, 1) for size in f.shape)
    cut = terms[: rows * _TILE, : columns * _TILE]
    tiles = cut.reshape(rows, cut.shape[0] // rows, columns, cut.shape[1] // columns)
    means = tiles.mean(axis=(1, 3)).ravel()
    if means.size < 2:
        return UnsupervisedError(mse, float("nan"))
    return UnsupervisedError(mse, float(means.std(ddof=1) / np.sqrt(means.size)))


def motion_between(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> float:
    """Return the mean squared change from one frame to the next that is not noise.

    Noise is as strong between frames one and two apart; what moves grows apart. For changes
    whose mean square grows evenly with time (diffusion), the difference is what one frame adds;
    for steady motion it is three times that, and changes that come and go in every frame
    cannot be told from noise.

    Parameters
    ----------
    first, second, third : (y, x) arrays
        Successive noisy frames.

    Returns
    -------
    float
        In squared counts; around 0 where nothing moves.
    """
    first, second, third = (np.asarray(each, np.float64) for each in (first, second, third))
    apart = np.mean(_centred(third - first) ** 2)
    near = (np.mean(_centred(second - first) ** 2) + np.mean(_centred(third - second) ** 2)) / 2
    return float(apart - near)


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean()
