"""Track: follow every particle through the movie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from napari_insitu_tem.analysis.field import Detections
from napari_insitu_tem.analysis.flicker import Repairs, cut_mask
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.analysis.motion import common_shift, propose_search_range
from napari_insitu_tem.analysis.orientation import SYMMETRIES
from napari_insitu_tem.analysis.resolving import resolve
from napari_insitu_tem.analysis.shape import describe
from napari_insitu_tem.analysis.tracks import as_table, number_tracks, relabel
from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Segmentation, Tracking
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.units import Quantity, register

__all__ = ["TrackSettings", "measure_particles", "track"]

register(contrast=Quantity("Contrast"), symmetry=Quantity("Symmetry"))

_SAMPLED_PAIRS = 100
"""Pairs of frames from which the search range is proposed."""


class TrackSettings(Settings):
    """How particles are followed."""

    method: Literal["trackpy", "laptrack"] = setting(
        "trackpy",
        title="Linked by",
        description="trackpy is fast and right for nearly everything. laptrack links pieces of "
        "tracks once more over the whole movie and proposes merges and splits itself; it is "
        "about 15 times slower.",
    )
    search_range: float | None = setting(
        None,
        title="Search range",
        description="The farthest a particle may move from one frame to the next, apart from "
        "drift that all share. Automatic: found from the particles' distances and steps.",
        unit="px",
        gt=0,
    )
    memory: int = setting(
        5,
        title="Longest gap",
        description="For how many frames a particle may be missing, or hidden under the mask of "
        "one it touches, and still be the same.",
        unit="frames",
        ge=0,
        le=100,
    )
    min_length: int | None = setting(
        None,
        title="Shortest track",
        description="Tracks with fewer frames are left out, together with their masks. "
        "Automatic: a tenth of the movie, at most 5 frames. 1 keeps everything.",
        unit="frames",
        ge=1,
    )
    events: bool = setting(
        True,
        title="Find merges and splits",
        description="Begin new tracks where particles become one or one becomes several. Only "
        "where areas add up, so that flickering masks make no false merges.",
    )
    repair: bool = setting(
        True,
        title="Repair flickering masks",
        description="Where the mask of touching particles is joined for a few frames, cut it "
        "between them; where a piece is broken off for a few frames, join it again.",
    )
    symmetry: Literal[2, 3, 4, 6] | None = setting(
        None,
        title="Symmetry of the outline",
        description="2 for rods, 3 for triangles, 4 for cubes, 6 for hexagons: after this part of "
        "a turn the outline looks the same. Automatic: found for every track; round particles "
        "then have no orientation.",
    )
    follow_drift: bool = setting(
        True,
        title="Allow for common drift",
        description="Take off the motion that all particles share before they are linked.",
        advanced=True,
    )
    area_tolerance: float = setting(
        0.2,
        title="Area tolerance",
        description="How far the area of a merged particle may be from the sum of its parts "
        "(0.2: by 20 %).",
        gt=0,
        le=1,
        step=0.05,
        advanced=True,
        shown_when={"events": (True,)},
    )


@task(title="Track")
def track(
    segmentation: Segmentation, settings: TrackSettings = TrackSettings(), job: Job = Job()
) -> Tracking:
    """Follow every particle through the movie, and measure its shape in every frame.

    Parameters
    ----------
    segmentation : Segmentation
        Masks, one label a particle in every frame.
    settings : TrackSettings
        See the class.
    job : Job
        Progress and cancel.

    Returns
    -------
    Tracking
        Table of particles, masks in which the label is the track, graph of merges and splits.
    """
    folds = (settings.symmetry,) if settings.symmetry else SYMMETRIES
    table = measure_particles(segmentation, folds, job)
    n_frames = segmentation.n_frames
    starts = np.searchsorted(table["frame"], np.arange(n_frames + 1))
    places = np.column_stack((table["y"], table["x"]))
    drift = np.zeros((n_frames, 2))
    if settings.follow_drift:
        for t in job.track(range(1, n_frames), "Finding common drift"):
            before, after = places[starts[t - 1] : starts[t]], places[starts[t] : starts[t + 1]]
            drift[t] = drift[t - 1] + common_shift(before, after)
    places = places - drift[table["frame"]]
    positions = [places[starts[t] : starts[t + 1]] for t in range(n_frames)]
    search_range = settings.search_range
    if search_range is None:
        every = max(1, (n_frames - 1) // _SAMPLED_PAIRS)
        pairs = ((positions[t], positions[t + 1]) for t in range(0, n_frames - 1, every))
        search_range = propose_search_range(pairs, table["equivalent_diameter"])
        job.log(f"Search range: {search_range:.1f} px")
    links = LINKERS[settings.method](
        positions, search_range=search_range, memory=settings.memory, job=job
    )
    linked = np.concatenate([*links.tracks, np.zeros(0, np.int64)]) + 1
    found = Detections.of_table(table, linked, drift)
    repairs, graph = resolve(
        found,
        links,
        longest=settings.memory if settings.repair else 0,
        events=settings.events,
        tolerance=settings.area_tolerance,
        search_range=search_range,
        check=job.check,
    )
    shortest = settings.min_length or max(1, min(5, n_frames // 10))
    table["track"], graph = number_tracks(found.track, found.frame, graph, shortest)
    changes = _changes(table, repairs, drift)
    masks, table = _write_masks(segmentation, table, changes, folds, job)
    return Tracking(as_table(table, settings.symmetry), segmentation.replace(labels=masks), graph)


def measure_particles(
    segmentation: Segmentation, symmetries: tuple[int, ...], job: Job
) -> dict[str, np.ndarray]:
    """Measure the shapes of all particles: columns of `describe` with ``frame``, by frame."""

    def measure(pair: tuple[int, np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
        index, image, labels = pair
        shapes = describe(labels, image, symmetries=symmetries)
        return {"frame": np.full(len(shapes["label"]), index), **shapes}

    parts = list(job.map(measure, segmentation.pairs(), "Measuring", segmentation.n_frames))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class _Change:
    """What to mend in one frame: labels to cut at places, labels to give to a track."""

    cuts: list[tuple[int, list[tuple[int, float, float, float]]]] = field(default_factory=list)
    joins: list[tuple[int, int]] = field(default_factory=list)


def _changes(
    table: dict[str, np.ndarray], repairs: Repairs, drift: np.ndarray
) -> dict[int, _Change]:
    changes: dict[int, _Change] = {}
    for row, seeds in repairs.cut.items():
        frame = int(table["frame"][row])
        dy, dx = drift[frame]
        parts = [(int(table["track"][of]), y + dy, x + dx, r) for of, y, x, r in seeds]
        change = changes.setdefault(frame, _Change())
        change.cuts.append((int(table["label"][row]), parts))
    for row, owner in repairs.join.items():
        change = changes.setdefault(int(table["frame"][row]), _Change())
        change.joins.append((int(table["label"][row]), int(table["track"][owner])))
    return changes


def _write_masks(
    segmentation: Segmentation,
    table: dict[str, np.ndarray],
    changes: dict[int, _Change],
    symmetries: tuple[int, ...],
    job: Job,
) -> tuple[Any, dict[str, np.ndarray]]:
    """Write masks whose labels are tracks, and measure anew the frames that were mended."""
    n_frames = segmentation.n_frames
    starts = np.searchsorted(table["frame"], np.arange(n_frames + 1))
    mended: dict[int, dict[str, np.ndarray]] = {}

    def write(frame: int) -> np.ndarray:
        rows = slice(starts[frame], starts[frame + 1])
        source = segmentation.frame(frame)
        labels, tracks = table["label"][rows], table["track"][rows]
        masks = relabel(source, labels, tracks)
        if change := changes.get(frame):
            origin = {int(t): int(label) for label, t in zip(labels, tracks, strict=True)}
            for label, parts in change.cuts:
                y, x, value = cut_mask(source, label, parts).T
                masks[y, x] = value
                origin.update((part[0], label) for part in parts)
            for label, number in change.joins:
                masks[source == label] = number
            shapes = describe(masks, segmentation.movie.frame(frame), symmetries=symmetries)
            shapes["track"] = shapes["label"]
            shapes["label"] = np.array([origin[int(t)] for t in shapes["track"]], np.int64)
            mended[frame] = {"frame": np.full(len(shapes["label"]), frame), **shapes}
        return masks

    masks = write_frames(
        job.map(write, range(n_frames), "Writing masks"), tuple(segmentation.labels.shape), np.int32
    )
    if not mended:
        return masks, table
    kept = ~np.isin(table["frame"], list(mended))
    parts = [{name: values[kept] for name, values in table.items()}, *mended.values()]
    return masks, {name: np.concatenate([part[name] for part in parts]) for name in table}
