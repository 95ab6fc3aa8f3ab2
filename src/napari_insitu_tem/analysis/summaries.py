"""The tables of `measure`: a row a particle, a row a track, a row a frame, and g(r)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_insitu_tem.analysis.brownian import Motion
from napari_insitu_tem.analysis.dynamics import Walks
from napari_insitu_tem.analysis.growth import nearest_distances, robust_slope, site_displacement
from napari_insitu_tem.analysis.spatial import (
    FIRST_SHELL,
    PairDistribution,
    bond_order,
    ideal_pairs,
    size_statistics,
)
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["arrangement", "frame_table", "track_table"]


def arrangement(
    particles: pd.DataFrame,
    shape: tuple[int, int],
    *,
    shell: float | None,
    bonds: Literal["voronoi", "distance"],
    pair_range: float | None,
    pair_bins: int | None,
    job: Job,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the particles with their order and neighbours, and g(r) of all frames."""
    import pandas as pd

    particles = particles.reset_index(drop=True)
    nearest = nearest_distances(particles)
    paired = nearest[np.isfinite(nearest)]
    columns = {name: np.full(len(particles), np.nan) for name in ("neighbours", "psi4", "psi6")}
    groups = particles.groupby("frame").indices
    if pair_range is None:
        spacing = np.sqrt(np.prod(shape) * max(len(groups), 1) / max(len(particles), 1))
        pair_range = min(8 * spacing, min(shape) / 2)
    pair_range = min(pair_range, min(shape))
    if pair_bins is None:
        counts = np.array([len(rows) for rows in groups.values()], float)
        within = ideal_pairs(np.array([0.0, pair_range]), shape)[0]
        pair_bins = int(np.clip((counts * (counts - 1) / 2).sum() * within / 50, 20, 100))
    pairs = PairDistribution(np.linspace(0, pair_range, pair_bins + 1), shape)
    if shell is None and len(paired):
        shell = FIRST_SHELL * float(np.median(paired))
    positions = particles[["y", "x"]].to_numpy(float)
    for rows in job.track(list(groups.values()), "Measuring frames"):
        pairs.add(positions[rows])
        if shell:
            order = bond_order(positions[rows], shape, shell=shell, neighbours=bonds)
            columns["neighbours"][rows] = order.neighbours
            columns["psi4"][rows] = np.abs(order.psi4)
            columns["psi6"][rows] = np.abs(order.psi6)
    rdf = pd.DataFrame({"r": pairs.r, "g": pairs.g, "pairs": pairs.pairs})
    return particles.assign(nearest_distance=nearest, **columns), rdf


def track_table(particles: pd.DataFrame, motion: Motion, job: Job) -> pd.DataFrame:
    """Return one row a track."""
    import pandas as pd

    tracks, walks = motion.walks.tracks, motion.walks
    bounds = np.searchsorted(walks.index, np.arange(len(tracks) + 1))
    sizes = Walks.from_table(_whole(particles), ["equivalent_diameter", "area"])
    size_track = sizes.tracks[sizes.index]
    rates: list[tuple[float, ...]] = []
    sites: list[tuple[float, ...]] = []
    for number, (start, stop) in job.track(
        zip(tracks, zip(bounds[:-1], bounds[1:], strict=True), strict=True),
        "Measuring growth",
        len(tracks),
    ):
        rows = slice(*np.searchsorted(size_track, (number, number + 1)))
        frame, values = sizes.frame[rows], sizes.values[rows]
        rates.append((*robust_slope(frame, values[:, 0]), *robust_slope(frame, values[:, 1])))
        place = walks.values[start:stop]
        net = float(np.linalg.norm(place[-1] - place[0])) if len(place) else float("nan")
        sites.append((site_displacement(place), net))
    groups = particles.groupby("track")
    first, last = groups["frame"].min(), groups["frame"].max()
    table = pd.DataFrame(
        {
            "track": tracks,
            "first_frame": first.to_numpy(),
            "last_frame": last.to_numpy(),
            "frames": groups.size().to_numpy(),
            "duration": (last - first).to_numpy(float),
        }
    )
    shape = _whole(particles).groupby("track")[[n for n in _SHAPE if n in particles]].mean()
    for name in shape.columns:
        table[_SHAPE[str(name)]] = shape[name].reindex(tracks).to_numpy()
    for name, values in motion.columns.items():
        table[name] = values
    names = ("growth_rate", "growth_rate_error", "area_rate", "area_rate_error")
    for name, values in zip(names, _columns(rates, 4), strict=True):
        table[name] = values
    table["rms_displacement"], table["net_displacement"] = _columns(sites, 2)
    means = groups[[name for name in _MEANS if name in particles]].mean()
    table["lindemann_ratio"] = table["rms_displacement"] / means["nearest_distance"].to_numpy()
    for name in means.columns:
        table[str(name)] = means[name].to_numpy()
    table["touches_edge"] = groups["touches_edge"].any().to_numpy()
    return table


#: Means over the frames in which the edge does not cut the particle, and their names.
_SHAPE = {
    "equivalent_diameter": "mean_diameter",
    "area": "mean_area",
    "circularity": "circularity",
    "aspect_ratio": "aspect_ratio",
}
_MEANS = ("mean_intensity", "nearest_distance", "y", "x")


def frame_table(particles: pd.DataFrame, movie: Movie) -> pd.DataFrame:
    """Return one row a frame, beside what the holder's log says of it."""
    import pandas as pd

    every = np.arange(movie.n_frames)
    table: dict[str, Any] = {"frame": every}
    if movie.time is not None:
        table["time_s"] = movie.time
    field = float(np.prod(movie.frame_shape))
    groups = particles.groupby("frame")
    count = groups.size().reindex(every, fill_value=0)
    table["count"] = count.to_numpy()
    table["density"] = count.to_numpy() / field
    table["coverage"] = groups["area"].sum().reindex(every, fill_value=0).to_numpy() / field
    whole = _whole(particles).sort_values("frame", kind="stable")
    sizes = whole["equivalent_diameter"].to_numpy(float)
    bounds = np.searchsorted(whole["frame"].to_numpy(), np.append(every, movie.n_frames))
    found = [
        size_statistics(sizes[slice(*pair)]) for pair in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    for name in ("mean", "median", "std", "p10", "p90"):
        table[f"{name}_diameter"] = [statistics[name] for statistics in found]
    means = groups[["nearest_distance", "neighbours", "psi4", "psi6"]].mean().reindex(every)
    table |= {str(name): means[name].to_numpy() for name in means.columns}
    if movie.frames is not None:
        log = movie.frames.drop(columns=[*table], errors="ignore")
        table |= {str(name): log[name].to_numpy() for name in log.columns}
    return pd.DataFrame(table)


def _whole(particles: pd.DataFrame) -> pd.DataFrame:
    """Return the particles that the frame's edge does not cut: only their size is known."""
    return particles[~particles["touches_edge"].astype(bool)]


def _columns(rows: list[tuple[float, ...]], width: int) -> np.ndarray:
    return np.array(rows, float).reshape(-1, width).T
