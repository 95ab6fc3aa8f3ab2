"""Random outlines of particles, as radius against angle, and their projections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Outline", "draw_outline", "profile_of", "project", "visible_extent"]

_ANGLES = np.linspace(-np.pi, np.pi, 129)


@dataclass(frozen=True)
class Outline:
    """A star-shaped outline.

    Parameters
    ----------
    radii : (129,) array
        Distance from the centre to the outline, in pixels, at angles from -pi to pi.
    """

    radii: np.ndarray

    @property
    def reach(self) -> float:
        """Largest distance from the centre, in pixels."""
        return float(self.radii.max())

    @property
    def area(self) -> float:
        """Area in pixels."""
        return float(0.5 * np.mean(self.radii[:-1] ** 2) * 2 * np.pi)


def draw_outline(shape: str, diameter: float, rng: np.random.Generator) -> Outline:
    """Draw an outline of a kind, at a random angle, with the area of a disc of `diameter`."""
    angle = _ANGLES - rng.uniform(0, 2 * np.pi)
    if shape == "disc":
        radii = np.ones_like(angle)
    elif shape == "ellipse":
        radii = _ellipse(angle, rng.uniform(1.1, 2.2))
    elif shape == "rod":
        radii = _rod(angle, rng.uniform(2.0, 6.0))
    elif shape == "polygon":
        radii = _polygon(angle, int(rng.integers(3, 9)), rng)
    else:
        radii = np.ones_like(angle)
        for lobes in range(2, 8):
            size = rng.uniform(0, 0.45) / lobes
            radii = radii + size * np.cos(lobes * angle + rng.uniform(0, 2 * np.pi))
        radii = radii * _ellipse(angle, rng.uniform(1.0, 1.6))
    outline = Outline(radii)
    return Outline(radii * 0.5 * diameter * np.sqrt(np.pi / outline.area))


def _ellipse(angle: np.ndarray, ratio: float) -> np.ndarray:
    return 1 / np.hypot(np.cos(angle) / np.sqrt(ratio), np.sin(angle) * np.sqrt(ratio))


def _rod(angle: np.ndarray, ratio: float) -> np.ndarray:
    """Return a rectangle with round caps; half-width 1, half-length `ratio`."""
    along, across = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    side = 1 / np.maximum(across, 1e-9)
    centre = ratio - 1
    cap = centre * along + np.sqrt(np.maximum(1 - (centre * across) ** 2, 0))
    return np.where(side * along <= centre, side, cap)


def _polygon(angle: np.ndarray, corners: int, rng: np.random.Generator) -> np.ndarray:
    """Return a polygon that is regular to a random degree, with rounded corners."""
    step = 2 * np.pi / corners
    uneven = rng.uniform(0, 0.2) * (rng.random() < 0.5)
    normals = np.arange(corners) * step + rng.uniform(-uneven, uneven, corners) * step
    distances = 1 + rng.uniform(-uneven, uneven, corners)
    facing = np.cos(angle[:, np.newaxis] - normals)
    inverse = np.maximum(facing, 1e-3) / distances
    # A soft maximum over the sides rounds the corners.
    power = rng.uniform(12, 60)
    radii: np.ndarray = np.sum(inverse**power, axis=1) ** (-1 / power)
    return radii


def project(
    outline: Outline,
    centre: tuple[float, float],
    edge: int,
    profile: str,
    *,
    steepness: float = 2.0,
    extent: float = 1.0,
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray] | None:
    """Project a particle onto the pixels of a square frame.

    Parameters
    ----------
    outline : Outline
        Its outline.
    centre : (float, float)
        Where it lies (y, x).
    edge : int
        Height and width of the frame.
    profile : {"flat", "ball", "shell", "facets"}
        How its thickness goes from the middle to the rim.
    steepness : float
        Of a ball: 2 is an ellipsoid; larger exponents have flatter middles and steeper rims.
    extent : float
        Part of the outline's radius up to which a pixel is covered; see `visible_extent`.

    Returns
    -------
    window : (slice, slice)
        The part of the frame that it reaches.
    coverage : (y, x) array
        Part of each pixel that it covers, 0 to 1.
    thickness : (y, x) array
        Its thickness there, all of it; 1 at most.
    None where it lies outside of the frame.
    """
    reach = outline.reach + 1.5
    y0, x0 = (max(0, int(np.floor(c - reach))) for c in centre)
    y1, x1 = (min(edge, int(np.ceil(c + reach)) + 1) for c in centre)
    if y1 <= y0 or x1 <= x0:
        return None
    dy = np.arange(y0, y1)[:, np.newaxis] - centre[0]
    dx = np.arange(x0, x1)[np.newaxis, :] - centre[1]
    distance = np.hypot(dy, dx)
    rim = np.interp(np.arctan2(-dy, dx), _ANGLES, outline.radii)
    whole = np.clip(rim - distance + 0.5, 0, 1)
    coverage = np.clip(extent * rim - distance + 0.5, 0, 1)
    thickness = profile_of(profile, distance / rim, steepness)
    return (slice(y0, y1), slice(x0, x1)), coverage, thickness * whole


def profile_of(profile: str, distance: np.ndarray, steepness: float) -> np.ndarray:
    """Return the thickness (at most 1) at a distance from the centre over that of the rim."""
    distance = np.clip(distance, 0, 1)
    if profile == "ball":
        return np.sqrt(1 - distance**steepness)
    if profile == "shell":
        hollow = np.clip(1 - (distance / 0.75) ** 2, 0, None)
        return np.sqrt(1 - distance**2) - 0.6 * np.sqrt(hollow)
    if profile == "facets":
        return np.minimum(1, 2.5 * (1 - distance) + 0.3)
    return np.ones_like(distance)


def visible_extent(profile: str, steepness: float, absorption: float) -> float:
    """Return where a particle's contrast has risen to half its height, over its outline's radius.

    That is where the eye, and every threshold, sees the outline of what thins out to its rim.

    Parameters
    ----------
    profile, steepness : str, float
        As for `project`.
    absorption : float
        Largest thickness in mean free paths.
    """
    distance = np.linspace(0, 1, 201)
    contrast = -np.expm1(-absorption * profile_of(profile, distance, steepness))
    return float(distance[contrast >= 0.5 * contrast.max()][-1])
