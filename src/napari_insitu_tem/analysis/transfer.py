"""How a camera passes on spatial frequencies: the modulation transfer function and its fit's form.

Convention of this project: a camera blurs the image *with* its shot noise, so that the noise
power spectrum of an evenly lit camera is ``gain**2 * electrons * MTF(q)**2`` plus white readout
noise. Some published code multiplies by the square root of the same form instead, that is, its
form is the noise power spectrum itself; such parameters describe ``MTF(q)**2`` here.
"""

from __future__ import annotations

import functools

import numpy as np

__all__ = ["modulation_transfer_function", "spatial_frequency"]

NYQUIST = 0.5


def modulation_transfer_function(
    frequency: np.ndarray | float, c0: float, c1: float, c2: float, c3: float
) -> np.ndarray:
    """Return ``(c0 - c1) / (1 + (q / (2 c2 q_N))^|c3|) + c1``.

    Parameters
    ----------
    frequency : array or float
        Spatial frequency q in cycles per pixel; the Nyquist frequency q_N is 0.5.
    c0, c1, c2, c3 : float
        Parameters of the form that is used in this field (for example by Larsen et al.).
    """
    relative = np.asarray(frequency, float) / NYQUIST
    return (c0 - c1) / (1 + (relative / (2 * c2)) ** abs(c3)) + c1


@functools.lru_cache(maxsize=8)
def spatial_frequency(shape: tuple[int, int]) -> np.ndarray:
    """Return the modulus of the frequency (cycles per pixel) of every mode of `rfft2`.

    Read-only, since it is kept for the next call.
    """
    rows = np.fft.fftfreq(shape[0])[:, np.newaxis]
    columns = np.fft.rfftfreq(shape[1])[np.newaxis, :]
    frequency = np.hypot(rows, columns)
    frequency.flags.writeable = False
    return frequency
