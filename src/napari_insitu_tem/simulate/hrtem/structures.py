"""Particles: atoms of a crystal inside a random shape, turned towards the beam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.simulate.hrtem.crystals import MATERIALS, Material, block
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings

__all__ = ["Particle", "draw_particle", "orientation", "zone_and_tilt"]

ZONES = {"100": (1, 0, 0), "110": (1, 1, 0), "111": (1, 1, 1), "112": (1, 1, 2), "103": (1, 0, 3)}
# Corners of facetted shapes are cut off at this many radii.
FARTHEST_CORNER = 1.3


@dataclass(frozen=True)
class Particle:
    """One particle, seen along the beam.

    Parameters
    ----------
    material : Material
        Its crystal.
    positions : (n, 3) float32 array
        Atoms as (y, x, z), Å, around the middle of the particle; z along the beam.
    kinds : (n,) int array
        Index of every atom into ``material.elements``.
    zone_axis : str
        Low-index direction that lies nearest to the beam.
    tilt : float
        Angle between the two, degrees.
    rotation : float
        Turn in the plane of the image, degrees.
    diameter : float
        Of the sphere of the same volume, nm (before a cut by the film).
    shape : str
        ``"facetted"`` or ``"irregular"``.
    twinned : bool
        Whether there is a twin plane.
    turn : (3, 3) array, optional
        From crystal coordinates to (y, x, z), as `orientation` returns it.
    origin : (3,) array, optional
        Where a lattice point of the crystal lies, Å; of the half that is not mirrored, where it
        is twinned.
    """

    material: Material
    positions: np.ndarray
    kinds: np.ndarray
    zone_axis: str
    tilt: float
    rotation: float
    diameter: float
    shape: str
    twinned: bool
    turn: np.ndarray | None = None
    origin: np.ndarray | None = None

    def of_element(self, element: str) -> np.ndarray:
        """Return the positions of the atoms of one element."""
        same = np.array([name == element for name in self.material.elements])
        return self.positions[same[self.kinds]]

    def describe(self) -> dict[str, Any]:
        """Return what the particle is, as plain values."""
        return {
            "material": self.material.name,
            "zone_axis": self.zone_axis,
            "tilt": self.tilt,
            "rotation": self.rotation,
            "diameter": self.diameter,
            "shape": self.shape,
            "twinned": self.twinned,
        }


def draw_particle(settings: HrtemSettings, material: str, rng: np.random.Generator) -> Particle:
    """Draw a particle's size, shape and orientation, and fill it with atoms.

    Parameters
    ----------
    settings : HrtemSettings
        Ranges of diameter and tilt, shares of shapes, zone axes.
    material : str
        One of `MATERIALS`.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    crystal = MATERIALS[material]
    diameter = float(np.exp(rng.uniform(*np.log(settings.diameter))))
    radius = 5 * diameter
    points, kinds = block(crystal, FARTHEST_CORNER * radius)
    # A centre anywhere in the cell, as clusters are not centred on an atom.
    offset = rng.uniform(-0.5, 0.5, 3).astype(np.float32) * np.float32(crystal.lattice)
    points += offset
    twinned = crystal.centring == "F" and rng.random() < settings.twinned
    if twinned:
        points, kinds = _twin(points, kinds, rng)
    irregular = rng.random() < settings.irregular
    depth = _rounded(points, rng) if irregular else _facetted(points, crystal, rng)
    volume = 4 / 3 * np.pi * radius**3
    count = round(volume / crystal.lattice**3 * len(crystal.elements))
    count = max(min(count, len(points) - 1), 1)
    inside = np.argpartition(depth, count)[:count]
    name = settings.zone_axes[rng.integers(len(settings.zone_axes))]
    if name == "any":
        axis = rng.normal(size=3)
        tilt = 0.0
    else:
        axis = np.array(ZONES[name], float)
        tilt = float(rng.uniform(*settings.tilt))
    rotation = float(rng.uniform(0, 360))
    turn = orientation(axis, tilt, float(rng.uniform(0, 360)), rotation)
    seen = points[inside] @ turn.T.astype(np.float32)
    kept = _set_down(seen, rng)
    zone_axis, tilt = zone_and_tilt(turn)
    middle = _middle(seen[kept])
    return Particle(
        material=crystal,
        positions=seen[kept] - middle,
        kinds=kinds[inside][kept],
        zone_axis=zone_axis,
        tilt=tilt,
        rotation=rotation,
        diameter=diameter,
        shape="irregular" if irregular else "facetted",
        twinned=bool(twinned),
        turn=turn,
        origin=turn @ offset - middle,
    )


def orientation(axis: np.ndarray, tilt: float, azimuth: float, rotation: float) -> np.ndarray:
    """Return the matrix that takes crystal coordinates to (y, x, z), z along the beam.

    Parameters
    ----------
    axis : (3,) array
        Crystal direction that is turned into the beam.
    tilt : float
        Angle by which it is then tilted away from the beam, degrees.
    azimuth : float
        Direction of that tilt, degrees.
    rotation : float
        Turn around the beam, degrees.
    """
    beam = np.asarray(axis, float) / np.linalg.norm(axis)
    helper = np.eye(3)[int(np.argmin(np.abs(beam)))]
    first = np.cross(beam, helper)
    first /= np.linalg.norm(first)
    upright = np.stack([first, np.cross(beam, first), beam])
    tip = _about_beam(azimuth) @ _about_first(tilt) @ _about_beam(-azimuth)
    return _about_beam(rotation) @ tip @ upright


def zone_and_tilt(turn: np.ndarray) -> tuple[str, float]:
    """Return the low-index zone axis nearest to the beam and its angle to it in degrees.

    Parameters
    ----------
    turn : (3, 3) array
        As `orientation` returns it. In a cubic crystal every order and sign of the indices is
        the same direction.
    """
    beam = np.sort(np.abs(turn[2]))
    best, smallest = "", 90.0
    for name, indices in ZONES.items():
        zone = np.sort(np.array(indices, float)) / np.linalg.norm(indices)
        angle = float(np.degrees(np.arccos(min(float(beam @ zone), 1.0))))
        if angle < smallest:
            best, smallest = name, angle
    return best, smallest


def _about_beam(angle: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _about_first(angle: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _length(points: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", points, points))


def _family(*indices: int) -> np.ndarray:
    """Return the unit normals of all faces of a form, such as the eight of {111}."""
    normals = set()
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        for signs in np.ndindex(2, 2, 2):
            normals.add(tuple(indices[i] * (1 - 2 * s) for i, s in zip(order, signs, strict=True)))
    faces = np.array(sorted(normals), float)
    return faces / np.linalg.norm(faces, axis=1, keepdims=True)


_FACES = {"F": (_family(1, 1, 1), _family(1, 0, 0)), "I": (_family(1, 1, 0), _family(1, 0, 0))}


def _facetted(points: np.ndarray, crystal: Material, rng: np.random.Generator) -> np.ndarray:
    """Return how deep each point lies in a polyhedron: 1 on its surface, 0 in its centre.

    As in Wulff's construction, every form has its distance from the centre; single faces differ,
    as those of grown particles do.
    """
    depth = _length(points) / np.float32(FARTHEST_CORNER)
    for normals in _FACES[crystal.centring]:
        form = rng.uniform(0.85, 1.25)
        distances = form * rng.uniform(0.85, 1.15, len(normals))
        for face in (normals / distances[:, np.newaxis]).astype(np.float32):
            np.maximum(depth, points @ face, out=depth)
    return depth


def _rounded(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how deep each point lies in a rounded body with a few bumps and dents."""
    distance = _length(points)
    directions = points / np.maximum(distance, 1e-3)[:, np.newaxis]
    surface = np.ones(len(points), np.float32)
    for power in (1, 2, 2, 3, 3):
        lobe = rng.normal(size=3)
        lobe /= np.linalg.norm(lobe)
        height = directions @ lobe.astype(np.float32)
        # A product: NumPy's power of floats takes far longer.
        surface += np.float32(rng.normal(0, 0.13)) * np.prod([height] * power, axis=0)
    return distance / np.maximum(surface, 0.3)


def _twin(
    points: np.ndarray, kinds: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mirror the crystal beyond a {111} plane through one of its atoms."""
    faces = _family(1, 1, 1)
    normal = faces[rng.integers(len(faces))].astype(np.float32)
    height = points @ normal
    plane = height[np.argmin(np.abs(height - rng.normal(0, height.max() / 8)))]
    half = height <= plane + 1e-3
    mirrored = points[half] - 2 * np.outer(height[half] - plane, normal)
    doubled = height[half] < plane - 1e-3  # atoms in the plane are their own mirror images
    return (
        np.concatenate([points[half], mirrored[doubled]]).astype(np.float32),
        np.concatenate([kinds[half], kinds[half][doubled]]),
    )


def _set_down(positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which atoms stay when the particle is cut flat where it sits on the film."""
    low, high = positions[:, 2].min(), positions[:, 2].max()
    return positions[:, 2] >= low + rng.uniform(0, 0.4) * (high - low)


def _middle(positions: np.ndarray) -> np.ndarray:
    return (positions.min(axis=0) + positions.max(axis=0)) / 2
