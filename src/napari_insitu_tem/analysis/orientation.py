"""Orientation of outlines with a k-fold symmetry, and its course along a track.

Angles are in degrees, counter-clockwise as seen on the screen (y points down), 0 along +x:
the direction from the centroid to a far point of the outline (a corner of a square, triangle
or hexagon, the end of a rod). They are defined modulo 360/k.
"""

from __future__ import annotations

import numpy as np

__all__ = ["SYMMETRIES", "angle", "angular_moments", "find_symmetry", "unwrap", "wrap"]

#: The folds that are looked for: rods, triangular prisms, cubes, hexagonal plates.
SYMMETRIES = (2, 3, 4, 6)

# Normalised angular moment of the ideal outline: that of a rod of aspect ratio 1.25, an
# equilateral triangle, a square, a regular hexagon (integrals of Re z^k over those of |z|^k).
_IDEAL = {2: 0.22, 3: 0.659, 4: 0.4286, 6: 0.241}
# Part of the ideal moment that still counts: corners are rounded and outlines noisy.
_ENOUGH = {2: 1.0, 3: 0.4, 4: 0.3, 6: 0.4}


def angular_moments(
    member: np.ndarray, dy: np.ndarray, dx: np.ndarray, n: int, k: int
) -> np.ndarray:
    r"""Return the k-th angular moment of every particle.

    .. math:: M_k = \sum z^k / \sum |z|^k, \qquad z = x - i y

    over the particle's pixels, relative to its centroid. A square has no second-moment axis,
    but its fourth moment points to its corners. Weighing by :math:`|z|^k` makes the sum a
    polynomial, which the pixel grid disturbs least.

    Parameters
    ----------
    member : (p,) int array
        Index of the particle that every pixel belongs to.
    dy, dx : (p,) arrays
        Position relative to the particle's centroid, in pixels.
    n : int
        Number of particles.
    k : int
        Fold.

    Returns
    -------
    (n,) complex array
        Its phase is k times the orientation, its modulus (0 to 1) how k-fold the outline is;
        0 where that is undefined, as for a single pixel.
    """
    z = dx - 1j * dy
    power = z.copy()
    for _ in range(k - 1):
        power *= z
    total = np.bincount(member, power.real, minlength=n) + 1j * np.bincount(
        member, power.imag, minlength=n
    )
    # |z|^k without the slow modulus of complex numbers.
    squared = dy * dy + dx * dx
    modulus = squared ** (k // 2) * (np.sqrt(squared) if k % 2 else 1.0)
    weight = np.bincount(member, modulus, minlength=n)
    return np.where(weight > 1e-9, total / np.maximum(weight, 1e-9), 0)


def angle(moment: np.ndarray, k: int) -> np.ndarray:
    """Orientation in degrees, from 0 to below 360/k, of an angular moment of fold k."""
    return wrap(np.rad2deg(np.angle(moment)) / k, k)


def wrap(degrees: np.ndarray | float, k: int) -> np.ndarray:
    """Bring angles into 0 … 360/k."""
    wrapped = np.mod(degrees, 360 / k)
    return np.where(wrapped >= 360 / k, 0.0, wrapped)


def unwrap(degrees: np.ndarray, k: int) -> np.ndarray:
    """Remove jumps of 360/k from the course of an angle.

    A turn of more than half of 360/k between two frames cannot be told from a smaller one in
    the other direction: a cube must turn less than 45° from frame to frame.
    """
    return np.unwrap(np.asarray(degrees, float), period=360 / k)


def find_symmetry(moments: dict[int, np.ndarray]) -> int:
    """Find the fold of a particle's outline from its angular moments over many frames.

    The median over frames of the moduli is compared with that of ideal outlines: a clearly
    elongated outline is a rod (2); otherwise the corners decide (3, 4 or 6).

    Parameters
    ----------
    moments : dict of int to complex array
        Angular moments by fold, one a frame.

    Returns
    -------
    int
        2, 3, 4 or 6; 0 for an outline that is round within its noise.
    """
    strength = {k: float(np.median(np.abs(moments[k]))) / _IDEAL[k] for k in SYMMETRIES}
    if strength[2] >= _ENOUGH[2]:
        return 2
    # A triangle has a strong sixth moment as well, so 6 comes last.
    corners = max((3, 4), key=strength.__getitem__)
    for k in (corners, 6):
        if strength[k] >= _ENOUGH[k]:
            return k
    return 2 if strength[2] >= 0.5 else 0
