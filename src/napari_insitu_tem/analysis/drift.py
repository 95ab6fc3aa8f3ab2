"""The drift of a whole movie from the shifts between its frames.

Three ways to choose what a frame is compared with:

- *running mean* (default): a first pass registers each frame to the mean of those before it,
  already aligned; blocks of aligned frames are then registered to each other, all to all, and a
  second pass registers each frame to the weighted mean of the blocks without itself. So noise
  is averaged away, no error builds up, and a scene that changes is compared with its own time.
- *previous*: shifts over 1, 2, 4, 8 and 16 frames, made consistent by robust least squares.
- *first*: each frame to the first.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.analysis.registration import Correlator

__all__ = ["DriftCurve", "against_first", "against_previous", "against_running_mean"]


class Pass(Protocol):
    """A pass over the movie's spectra, named for whoever shows the progress."""

    def __call__(
        self, description: str, spans: Sequence[np.ndarray] | None = None
    ) -> Iterable[np.ndarray]:
        """Yield the spectrum of every frame, within its span (see `Correlator.spectrum`)."""


_MEMORY = 30
_BLOCKS = 32
_LAGS = (1, 2, 4, 8, 16)
_CLEAR = 3.5
_CERTAIN = 10.0


@dataclass(frozen=True, eq=False)
class DriftCurve:
    """Displacement of the scene in every frame.

    Parameters
    ----------
    shift : (n, 2) array
        Displacement (y, x) in pixels against the first frame that was measured.
    quality : (n,) array
        Correlation coefficient of the filtered frame with what it was compared with.
    interpolated : (n,) bool array
        Frames in which nothing could be measured; their shift is from their neighbours.
    references : callable, optional
        Frame number and its spectrum to that of what it was compared with.
    """

    shift: np.ndarray
    quality: np.ndarray
    interpolated: np.ndarray
    references: Callable[[int, np.ndarray], np.ndarray] | None = None

    def bridged(self, threshold: float = 5.0) -> DriftCurve:
        """Return the curve with the drift of frames unlike all others from their neighbours.

        Those are frames with less than half of the median quality that also lie more than
        `threshold` robust standard deviations below it.
        """
        middle = float(np.median(self.quality))
        spread = 1.4826 * float(np.median(np.abs(self.quality - middle)))
        bad = (self.quality < 0.5 * middle) & (self.quality < middle - threshold * spread)
        good = np.flatnonzero(~bad)
        if not bad.any() or not good.size:
            return self
        shift = np.stack(
            [np.interp(np.arange(len(bad)), good, along[good]) for along in self.shift.T], axis=1
        )
        return dataclasses.replace(self, shift=shift, interpolated=self.interpolated | bad)


def against_first(spectra: Pass, correlator: Correlator, *, reach: float) -> DriftCurve:
    """Register every frame to the first one that holds anything."""
    reference: np.ndarray | None = None
    shifts: list[np.ndarray] = []
    heights: list[float] = []
    last = np.zeros(2)
    for spectrum in spectra("Measuring drift"):
        if reference is None or not reference.any():
            reference = spectrum
        peak = correlator.find(spectrum, reference, near=last, reach=reach)
        if peak.clarity > _CLEAR:
            last = peak.shift
        shifts.append(peak.shift)
        heights.append(correlator.height(spectrum, reference, peak.shift))
    return DriftCurve(np.array(shifts), np.array(heights), np.zeros(len(shifts), bool))


def against_previous(spectra: Pass, correlator: Correlator, *, reach: float) -> DriftCurve:
    """Register every frame to the 1st, 2nd, 4th, 8th and 16th before it, and reconcile.

    The shifts over several lags are the edges of a graph whose nodes are the frames; the drift
    is the robust least-squares solution (Cauchy weights, re-weighted), so single wrong shifts
    are overruled and errors do not add up as they do along a chain.
    """
    recent: deque[np.ndarray] = deque(maxlen=max(_LAGS))
    path: list[np.ndarray] = []
    edges: list[tuple[int, int, np.ndarray, float]] = []
    for index, spectrum in enumerate(spectra("Measuring drift")):
        guess = path[-1] if path else np.zeros(2)
        clearest = _CLEAR
        for lag in (lag for lag in _LAGS if lag <= len(recent)):
            earlier = recent[-lag]
            near = guess - path[index - lag]
            if clearest > _CERTAIN:
                shift = correlator.refine(spectrum, earlier, near)
            else:
                peak = correlator.find(spectrum, earlier, near=near, reach=reach)
                if peak.clarity < _CLEAR:
                    continue
                shift = peak.shift
                if peak.clarity > clearest:
                    clearest, guess = peak.clarity, path[index - lag] + shift
            height = correlator.height(spectrum, earlier, shift)
            edges.append((index - lag, index, shift, height))
        path.append(guess)
        recent.append(spectrum)
    quality = np.zeros(len(path))
    for start, stop, _, height in edges:
        quality[start] = max(quality[start], height)
        quality[stop] = max(quality[stop], height)
    return DriftCurve(_reconcile(len(path), edges), quality, np.zeros(len(path), bool))


def _reconcile(n: int, edges: list[tuple[int, int, np.ndarray, float]]) -> np.ndarray:
    """Return positions of `n` nodes from differences (start, stop, difference, weight)."""
    from scipy.sparse import csr_matrix, diags
    from scipy.sparse.linalg import spsolve

    if n < 2 or not edges:
        return np.zeros((n, 2))
    rows = np.arange(len(edges))
    start, stop = (np.array([edge[k] for edge in edges]) for k in (0, 1))
    difference = np.array([edge[2] for edge in edges])
    base = np.clip([edge[3] for edge in edges], 1e-3, 0.99) ** 2
    incidence = csr_matrix((np.ones(len(edges)), (rows, stop)), (len(edges), n)) - csr_matrix(
        (np.ones(len(edges)), (rows, start)), (len(edges), n)
    )
    # A weak pull to the neighbours keeps frames without any edge, and parts without a link,
    # determined; it is too weak to be seen where there is a measurement.
    chain = csr_matrix(
        (
            np.tile([-1.0, 1.0], n - 1),
            (
                np.repeat(np.arange(n - 1), 2),
                np.stack([np.arange(n - 1), np.arange(1, n)], 1).ravel(),
            ),
        ),
        (n - 1, n),
    )
    pin = diags(1e-9 * np.ones(n))
    weight = base
    position = np.zeros((n, 2))
    for _ in range(10):
        normal = incidence.T @ diags(weight) @ incidence + 1e-6 * chain.T @ chain + pin
        position = spsolve(normal.tocsc(), incidence.T @ (weight[:, None] * difference))
        residual = np.linalg.norm(incidence @ position - difference, axis=1)
        scale = max(2 * 1.4826 * float(np.median(residual)), 0.02)
        weight = base / (1 + (residual / scale) ** 2)
    return np.asarray(position)


def against_running_mean(
    spectra: Pass, correlator: Correlator, *, reach: float, n: int
) -> DriftCurve:
    """Register every frame to the mean of the aligned others; see the module's description."""
    size = max(4, -(-n // _BLOCKS))
    shifts, clarity, blocks = _follow(spectra("Measuring drift"), correlator, reach, size)
    correction, likeness = _between(correlator, blocks)
    blocks = [
        correlator.moved(block, -shift) for block, shift in zip(blocks, correction, strict=True)
    ]
    centres = np.array([min(b * size + (size - 1) / 2, n - 1) for b in range(len(blocks))])
    start = shifts + np.stack(
        [np.interp(np.arange(n), centres, correction[:, axis]) for axis in (0, 1)], axis=1
    )
    trust = _trust(correlator, blocks)
    blocks = [block * trust for block in blocks]
    means = [np.tensordot(row.astype(np.float32), np.stack(blocks), axes=1) for row in likeness]
    placed = shifts + np.repeat(correction, size, axis=0)[:n]

    def others(index: int, spectrum: np.ndarray) -> np.ndarray:
        own = correlator.moved(spectrum * trust, -placed[index])
        block = index // size
        return np.asarray(means[block] - likeness[block, block] * own)

    refined, heights = np.array(start), np.zeros(n)
    # A window that stands still while the scene moves pulls the peak towards no shift. One
    # that moves with the scene does not.
    span = correlator.common_span(start)
    spans = None if span is None else [span + shift[:, None] for shift in start]
    for index, spectrum in enumerate(spectra("Refining drift", spans)):
        reference = others(index, spectrum)
        if clarity[index] > _CERTAIN:
            refined[index] = correlator.refine(spectrum, reference, start[index])
        else:
            peak = correlator.find(spectrum, reference, near=start[index], reach=reach)
            refined[index] = peak.shift
        heights[index] = correlator.height(spectrum, reference, refined[index])
    bad = np.zeros(n, bool)
    return DriftCurve(refined, heights, bad, others)


def _follow(
    spectra: Iterable[np.ndarray], correlator: Correlator, reach: float, size: int
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Register to the mean so far; return shifts, clarities and sums of aligned blocks."""
    shifts, clarity, blocks = [], [], []
    mean: np.ndarray | None = None
    last = np.zeros(2)
    for index, spectrum in enumerate(spectra):
        if mean is None or not mean.any():
            aligned, mean = spectrum, spectrum
            clarity.append(np.inf)
        else:
            peak = correlator.find(spectrum, mean, near=last, reach=reach)
            if peak.clarity > _CLEAR:
                last = peak.shift
            clarity.append(peak.clarity)
            aligned = correlator.moved(spectrum, -last)
            mean = mean + (aligned - mean) * np.float32(1 / min(index + 1, _MEMORY))
        shifts.append(last)
        if index % size == 0:
            blocks.append(np.array(aligned))
        else:
            blocks[-1] += aligned
    return np.array(shifts), np.array(clarity), blocks


def _between(correlator: Correlator, blocks: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much every block is displaced, and how alike any two blocks are."""
    n = len(blocks)
    likeness = np.eye(n)
    edges = []
    for i in range(n):
        for j in range(i + 1, n):
            shift = correlator.refine(blocks[j], blocks[i], np.zeros(2))
            height = correlator.height(blocks[j], blocks[i], shift)
            likeness[i, j] = likeness[j, i] = max(height, 0.0)
            if height > 0:
                edges.append((i, j, shift, height))
    # A block is as like itself as its most similar other: what counts is the scene, not its
    # own noise.
    for i in range(n):
        likeness[i, i] = max(np.delete(likeness[i], i).max(initial=0.0), 1e-3)
    position = _reconcile(n, edges)
    return position - position.mean(axis=0), likeness


def _trust(correlator: Correlator, blocks: list[np.ndarray]) -> np.ndarray:
    """Return the part of the mean's spectrum that is scene and not noise, by frequency.

    The Wiener filter 2c/(1 + c) from the coherence c of the means of two halves of the movie in
    rings of frequency (the Fourier ring correlation).
    """
    if len(blocks) < 2:
        return np.ones(blocks[0].shape, np.float32)
    even, odd = np.sum(blocks[0::2], axis=0), np.sum(blocks[1::2], axis=0)
    rings = correlator.rings()

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(rings.ravel(), values.ravel())

    norm = np.sqrt(total(np.abs(even) ** 2) * total(np.abs(odd) ** 2))
    coherence = total((even * odd.conj()).real) / np.maximum(norm, 1e-30)
    coherence = np.clip(np.convolve(coherence, np.ones(3) / 3, "same"), 0.0, 1.0)
    return np.asarray((2 * coherence / (1 + coherence))[rings], np.float32)
