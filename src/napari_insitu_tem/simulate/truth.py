"""The true table of particles and events, as seen by the camera."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.simulate import shapes
from napari_insitu_tem.simulate.motion import Event, Trajectories

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["count_visits", "event_table", "pose_table", "visible"]


def visible(
    moved: Trajectories, drift: np.ndarray, frame_shape: tuple[int, int], aspect_ratio: float
) -> np.ndarray:
    """Return whether (t, n) a body covers at least half of some pixel of the frame."""
    centre = moved.centre + drift[:, np.newaxis]
    reach = np.array([float(shapes.circumradius(s, 1.0)) for s in moved.shape]) * moved.size
    there = moved.particle > 0
    edge = np.array(frame_shape) - 0.5
    inside = np.all((centre - reach[..., None] > -0.5) & (centre + reach[..., None] < edge), axis=2)
    seen = there & inside
    doubtful = there & ~inside
    doubtful &= np.all((centre + reach[..., None] > -0.5) & (centre - reach[..., None] < edge), 2)
    for frame, body in zip(*np.nonzero(doubtful), strict=True):
        _, coverage, _ = shapes.project(
            moved.shape[body],
            moved.size[frame, body],
            centre[frame, body],
            moved.angle[frame, body],
            frame_shape,
            aspect_ratio=aspect_ratio,
        )
        seen[frame, body] = bool(np.any(coverage >= 0.5))
    return seen


def count_visits(moved: Trajectories, seen: np.ndarray) -> Trajectories:
    """Renumber particles so that one that leaves the view and comes back is a new one.

    Events of which any side was out of view are left out.
    """
    identities = np.unique(moved.particle[moved.particle > 0])
    renumbered = np.zeros_like(moved.particle)
    number_at: dict[tuple[int, int], int] = {}
    count = 0
    for identity in identities:
        mine = (moved.particle == identity) & seen
        present = mine.any(axis=1)
        starts = present & ~np.concatenate([[False], present[:-1]])
        visit = count + np.cumsum(starts)
        for frame in np.flatnonzero(present):
            number_at[int(frame), int(identity)] = int(visit[frame])
        frames, bodies = np.nonzero(mine)
        renumbered[frames, bodies] = visit[frames]
        count += int(starts.sum())
    events = []
    for event in moved.events:
        parents = tuple(number_at.get((event.frame - 1, p), 0) for p in event.parents)
        children = tuple(number_at.get((event.frame, c), 0) for c in event.children)
        if all(parents) and all(children):
            events.append(Event(event.frame, event.kind, parents, children))
    return dataclasses.replace(moved, particle=renumbered, events=events)


def pose_table(
    moved: Trajectories, drift: np.ndarray, frame_shape: tuple[int, int], aspect_ratio: float
) -> pd.DataFrame:
    """Return one row a particle and frame; see `SimulatedMovie.poses`."""
    import pandas as pd

    frame, body = np.nonzero(moved.particle)
    kinds = np.array(moved.shape, dtype=object)[body]
    size = moved.size[frame, body]
    area, reach = np.zeros(len(body)), np.zeros(len(body))
    for kind in set(moved.shape):
        these = kinds == kind
        area[these] = shapes.outline_area(kind, size[these], aspect_ratio)
        reach[these] = shapes.circumradius(kind, size[these])
    centre = moved.centre[frame, body]
    table = pd.DataFrame(
        {
            "frame": frame,
            "particle": moved.particle[frame, body],
            "y": centre[:, 0] * area,
            "x": centre[:, 1] * area,
            "orientation": moved.axis[frame, body],
            "size": size,
            "area": area,
            "shape": kinds,
            "bodies": 1,
        }
    )
    in_image = centre + drift[frame]
    edge = np.array(frame_shape) - 0.5
    table["inside"] = np.all(
        (in_image - reach[:, None] > -0.5) & (in_image + reach[:, None] < edge), 1
    )
    grouped = table.groupby(["frame", "particle"], sort=True, as_index=False).agg(
        {
            "y": "sum",
            "x": "sum",
            "orientation": "first",
            "size": "max",
            "area": "sum",
            "shape": "first",
            "bodies": "sum",
            "inside": "all",
        }
    )
    grouped["y_sample"] = grouped["y"] / grouped["area"]
    grouped["x_sample"] = grouped["x"] / grouped["area"]
    shift = drift[grouped["frame"].to_numpy()]
    grouped["y"] = grouped["y_sample"] + shift[:, 0]
    grouped["x"] = grouped["x_sample"] + shift[:, 1]
    folds = grouped["shape"].map(shapes.SHAPES)
    grouped["symmetry"] = np.where(grouped["bodies"] > 1, 2, folds)
    return grouped


def event_table(events: list[Event]) -> pd.DataFrame:
    """Return one row an event: frame, kind, parents, children."""
    import pandas as pd

    rows = [(event.frame, event.kind, event.parents, event.children) for event in events]
    return pd.DataFrame(rows, columns=["frame", "kind", "parents", "children"])
