"""Gaps between convex outlines, for particles that may touch but not overlap."""

from __future__ import annotations

import numpy as np

__all__ = ["candidate_pairs", "gaps"]


def candidate_pairs(centres: np.ndarray, radii: np.ndarray, reach: float) -> np.ndarray:
    """Return the pairs (m, 2) of circles that come closer to each other than `reach`."""
    from scipy.spatial import cKDTree

    if len(centres) < 2:
        return np.zeros((0, 2), int)
    pairs = cKDTree(centres).query_pairs(2 * radii.max() + reach, output_type="ndarray")
    distance = np.linalg.norm(centres[pairs[:, 0]] - centres[pairs[:, 1]], axis=1)
    near = pairs[distance < radii[pairs].sum(axis=1) + reach]
    return near[np.lexsort(near.T[::-1])]


def gaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the gap between pairs of convex polygons; negative is the depth of overlap.

    The separating-axis theorem: the largest distance between the projections on the normal of
    any side. For polygons whose nearest features are two corners it is a lower bound.

    Parameters
    ----------
    first, second : (m, v, 2) array
        Corners (y, x) of the polygons, all around; repeated corners are allowed.
    """
    sides = np.concatenate(
        [np.roll(first, -1, axis=1) - first, np.roll(second, -1, axis=1) - second], axis=1
    )
    length = np.linalg.norm(sides, axis=2)
    normals = np.stack([sides[..., 1], -sides[..., 0]], axis=-1)
    normals /= np.maximum(length, 1e-12)[..., np.newaxis]
    on_first = np.einsum("msd,mvd->msv", normals, first)
    on_second = np.einsum("msd,mvd->msv", normals, second)
    apart = np.maximum(
        on_second.min(axis=2) - on_first.max(axis=2), on_first.min(axis=2) - on_second.max(axis=2)
    )
    return np.where(length > 1e-9, apart, -np.inf).max(axis=1)
