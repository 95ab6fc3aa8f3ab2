"""How strong lattice fringes are in many patches, fast: for choosing what to train on."""

from __future__ import annotations

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["fringe_strength"]

_BATCH = 256
_FRINGES = 2.0
_FEW = 24
#: Power of noise rises by this power of the wavelength at most. Steeper is what the window
#: lets through of a lattice itself, where hardly any noise is (bright or denoised frames).
_STEEPEST = 4.0


def fringe_strength(
    patches: np.ndarray, *, shortest: float = 3.0, longest: float | None = None
) -> np.ndarray:
    """Return how far the strongest fringes of each patch stand out from its other structure.

    The highest power of each patch (in a Hann window, without its mean and slope) between two
    spacings, over the noise at that frequency: the median over directions, continued to low
    frequencies, where a patch has too few for a median, by a line in the logarithms (of a slope
    of 4 at most, so that frames with hardly any noise are not measured by what leaks from their
    own lattice). Noise and amorphous film have 3 to 10, whatever their strength; clear fringes
    30 and more. Coarse film in frames with hardly any noise can have more.

    Parameters
    ----------
    patches : (n, h, w) array
        At least 16 pixels high and wide; constant ones have the strength 0.
    shortest, longest : float
        Spacings that count as fringes, px; two of them must cross a patch, by default and in any
        case.

    Returns
    -------
    (n,) float32 array
        Peak over noise.

    Raises
    ------
    FourierError
        When the patches are too small.
    """
    patches = np.asarray(patches)
    if patches.ndim != 3 or min(patches.shape[1:]) < 16:
        raise FourierError(
            f"Patches of shape {patches.shape} cannot be looked at for fringes; they must be "
            "(n, height, width) with at least 16 pixels along each side."
        )
    shape = patches.shape[1], patches.shape[2]
    window = np.outer(*(np.hanning(length + 2)[1:-1] for length in shape)).astype(np.float32)
    size = float(np.sqrt(shape[0] * shape[1]))
    radius = np.hypot(
        scipy.fft.fftfreq(shape[0])[:, np.newaxis], scipy.fft.rfftfreq(shape[1])[np.newaxis]
    )
    # The columns at zero hold every frequency and its negative: half of them says it all.
    once = np.ones(radius.shape, bool)
    once[shape[0] // 2 + 1 :, 0] = False
    rings = [
        np.flatnonzero((np.abs(radius - centre) <= 0.5 / size) & once)
        for centre in np.arange(1, int(size / 2)) / size
    ]
    lowest = _FRINGES / size if longest is None else max(_FRINGES / size, 1 / longest)
    wanted = np.flatnonzero((radius >= lowest) & (radius <= 1 / shortest) & once)
    if not wanted.size:
        raise FourierError("No spacing between the two limits fits into the patches.")
    found = [
        _strengths(_power(patches[start : start + _BATCH], window), rings, radius, wanted)
        for start in range(0, len(patches), _BATCH)
    ]
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _power(patches: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Return the power (n, f) of patches without mean and slope."""
    flat = np.nan_to_num(np.asarray(patches, np.float32))
    flat = flat - flat.mean(axis=(1, 2), keepdims=True)
    for axis in (1, 2):
        place = np.linspace(-1, 1, flat.shape[axis], dtype=np.float32)
        place = place.reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        slope = (flat * place).mean(axis=(1, 2), keepdims=True) / np.mean(place**2)
        flat = flat - slope * place
    spectra = scipy.fft.rfft2(flat * window)
    power = spectra.real**2 + spectra.imag**2
    return np.asarray(power.reshape(len(patches), -1))


def _strengths(
    power: np.ndarray, rings: list[np.ndarray], radius: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    centre = np.array([float(radius.ravel()[ring].mean()) for ring in rings])
    noise = np.stack([np.median(power[:, ring], axis=1) for ring in rings], axis=1) / np.log(2)
    full = np.array([len(ring) >= _FEW for ring in rings])
    logarithm = np.log(np.maximum(noise, 1e-30))
    first = int(np.argmax(full))
    near = slice(first, min(first + 5, len(rings)))
    if 0 < first < len(rings) - 2:
        logarithm[:, :first] = _line(np.log(centre), logarithm, near)[:, :first]
    at = radius.ravel()[wanted]
    right = np.clip(np.searchsorted(centre, at), 1, len(centre) - 1)
    part = np.clip((at - centre[right - 1]) / (centre[right] - centre[right - 1]), 0, 1)
    level = logarithm[:, right - 1] * (1 - part) + logarithm[:, right] * part
    strength = (power[:, wanted] / np.exp(level)).max(axis=1)
    constant = power[:, wanted].max(axis=1) <= 1e-12
    return np.where(constant, 0, strength).astype(np.float32)


def _line(x: np.ndarray, values: np.ndarray, fitted: slice) -> np.ndarray:
    """Continue values (n, r) by a line through some of them that falls with x, not too steeply."""
    there = x[fitted] - x[fitted].mean()
    mean = values[:, fitted].mean(axis=1, keepdims=True)
    slope = (values[:, fitted] @ there / (there @ there))[:, np.newaxis]
    slope = np.clip(slope, -_STEEPEST, 0)
    return np.asarray(mean + slope * (x - x[fitted].mean()))
