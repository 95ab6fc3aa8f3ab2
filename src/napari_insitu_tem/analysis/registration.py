"""How far a frame is shifted against another, to a small fraction of a pixel.

Frames are compared in Fourier space, weighted by frequency as maximum likelihood asks: by the
inverse of the noise, which is the floor of the movie's mean power spectrum plus a part of the
scene's power (between plain cross-correlation, best for a scene that repeats exactly, and phase
correlation, best for one that does not). A Gaussian leaves out what is noise only. The maximum
is found on the grid of the inverse transform and then refined by Newton's method on the
correlation itself, so there is no grid of sub-pixels to choose.

References
----------
.. [1] C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method", Proc. IEEE
   Int. Conf. Cybernetics and Society (1975) 163.
.. [2] C. H. Knapp, G. C. Carter, "The generalized correlation method for estimation of time
   delay", IEEE Trans. Acoust. Speech Signal Process. 24 (1976) 320, table I.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_insitu_tem.analysis.spectra import Spectra

__all__ = ["Correlator", "Peak"]

#: Widths among which the pre-filter is chosen, in pixels.
SIGMAS = (0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)

#: Part of the scene's own power that is taken for noise, because no scene repeats exactly.
_MODEL_ERROR = 0.05
#: Distances, in pixels, within which a peak is as expected as any, and within which it is
#: preferred to others of nearly its height.
_NEAR, _LATTICE = 3.0, 5.0
#: Pairs of frames from which the pre-filter is chosen.
_PAIRS = 6


@dataclass(frozen=True)
class Peak:
    """Where two frames fit best, and how clearly.

    Parameters
    ----------
    shift : (2,) array
        Displacement (y, x) of the frame against the reference, in pixels.
    clarity : float
        Height of the peak in standard deviations of noise (see `Correlator.chance`), less what
        chance gives in an area as large as the distance from where it was expected.
    """

    shift: np.ndarray
    clarity: float


class Correlator(Spectra):
    """Turns pairs of spectra into shifts; see `Spectra` for its parameters."""

    def learn(self, flats: Sequence[np.ndarray], *, sigma: float | None) -> Correlator:
        """Return a correlator whitened by the power of sample frames, its pre-filter chosen.

        `flats` come in pairs of neighbouring frames. With ``sigma=None`` the width is taken
        for which their correlation peaks stand out most.
        """
        open_ = dataclasses.replace(self, sigma=1e-3, power=None)
        power, quiet = _radial_power(open_, flats)
        power = _MODEL_ERROR * power + (1 - _MODEL_ERROR) * power.min()
        if sigma is not None:
            return dataclasses.replace(self, sigma=sigma, power=power, quiet=quiet)
        candidates = [
            dataclasses.replace(self, sigma=width * self.binning, power=power, quiet=quiet)
            for width in SIGMAS
        ]
        whole = [self.windowed(flat) for flat in flats[: 2 * _PAIRS]]
        clarity = []
        for each in candidates:
            cut = [each.filtered(full) for full in whole]
            peaks = [each.find(b, a) for a, b in zip(cut[::2], cut[1::2], strict=False)]
            clarity.append(np.median([peak.clarity for peak in peaks]))
        # The widest of those that are nearly as clear: fewer frequencies, so faster.
        enough = np.flatnonzero(np.array(clarity) >= 0.95 * max(clarity))
        return candidates[int(enough[-1])]

    # -- spectra to shifts ------------------------------------------------------------------

    def correlation(self, spectrum: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return the correlation of a frame with a reference, by displacement (wrapped)."""
        return self.image(spectrum * reference.conj())

    def _squares(self, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances along y and x of every point of `correlation` from a shift."""
        squares = []
        for axis in (0, 1):
            period = self._transform_shape[axis] * self.binning
            away = np.arange(self._grid[axis]) * self._pitch[axis] * self.binning - shift[axis]
            squares.append(((away + period / 2) % period - period / 2) ** 2)
        return squares[0], squares[1]

    def find(
        self,
        spectrum: np.ndarray,
        reference: np.ndarray,
        *,
        near: np.ndarray | None = None,
        reach: float | None = None,
    ) -> Peak:
        """Return where a frame fits a reference best.

        Parameters
        ----------
        spectrum, reference : complex arrays
            From `spectrum` or `transform`, or sums of `moved` ones.
        near : (2,) array, optional
            Where the shift is expected. Of peaks of nearly the same height (a crystal lattice
            has many) the one nearer to it wins.
        reach : float, optional
            Largest distance from `near`, in pixels.
        """
        near = np.zeros(2) if near is None else near
        surface = self.correlation(spectrum, reference)
        deviation = self.chance(spectrum, reference)
        if not deviation > 0:
            return Peak(np.array(near, float), 0.0)
        squares = self._squares(near)
        square = np.add.outer(*(along.astype(np.float32) for along in squares))
        surface /= deviation
        # The larger the area, the higher a peak arises in it by chance.
        clarity = surface - 0.5 * np.log1p(square / _NEAR**2)
        nearness = [np.exp(-along / (2 * _LATTICE**2)).astype(np.float32) for along in squares]
        score = clarity + 0.25 * float(surface.max()) * np.multiply.outer(*nearness)
        if reach is not None:
            score[square > max(reach, 2.0 * self.binning) ** 2] = -np.inf
        row, column = np.unravel_index(int(np.argmax(score)), score.shape)
        start = np.array([row, column]) * self._pitch * self.binning
        period = np.array(self._transform_shape) * self.binning
        start += period * np.round((near - start) / period)
        return Peak(self.refine(spectrum, reference, start), float(clarity[row, column]))

    def chance(self, spectrum: np.ndarray, reference: np.ndarray) -> float:
        """Return the standard deviation that `correlation` would have if the frame were noise.

        The noise is the median power in rings of frequency, which the few bright spots of a
        lattice do not raise, brought to the level of this frame.
        """
        noise = self._noise
        level = float(np.median(np.abs(spectrum[::4, 1::4]) ** 2 / noise[::4, 1::4]))
        variance = 2 * level * float(np.sum(np.abs(reference) ** 2 * noise))
        return float(np.sqrt(variance)) / float(np.prod(self._grid))

    def refine(self, spectrum: np.ndarray, reference: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Return the maximum of the correlation that is reached uphill from `start`.

        Newton's method on the trigonometric polynomial itself; it stays at `start` where the
        correlation has no maximum within two grid points.
        """
        cross = spectrum * reference.conj()
        shift = np.array(start, float)
        limit = 1.0 * self._pitch * self.binning
        for _ in range(6):
            _, slope, curvature = self._derivatives(cross, shift)
            if not (curvature[0, 0] < 0 and np.linalg.det(curvature) > 0):
                return np.array(start, float)
            step = np.clip(-np.linalg.solve(curvature, slope), -limit, limit)
            shift += step
            if np.abs(shift - start).max() > 2 * limit.max():
                return np.array(start, float)
            if np.abs(step).max() < 1e-3:
                break
        return shift

    def height(self, spectrum: np.ndarray, reference: np.ndarray, shift: np.ndarray) -> float:
        """Return the correlation coefficient (-1 to 1) of the filtered frames at a shift."""
        value, _, _ = self._derivatives(spectrum * reference.conj(), np.asarray(shift, float))
        norm = self._norm(spectrum) * self._norm(reference)
        return float(value / norm) if norm > 0 else 0.0

    def value(self, spectrum: np.ndarray, reference: np.ndarray, shift: np.ndarray) -> float:
        """Return the correlation at a shift, on the scale of `correlation`."""
        value, _, _ = self._derivatives(spectrum * reference.conj(), np.asarray(shift, float))
        return value / float(np.prod(self._grid))

    def _norm(self, spectrum: np.ndarray) -> float:
        return float(np.sqrt(2 * np.vdot(spectrum, spectrum).real))

    def _derivatives(
        self, cross: np.ndarray, shift: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        y, x, powers_y, powers_x = self._waves
        across = cross @ (np.exp(x * shift[1])[:, None] * powers_x).astype(np.complex64)
        down = np.exp(y * shift[0]) * powers_y
        table = 2 * (down @ across).real
        slope = np.array([table[1, 0], table[0, 1]])
        curvature = np.array([[table[2, 0], table[1, 1]], [table[1, 1], table[0, 2]]])
        return float(table[0, 0]), slope, curvature

    @cached_property
    def _waves(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Angular frequencies times i, along y and x, and their powers 0, 1 and 2."""
        y, x = (2j * np.pi * f / self.binning for f in self._frequencies)
        powers_x = np.stack([np.ones_like(x), x, x**2], axis=1)
        powers_x[0] *= 0.5  # the frequency 0 along x is there once, all others stand for two
        return y, x, np.stack([np.ones_like(y), y, y**2]), powers_x

    def moved(self, spectrum: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Return the spectrum of the frame after a displacement, in pixels."""
        y, x = (2 * np.pi * f / self.binning for f in self._frequencies)
        down = np.exp(-1j * y * shift[0]).astype(np.complex64)
        across = np.exp(-1j * x * shift[1]).astype(np.complex64)
        return spectrum * down[:, None] * across


def _radial_power(
    correlator: Correlator, flats: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and median power in rings of frequency, smoothed, up to 1/2 per pixel."""
    radius = correlator.rings()
    total = np.zeros(radius.shape)
    for flat in flats:
        total += np.abs(correlator.transform(flat)) ** 2
    rings = range(int(radius[:, 0].max()) + 1)
    members = [total[radius == max(ring, 1)] for ring in rings]
    profiles = []
    for profile in ([part.mean() for part in members], [np.median(part) for part in members]):
        smooth = np.convolve(np.pad(profile, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
        # An image without noise has next to no power at its highest frequencies; raising them
        # to the height of the rest would only amplify rounding.
        profiles.append(np.maximum(smooth, max(1e-4 * smooth.max(), 1e-12)))
    return profiles[0], profiles[1]
