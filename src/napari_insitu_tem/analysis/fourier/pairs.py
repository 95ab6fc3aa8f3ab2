"""Pairs of symmetric peaks in the power spectrum of a region: spacings and angles.

The spectrum of a real image is symmetric, so a lattice plane has a peak at a frequency and at
its negative; they are one pair here. Lengths are in pixels; angles are those of the normal of
the fringes, in degrees counter-clockwise on the screen from the right, 0 to 180.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainccinv

from napari_insitu_tem.analysis.fourier.spectrum import Spectrum, power_of
from napari_insitu_tem.analysis.fourier.tones import (
    Residual,
    Tone,
    highest_near,
    renewed,
)

__all__ = ["Pair", "find_pairs", "follow_pairs"]

_APART = 1.5  # resolutions between two peaks
_SKIRT = 4.0  # resolutions around a peak, in which only strong peaks count
_SKIRT_POWER = 0.1
_FRINGES = 3.0  # across the region that a spacing must have
_OVERSAMPLED = 3.0
_ROUNDS = 2


@dataclass(frozen=True, eq=False)
class Pair:
    """Two symmetric peaks: a set of fringes.

    Parameters
    ----------
    frequency : (2,) array
        Along y and x, cycles per pixel; of the two the one that points up or to the right.
    covariance : (2, 2) array
        Of the frequency, from the noise at that frequency.
    amplitude, amplitude_error : float
        Of the fringes (half of bright minus dark), in units of the image; root mean square over
        frames.
    phase : float
        Of the fringes at the window's centroid in the first frame, radians.
    noise : float
        Power of the noise at that frequency, as `Spectrum.noise`.
    excess : float
        Power of the peak over the noise.
    """

    frequency: np.ndarray
    covariance: np.ndarray
    amplitude: float
    amplitude_error: float
    phase: float
    noise: float
    excess: float

    @property
    def magnitude(self) -> float:
        """Length of the frequency, cycles per pixel."""
        return float(np.hypot(*self.frequency))

    @property
    def spacing(self) -> float:
        """Distance of the fringes, px."""
        return 1 / self.magnitude

    @property
    def spacing_error(self) -> float:
        """Standard error of the spacing, px."""
        along = self.frequency / self.magnitude
        return float(np.sqrt(along @ self.covariance @ along)) * self.spacing**2

    @property
    def angle(self) -> float:
        """Direction across the fringes, degrees from 0 to 180."""
        return float(np.degrees(np.arctan2(-self.frequency[0], self.frequency[1]))) % 180

    @property
    def angle_error(self) -> float:
        """Standard error of the angle, degrees."""
        across = np.array([self.frequency[1], -self.frequency[0]]) / self.magnitude
        return float(np.degrees(np.sqrt(across @ self.covariance @ across) * self.spacing))


def find_pairs(
    spectrum: Spectrum,
    *,
    shortest: float = 2.0,
    longest: float | None = None,
    most: int = 12,
    false_alarm: float = 1e-3,
) -> tuple[Pair, ...]:
    """Find the pairs of peaks of a region.

    Parameters
    ----------
    spectrum : Spectrum
        Of the region, in one frame or a few.
    shortest, longest : float
        Spacings that are looked for, px. At least three fringes must cross the region, by
        default and in any case.
    most : int
        Stop at so many pairs.
    false_alarm : float
        How probable it may be that noise alone has a peak anywhere in the spectrum.

    Returns
    -------
    tuple of Pair
        The brightest first; none where nothing stands out from the noise.

    Notes
    -----
    Noise has exponentially distributed power; of some thousand frequencies the highest decides.
    The noise is taken from the median over all directions, so that an amorphous film's rings
    are noise, too, and only what sticks out in one direction counts.
    """
    window = spectrum.window
    lowest = _FRINGES * window.resolution
    if longest is not None:
        lowest = max(lowest, 1 / longest)
    highest = min(0.5, 1 / shortest)
    if lowest >= highest:
        return ()
    noise = spectrum.noise(spectrum.magnitude)
    # Peaks beyond the limits are taken out as well, for the sake of their skirts within.
    least = _FRINGES * window.resolution
    allowed = (spectrum.magnitude >= least) & (spectrum.magnitude <= 0.5)
    trials = np.pi / 2 * (highest**2 - lowest**2) * window.area * _OVERSAMPLED
    limit = _limit(false_alarm / max(trials, 1), spectrum.frames)
    residual = Residual(spectrum.pixels, window)
    tones: list[Tone] = []
    power = spectrum.power
    for _ in range(3 * most):
        excess = np.where(allowed, power / noise, 0)
        row, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
        wanted = sum(lowest <= float(np.hypot(*tone.frequency)) <= highest for tone in tones)
        if excess[row, column] < limit or wanted == most:
            break
        start = np.array([axis.ravel()[at] for axis, at in
                          zip(spectrum.frequencies, (row, column), strict=True)])  # fmt: skip
        peak = power[row, column]
        tone = residual.found_at(start)
        if _runs_away(tone.frequency, start, least, window.resolution):
            residual.put_back(tone)
            allowed &= ~_around(spectrum, start, _APART * window.resolution)
            continue
        tones.append(tone)
        power = power_of(residual.pixels, window)
        allowed &= ~_around(spectrum, tone.frequency, _APART * window.resolution)
        skirt = _around(spectrum, tone.frequency, _SKIRT * window.resolution)
        power[skirt & (power < _SKIRT_POWER * peak)] = 0
    tones = renewed(residual, tones, _ROUNDS)
    pairs = [_pair(tone, spectrum) for tone in tones]
    pairs = [pair for pair in pairs if lowest <= pair.magnitude <= highest]
    return tuple(sorted(pairs, key=lambda pair: -pair.amplitude))


def follow_pairs(
    spectrum: Spectrum,
    pairs: Sequence[Pair],
    *,
    reach: float | None = None,
    false_alarm: float = 1e-3,
) -> tuple[Pair | None, ...]:
    """Find known pairs in another frame, each near to where it was.

    Parameters
    ----------
    spectrum : Spectrum
        Of the same region in other frames.
    pairs : sequence of Pair
        As they were; the brightest first.
    reach : float, optional
        How far a frequency may have moved, cycles per pixel; the resolution otherwise.
    false_alarm : float
        How probable it may be that noise alone passes for a pair.

    Returns
    -------
    tuple
        In the order of `pairs`, each with the sign of its frequency kept, so that angles do not
        jump; None where it does not stand out from the noise.
    """
    window = spectrum.window
    reach = window.resolution if reach is None else reach
    trials = max(1.0, np.pi * (reach / window.resolution) ** 2)
    limit = _limit(false_alarm / trials, spectrum.frames)
    residual = Residual(spectrum.pixels, window)
    tones: dict[int, Tone] = {}
    for index, pair in enumerate(pairs):
        start = highest_near(residual.pixels, window, pair.frequency, reach)
        tone = residual.found_at(start)
        if np.hypot(*(tone.frequency - start)) > window.resolution:  # there is no peak
            residual.put_back(tone)
        else:
            tones[index] = tone
    again = renewed(residual, list(tones.values()), 1)
    found: list[Pair | None] = [None] * len(pairs)
    for index, tone in zip(tones, again, strict=True):
        pair = _pair(tone, spectrum, turned=False)
        if pair.excess >= limit and _near(pair, pairs[index], 2 * reach):
            found[index] = pair
    return tuple(found)


def _limit(probability: float, frames: int) -> float:
    """Return the power over the noise that noise exceeds with a probability, at one frequency."""
    return float(gammainccinv(frames, probability)) / frames


def _pair(tone: Tone, spectrum: Spectrum, *, turned: bool = True) -> Pair:
    window = spectrum.window
    frequency, amplitudes = tone.frequency, tone.amplitudes
    first, second = frequency
    if turned and (second < 0 or (second == 0 and first > 0)):
        frequency, amplitudes = -frequency, amplitudes.conj()
    noise = float(spectrum.noise(float(np.hypot(*frequency))))
    energy = float(np.sum(np.abs(amplitudes) ** 2))
    return Pair(
        frequency=frequency,
        covariance=covariance(spectrum, noise, energy),
        amplitude=2 * float(np.sqrt(energy / spectrum.frames)),
        amplitude_error=float(np.sqrt(2 * noise / window.area / spectrum.frames)),
        phase=float(np.angle(amplitudes[0])),
        noise=noise,
        excess=energy / spectrum.frames * window.area / noise,
    )


def covariance(spectrum: Spectrum, noise: float, energy: float) -> np.ndarray:
    r"""Return the covariance (2, 2) of a frequency, in (cycles per pixel)².

    To first order, the maximum of :math:`|\sum w f e^{-2\pi i q r}|` moves by

    .. math:: \delta q = \frac{1}{2\pi} M^{-1} \sum w\, r\, \mathrm{Im}(n/a), \qquad
              M = \sum w\, r r^T

    with the noise n, whose covariance follows from its power at that frequency (S = Σ w² r rᵀ):
    :math:`M^{-1} S M^{-1} N / (2 |a|^2 (2\pi)^2)`. For even weights it is the Cramér-Rao bound.

    Parameters
    ----------
    spectrum : Spectrum
        For its window.
    noise : float
        Power of the noise, N.
    energy : float
        Squared amplitude :math:`|a|^2`, added over the frames.
    """
    return spectrum.window.spread * noise / max(energy, 1e-300)


def _around(spectrum: Spectrum, frequency: np.ndarray, distance: float) -> np.ndarray:
    """Return which elements of the power lie near a frequency or its negative."""
    y, x = spectrum.frequencies
    near = np.hypot(y - frequency[0], x - frequency[1]) < distance
    return np.asarray(near | (np.hypot(y + frequency[0], x + frequency[1]) < distance))


def _runs_away(frequency: np.ndarray, start: np.ndarray, least: float, resolution: float) -> bool:
    """Tell whether what looked like a peak was the slope of what has too few fringes."""
    far = float(np.hypot(*(frequency - start))) > resolution
    return far or float(np.hypot(*frequency)) < 0.98 * least


def _near(pair: Pair, other: Pair, distance: float) -> bool:
    return float(np.hypot(*(pair.frequency - other.frequency))) <= distance
