"""How well a segmentation explains the edges of a frame, to choose between segmentations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.pixels import dilated, rim_of

__all__ = ["Outlines", "explained_edges", "measure_outlines"]

# Compactness of what is certainly no particle, and of what may well be one.
_RAGGED, _COMPACT = 0.5, 0.95
# Nats to describe one particle: where it lies and how large it is.
_COST = 0.5
# Share of the edges below which whole particles do not say how large particles are; rim over width
# of what is long (3.1 is a disc's, 3 that of its half).
_FEW_WHOLE, _LONG = 0.3, 5.0


@dataclass(frozen=True)
class Outlines:
    """Size, compactness and edge of every particle of a frame; arrays of one entry each.

    Parameters
    ----------
    rim : (y, x) bool array
        Pixels of particles beside background.
    length : array
        Pixels of each one's rim.
    width : array
        Minor axis of the ellipse with the same second moments, in pixels.
    compactness : array
        Area over that of this ellipse: 1 for ellipses, 0.95 for rectangles, less for what is
        ragged, branched or has holes.
    energy : array
        Mean squared gradient along the rim.
    cut : array
        Pixels along the border of the frame.
    """

    rim: np.ndarray
    length: np.ndarray
    width: np.ndarray
    compactness: np.ndarray
    energy: np.ndarray
    cut: np.ndarray

    def typical_width(self) -> float | None:
        """Return the width that half of the edges belong to; None without compact particles.

        The border makes particles narrower than they are, so those that it cuts count only
        where they have most of the edges, as when particles are nearly as large as the frame;
        and not at all if they are long, as stripes through the whole frame are.
        """
        weights = self.length * self.energy * (self.compactness > 0.7)
        whole = weights * (self.cut == 0)
        weights = weights * ((self.cut == 0) | (self.length < _LONG * self.width))
        if whole.sum() >= _FEW_WHOLE * weights.sum():
            weights = whole
        if weights.sum() <= 0:
            return None
        order = np.argsort(self.width)
        total = np.cumsum(weights[order])
        return float(self.width[order][np.searchsorted(total, 0.5 * total[-1])])


def measure_outlines(labels: np.ndarray, squared_gradient: np.ndarray) -> Outlines:
    """Measure the outlines of every particle of a frame.

    Parameters
    ----------
    labels : (y, x) int array
        Labels 1..n.
    squared_gradient : (y, x) float array
        Of the frame.
    """
    count = int(labels.max(initial=0))
    inside = np.flatnonzero(labels)
    owner = labels.ravel()[inside]
    area = np.maximum(np.bincount(owner, minlength=count + 1)[1:], 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(owner, values, count + 1)[1:] / area

    y, x = (index.astype(float) for index in np.divmod(inside, labels.shape[1]))
    centre_y, centre_x = mean(y), mean(x)
    # A pixel is a square, not a point: its own second moment is 1/12.
    yy, xx = mean(y * y) - centre_y**2 + 1 / 12, mean(x * x) - centre_x**2 + 1 / 12
    xy = mean(x * y) - centre_x * centre_y
    shorter = (yy + xx) / 2 - np.hypot((yy - xx) / 2, xy)
    ellipse = 4 * math.pi * np.sqrt(np.maximum(yy * xx - xy**2, 1 / 144))
    rim = rim_of(labels)
    rim_owner = labels[rim]
    length = np.bincount(rim_owner, minlength=count + 1)[1:]
    energy = np.bincount(rim_owner, squared_gradient[rim], count + 1)[1:]
    border = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    return Outlines(
        rim=rim,
        length=length,
        width=4 * np.sqrt(np.maximum(shorter, 1 / 12)),
        compactness=np.minimum(area / ellipse, 1.0),
        energy=energy / np.maximum(length, 1),
        cut=np.bincount(border, minlength=count + 1)[1:],
    )


def explained_edges(outlines: Outlines, squared_gradient: np.ndarray, *, detail: float) -> float:
    """Return how much better a frame's gradients are explained with these outlines than without.

    Squared gradients of noise and of film are taken as exponentially distributed, with one mean
    along the outlines and another one elsewhere; the gain is that of the logarithm of the
    likelihood over a single mean. It grows with every true outline that is found and falls with
    every false one, whatever the particles' size. Background between particles has the same
    edges, but is not compact: the gain counts only as far as the outlines are those of compact
    things, whole within the frame. Every particle has to earn what it costs to be described
    (Rissanen's minimum description length, Automatica 14, 465, 1978), or outlines that follow
    the noise would win.

    Parameters
    ----------
    outlines : Outlines
        Of one segmentation.
    squared_gradient : (y, x) float array
        Of the frame; the same for all segmentations that are compared.
    detail : float
        Smoothing of the frame before its gradients were taken, in pixels; neighbours within it
        say the same.

    Returns
    -------
    float
        The gain in nats, minus infinity without any particle.
    """
    total_length = int(outlines.length.sum())
    if total_length == 0:
        return -math.inf
    band = dilated(outlines.rim, 1)
    inside, total = int(np.count_nonzero(band)), squared_gradient.size
    everything = float(squared_gradient.sum(dtype=np.float64))
    along = float(squared_gradient[band].sum(dtype=np.float64))
    if inside == total or everything <= along:
        return 0.0
    mean, on, off = everything / total, along / inside, (everything - along) / (total - inside)
    if on <= off:
        return 0.0
    gain = total * math.log(mean) - inside * math.log(on) - (total - inside) * math.log(off)
    compact = np.clip((outlines.compactness - _RAGGED) / (_COMPACT - _RAGGED), 0, 1)
    share = float(np.sum(outlines.length * compact)) / (total_length + int(outlines.cut.sum()))
    independent = gain / max(math.pi * detail**2, 1.0)
    return share * independent - _COST * int(np.count_nonzero(outlines.length))
