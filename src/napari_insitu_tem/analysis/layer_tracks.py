"""Layers that are the same in every frame: particles are followed, and vote for their layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.layer_assignment import assign_layers
from napari_insitu_tem.analysis.layer_frames import LayerPlan
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.analysis.motion import common_shift, propose_search_range, typical_step
from napari_insitu_tem.job import Job

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.analysis.layer_instances import LayerParticles

__all__ = ["follow_in_layers", "particle_table", "vote", "without_time"]

_SAMPLED_PAIRS = 100
#: Distance between neighbouring layers for the linker, over the particles' diameter. It says
#: who is who where two particles lie on each other, and is little against the way from one
#: particle to the next, so that a particle is found again in the wrong layer, too.
_LAYER_STEP = 0.2
#: What an overlap by all of the smaller particle costs in one frame if both are in one layer;
#: evidence for a layer is 1 at most.
_OVERLAP_COST = 8.0
#: Least part of the smaller particle under the other one for which this is held against them;
#: less is two neighbours of one layer with outlines a little too wide.
_TOUCHING = 0.04


def follow_in_layers(
    frames: Sequence[LayerParticles], *, memory: int = 5, job: Job = Job()
) -> list[np.ndarray]:
    """Follow particles through all frames, whichever layer they were found in.

    Parameters
    ----------
    frames : sequence of LayerParticles
        All frames, in order.
    memory : int
        Frames for which a particle may be missing.
    job : Job
        Progress and cancel.

    Returns
    -------
    list of (n,) int arrays
        For every frame the number of every particle, from 1.
    """
    drift = np.zeros((len(frames), 2))
    for t in range(1, len(frames)):
        job.check()
        drift[t] = drift[t - 1] + common_shift(frames[t - 1].position, frames[t].position)
    places = [frame.position - shift for frame, shift in zip(frames, drift, strict=True)]
    n_layers = max((int(frame.labels.shape[0]) for frame in frames), default=1)
    # Particles of one layer keep their distance; those of different layers may be anywhere.
    by_layer = [
        [place[frame.layer == layer] for place, frame in zip(places, frames, strict=True)]
        for layer in range(n_layers)
    ]
    sampled = range(0, len(frames) - 1, max(1, (len(frames) - 1) // _SAMPLED_PAIRS))
    step = typical_step((layer[t], layer[t + 1]) for t in sampled for layer in by_layer)
    areas = np.concatenate([frame.area for frame in frames]) if len(frames) else np.zeros(0)
    diameters = np.sqrt(4 / np.pi * areas)
    search_range = propose_search_range(
        (layer[t] for t in sampled for layer in by_layer), diameters, step=step
    )
    typical = float(np.median(diameters)) if len(diameters) else 0.0
    apart = min(_LAYER_STEP * typical, 0.5 * search_range)
    positions = [
        np.column_stack([place, apart * frame.layer])
        for place, frame in zip(places, frames, strict=True)
    ]
    links = LINKERS["trackpy"](positions, search_range=search_range, memory=memory, job=job)
    return _from_one(links.tracks)


def vote(frames: Sequence[LayerParticles], numbers: Sequence[np.ndarray]) -> LayerPlan:
    """Let every particle choose one layer for all frames.

    Each frame votes with the evidence that its masks have; particles that overlap in any
    frame are kept apart, see `assign_layers`.

    Parameters
    ----------
    frames : sequence of LayerParticles
        All frames.
    numbers : sequence of (n,) int arrays
        Which particle each of them is, from 1.

    Returns
    -------
    LayerPlan
        Number and layer of every mask; its certainty is how probable the layer is for the
        particle, over all of its frames.
    """
    count = max((int(number.max(initial=0)) for number in numbers), default=0)
    n_layers = int(frames[0].labels.shape[0]) if len(frames) else 1
    votes, seen = np.zeros((count, n_layers)), np.zeros(count)
    costs: dict[tuple[int, int], float] = {}
    for frame, number in zip(frames, numbers, strict=True):
        np.add.at(votes, number - 1, frame.evidence)
        np.add.at(seen, number - 1, 1)
        smaller = np.minimum(*frame.area[frame.pairs].T)
        share = frame.shared / np.maximum(smaller, 1)
        for (one, other), part in zip((number[frame.pairs] - 1).tolist(), share, strict=True):
            if part > _TOUCHING and one != other:
                pair = (min(one, other), max(one, other))
                costs[pair] = costs.get(pair, 0.0) + _OVERLAP_COST * float(part)
    pairs = np.array(list(costs), int).reshape(-1, 2)
    chosen = assign_layers(votes, pairs, np.array(list(costs.values()), float))
    certainty = votes[np.arange(count), chosen] / np.maximum(seen, 1)
    return LayerPlan(
        tuple(np.asarray(number, np.int64) for number in numbers),
        tuple(chosen[number - 1] for number in numbers),
        tuple(certainty[number - 1] for number in numbers),
    )


def without_time(frames: Sequence[LayerParticles]) -> LayerPlan:
    """Return the plan that leaves every mask as it was found, numbered frame by frame."""
    return LayerPlan(
        tuple(np.arange(1, len(frame) + 1) for frame in frames),
        tuple(frame.layer for frame in frames),
        tuple(frame.evidence[np.arange(len(frame)), frame.layer] for frame in frames),
    )


def particle_table(frames: Sequence[LayerParticles], plan: LayerPlan) -> pd.DataFrame:
    """Return the table of a `results.Layers`: one row a particle and frame."""
    import pandas as pd

    def joined(parts: list[Any], dtype: Any = float) -> np.ndarray:
        return np.concatenate([*parts, np.zeros(0, dtype)]).astype(dtype)

    table = pd.DataFrame(
        {
            "frame": joined([np.full(len(f), t) for t, f in enumerate(frames)], np.int64),
            "particle": joined(list(plan.number), np.int64),
            "layer": joined([layer + 1 for layer in plan.layer], np.int64),
            "y": joined([frame.position[:, 0] for frame in frames]),
            "x": joined([frame.position[:, 1] for frame in frames]),
            "area": joined([frame.area for frame in frames]),
            "certainty": joined(list(plan.certainty)),
            "covered": joined([frame.covered for frame in frames]),
        }
    )
    return table.sort_values(["particle", "frame", "layer"], ignore_index=True)


def _from_one(tracks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return numbers from 1, in the order in which particles appear, without gaps."""
    order: dict[int, int] = {}
    for frame in tracks:
        for track in frame.tolist():
            order.setdefault(track, len(order) + 1)
    return [np.array([order[track] for track in frame.tolist()], np.int64) for frame in tracks]
