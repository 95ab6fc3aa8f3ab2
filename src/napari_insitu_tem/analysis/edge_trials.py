"""Trial segmentations of a few frames, judged by the frames' edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.edge_evidence import explained_edges, measure_outlines
from napari_insitu_tem.analysis.noise import Noise, estimate_noise
from napari_insitu_tem.analysis.segmentation import smooth
from napari_insitu_tem.analysis.thresholds import squared_gradient

__all__ = ["WINDOW", "EdgeTrials", "Verdict"]

#: Edge (px) of the part of a frame on which things are tried, as a rule.
WINDOW = 640
#: So many pixels of so many frames are enough.
_PIXELS, _FRAMES = 600_000, 3
#: Smoothings at which edges are judged, in pixels; the one that tells most counts.
_DETAILS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Verdict:
    """How good a trial segmentation is.

    Parameters
    ----------
    explained : float
        How well it explains the edges, in nats; see `edge_evidence.explained_edges`.
    width : float or None
        Width of the particles that half of the edges belong to, in pixels; None without any.
    """

    explained: float
    width: float | None


class EdgeTrials:
    """A few windows of frames on which segmentations are tried and compared.

    Noise like the frames' own is added to what is segmented and taken from what it is judged by
    (Gaussian data thinning: Rasines and Young, Biometrika 110, 597, 2023), so that following the
    noise does not pay.

    Parameters
    ----------
    frames : list of (y, x) arrays
        Some frames of the movie, spread over it; the middles of a few of them are used.
    noises : list of Noise, optional
        The noise of each, where it is known already.
    window : int
        Largest edge of the part of a frame that is looked at, px.
    """

    def __init__(
        self,
        frames: list[np.ndarray],
        noises: list[Noise] | None = None,
        *,
        window: int = WINDOW,
    ) -> None:
        cut = [_middle(frame, window) for frame in frames]
        count = max(1, min(_FRAMES, _PIXELS // cut[0].size, len(cut)))
        chosen = np.linspace(0, len(cut) - 1, count + 2).round().astype(int)[1:-1]
        self.frames: list[np.ndarray] = []
        self._gradients: list[dict[float, np.ndarray]] = []
        for i in chosen:
            noise = noises[i] if noises is not None else estimate_noise(cut[i])
            seen, unseen = _thinned(cut[i], noise)
            self.frames.append(seen)
            self._gradients.append({d: squared_gradient(smooth(unseen, d)) for d in _DETAILS})

    def judge(self, labels: Sequence[np.ndarray]) -> Verdict:
        """Judge a segmentation of `frames`: one label image for each."""
        explained, widths = [], []
        for image, gradients in zip(labels, self._gradients, strict=True):
            outlines = measure_outlines(image, gradients[_DETAILS[1]])
            explained.append([explained_edges(outlines, gradients[d], detail=d) for d in _DETAILS])
            widths.append(outlines.typical_width())
        found = [width for width in widths if width is not None]
        width = float(np.median(found)) if found else None
        return Verdict(float(np.max(np.mean(explained, axis=0))), width)


def _thinned(frame: np.ndarray, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
    """Return a frame twice, with noise that is independent of each other's."""
    white = np.random.default_rng(0).standard_normal(frame.shape, np.float32)
    extra = np.float32(noise.density) * smooth(white, noise.correlation)
    return frame + extra, frame - extra


def _middle(frame: np.ndarray, window: int) -> np.ndarray:
    frame = np.nan_to_num(np.asarray(frame, np.float32))
    y, x = (max(size - window, 0) // 2 for size in frame.shape)
    return frame[y : y + window, x : x + window]
