"""How far apart lattice planes are, and frames enlarged or reduced until a network knows them.

A window of 64 px must hold a few planes, and a network that need not know fine and coarse
lattices alike says more of those that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import scipy.fft
from scipy import ndimage

from napari_insitu_tem.analysis.denoise import fill_missing

__all__ = ["KNOWN", "dominant_period", "zoom_for", "zoomed"]

#: Distances of planes (px) that networks are trained on, and the one that others are brought to.
KNOWN, _AIM = (16.0, 32.0), 22.0
#: Smallest and largest zoom: beyond, pixels or the frame do not show a lattice.
_LEAST, _MOST = 0.25, 4.0
#: Edge of the parts of a frame whose spectra are averaged; shortest period, and the longest as a
#: part of that edge.
_PART, _SHORTEST, _LONGEST = 128, 3.0, 1 / 3
#: How far a lattice must stand out, times what noise may reach.
_MARGIN = 1.5


def dominant_period(frames: Iterable[np.ndarray]) -> float | None:
    """Return how far apart (px) the strongest lattice planes are.

    The power spectra of parts of all frames are averaged. Of the frequencies that stand out from
    others of their length, the strongest counts.

    Parameters
    ----------
    frames : iterable of (y, x) arrays
        A few frames.

    Returns
    -------
    float, optional
        None where nothing stands out.
    """
    total, edge, count = None, 0, 0
    for frame in frames:
        frame = fill_missing(frame)
        edge = edge or min(_PART, *frame.shape)
        taper = np.hanning(edge + 2)[1:-1].astype(np.float32)
        for part in _parts(frame, edge):
            values = (part - part.mean()) * (taper[:, None] * taper)
            power = np.abs(scipy.fft.rfft2(values)) ** 2
            total = power if total is None else total + power
            count += 1
    if total is None:
        return None
    frequency = np.hypot(scipy.fft.fftfreq(edge)[:, None], scipy.fft.rfftfreq(edge)[None])
    ring = np.round(frequency * edge).astype(int)
    # Rings of few frequencies lend from those beside them; peaks may be half of such a ring.
    level = np.array(
        [np.percentile(total[np.abs(ring - number) <= 1], 25) for number in range(ring.max() + 1)]
    )
    wanted = (frequency >= 1 / (_LONGEST * edge)) & (frequency <= 1 / _SHORTEST)
    clear = wanted & (total > _chance(count, int(wanted.sum())) * np.maximum(level[ring], 1e-30))
    # The power of edges and of light falls off all the way, that of a lattice has peaks.
    clear &= total >= ndimage.maximum_filter(total, 3, mode=("wrap", "nearest"))
    if not clear.any():
        return None
    # The first order is the strongest.
    row, column = np.unravel_index(int(np.where(clear, total * frequency, 0).argmax()), clear.shape)
    # Between neighbouring frequencies, by their power.
    near = np.ix_(
        np.arange(row - 1, row + 2) % edge,
        np.clip(np.arange(column - 1, column + 2), 0, clear.shape[1] - 1),
    )
    return float(total[near].sum() / (total[near] * frequency[near]).sum())


def _chance(parts: int, frequencies: int) -> float:
    """Return what noise may reach, times its lower quartile, when the power of parts is averaged.

    The mean of k exponential numbers is about 1 ± 1/√k; half of the overlapping parts count.
    """
    independent = max(1.0, parts / 2)
    extreme = float(np.log(max(frequencies, 2)))
    highest = 1 + np.sqrt(2 * extreme / independent) + 0.7 * extreme / independent
    return _MARGIN * float(highest / max(0.28, 1 - 0.7 / np.sqrt(independent)))


def zoom_for(period: float | None) -> float:
    """Return by how much to enlarge frames with such a lattice; 1 where it is known as it is."""
    if period is None or KNOWN[0] <= period <= KNOWN[1]:
        return 1.0
    return float(np.clip(_AIM / period, _LEAST, _MOST))


def zoomed(frame: np.ndarray, zoom: float) -> np.ndarray:
    """Return a frame (y, x), enlarged or reduced by linear interpolation.

    The edges of the frame stay its edges: pixel i of the result lies at (i + ½) / zoom - ½.
    """
    if zoom == 1:
        return frame
    image = np.asarray(frame, np.float32)
    if zoom < 1:  # what is finer than the new pixels would come back as something else
        image = ndimage.gaussian_filter(image, 0.5 * np.sqrt(1 / zoom**2 - 1))
    for axis in (0, 1):
        length = image.shape[axis]
        at = np.clip((np.arange(int(length * zoom)) + 0.5) / zoom - 0.5, 0, length - 1)
        low = np.minimum(at.astype(int), max(length - 2, 0))
        share = (at - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share
        below, above = (np.take(image, np.minimum(low + k, length - 1), axis=axis) for k in (0, 1))
        image = below + (above - below) * share
    return image


def _parts(frame: np.ndarray, edge: int) -> Iterable[np.ndarray]:
    """Yield parts of a frame, half overlapping."""
    step = max(1, edge // 2)
    for y in range(0, frame.shape[0] - edge + 1, step):
        for x in range(0, frame.shape[1] - edge + 1, step):
            yield frame[y : y + edge, x : x + edge]
