"""Attachment, coalescence and splitting of particles in a crowd."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.simulate import shapes
from napari_insitu_tem.simulate.crowd import Crowd

__all__ = ["attach", "coalesce", "split"]

#: Extra gap, in pixels, between the two halves of a pair that has come apart.
SPLIT_GAP = 3.0


def attach(crowd: Crowd, first: int, second: int) -> bool:
    """Dock two single bodies face to face; False, and nothing done, where there is no room.

    The second body turns the nearest of its sides to the first one's nearest side, so that
    two equal cubes make a 2:1 rectangle. The pair keeps the centroid of both; its angle is
    the direction from the first body to the second.
    """
    before = crowd.position.copy(), crowd.angle.copy()
    ratio = crowd.settings.aspect_ratio
    one, two = crowd.group[first], crowd.group[second]
    facing = _facing(crowd, first, crowd.position[two] - crowd.position[one])
    opposite = _facing(crowd, second, crowd.position[one] - crowd.position[two])
    turn = (facing + 180 - opposite + 180) % 360 - 180
    distance = sum(
        shapes.inradius(crowd.shape[body], crowd.size[body], ratio) for body in (first, second)
    )
    weight = crowd.area[[first, second]] / crowd.area[[first, second]].sum()
    centroid = weight[0] * crowd.position[one] + weight[1] * crowd.position[two]
    old_angles = crowd.angle[one], crowd.angle[two] + turn
    # The pair lives on in the first one's group.
    crowd.position[one], crowd.angle[one] = centroid, facing
    crowd.group[second] = one
    crowd.offset[first], crowd.offset[second] = (
        (-weight[1] * distance, 0.0),
        (weight[0] * distance, 0.0),
    )
    crowd.turn[first], crowd.turn[second] = old_angles[0] - facing, old_angles[1] - facing
    corners = crowd.corners(crowd.position, crowd.angle)
    if crowd.fits(corners, np.array([first, second]), crowd.settings.clearance):
        return True
    crowd.position[:], crowd.angle[:] = before
    crowd.group[second] = two
    crowd.offset[[first, second]], crowd.turn[[first, second]] = 0.0, 0.0
    return False


def coalesce(crowd: Crowd, first: int, second: int) -> bool:
    """Let two single bodies become one of the first one's shape and of their joint area."""
    before = crowd.size[first], crowd.position[crowd.group[first]].copy()
    one, two = crowd.group[first], crowd.group[second]
    areas = crowd.area[[first, second]]
    crowd.position[one] = (areas[:, np.newaxis] * crowd.position[[one, two]]).sum(0) / areas.sum()
    crowd.size[first] *= np.sqrt(areas.sum() / areas[0])
    crowd.group[second] = -1
    corners = crowd.corners(crowd.position, crowd.angle)
    if crowd.fits(corners, np.array([first]), crowd.settings.clearance):
        return True
    crowd.size[first], crowd.position[one] = before
    crowd.group[second] = two
    return False


def split(crowd: Crowd, group: int, free_group: int) -> bool:
    """Part an attached pair along its axis; False, and nothing done, where there is no room."""
    first, second = crowd.members(group)
    before = crowd.position.copy(), crowd.angle.copy()
    placed = crowd.offset.copy(), crowd.turn.copy()
    centre, angle = crowd.poses(crowd.position, crowd.angle)
    apart = centre[second] - centre[first]
    push = apart / np.linalg.norm(apart) * 0.5 * (SPLIT_GAP + crowd.settings.clearance)
    crowd.group[second] = free_group
    crowd.offset[[first, second]], crowd.turn[[first, second]] = 0.0, 0.0
    crowd.position[group], crowd.position[free_group] = centre[first] - push, centre[second] + push
    crowd.angle[group], crowd.angle[free_group] = angle[first], angle[second]
    corners = crowd.corners(crowd.position, crowd.angle)
    if crowd.fits(corners, np.array([first, second]), crowd.settings.clearance):
        return True
    crowd.position[:], crowd.angle[:] = before
    crowd.offset[:], crowd.turn[:] = placed
    crowd.group[second] = group
    return False


def _facing(crowd: Crowd, body: int, towards: np.ndarray) -> float:
    """Direction, in degrees, of the outward normal of the side nearest to a direction."""
    wanted = float(np.degrees(np.arctan2(-towards[0], towards[1])))
    shape = crowd.shape[body]
    sides = shapes.symmetry(shape)
    if sides == 0:
        return wanted
    # A rod's long sides face across its axis; other outlines' sides lie between their corners.
    first = crowd.angle[crowd.group[body]] + (90 if shape == "rod" else 180 / sides)
    step = 360 / sides
    return float(first + round((wanted - first) / step) * step)
