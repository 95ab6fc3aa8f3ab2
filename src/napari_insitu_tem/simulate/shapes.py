"""Outlines of simulated particles, and their sub-pixel exact projections.

Pixel centres lie at integer coordinates. Angles are degrees, counter-clockwise as seen on the
screen (y points down), from +x: a direction is ``(dy, dx) = (-sin, cos)``.
"""

from __future__ import annotations

import functools

import numpy as np

__all__ = [
    "SHAPES",
    "circumradius",
    "direction",
    "inradius",
    "outline_area",
    "project",
    "symmetry",
    "vertices",
]

#: Shape to the order of its outline's rotational symmetry (0: any angle looks the same).
SHAPES = {"cube": 4, "rod": 2, "prism": 3, "hexagon": 6, "sphere": 0}

#: Circumradius of the flat-sided outlines of size 1.
_CIRCUMRADIUS = {"cube": np.sqrt(0.5), "prism": np.sqrt(1 / 3), "hexagon": 0.5}

#: Thickness of the flat-lying shapes of size 1.
_THICKNESS = {"cube": 1.0, "prism": 0.4, "hexagon": 0.4}

_SAMPLES = 4  # a pixel of a round shape is averaged over 4 x 4 points
_CORNER_SAMPLES = 12  # and one with a polygon's corner over 12 x 12


def symmetry(shape: str) -> int:
    """Return the order of the outline's rotational symmetry; 0 for a sphere."""
    return SHAPES[shape]


def direction(angle: float | np.ndarray) -> np.ndarray:
    """Return the unit vector(s) ``(dy, dx)`` of an angle in degrees; shape (..., 2)."""
    radians = np.deg2rad(angle)
    return np.stack([-np.sin(radians), np.cos(radians)], axis=-1)


def circumradius(shape: str, size: float | np.ndarray) -> float | np.ndarray:
    """Return the distance from the centroid to the farthest point of the outline.

    `size` is the edge of a cube or prism, the length of a rod, the diameter of a sphere and
    the corner-to-corner distance of a hexagon, in pixels.
    """
    return _CIRCUMRADIUS.get(shape, 0.5) * size


def inradius(shape: str, size: float, aspect_ratio: float = 3.0) -> float:
    """Return the distance from the centroid to the nearest side."""
    if shape == "rod":
        return 0.5 * size / aspect_ratio
    if shape == "sphere":
        return 0.5 * size
    return float(_CIRCUMRADIUS[shape] * size * np.cos(np.pi / SHAPES[shape]))


def outline_area(
    shape: str, size: float | np.ndarray, aspect_ratio: float = 3.0
) -> float | np.ndarray:
    """Return the area of the outline in px²; a rod is a rectangle with round caps."""
    if shape == "sphere":
        return np.pi / 4 * size**2
    if shape == "rod":
        width = size / aspect_ratio
        return np.pi / 4 * width**2 + (size - width) * width
    sides = SHAPES[shape]
    return 0.5 * sides * (_CIRCUMRADIUS[shape] * size) ** 2 * np.sin(2 * np.pi / sides)


@functools.lru_cache(maxsize=64)
def _unit_vertices(shape: str, aspect_ratio: float) -> np.ndarray:
    if shape == "rod":
        half = direction(np.linspace(-90, 90, 7)) * 0.5 / aspect_ratio
        # The polygon goes around the cap, never through it, so that caps do not overlap.
        half /= np.cos(np.deg2rad(15))
        cap = half + [0, 0.5 - 0.5 / aspect_ratio]
        return np.concatenate([cap, -cap])
    if shape == "sphere":
        return direction(np.arange(16) * 22.5) * 0.5 / np.cos(np.pi / 16)
    sides = SHAPES[shape]
    return direction(np.arange(sides) * 360 / sides) * _CIRCUMRADIUS[shape]


def vertices(
    shape: str, size: float, centre: np.ndarray, angle: float, aspect_ratio: float = 3.0
) -> np.ndarray:
    """Return the corners (y, x) of the outline; round parts as a polygon around them."""
    along = direction(angle)
    across = np.array([along[1], -along[0]])
    unit = _unit_vertices(shape, aspect_ratio)
    # A unit corner (dy, dx) lies dx along the axis and dy across it.
    return centre + size * (unit[:, 1:] * along + unit[:, :1] * across)


def project(
    shape: str,
    size: float,
    centre: tuple[float, float] | np.ndarray,
    angle: float,
    frame_shape: tuple[int, int],
    *,
    attenuation: float = 0.0,
    aspect_ratio: float = 3.0,
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Project one particle onto the pixels of a frame.

    Parameters
    ----------
    shape : str
        One of `SHAPES`.
    size : float
        In pixels; see `circumradius`.
    centre : (y, x)
        Centroid of the outline.
    angle : float
        Orientation in degrees: the direction of a corner, or of a rod's long axis.
    frame_shape : (height, width)
        Only the part inside the frame is computed.
    attenuation : float
        Pixel size divided by the mean free path: thickness in px times this is the exponent
        of Beer and Lambert's law.
    aspect_ratio : float
        Length over width of a rod.

    Returns
    -------
    window : (slice, slice)
        Rows and columns that the particle can touch; empty when it is out of the frame.
    coverage : 2-d array
        Fraction of each pixel's area inside the outline.
    absorbed : 2-d array
        Fraction of the electrons on each pixel that the particle removes, averaged over the
        pixel's area: ``1 - <exp(-thickness * attenuation)>``.
    """
    reach = float(circumradius(shape, size)) + 1.5
    low = np.clip(np.floor(np.asarray(centre) - reach).astype(int), 0, frame_shape)
    high = np.clip(np.ceil(np.asarray(centre) + reach).astype(int) + 1, low, frame_shape)
    window = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
    y = np.arange(low[0], high[0])[:, np.newaxis] - centre[0]
    x = np.arange(low[1], high[1])[np.newaxis, :] - centre[1]
    along = direction(angle)
    u = y * along[0] + x * along[1]
    if shape in _CIRCUMRADIUS:
        coverage = _polygon_coverage(shape, size, y, x, angle)
        thickness = _THICKNESS[shape] * size
        return window, coverage, coverage * -np.expm1(-thickness * attenuation)
    v = y * along[1] - x * along[0]
    radius = 0.5 * size if shape == "sphere" else 0.5 * size / aspect_ratio
    coverage = _capsule_coverage(u, v, 0.5 * size - radius, radius, angle)
    if attenuation == 0 or 0 in coverage.shape:
        return window, coverage, np.zeros_like(coverage)
    offsets = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
    absorbed = np.zeros_like(coverage)
    for dy in offsets:
        for dx in offsets:
            du, dv = dy * along[0] + dx * along[1], dy * along[1] - dx * along[0]
            chord = _capsule_chord(u + du, v + dv, 0.5 * size - radius, radius)
            absorbed -= np.expm1(-chord * attenuation)
    return window, coverage, absorbed / _SAMPLES**2


def _half_plane_coverage(depth: np.ndarray, normal_y: np.ndarray, normal_x: np.ndarray):
    """Area of a unit pixel on the inner side of a line `depth` beyond its centre; exact."""
    larger = np.maximum(np.maximum(np.abs(normal_y), np.abs(normal_x)), 1e-9)
    smaller = np.minimum(np.abs(normal_y), np.abs(normal_x))
    outer, inner = 0.5 * (larger + smaller), 0.5 * (larger - smaller)
    away = np.abs(depth)
    corner = np.clip(outer - away, 0, None) ** 2 / (2 * larger * np.maximum(smaller, 1e-12))
    missing = np.where(away <= inner, 0.5 - away / larger, corner)
    return np.where(depth > 0, 1 - missing, missing)


def _polygon_coverage(shape: str, size: float, y: np.ndarray, x: np.ndarray, angle: float):
    sides, limit = SHAPES[shape], inradius(shape, size)
    normals = direction(angle + 180 / sides + np.arange(sides) * 360 / sides)
    coverage = np.ones((y.shape[0], x.shape[1]))
    crossed = np.zeros(coverage.shape, int)
    for normal in normals:
        part = _half_plane_coverage(limit - (y * normal[0] + x * normal[1]), *normal)
        crossed += (part > 0) & (part < 1)
        coverage *= part
    # Exact where one side crosses a pixel; the few corner pixels are sampled finely.
    rows, columns = np.nonzero((crossed > 1) & (coverage > 0))
    fine = (np.arange(_CORNER_SAMPLES) + 0.5) / _CORNER_SAMPLES - 0.5
    points_y = y[rows, 0][:, np.newaxis, np.newaxis] + fine[:, np.newaxis]
    points_x = x[0, columns][:, np.newaxis, np.newaxis] + fine
    within = np.ones((len(rows), len(fine), len(fine)), bool)
    for normal in normals:
        within &= points_y * normal[0] + points_x * normal[1] <= limit
    coverage[rows, columns] = within.mean(axis=(1, 2))
    return coverage


def _capsule_coverage(u, v, half_core: float, radius: float, angle: float) -> np.ndarray:
    beyond = u - np.clip(u, -half_core, half_core)
    distance = np.hypot(beyond, v)
    safe = np.maximum(distance, 1e-9)
    along = direction(angle)
    normal_y = (beyond * along[0] + v * along[1]) / safe
    normal_x = (beyond * along[1] - v * along[0]) / safe
    # A round edge falls short of its tangent by curvature / 24 on a pixel's average.
    sagitta = np.where(beyond != 0, 1 / (24 * radius), 0.0)
    covered = _half_plane_coverage(radius - distance - sagitta, normal_y, normal_x)
    return np.where(distance < 1e-6, 1.0, covered)


def _capsule_chord(u, v, half_core: float, radius: float) -> np.ndarray:
    beyond = u - np.clip(u, -half_core, half_core)
    return 2 * np.sqrt(np.clip(radius**2 - beyond**2 - v**2, 0, None))
