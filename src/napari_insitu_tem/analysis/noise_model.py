"""What noise power a camera's transfer function, gain and readout noise lead to, and their fit.

What a window makes of a noise power spectrum is computed exactly and not approximated (the
debiased Whittle likelihood, A. M. Sykulski et al., Biometrika 106 (2019) 251), so that narrow
windows cause no error.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.noise_power import NoisePower, hann_window
from napari_insitu_tem.analysis.transfer import modulation_transfer_function, spatial_frequency

__all__ = ["NoiseModel"]

_NEAR_AXES = 1.5
_LOWEST = np.array([-np.inf, 0.0, np.log(0.02), np.log(0.3), 0.0])
_HIGHEST = np.array([np.inf, 0.95, np.log(20.0), np.log(12.0), np.inf])
# What is known of amplitude, c1, c2, c3 and readout noise without data: next to nothing. It
# keeps the errors finite of what a spectrum cannot tell.
_PRIOR_SPREAD = np.array([3.0, 1.0, 3.0, 3.0, 1.0])
_RARE = 1e-4
_STARTS = (1.5, 3.0)


class NoiseModel:
    """Expected periodogram of a camera's noise, against the measured one.

    Parameters
    ----------
    noise : NoisePower
        The measured one.
    white : float
        Power that is known to be at every frequency, such as that of rounding.

    Attributes
    ----------
    white, spectra : float
        As given; how many independent spectra were averaged.
    """

    def __init__(self, noise: NoisePower, *, white: float) -> None:
        size = noise.window
        self.white = white
        self.spectra = noise.spectra
        taper = hann_window(size)
        self._lags = _autocorrelation(taper)
        line = taper[size // 2] ** 2
        # Neighbouring frequencies of a tapered window are not independent.
        self.alike = (size * np.sum(line**2) / np.sum(line) ** 2) ** 2
        rows = np.abs(np.fft.fftfreq(size, 1 / size))[:, np.newaxis]
        columns = np.arange(size // 2 + 1)[np.newaxis, :]
        # Rows and columns have noise of their own, and slopes were taken away.
        self.used = (rows > _NEAR_AXES) & (columns > _NEAR_AXES)
        twice = np.broadcast_to(np.where(columns == size // 2, 0.5, 1.0), self.used.shape)
        self.weight = twice[self.used]
        self.frequency = spatial_frequency((size, size))[self.used]
        self.data = noise.power[self.used]

    def expected(self, values: np.ndarray) -> np.ndarray:
        """Return the expected power for (log amplitude, c1, log c2, log c3, readout variance)."""
        size = len(self._lags)
        c1, c2, c3 = values[1], np.exp(values[2]), np.exp(values[3])
        transfer = modulation_transfer_function(spatial_frequency((size, size)), 1.0, c1, c2, c3)
        covariance = scipy.fft.irfft2(transfer**2, s=(size, size)) * self._lags
        blurred = scipy.fft.rfft2(covariance).real[::2, ::2]
        return np.exp(values[0]) * blurred[self.used] + values[4] + self.white

    def fit(self, readout: float | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the likeliest values and their covariance.

        Frequencies that stick out (a lattice, interference) are left out, with their
        neighbours, and the rest is fitted again.
        """
        values, covariance = self._fit_once(readout)
        if self._leave_out_peaks(values):
            values, covariance = self._fit_once(readout)
        return values, covariance

    def _leave_out_peaks(self, values: np.ndarray) -> bool:
        from scipy.ndimage import binary_dilation
        from scipy.special import gammainccinv

        expected = self.expected(values)
        # Where the form itself does not fit, that is no peak.
        usual = np.ones_like(expected)
        ring = self._rings()
        for number in np.unique(ring):
            members = ring == number
            usual[members] = max(1.0, float(np.median((self.data / expected)[members])))
        limit = gammainccinv(self.spectra, _RARE / len(expected)) / self.spectra
        peaks = np.zeros(self.used.shape, bool)
        peaks[self.used] = self.data > 1.05 * limit * usual * expected
        if not peaks.any():
            return False
        kept = ~binary_dilation(peaks, np.ones((5, 5)))[self.used]
        if kept.mean() < 0.5:
            return False
        self.used[self.used] = kept
        self.weight, self.frequency = self.weight[kept], self.frequency[kept]
        self.data = self.data[kept]
        return True

    def _fit_once(self, readout: float | None) -> tuple[np.ndarray, np.ndarray]:
        from scipy.optimize import least_squares

        free = np.array([True, True, True, True, readout is None])
        scale = self._scale()
        best = None
        for start in self._starts(readout or 0.0):

            def residuals(part: np.ndarray, start: np.ndarray = start) -> np.ndarray:
                ratio = self.data / self.expected(_completed(start, free, part, scale))
                # Deviance of gamma-distributed averages: least squares are maximum likelihood.
                deviance = 2 * np.maximum(ratio - 1 - np.log(ratio), 0)
                return np.sign(ratio - 1) * np.sqrt(self.weight * self.spectra * deviance)

            found = least_squares(
                residuals, (start / scale)[free], bounds=(_LOWEST[free], _HIGHEST[free]),
                x_scale="jac", max_nfev=200,
            )  # fmt: skip
            if best is None or found.cost < best[1].cost:
                best = (_completed(start, free, found.x, scale), found)
        assert best is not None
        values, found = best
        information = found.jac.T @ found.jac / self.alike
        information += np.diag(_PRIOR_SPREAD[free] ** -2.0)
        covariance = np.zeros((5, 5))
        covariance[np.ix_(free, free)] = np.linalg.inv(information)
        return values, covariance * np.outer(scale, scale)

    def _scale(self) -> np.ndarray:
        """Units of the values that are fitted: the readout variance in those of the power."""
        return np.array([1.0, 1.0, 1.0, 1.0, np.quantile(self.data, 0.9)])

    def _starts(self, readout: float) -> list[np.ndarray]:
        order = np.argsort(self.frequency)
        power = np.maximum(self.data - self.white - readout, 1e-3 * self.data)[order]
        size = max(8, len(power) // 60)
        smooth = np.array([part.mean() for part in np.array_split(power, len(power) // size)])
        centre = np.array(
            [part.mean() for part in np.array_split(self.frequency[order], len(power) // size)]
        )
        top = smooth[:3].max()
        half = centre[smooth < 0.25 * top]
        c2 = float(half[0]) if len(half) else 0.7
        return [np.array([np.log(top), 0.02, np.log(c2), np.log(c3), readout]) for c3 in _STARTS]

    def _rings(self) -> np.ndarray:
        """Return the ring, as wide as the spectrum's step, that every frequency is in."""
        return np.floor(self.frequency * len(self.used)).astype(int)

    def radial(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return frequency, power, its error and the fitted power, averaged over rings."""
        expected = self.expected(values)
        ring = self._rings()
        total = np.bincount(ring, self.weight)
        full = total > 2
        mean = [
            np.bincount(ring, self.weight * each)[full] / total[full]
            for each in (self.frequency, self.data, expected)
        ]
        error = mean[1] * np.sqrt(self.alike / (self.spectra * total[full]))
        return mean[0], mean[1], error, mean[2]


def _completed(
    start: np.ndarray, free: np.ndarray, part: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    values = start.copy()
    values[free] = part * scale[free]
    return values


def _autocorrelation(taper: np.ndarray) -> np.ndarray:
    """Autocorrelation of a window at all lags, 1 at none; laid out for the FFT."""
    size = 2 * len(taper)
    spectrum = np.abs(scipy.fft.rfft2(taper, s=(size, size))) ** 2
    lags = scipy.fft.irfft2(spectrum, s=(size, size))
    return lags / lags[0, 0]
