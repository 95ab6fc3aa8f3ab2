"""Brownian motion of particles that touch, attach and split, but never overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from napari_insitu_tem.simulate import joining
from napari_insitu_tem.simulate.contact import gaps
from napari_insitu_tem.simulate.crowd import Crowd
from napari_insitu_tem.simulate.settings import ParticleMovieSettings

__all__ = ["Event", "Trajectories", "move_particles"]

_CONTACT = 1.0  # px; a pair nearer than this counts as touching
_REACH = 1.5  # px beyond the clearance; a pair nearer than this may attach
_REST = 25  # frames after a split in which the two do not attach again
_SMALLEST = 3.0  # px; what is etched below is gone


@dataclass(frozen=True)
class Event:
    """Particles that ended in `frame` - 1 and those that began in `frame` instead."""

    frame: int
    kind: str
    parents: tuple[int, ...]
    children: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Poses of n bodies in t frames, without drift.

    Parameters
    ----------
    shape : list of str
        Of every body.
    centre : (t, n, 2) array
        (y, x) of the bodies.
    angle, size : (t, n) array
        In degrees (unwrapped) and pixels.
    particle : (t, n) int array
        The particle that the body is or is part of, from 1; 0 when it is not there.
    axis : (t, n) array
        Angle of an attached pair as a whole; of a single body, its own.
    events : list of Event
        Merges and splits.
    """

    shape: list[str]
    centre: np.ndarray
    angle: np.ndarray
    size: np.ndarray
    particle: np.ndarray
    axis: np.ndarray
    events: list[Event] = field(default_factory=list)


def move_particles(
    settings: ParticleMovieSettings,
    box: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> Trajectories:
    """Simulate the motion.

    Every frame each group makes one normally distributed step and turn, with variances 2·D
    per axis and 2·D_rot. Steps that would make outlines overlap or leave the box are undone,
    at random one of the two first (hard-core Monte-Carlo dynamics, which is Brownian for steps
    that are small against the gaps), and steps that would part a touching pair are undone
    with probability ``1 - exp(-attraction)``. Crowded particles therefore diffuse less than
    `settings.diffusion` says, as real ones do.

    Parameters
    ----------
    settings : ParticleMovieSettings
        What moves, and how.
    box : (low, high) of (y, x)
        What outlines may not leave.
    rng : numpy Generator
        Source of all randomness.
    """
    crowd = Crowd(settings, box, rng)
    n, frames = settings.particles, settings.n_frames
    identity = np.arange(1, n + 1)  # of every group
    born = np.zeros(n, int)  # frame in which every group began
    next_identity = n + 1
    resting: dict[tuple[int, int], int] = {}
    events: list[Event] = []
    centre, angle = np.zeros((frames, n, 2)), np.zeros((frames, n))
    size, axis = np.zeros((frames, n)), np.zeros((frames, n))
    particle = np.zeros((frames, n), np.int32)
    for frame in range(frames):
        if frame:
            _grow(crowd)
            _step(crowd)
            ready = frame - born >= settings.shortest_life  # of every group
            for kind, parents, slots in _join_and_split(crowd, frame, resting, ready):
                children = tuple(range(next_identity, next_identity + len(slots)))
                next_identity += len(slots)
                ended = tuple(int(identity[slot]) for slot in parents)
                identity[slots], born[slots] = children, frame
                events.append(Event(frame, kind, ended, children))
        centre[frame], angle[frame] = crowd.poses(crowd.position, crowd.angle)
        size[frame], axis[frame] = crowd.size, crowd.angle[crowd.group]
        particle[frame] = np.where(crowd.group >= 0, identity[crowd.group], 0)
    return Trajectories(crowd.shape, centre, angle, size, particle, axis, events)


def _grow(crowd: Crowd) -> None:
    rate = crowd.settings.growth
    if rate == 0:
        return
    crowd.size = np.maximum(crowd.size + rate, 0.1)
    crowd.group[crowd.size < _SMALLEST] = -1
    # Those that grow into each other or into the edge push each other away.
    for _ in range(3):
        corners = crowd.corners(crowd.position, crowd.angle)
        push = crowd.outside(corners)
        pairs, gap = crowd.neighbours(corners, crowd.settings.clearance)
        tight = gap < crowd.settings.clearance
        middle, _ = crowd.poses(crowd.position, crowd.angle)
        for (one, two), missing in zip(
            pairs[tight], crowd.settings.clearance - gap[tight], strict=True
        ):
            apart = middle[two] - middle[one]
            step = 0.5 * missing * apart / max(float(np.linalg.norm(apart)), 1e-9)
            push[one] -= step
            push[two] += step
        for body in crowd.alive:
            crowd.position[crowd.group[body]] += push[body]


def _step(crowd: Crowd) -> None:
    settings, rng = crowd.settings, crowd.rng
    n = len(crowd.size)
    old_position, old_angle = crowd.position.copy(), crowd.angle.copy()
    position = old_position + rng.normal(0, np.sqrt(2 * settings.diffusion), (n, 2))
    angle = old_angle + rng.normal(0, np.sqrt(2 * settings.rotational_diffusion), n)
    old_corners = crowd.corners(old_position, old_angle)
    old_outside = np.abs(crowd.outside(old_corners)).max(axis=1)
    bound = _bound_pairs(crowd, old_corners)
    moved = np.ones(n, bool)
    alive = crowd.alive
    while True:
        corners = crowd.corners(position, angle)
        out = np.abs(crowd.outside(corners)).max(axis=1) > old_outside + 1e-9
        undo = np.zeros(n, bool)
        undo[crowd.group[alive[out[alive]]]] = True
        pairs, gap = crowd.neighbours(corners, max(settings.clearance, _CONTACT))
        tight = pairs[gap < settings.clearance]
        if len(tight):
            # What overlaps already, having grown, may move apart.
            before = _gaps_of(old_corners, tight)
            after = _gaps_of(corners, tight)
            tight = tight[after < np.minimum(before, settings.clearance) - 1e-9]
        if len(bound):
            parted = bound[_gaps_of(corners, bound) >= settings.clearance + _CONTACT]
            tight = np.concatenate([tight, parted])
        for one, two in crowd.group[tight]:
            if undo[one] or undo[two]:
                continue
            if moved[one] and moved[two]:
                undo[one if rng.random() < 0.5 else two] = True
            else:
                undo[[one, two]] = True
        undo &= moved
        if not undo.any():
            break
        moved &= ~undo
        position[undo], angle[undo] = old_position[undo], old_angle[undo]
    crowd.position, crowd.angle = position, angle


def _bound_pairs(crowd: Crowd, corners: np.ndarray) -> np.ndarray:
    """Pairs that touch and, by the luck of this frame, will not come apart."""
    if crowd.settings.attraction == 0:
        return np.zeros((0, 2), int)
    limit = crowd.settings.clearance + _CONTACT
    pairs, gap = crowd.neighbours(corners, limit)
    pairs = pairs[gap < limit]
    return pairs[crowd.rng.random(len(pairs)) > np.exp(-crowd.settings.attraction)]


def _gaps_of(corners: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return gaps(corners[pairs[:, 0]], corners[pairs[:, 1]])


def _join_and_split(
    crowd: Crowd, frame: int, resting: dict[tuple[int, int], int], ready: np.ndarray
) -> Iterator[tuple[str, list[int], list[int]]]:
    """Yield (kind, groups that end, groups that begin) of this frame."""
    settings, rng = crowd.settings, crowd.rng
    if settings.joining == "none":
        return
    for group in np.unique(crowd.group[crowd.alive]):
        members = crowd.members(group)
        if len(members) < 2 or not ready[group]:
            continue
        if rng.random() >= settings.splitting_probability:
            continue
        free = int(np.setdiff1d(np.arange(len(crowd.group)), crowd.group)[0])
        if joining.split(crowd, int(group), free):
            first, second = sorted(int(body) for body in members)
            resting[first, second] = frame + _REST
            ready[[group, free]] = False
            yield "split", [int(group)], [int(group), free]
    reach = settings.clearance + _REACH
    pairs, gap = crowd.neighbours(crowd.corners(crowd.position, crowd.angle), reach)
    join = joining.attach if settings.joining == "aligned" else joining.coalesce
    for first, second in pairs[gap < reach]:
        groups = [int(crowd.group[first]), int(crowd.group[second])]
        single = all(len(crowd.members(group)) == 1 for group in groups) and min(groups) >= 0
        if not single or not ready[groups].all():
            continue
        key = (int(min(first, second)), int(max(first, second)))
        if resting.get(key, 0) > frame or rng.random() >= settings.joining_probability:
            continue
        if join(crowd, int(first), int(second)):
            ready[groups] = False
            yield "merge", groups, [groups[0]]
