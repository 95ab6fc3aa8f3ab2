"""A crowd of particles: where they are, and which of them are attached to each other."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate import shapes
from napari_insitu_tem.simulate.contact import candidate_pairs, gaps
from napari_insitu_tem.simulate.settings import ParticleMovieSettings

__all__ = ["Crowd"]

_ATTEMPTS = 2000


class Crowd:
    """Bodies, each in a group that moves as one; mutable, used by `motion` only.

    Parameters
    ----------
    settings : ParticleMovieSettings
        What the bodies are.
    box : (low, high) of (y, x)
        What outlines may not leave.
    rng : numpy Generator
        Draws sizes, places and angles.

    Attributes
    ----------
    shape, size : list of str, (n,) array
        Of every body.
    group : (n,) int array
        The group that the body belongs to; -1 when the body is gone.
    offset, turn : (n, 2) and (n,) array
        Place (along, across) and angle of the body in its group.
    position, angle : (n, 2) and (n,) array
        Centroid (y, x) and angle of every group; there are as many as bodies.
    """

    def __init__(
        self,
        settings: ParticleMovieSettings,
        box: tuple[np.ndarray, np.ndarray],
        rng: np.random.Generator,
    ) -> None:
        n = settings.particles
        kinds = list(shapes.SHAPES) if settings.shape == "mixed" else [settings.shape]
        self.settings, self.box, self.rng = settings, box, rng
        self.shape = [kinds[int(rng.integers(len(kinds)))] for _ in range(n)]
        deviate = np.clip(rng.normal(size=n), -2, 2)
        self.size = settings.size * (1 + settings.size_spread * deviate)
        self.group = np.arange(n)
        self.offset, self.turn = np.zeros((n, 2)), np.zeros(n)
        self.position, self.angle = np.zeros((n, 2)), rng.uniform(-180, 180, n)
        units = [shapes.vertices(s, 1, np.zeros(2), 0, settings.aspect_ratio) for s in self.shape]
        longest = max(len(unit) for unit in units)
        padded = [np.pad(u, ((0, longest - len(u)), (0, 0)), "edge") for u in units]
        self._unit = np.stack(padded)
        self._reach = np.array([float(shapes.circumradius(s, 1.0)) for s in self.shape])
        self._place()

    @property
    def alive(self) -> np.ndarray:
        """Indices of the bodies that are there."""
        return np.flatnonzero(self.group >= 0)

    @property
    def area(self) -> np.ndarray:
        """Area of every body's outline."""
        ratio = self.settings.aspect_ratio
        return np.array(
            [shapes.outline_area(s, a, ratio) for s, a in zip(self.shape, self.size, strict=True)]
        )

    def members(self, group: int) -> np.ndarray:
        """Return the indices of the bodies in a group."""
        return np.flatnonzero(self.group == group)

    def poses(self, position: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return centre (n, 2) and angle (n,) of every body for poses of the groups."""
        along = shapes.direction(angle[self.group])
        across = np.stack([along[:, 1], -along[:, 0]], axis=1)
        centre = position[self.group] + self.offset[:, :1] * along + self.offset[:, 1:] * across
        return centre, angle[self.group] + self.turn

    def corners(self, position: np.ndarray, angle: np.ndarray) -> np.ndarray:
        """Return the corners (n, v, 2) of every body for poses of the groups."""
        centre, turned = self.poses(position, angle)
        return self._corners_of(centre, turned)

    def _corners_of(self, centre: np.ndarray, angle: np.ndarray) -> np.ndarray:
        along = shapes.direction(angle)[:, np.newaxis]
        across = np.stack([along[..., 1], -along[..., 0]], axis=-1)
        unit = self._unit * self.size[:, np.newaxis, np.newaxis]
        return centre[:, np.newaxis] + unit[..., 1:] * along + unit[..., :1] * across

    def neighbours(self, corners: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Return pairs (m, 2) of bodies of different groups, and their gaps (m,)."""
        alive = self.alive
        centre = 0.5 * (corners.min(axis=1) + corners.max(axis=1))
        # Around a triangle's bounding box's centre the corners lie farther than the circumradius.
        radii = np.linalg.norm(corners - centre[:, np.newaxis], axis=2).max(axis=1)
        pairs = alive[candidate_pairs(centre[alive], radii[alive], reach)]
        pairs = pairs[self.group[pairs[:, 0]] != self.group[pairs[:, 1]]]
        return pairs, gaps(corners[pairs[:, 0]], corners[pairs[:, 1]])

    def outside(self, corners: np.ndarray) -> np.ndarray:
        """Return by how much (n, 2) each body sticks out of the box, with the sign to go back."""
        low, high = self.box
        return np.clip(low - corners.min(axis=1), 0, None) - np.clip(
            corners.max(axis=1) - high, 0, None
        )

    def fits(self, corners: np.ndarray, bodies: np.ndarray, clearance: float) -> bool:
        """Whether the bodies are inside the box and clear of all bodies of other groups."""
        if np.any(self.outside(corners)[bodies]):
            return False
        pairs, gap = self.neighbours(corners, clearance)
        mine = np.isin(pairs, bodies)
        return not np.any((mine[:, 0] != mine[:, 1]) & (gap < clearance))

    def _place(self) -> None:
        # Largest first, each at random until it overlaps none of those before.
        low, high = self.box
        placed: list[int] = []
        reach = self._reach * self.size
        for body in np.argsort(-self.size, kind="stable"):
            for _ in range(_ATTEMPTS):
                centre = self.rng.uniform(low, high)
                apart = np.linalg.norm(self.position[placed] - centre, axis=1)
                near = np.array(placed, int)[apart < reach[placed] + reach[body] + 1]
                self.position[body] = centre
                subset = np.append(near, body)
                corners = self._corners_of(self.position, self.angle)[subset]
                lowest, highest = corners[-1].min(axis=0), corners[-1].max(axis=0)
                if np.any(lowest < low) or np.any(highest > high):
                    continue
                others = np.repeat(corners[-1:], len(near), axis=0)
                if np.all(gaps(corners[:-1], others) >= self.settings.clearance):
                    placed.append(int(body))
                    break
            else:
                raise SettingsError(
                    f"{self.settings.particles} particles of {self.settings.size:g} px do not fit "
                    f"into the view of {self.settings.height} by {self.settings.width} px (its "
                    "edge is kept free for the drift). Take fewer, smaller or a larger view."
                )
