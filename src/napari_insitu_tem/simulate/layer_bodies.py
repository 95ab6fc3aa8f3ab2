"""Particles that lie in layers: their outlines, projections, and how much they overlap."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from napari_insitu_tem.simulate import shapes
from napari_insitu_tem.simulate.particle_frames import outlines

__all__ = ["Body", "Cover", "Projection", "draw_body"]

Window = tuple[slice, slice]

#: Thickness of a particle over its size; a rod's also depends on its aspect ratio.
_THICKNESS = {"cube": 1.0, "prism": 0.4, "hexagon": 0.4, "sphere": 1.0, "irregular": 1.0}


@dataclass(frozen=True)
class Projection:
    """A particle on the pixels of a frame.

    Parameters
    ----------
    window : (slice, slice)
        Rows and columns that it can reach.
    inside : (y, x) bool array
        Pixels of the window that it covers at least half.
    absorbed : (y, x) array
        Fraction of the electrons that it removes from each pixel of the window.
    """

    window: Window
    inside: np.ndarray
    absorbed: np.ndarray

    @property
    def area(self) -> int:
        """Number of pixels covered."""
        return int(np.count_nonzero(self.inside))


@dataclass(frozen=True)
class Body:
    """One particle.

    Parameters
    ----------
    shape : str
        One of `shapes.SHAPES`, or ``"irregular"``.
    diameter : float
        Of the disc of the same area, in pixels.
    centre : (y, x) array
        Its centroid; of an irregular one about.
    angle : float
        Degrees; see `shapes.project`. Irregular ones do not turn.
    opacity : float
        Fraction of the electrons that its thickest part removes.
    aspect_ratio : float
        Length over width of a rod.
    outline : Outline, optional
        Of an irregular one.
    """

    shape: str
    diameter: float
    centre: np.ndarray = field(default_factory=lambda: np.zeros(2))
    angle: float = 0.0
    opacity: float = 0.4
    aspect_ratio: float = 2.5
    outline: outlines.Outline | None = None

    @property
    def size(self) -> float:
        """Size as `shapes.project` has it."""
        if self.shape == "irregular":
            return self.diameter
        area = float(shapes.outline_area(self.shape, 1.0, self.aspect_ratio))
        return self.diameter / float(np.sqrt(4 / np.pi * area))

    @property
    def reach(self) -> float:
        """Farthest point of its outline from its centre, in pixels."""
        if self.outline is not None:
            return self.outline.reach
        return float(shapes.circumradius(self.shape, self.size))

    def at(self, centre: np.ndarray, angle: float | None = None) -> Body:
        """Return the same particle elsewhere."""
        return dataclasses.replace(
            self, centre=np.asarray(centre, float), angle=self.angle if angle is None else angle
        )

    def footprint(self, edge: int) -> Projection:
        """Return its projection without what it absorbs, which is quicker."""
        return self._projected(edge, 0.0)

    def project(self, edge: int) -> Projection:
        """Project it onto a square frame; nothing is inside where it lies beyond the frame."""
        return self._projected(edge, -np.log1p(-self.opacity))

    def _projected(self, edge: int, exponent: float) -> Projection:
        if self.outline is not None:
            found = outlines.project(self.outline, tuple(self.centre), edge, "facets")
            if found is None:
                return Projection((slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool), _NOTHING)
            window, coverage, depth = found
            return Projection(window, coverage >= 0.5, -np.expm1(-exponent * depth))
        thickest = _THICKNESS.get(self.shape, 1 / self.aspect_ratio) * self.size
        window, coverage, absorbed = shapes.project(
            self.shape,
            self.size,
            self.centre,
            self.angle,
            (edge, edge),
            attenuation=exponent / thickest,
            aspect_ratio=self.aspect_ratio,
        )
        return Projection(window, coverage >= 0.5, absorbed)


_NOTHING = np.zeros((0, 0))


def draw_body(shape: str, diameter: float, opacity: float, rng: np.random.Generator) -> Body:
    """Draw a particle of a kind at a random angle; its place is still to be found."""
    outline = outlines.draw_outline("irregular", diameter, rng) if shape == "irregular" else None
    return Body(
        shape,
        diameter,
        angle=float(rng.uniform(-180, 180)),
        opacity=float(np.clip(opacity * np.exp(rng.normal(0, 0.05)), 0.02, 0.97)),
        aspect_ratio=float(rng.uniform(1.8, 3.0)),
        outline=outline,
    )


class Cover:
    """Which particles of which layers lie on each pixel, while they are placed.

    Parameters
    ----------
    n_layers : int
        Number of layers.
    edge : int
        Height and width of the frame.
    most : float
        Largest part of any particle that particles of other layers may cover.

    Attributes
    ----------
    labels : (n_layers, y, x) int32 array
        Particles are numbered from 1 throughout all layers.
    """

    def __init__(self, n_layers: int, edge: int, most: float) -> None:
        self.labels = np.zeros((n_layers, edge, edge), np.int32)
        self.most = most
        self._area = [0]
        self._covered = [0]

    def is_free(self, layer: int, centre: np.ndarray) -> bool:
        """Whether the pixel at a place, moved into the frame, holds no particle of a layer."""
        y, x = np.clip(np.rint(centre).astype(int), 0, self.labels.shape[1] - 1)
        return not self.labels[layer, y, x]

    def try_to_add(self, layer: int, projection: Projection) -> int:
        """Add a particle where its layer is free and no overlap gets too large.

        Returns
        -------
        int
            Its number, or 0 where it has no place.
        """
        inside, area = projection.inside, projection.area
        there = self.labels[(slice(None), *projection.window)]
        if area < 6 or there[layer][inside].any():
            return 0
        others = np.delete(there, layer, axis=0)[:, inside]
        under_any = (others > 0).any(axis=0)
        if np.count_nonzero(under_any) > self.most * area:
            return 0
        # Pixels on which a particle of another layer lies alone so far get covered now.
        alone = (others > 0).sum(axis=0) == 1
        newly = np.bincount(others[:, alone].max(axis=0, initial=0), minlength=len(self._area))
        for number in np.flatnonzero(newly[1:]) + 1:
            if self._covered[number] + newly[number] > self.most * self._area[number]:
                return 0
        for number in np.flatnonzero(newly[1:]) + 1:
            self._covered[number] += int(newly[number])
        self._area.append(area)
        self._covered.append(int(np.count_nonzero(under_any)))
        there[layer][inside] = len(self._area) - 1
        return len(self._area) - 1

    def overlap(self, number: int, layer: int, projection: Projection) -> float:
        """Return the part of the smaller one that a particle of `layer` and a new one share."""
        there = self.labels[layer][projection.window]
        both = np.count_nonzero(there[projection.inside] == number)
        return both / max(1, min(projection.area, self._area[number]))
