"""Track: follow every particle through the movie."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from napari_insitu_tem.analysis.events import cut_at_events, find_merges, find_splits
from napari_insitu_tem.analysis.field import Detections
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.analysis.mending import Mended, cut_mask, mend
from napari_insitu_tem.analysis.motion import common_shift, propose_search_range, typical_step
from napari_insitu_tem.analysis.orientation import SYMMETRIES
from napari_insitu_tem.analysis.shape import describe
from napari_insitu_tem.analysis.tracks import as_table, number_tracks, relabel
from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Segmentation, Tracking
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.units import Quantity, register

__all__ = ["TrackSettings", "measure_particles", "track", "tracking_from_labels"]

register(contrast=Quantity("Contrast"), symmetry=Quantity("Symmetry"))

_SAMPLED_PAIRS = 100
"""Pairs of frames from which the search range is proposed."""


class TrackSettings(Settings):
    """How particles are followed."""

    method: Literal["trackpy", "laptrack", "as labelled"] = setting(
        "trackpy",
        title="Linked by",
        description="trackpy is fast and right for nearly everything. laptrack links pieces of "
        "tracks once more over the whole movie and proposes merges and splits itself; it is "
        "about 15 times slower. 'as labelled' links nothing: the labels are the tracks already.",
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


@task(title="Track", result="tracks")
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
    if settings.method == "as labelled":
        return tracking_from_labels(segmentation, job, symmetry=settings.symmetry)
    folds = (settings.symmetry,) if settings.symmetry else SYMMETRIES
    table = measure_particles(segmentation, folds, job)
    n_frames = segmentation.n_frames
    starts = np.searchsorted(table["frame"], np.arange(n_frames + 1))
    drift = np.zeros((n_frames, 2))
    places = np.column_stack((table["y"], table["x"]))
    if settings.follow_drift:
        for t in job.track(range(1, n_frames), "Finding common drift"):
            before, after = places[starts[t - 1] : starts[t]], places[starts[t] : starts[t + 1]]
            drift[t] = drift[t - 1] + common_shift(before, after)
    places = places - drift[table["frame"]]
    frames = [places[starts[t] : starts[t + 1]] for t in range(n_frames)]
    sampled = range(0, n_frames - 1, max(1, (n_frames - 1) // _SAMPLED_PAIRS))
    step = typical_step((frames[t], frames[t + 1]) for t in sampled)
    mended = mend(
        places,
        table["area"],
        table["major_axis"] / 2,
        starts,
        longest=settings.memory if settings.repair else 0,
        step=0.5 + 2 * step,
        check=job.check,
    )
    found = Detections(
        table["frame"][mended.source], mended.position, mended.area, mended.reach,
        np.zeros(len(mended.source), np.int64), n_frames,
    )  # fmt: skip
    frames = [found.position[found.rows_at(t)] for t in range(n_frames)]
    search_range = settings.search_range or propose_search_range(
        (frames[t] for t in sampled), table["equivalent_diameter"], step=step
    )
    job.log(f"Search range: {search_range:.1f} px")
    links = LINKERS[settings.method](
        frames, search_range=search_range, memory=settings.memory, job=job
    )
    found.track = np.concatenate([*links.tracks, np.zeros(0, np.int64)])
    graph: dict[int, list[int]] = {}
    if settings.events:
        merges = find_merges(
            found, tolerance=settings.area_tolerance, step=0.5 + 2 * step,
            candidates=found.edges(links.merges), check=job.check,
        )  # fmt: skip
        splits = find_splits(
            found, tolerance=settings.area_tolerance, step=0.5 + 2 * step,
            candidates=found.edges(links.splits), check=job.check,
        )  # fmt: skip
        found.track, graph = cut_at_events(found, merges, splits)
    shortest = settings.min_length or max(1, min(5, n_frames // 10))
    found.track, graph = number_tracks(found.track, found.frame, graph, shortest)
    masks, table = _write_masks(segmentation, table, mended, found, drift, folds, job)
    return Tracking(as_table(table, settings.symmetry), segmentation.replace(labels=masks), graph)


def tracking_from_labels(
    segmentation: Segmentation, job: Job = Job(), *, symmetry: int | None = None
) -> Tracking:
    """Take masks whose labels are track numbers already, and measure them.

    Parameters
    ----------
    segmentation : Segmentation
        Masks in which a particle has the same label in every frame.
    job : Job
        Progress and cancel.
    symmetry : int, optional
        Fold of the outlines; found for every track otherwise.
    """
    folds = (symmetry,) if symmetry else SYMMETRIES
    table = measure_particles(segmentation, folds, job)
    table["track"] = table["label"]
    return Tracking(as_table(table, symmetry), segmentation)


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


def _write_masks(
    segmentation: Segmentation,
    table: dict[str, np.ndarray],
    mended: Mended,
    found: Detections,
    drift: np.ndarray,
    symmetries: tuple[int, ...],
    job: Job,
) -> tuple[Any, dict[str, np.ndarray]]:
    """Write masks whose labels are tracks, and measure anew the frames that were mended."""
    n_frames = segmentation.n_frames
    number = np.zeros(len(table["frame"]), np.int64)
    number[mended.source] = found.track
    for piece, largest in mended.pieces.items():
        number[piece] = number[largest]
    cuts: dict[int, list[int]] = {}
    for row in sorted(mended.cut):
        cuts.setdefault(int(table["frame"][row]), []).append(row)
    changed = cuts.keys() | {int(table["frame"][row]) for row in mended.pieces}
    anew: dict[int, dict[str, np.ndarray]] = {}

    def write(frame: int) -> np.ndarray:
        rows = slice(*np.searchsorted(table["frame"], [frame, frame + 1]))
        source = segmentation.frame(frame)
        labels = table["label"][rows]
        masks = relabel(source, labels, number[rows])
        if frame not in changed:
            return masks
        origin = dict(zip(number[rows].tolist(), labels.tolist(), strict=True))
        for row in cuts.get(frame, ()):
            parts = np.flatnonzero(mended.source == row)
            label, (dy, dx) = int(table["label"][row]), drift[frame]
            radii = np.sqrt(found.area[parts] / np.pi)
            seeds = [
                (int(found.track[part]), *(found.position[part] + (dy, dx)).tolist(), float(radius))
                for part, radius in zip(parts, radii, strict=True)
            ]
            y, x, value = cut_mask(source, label, seeds).T
            masks[y, x] = value
            origin.update((seed[0], label) for seed in seeds)
        shapes = describe(masks, segmentation.movie.frame(frame), symmetries=symmetries)
        shapes["track"] = shapes["label"]
        shapes["label"] = np.array([origin[t] for t in shapes["track"].tolist()], np.int64)
        anew[frame] = {"frame": np.full(len(shapes["label"]), frame), **shapes}
        return masks

    masks = write_frames(
        job.map(write, range(n_frames), "Writing masks"), tuple(segmentation.labels.shape), np.int32
    )
    table = {**table, "track": number}
    kept = ~np.isin(table["frame"], list(anew))
    parts = [{name: values[kept] for name, values in table.items()}, *anew.values()]
    return masks, {name: np.concatenate([part[name] for part in parts]) for name in table}
