"""Frames of the same fine texture everywhere: what features vary by when nothing is there.

Randomising the phases of a frame's spectrum keeps its texture and spreads it evenly (J. Theiler
et al., Physica D 58 (1992) 77). What is coarser than the window is what is looked for; there the
spectrum (below 0.3 cycles per window) is replaced by that of the next finer details, so that it
cannot hide in the comparison.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.transfer import spatial_frequency

__all__ = ["even_texture"]

_CUT = 0.3
_UP_TO = 1.6
_MARGIN = 0.5


def even_texture(frame: np.ndarray, window: float, rng: np.random.Generator) -> np.ndarray:
    """Return a frame whose fine texture is that of `frame` on average, everywhere alike.

    Parameters
    ----------
    frame : (y, x) array
        Finite.
    window : float
        Details coarser than this full width, in pixels, are not kept.
    rng : numpy Generator
        Source of the phases.

    Returns
    -------
    (y, x) float32 array
        With the frame's mean.
    """
    frame = np.asarray(frame, np.float32)
    shape = (frame.shape[0], frame.shape[1])
    # A mirrored margin that fades keeps opposite edges from making a cross in the spectrum.
    taper = np.outer(*(_faded(size) for size in shape)).astype(np.float32)
    mean = float(frame.mean())
    amplitude = np.abs(scipy.fft.rfft2((frame - mean) * taper)) / np.sqrt(np.mean(taper**2))
    frequency = spatial_frequency(shape)
    cut = max(_CUT / window, 1.5 / min(shape))
    next_finer = (frequency >= cut) & (frequency < _UP_TO * cut)
    if next_finer.any():
        level = np.sqrt(np.mean(amplitude[next_finer] ** 2))
        amplitude = np.where(frequency < cut, level, amplitude)
    noise = scipy.fft.rfft2(rng.standard_normal(shape, np.float32))
    phases = noise / np.maximum(np.abs(noise), 1e-12)
    spectrum = amplitude * phases
    spectrum[0, 0] = mean * frame.size
    return np.asarray(scipy.fft.irfft2(spectrum, s=shape), np.float32)


def _faded(size: int) -> np.ndarray:
    """Return a flat top that fades to zero over a quarter at both ends."""
    width = max(int(size * _MARGIN / 2), 1)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(width) + 0.5) / width)
    line = np.ones(size)
    line[:width], line[-width:] = ramp, ramp[::-1]
    return line
