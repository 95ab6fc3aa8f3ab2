"""Places of columns to a fraction of a pixel: centre of mass, or a Gaussian fitted to each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import spatial

__all__ = ["Fitted", "centres_of_mass", "fit_gaussians", "nearest_distances"]

_ROUNDS = 12
_DAMPING = 1e-2
_WIDTHS = (0.4, 2.5)  # times the expected width: beyond, it is not this column that was fitted
_OFF = 0.5  # of the window's radius: how far a place may move


@dataclass(frozen=True)
class Fitted:
    """Columns as they were fitted; arrays with one entry a column.

    Parameters
    ----------
    places : (n, 2) array
        Row and column, px.
    height : (n,) array
        Above (bright) or below (dark: negative) the background, counts.
    width : (n,) array
        Standard deviation, px.
    background : (n,) array
        Counts.
    residual : (n,) array
        Root mean square of what the fit leaves, times the height.
    """

    places: np.ndarray
    height: np.ndarray
    width: np.ndarray
    background: np.ndarray
    residual: np.ndarray


def nearest_distances(places: np.ndarray) -> np.ndarray:
    """Return the distance of every place (n, 2) to the nearest other one; infinite if alone."""
    if len(places) < 2:
        return np.full(len(places), np.inf)
    return np.asarray(spatial.cKDTree(places).query(places, 2)[0][:, 1])


def centres_of_mass(
    image: np.ndarray, places: np.ndarray, *, radius: float, bright: bool
) -> np.ndarray:
    """Return the centres of mass (n, 2) of columns, px.

    Parameters
    ----------
    image : (y, x) array
        Counts.
    places : (n, 2) array
        About where the columns are, px.
    radius : float
        Of the disc that counts, px; what is nearer to another column is left out.
    bright : bool
        Whether columns are brighter than their surroundings.

    Notes
    -----
    Weights count from the mean of the disc's edge, and none is negative.
    """
    found = np.array(places, float).reshape(-1, 2)
    for _ in range(3):
        values, off, inside, base = _windows(image, found, radius)
        rim = inside & (np.hypot(off[..., 0], off[..., 1]) > 0.7 * radius)
        ground = (values * rim).sum(1) / np.maximum(rim.sum(1), 1)
        weights = (values - ground[:, None]) * (1 if bright else -1)
        weights = np.where(inside, np.maximum(weights, 0), 0)
        total = weights.sum(1)
        moved = (weights[..., None] * off).sum(1) / np.maximum(total, 1e-30)[:, None]
        far = np.hypot(*moved.T) > _OFF * radius
        moved[far | (total <= 0)] = 0
        found = found + moved
    return found


def fit_gaussians(image: np.ndarray, places: np.ndarray, *, width: float, radius: float) -> Fitted:
    """Fit a two-dimensional Gaussian and a constant to every column, all at once.

    Pixels that are nearer to another column do not count, so that neighbours hardly matter.
    Where a fit fails (it leaves its window, or its width is out of reason) the place stays what
    it was, and height and background follow from a linear fit there.

    Parameters
    ----------
    image : (y, x) array
        Counts, finite.
    places : (n, 2) array
        About where the columns are, px.
    width : float
        Expected standard deviation of a column, px.
    radius : float
        Of the disc of pixels that count, px.
    """
    start = np.array(places, float).reshape(-1, 2)
    if not len(start):
        nothing = np.empty(0)
        return Fitted(start, nothing, nothing, nothing, nothing)
    values, off, inside, _ = _windows(image, start, radius)
    count = inside.sum(1)
    level = (values * inside).sum(1) / np.maximum(count, 1)
    spread = np.sqrt(((values - level[:, None]) ** 2 * inside).sum(1) / np.maximum(count, 1))
    scale = np.maximum(spread, 1e-12 * np.maximum(np.abs(level), 1) + 1e-30)
    data = (values - level[:, None]) / scale[:, None]
    fixed = np.column_stack([np.zeros((len(start), 2)), np.full(len(start), width)])
    linear = _linear(data, off, inside, fixed)
    shape = _levenberg(data, off, inside, fixed, linear)
    low, high = width * _WIDTHS[0], width * _WIDTHS[1]
    failed = ~np.isfinite(shape).all(1) | (np.hypot(*shape[:, :2].T) > _OFF * radius)
    failed |= (shape[:, 2] < low) | (shape[:, 2] > high)
    shape[failed] = fixed[failed]
    fitted = _linear(data, off, inside, shape)
    # A hill cannot have become a valley.
    turned = fitted[:, 0] * linear[:, 0] < 0
    shape[turned] = fixed[turned]
    fitted = _linear(data, off, inside, shape)
    left = (data - _model(off, shape, fitted)) * inside
    residual = np.sqrt((left**2).sum(1) / np.maximum(count - 5, 1))
    return Fitted(
        start + shape[:, :2],
        fitted[:, 0] * scale,
        shape[:, 2],
        fitted[:, 1] * scale + level,
        residual / np.maximum(np.abs(fitted[:, 0]), 1e-12),
    )


def _windows(
    image: np.ndarray, places: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return pixels (n, k), their offsets (n, k, 2) from the places, and which count (n, k)."""
    reach = max(1, int(np.ceil(radius)))
    steps = np.indices((2 * reach + 1, 2 * reach + 1)).reshape(2, -1).T - reach
    base = np.rint(places).astype(int)
    pixels = base[:, None] + steps
    limits = np.array(image.shape)
    inside = ((pixels >= 0) & (pixels < limits)).all(-1)
    clipped = np.clip(pixels, 0, limits - 1)
    values = np.asarray(image)[clipped[..., 0], clipped[..., 1]].astype(float)
    off = pixels - places[:, None]
    distance = np.hypot(off[..., 0], off[..., 1])
    inside &= distance <= max(radius, 1.5)
    if len(places) > 1:
        nearest, _ = spatial.cKDTree(places).query(pixels.reshape(-1, 2))
        inside &= distance <= nearest.reshape(distance.shape) + 1e-9
    return values, off, inside, base


def _bump(off: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return Gaussians (n, k) of height 1; `shape` is y, x, width."""
    square = ((off - shape[:, None, :2]) ** 2).sum(-1)
    return np.asarray(np.exp(-0.5 * square / shape[:, 2:3] ** 2))


def _model(off: np.ndarray, shape: np.ndarray, linear: np.ndarray) -> np.ndarray:
    return linear[:, :1] * _bump(off, shape) + linear[:, 1:]


def _linear(data: np.ndarray, off: np.ndarray, inside: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return height and background (n, 2) for known places and widths."""
    bump = _bump(off, shape)
    count = np.maximum(inside.sum(1), 1)
    mean_bump = (bump * inside).sum(1) / count
    mean_data = (data * inside).sum(1) / count
    centred = (bump - mean_bump[:, None]) * inside
    height = (centred * data).sum(1) / np.maximum((centred**2).sum(1), 1e-12)
    return np.column_stack([height, mean_data - height * mean_bump])


def _levenberg(
    data: np.ndarray,
    off: np.ndarray,
    inside: np.ndarray,
    shape: np.ndarray,
    linear: np.ndarray,
) -> np.ndarray:
    """Return y, x and width (n, 3) of the Gaussians by damped least squares (Levenberg 1944)."""
    known = np.column_stack([shape, linear])
    damping = np.full(len(known), _DAMPING)
    cost = _cost(data, off, inside, known)
    for _ in range(_ROUNDS):
        bump = _bump(off, known[:, :3])
        away = off - known[:, None, :2]
        width, height = known[:, 2:3], known[:, 3:4]
        slope = np.stack(
            [
                height * bump * away[..., 0] / width**2,
                height * bump * away[..., 1] / width**2,
                height * bump * (away**2).sum(-1) / width**3,
                bump,
                np.ones_like(bump),
            ],
            axis=-1,
        )
        slope *= inside[..., None]
        left = (data - _model(off, known[:, :3], known[:, 3:])) * inside
        normal = np.einsum("nki,nkj->nij", slope, slope)
        diagonal = np.einsum("nii->ni", normal)
        normal = normal + np.eye(5) * (damping[:, None] * diagonal + 1e-9)[:, None]
        step = np.linalg.solve(normal, np.einsum("nki,nk->ni", slope, left)[..., None])[..., 0]
        tried = known + step
        tried[:, 2] = np.clip(tried[:, 2], 0.2 * shape[:, 2], 5 * shape[:, 2])
        costs = _cost(data, off, inside, tried)
        better = costs < cost
        known[better], cost = tried[better], np.where(better, costs, cost)
        damping = np.where(better, damping * 0.3, damping * 8)
    return np.asarray(known[:, :3])


def _cost(data: np.ndarray, off: np.ndarray, inside: np.ndarray, known: np.ndarray) -> np.ndarray:
    left = (data - _model(off, known[:, :3], known[:, 3:])) * inside
    return np.asarray((left**2).sum(1))
