"""Local features of brightness and texture, for telling regions of a material apart.

For every place, within a Gaussian window: the mean brightness, and for every scale the contrast
(standard deviation of the band of details of that size), the gradient's strength, and the coherence
of the structure tensor (0 where edges point anywhere, 1 where they are parallel; J. Bigün, G. H.
Granlund, Proc. ICCV (1987) 433).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["FeatureSet", "local_features"]

_TINY = 1e-12


@dataclass(frozen=True)
class FeatureSet:
    """Which features, at which scales.

    Parameters
    ----------
    window : float
        Full width at half maximum of the window, in pixels.
    scales : tuple of float
        Standard deviations of the Gaussians that set the scales, in pixels; each band reaches up
        to twice its scale.
    brightness : bool
        Whether brightness counts.
    """

    window: float = 32.0
    scales: tuple[float, ...] = (1.5, 3.0, 6.0)
    brightness: bool = True

    @property
    def sigma(self) -> float:
        """Standard deviation of the window, in pixels."""
        return self.window / (2 * math.sqrt(2 * math.log(2)))

    @property
    def step(self) -> int:
        """Distance between the places that features are taken at, in pixels."""
        return max(1, int(self.window / 8))

    @property
    def reach(self) -> int:
        """Steps of the grid within a quarter of the window."""
        return max(1, round(self.window / 4 / self.step))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, with units."""
        of_scale = [
            f"{kind}_at_{scale:g}_px{unit}"
            for scale in self.scales
            for kind, unit in (
                ("contrast", "_counts"), ("gradient", "_counts_per_px"), ("coherence", "")
            )
        ]  # fmt: skip
        return (*(("brightness_counts",) if self.brightness else ()), *of_scale)


def local_features(frame: np.ndarray, which: FeatureSet) -> np.ndarray:
    """Return the features of a frame on a grid.

    Parameters
    ----------
    frame : (y, x) array
        Finite.
    which : FeatureSet
        What to compute.

    Returns
    -------
    (rows, columns, n) float32 array
        In the order of `FeatureSet.names`; of the pixels ``step // 2 + step * i``.
    """
    frame = np.asarray(frame, np.float32)
    grid = (slice(which.step // 2, None, which.step),) * 2

    def pooled(values: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(values, which.sigma, truncate=3)[grid]

    found = [pooled(frame)] if which.brightness else []
    # Details only, so that a slope over the whole frame is no texture.
    for scale in which.scales:
        fine = ndimage.gaussian_filter(frame, scale)
        band = fine - ndimage.gaussian_filter(frame, 2 * scale)
        down, right = np.gradient(fine)
        energy_y, energy_x = pooled(down * down), pooled(right * right)
        across = pooled(down * right)
        total = energy_y + energy_x
        along = np.hypot(energy_y - energy_x, 2 * across)
        found.append(np.sqrt(np.maximum(pooled(band * band), 0)))
        found.append(np.sqrt(np.maximum(total, 0)))
        found.append(along / np.maximum(total, _TINY))
    return np.stack(found, axis=-1).astype(np.float32)
