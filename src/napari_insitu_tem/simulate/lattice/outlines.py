"""Outlines of lattice regions as signed distances: negative inside, in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

__all__ = ["Box", "Disc", "Everywhere", "Outline", "Outside", "coverage"]


class Outline(Protocol):
    """Anything that knows how far points are from its border."""

    def distance(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return the distance of points from the border: negative inside."""


@dataclass(frozen=True)
class Everywhere:
    """No border at all."""

    def distance(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return minus infinity."""
        return np.full(np.broadcast(y, x).shape, -np.inf)


@dataclass(frozen=True)
class Disc:
    """A disc; of no radius, nothing."""

    y: float
    x: float
    radius: float

    def distance(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return the distance from the circle."""
        return np.asarray(np.hypot(y - self.y, x - self.x) - self.radius)


@dataclass(frozen=True)
class Box:
    """An upright rectangle, by its edges."""

    top: float
    bottom: float
    left: float
    right: float

    def distance(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return the distance from the nearest edge (exact inside and beside the edges)."""
        down = np.maximum(self.top - y, y - self.bottom)
        across = np.maximum(self.left - x, x - self.right)
        return np.asarray(np.maximum(down, across))


@dataclass(frozen=True)
class Outside:
    """All that another outline leaves out."""

    of: Outline

    def distance(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return minus the other's distance."""
        return -self.of.distance(y, x)


def coverage(outline: Outline, y: np.ndarray, x: np.ndarray, cell: float = 1.0) -> np.ndarray:
    """Return which part of a cell of edge `cell` pixels around each point is inside, 0 to 1."""
    return np.clip(0.5 - outline.distance(y, x) / cell, 0, 1)
