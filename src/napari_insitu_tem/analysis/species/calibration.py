"""From what a network's maps show at a site to probabilities of what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

__all__ = ["CALIBRATIONS", "Calibration"]

#: Keeps the logarithm of a share finite.
_FLOOR = 1e-9


@dataclass(frozen=True)
class Calibration:
    """Makes a network's probabilities right in the mean.

    Networks trained on spots hedge towards the common class. The constants come from logistic
    regressions on simulated series (``python benchmarks/species.py fit``).

    Parameters
    ----------
    half, soft : float
        Sum of the maps, of the typical column's, at which a site is as likely empty as not, and
        how fast that changes.
    slope, offset : float
        From the log ratio of the shares of one S and of two to that of their probabilities.
    between : float
        By which part of itself an expected number differs from series to series beyond chance:
        what misleads the network at one column misleads it at the others, too.
    """

    half: float
    soft: float
    slope: float
    offset: float
    between: float

    def empty(self, shares: np.ndarray) -> np.ndarray:
        """Return the probability (n,) that sites with shares (n, 3) are empty."""
        return np.asarray(expit((self.half - shares.sum(axis=1)) / self.soft))

    def one_of_two(self, shares: np.ndarray) -> np.ndarray:
        """Return the probability (n,) that an occupied sulphur site holds one S, not two."""
        ratio = np.log((shares[:, 2] + _FLOOR) / (shares[:, 1] + _FLOOR))
        return np.asarray(expit(self.slope * ratio + self.offset))

    def error(self, probability: np.ndarray) -> float:
        """Return the standard error of the sum of probabilities (n,) of one class."""
        chance = float(np.sum(probability * (1 - probability)))
        return float(np.sqrt(chance + (self.between * float(np.sum(probability))) ** 2))


#: Of the shipped networks, by the number of images that they take.
CALIBRATIONS = {
    3: Calibration(half=0.424, soft=0.075, slope=1.215, offset=0.993, between=0.15),
    1: Calibration(half=0.509, soft=0.076, slope=1.129, offset=0.552, between=0.28),
}
