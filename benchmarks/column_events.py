"""Hops of columns in simulated HRTEM movies: sites and levels beside frame-by-frame linking.

Movies of small particles whose added columns hop once in 20 frames on average, drawn until the
images show the columns (three quarters of them readable without noise; what the interpretability
filter is for). A hop counts as found within 3 frames and half a neighbour distance at both ends.
The peer links the same detections by trackpy (memory of 3 frames); where a track ends and another
begins within 6 frames and 2.6 neighbour distances, it has hopped.

Constants were chosen with seeds below 1000; the tables are of seeds from 5000.

    python benchmarks/column_events.py [--doses 100 200 400] [--movies 2] [--frames 200]
    python benchmarks/column_events.py --detections truth   # without a finder's errors of place
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd
from _measure import job, print_table, verdict
from scipy.optimize import linear_sum_assignment

from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.simulate.columns import ColumnMovie, ColumnsSettings, draw_movie
from napari_insitu_tem.tasks.columns.dynamics import Dynamics, DynamicsError, dynamics

CRYSTALS = (("Au", "110"), ("Au", "100"), ("Pt", "100"), ("CeO2", "110"))
WITHIN_FRAMES, WITHIN = 3, 0.5
FIRST_SEED = 5000
READABLE = 0.75
DIAMETER, PIXEL, SIZE = (2.0, 2.6), (0.025, 0.035), 128
NONE = np.zeros((0, 3))
LINKED_APART, LINKED_FAR, MEMORY = 6, 2.6, 3


def settings_of(material: str, zone: str, dose: float) -> ColumnsSettings:
    return ColumnsSettings(
        materials=(material,), zone_axes=(zone,), dose=(dose, dose), diameter=DIAMETER,
        pixel_size=PIXEL, width=SIZE, height=SIZE, tilt=(0.0, 1.5),
    )  # fmt: skip


def readable_hops(made: ColumnMovie) -> pd.DataFrame:
    """Return the hops between sites that images without noise show."""
    events = made.events[made.events["kind"] == "hop"]
    shown = made.readable[events["site"]] & made.readable[events["from_site"]]
    return events[shown]


def movies(
    material: str, zone: str, dose: float, number: int, frames: int, first: int
) -> Iterator[tuple[int, ColumnMovie]]:
    """Yield movies that show their columns and in which something happens, with their seeds."""
    settings, found = settings_of(material, zone, dose), 0
    for seed in range(first, first + 100):

        def draw(length: int, seed: int = seed) -> ColumnMovie:
            return draw_movie(settings, np.random.default_rng(seed), n_frames=length, adatoms=4)

        look = draw(2)
        if look.readable[look.occupied[0]].mean() < READABLE:
            continue
        made = draw(frames)
        if len(readable_hops(made)) < 3:
            continue
        yield seed, made
        found += 1
        if found == number:
            return


def from_truth(made: ColumnMovie, seed: int) -> pd.DataFrame:
    """Return true positions, 10 % missed, with errors of 0.06 spacings and a few false ones."""
    rng, rows = np.random.default_rng(seed), []
    for frame, full in enumerate(made.occupied):
        seen = made.sites[full & (rng.random(len(full)) < 0.9)] + made.drift[frame]
        seen = seen + rng.normal(0, 0.06 * made.spacing, seen.shape)
        false = rng.uniform(0, SIZE, (rng.poisson(0.7), 2))
        both = np.concatenate([seen, false])
        rows.append(pd.DataFrame({"frame": frame, "y": both[:, 0], "x": both[:, 1]}))
    return pd.concat(rows, ignore_index=True)


def detections(made: ColumnMovie, how: str, seed: int) -> tuple[pd.DataFrame, bool, float]:
    """Return the columns found in single frames, whether they are bright, and their distance."""
    if how == "truth":
        return from_truth(made, seed), made.bright, made.spacing
    from napari_insitu_tem.tasks.columns import ColumnsSettings as Settings
    from napari_insitu_tem.tasks.columns import columns

    polarity = "bright" if made.bright else "dark"
    settings = Settings(method=how, polarity=polarity, follow=False)
    found = columns(made.movie, settings, job(seed))
    return found.table, made.bright, found.spacing


def linked_hops(table: pd.DataFrame, spacing: float, n_frames: int) -> np.ndarray:
    """Return hops (n, 5: frame, y, x, from y, from x) between tracks that end and begin."""
    frames = [
        table.loc[table["frame"] == frame, ["y", "x"]].to_numpy(float) for frame in range(n_frames)
    ]
    links = LINKERS["trackpy"](frames, search_range=0.45 * spacing, memory=MEMORY, job=job())
    track = np.concatenate([*links.tracks, np.zeros(0, int)])
    frame = np.repeat(np.arange(n_frames), [len(each) for each in frames])
    points = np.concatenate(frames)
    order = np.lexsort((frame, track))
    _, first, count = np.unique(track[order], return_index=True, return_counts=True)
    lasting = count >= 3
    starts, ends = order[first[lasting]], order[(first + count - 1)[lasting]]
    starts = starts[frame[starts] > 0]
    ends = ends[frame[ends] < n_frames - 1]
    if not len(starts) or not len(ends):
        return np.zeros((0, 5))
    gap = np.abs(frame[starts][None] - frame[ends][:, None] - 1)
    far = np.hypot(*(points[starts][None] - points[ends][:, None]).transpose(2, 0, 1)) / spacing
    cost = np.where((gap <= LINKED_APART) & (far <= LINKED_FAR) & (far > 0.5), far + gap, 1e3)
    rows, columns = linear_sum_assignment(cost)
    good = cost[rows, columns] < 1e3
    begin, end = starts[columns[good]], ends[rows[good]]
    return np.column_stack([frame[begin], points[begin], points[end]])


def hits(truth: np.ndarray, found: np.ndarray, spacing: float) -> np.ndarray:
    """Return for every found hop whether it is a true one, each at most once."""
    good = np.zeros(len(found), bool)
    if not len(truth) or not len(found):
        return good
    fits = np.abs(truth[:, None, 0] - found[None, :, 0]) <= WITHIN_FRAMES
    for place in (1, 3):
        off = truth[:, None, place : place + 2] - found[None, :, place : place + 2]
        fits &= np.hypot(off[..., 0], off[..., 1]) <= WITHIN * spacing
    rows, columns = linear_sum_assignment(-fits.astype(float))
    good[columns[fits[rows, columns]]] = True
    return good


def as_array(events: pd.DataFrame) -> np.ndarray:
    return events[["frame", "y", "x", "from_y", "from_x"]].to_numpy(float)


def counted(made: ColumnMovie, found: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Return true, found and matched hops; hops that no image shows count for neither side.

    `alone` (n, 3: frame, y, x) are columns that only appear or disappear, all of them wrong,
    except at the one end that images show of a hop whose other end they do not.
    """
    shown = as_array(readable_hops(made))
    every = as_array(made.events[made.events["kind"] == "hop"])
    matched = hits(shown, found, made.spacing)
    excused = hits(every, found, made.spacing) & ~matched
    hidden = every[~(every[:, None] == shown[None]).all(2).any(1)]
    ends = np.concatenate([hidden[:, [0, 1, 2]], hidden[:, [0, 3, 4]]])
    half = hits(np.tile(ends, (1, 2))[:, [0, 1, 2, 1, 2]],
                alone[:, [0, 1, 2, 1, 2]], made.spacing)  # fmt: skip
    wrong = len(found) - excused.sum() + len(alone) - half.sum()
    return np.array([len(shown), wrong, matched.sum()])


def score(counts: np.ndarray) -> float:
    return float(2 * counts[2] / max(counts[0] + counts[1], 1))


def count_error(made: ColumnMovie, course: Dynamics) -> float:
    """Return the mean error of the number of occupied sites, % of it."""
    truth = made.occupied.sum(1)
    counts = course.counts.groupby("frame")["columns"].sum().to_numpy()
    return float(100 * np.mean(np.abs(counts - truth) / truth))


def measure(made: ColumnMovie, how: str, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (true, found, matched) hops of ours and by links, and our error of the count."""
    nothing = counted(made, np.zeros((0, 5)), NONE)
    try:
        table, bright, spacing = detections(made, how, seed)
        linked = counted(made, linked_hops(table, made.spacing, len(made.images)), NONE)
        course = dynamics(made.movie, table, bright=bright, spacing=spacing, job=job())
    except (DynamicsError, ValueError) as error:
        print(f"seed {seed}: {error}")
        return nothing, nothing, float("nan")
    hops = course.events["kind"] == "hop"
    ours = counted(
        made,
        as_array(course.events[hops]),
        course.events.loc[~hops, ["frame", "y", "x"]].to_numpy(float),
    )
    return ours, linked, count_error(made, course)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--doses", type=float, nargs="+", default=[100, 200, 400])
    parser.add_argument("--movies", type=int, default=2)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--detections", choices=("network", "spots", "truth"), default="network")
    given = parser.parse_args()
    for dose in given.doses:
        rows, total, naive = [], np.zeros(3, int), np.zeros(3, int)
        for material, zone in CRYSTALS:
            mine, theirs, errors, seeds = np.zeros(3, int), np.zeros(3, int), [], []
            for seed, made in movies(
                material, zone, dose, given.movies, given.frames, given.first_seed
            ):
                ours, linked, error = measure(made, given.detections, seed)
                mine, theirs = mine + ours, theirs + linked
                errors.append(error)
                seeds.append(str(seed))
            total, naive = total + mine, naive + theirs
            rows.append(
                [f"{material}[{zone}]", " ".join(seeds), *mine.tolist(), score(mine),
                 score(theirs), float(np.mean(errors)) if errors else float("nan")]
            )  # fmt: skip
        rows.append(["all", "", *total.tolist(), score(total), score(naive), ""])
        print_table(
            f"Hops at {dose:g} e/Å², detections of {given.detections}: {given.movies} movies of "
            f"{given.frames} frames each",
            ["crystal", "seeds", "true", "found", "right", "F1", "F1 by links", "count error (%)"],
            rows,
        )
        if dose == 200:
            print(f"\nF1 of events at 200 e/Å² ≥ 0.9: {verdict(score(total), 0.9, at_least=True)}")


if __name__ == "__main__":
    main()
