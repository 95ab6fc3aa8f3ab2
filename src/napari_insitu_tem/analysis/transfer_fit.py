"""Fit of a camera's transfer function and gain to the noise power of its vacuum.

The model of the noise power is ``A * MTF(q)**2 + W`` with ``MTF(0) = 1``: ``A = gain * signal``
for counted electrons, W the white readout noise and the rounding to whole counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_insitu_tem.analysis.noise_model import NoiseModel
from napari_insitu_tem.analysis.noise_power import NoisePower
from napari_insitu_tem.analysis.transfer import modulation_transfer_function

__all__ = ["TransferFit", "TransferFitError", "fit_transfer"]

_UNTOLD = 0.3


class TransferFitError(ValueError):
    """The noise cannot be that of a camera's vacuum; one plain sentence."""


@dataclass(frozen=True, eq=False)
class TransferFit:
    """A camera's transfer function, gain and readout noise, with their standard errors.

    Parameters
    ----------
    c1, c2, c3 : float
        Of `modulation_transfer_function`; c0 is 1, since a transfer at zero frequency cannot be
        told from a gain.
    gain : float
        Counts for one electron that was detected.
    electrons : float
        Detected electrons per pixel and frame.
    readout_noise : float
        Standard deviation in counts, without that of rounding.
    errors : dict of float
        Standard errors of ``c1``, ``c2``, ``c3``, ``gain``, ``electrons``, ``readout_noise``.
    offset : float
        Counts without electrons that were assumed.
    readout_known : bool
        Whether the readout noise was given, or taken as 0, and not fitted.
    frequency, power, power_error, fitted : (n,) array
        Radial average of the measured noise power in squared counts over the frequency in
        cycles per pixel, its standard error, and the fit of it.
    misfit : float
        Root mean square of the radial averages' relative deviations from the fit, beyond what
        their errors explain.
    """

    c1: float
    c2: float
    c3: float
    gain: float
    electrons: float
    readout_noise: float
    errors: dict[str, float]
    offset: float
    readout_known: bool
    frequency: np.ndarray
    power: np.ndarray
    power_error: np.ndarray
    fitted: np.ndarray
    misfit: float
    _covariance: np.ndarray = field(repr=False)
    _white: float = field(repr=False)

    def transfer(self, frequency: np.ndarray | float) -> np.ndarray:
        """Return the modulation transfer at frequencies in cycles per pixel."""
        return modulation_transfer_function(frequency, 1.0, self.c1, self.c2, self.c3)

    def transfer_error(self, frequency: np.ndarray | float) -> np.ndarray:
        """Return the standard error of `transfer`."""
        at = np.array([self.c1, np.log(self.c2), np.log(self.c3)])
        slopes = np.stack([_slope(frequency, at, index) for index in range(3)])
        covariance = self._covariance[1:4, 1:4]
        return np.sqrt(np.einsum("i...,ij,j...->...", slopes, covariance, slopes))

    def measured_transfer(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the transfer at `frequency` that the noise power shows, and its error.

        The readout noise is taken off, and what the windows blur is undone.
        """
        amplitude = self.gain**2 * self.electrons
        blurred = np.maximum(self.fitted - self._white, 1e-12 * amplitude)
        undo = self.transfer(self.frequency) / np.sqrt(blurred)
        left = np.maximum(self.power - self._white, 0.0)
        measured = undo * np.sqrt(left)
        safe = np.maximum(np.sqrt(left), np.sqrt(self.power_error))
        return measured, undo * self.power_error / (2 * safe)


def fit_transfer(
    noise: NoisePower,
    *,
    offset: float = 0.0,
    readout_noise: float | None = None,
    rounded: bool = False,
) -> TransferFit:
    """Fit the transfer function, gain and dose to the noise power of vacuum.

    Parameters
    ----------
    noise : NoisePower
        From `NoisePowerEstimator`.
    offset : float
        Counts that the camera gives without electrons.
    readout_noise : float, optional
        Its standard deviation in counts, when it is known; fitted otherwise.
    rounded : bool
        Whether the readings are whole numbers; their rounding then adds 1/12 to the noise.

    Returns
    -------
    TransferFit
        With errors from the curvature of the likelihood.

    Raises
    ------
    TransferFitError
        When there is no noise, or the signal is not above the offset.
    """
    signal = noise.mean - offset
    electrons = np.nanmean(noise.frame_means) - offset
    model = NoiseModel(noise, white=1 / 12 if rounded else 0.0)
    if not np.all(np.isfinite(noise.power)) or model.data.min() <= 0:
        raise TransferFitError(
            "The frames do not differ in this region, so there is no noise to learn from. Take "
            "the recording as the camera gave it."
        )
    if signal <= 0:
        raise TransferFitError(
            f"The mean reading of the vacuum, {noise.mean:.4g}, is not above the offset of "
            f"{offset:.4g}. Enter the reading that the camera gives without a beam (offset)."
        )
    known = readout_noise is not None
    values, covariance = model.fit(None if readout_noise is None else readout_noise**2)
    if not known and np.sqrt(covariance[4, 4]) > _UNTOLD * np.exp(values[0]):
        # A spectrum this flat may be all readout noise; it is taken for electrons.
        known = True
        values, covariance = model.fit(0.0)
    if rounded:
        covariance[0, 0] += _rounding_error(float(np.mean(noise.power))) ** 2
    return _described(model, values, covariance, signal, float(electrons), offset, known)


def _rounding_error(variance: float) -> float:
    """How wrong, relatively, the amplitude can be since readings are rounded to whole counts.

    Rounding adds noise of its own (1/12) as long as the noise is not much finer than a count;
    the first term of what it does beyond that (B. Widrow, I. Kollár, "Quantization Noise",
    Cambridge University Press 2008) is taken for an error.
    """
    return float(4 * np.exp(-2 * np.pi**2 * max(variance - 1 / 12, 0.0)))


def _slope(frequency: np.ndarray | float, at: np.ndarray, index: int) -> np.ndarray:
    step = np.zeros(3)
    step[index] = 1e-4
    above, below = (
        modulation_transfer_function(frequency, 1.0, c1, np.exp(log_c2), np.exp(log_c3))
        for c1, log_c2, log_c3 in (at + step, at - step)
    )
    return (above - below) / 2e-4


def _described(
    model: NoiseModel,
    values: np.ndarray,
    covariance: np.ndarray,
    signal: float,
    evenly: float,
    offset: float,
    known: bool,
) -> TransferFit:
    frequency, power, error, fitted = model.radial(values)
    deviation = power / fitted - 1
    excess = np.mean(deviation**2) - np.mean((error / fitted) ** 2)
    # Where the form does not fit, the errors say so.
    chance = float(np.mean((deviation * fitted / error) ** 2))
    covariance = covariance * max(1.0, chance)
    spread = np.sqrt(np.diag(covariance))
    gain = float(np.exp(values[0]) / signal)
    c2, c3 = np.exp(values[2:4])
    readout = float(np.sqrt(values[4]))
    errors = {
        "c1": spread[1],
        "c2": c2 * spread[2],
        "c3": c3 * spread[3],
        "gain": gain * spread[0],
        "electrons": evenly / gain * spread[0],
        # Of a square root that may be zero: half of how far its square could reach.
        "readout_noise": spread[4] / np.sqrt(max(4 * values[4], spread[4], 1e-300)),
    }
    return TransferFit(
        float(values[1]),
        float(c2),
        float(c3),
        gain,
        evenly / gain,
        readout,
        {name: float(value) for name, value in errors.items()},
        offset,
        known,
        frequency,
        power,
        error,
        fitted,
        float(np.sqrt(max(excess, 0.0))),
        covariance,
        float(values[4]) + model.white,
    )
