"""A movie of Gaussian columns with adatoms that hop at known times, for tests of the dynamics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import ndimage

from napari_insitu_tem.movie import Movie


@dataclass(frozen=True)
class HoppingColumns:
    movie: Movie
    sites: np.ndarray
    occupied: np.ndarray
    events: pd.DataFrame
    table: pd.DataFrame
    spacing: float


def hopping_columns(
    seed: int,
    *,
    n_frames: int = 80,
    hops: int = 4,
    electrons: float = 6.0,
    drift: float = 0.0,
    turn: float = 0.0,
    missed: float = 0.2,
    bright: bool = True,
    spacing: float = 10.0,
) -> HoppingColumns:
    """Return a block of 5 × 6 columns with two adatoms above it that hop along the surface.

    Detections are the true positions, ``missed`` of them left out at random, with an error of
    0.06 spacings and a false one in every third frame.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[1:7, 0:6].reshape(2, -1)
    bulk = np.stack([rows, columns], 1)
    top = np.stack([np.zeros(6), np.arange(6)], 1)
    sites = (np.concatenate([bulk, top]) + 1.5) * spacing
    n_bulk = len(bulk)
    occupied = np.zeros((n_frames, len(sites)), bool)
    occupied[:, :n_bulk] = True
    at = [n_bulk, n_bulk + 3]
    times = np.linspace(0, n_frames, hops + 2)[1:-1].round().astype(int)
    events, start = [], 0
    for number, when in enumerate(times):
        occupied[start:when, at] = True
        mover = number % 2
        free = [s for s in range(n_bulk, n_bulk + 6) if s not in at and abs(s - at[mover]) <= 2]
        target = int(rng.choice(free))
        events.append(("hop", when, *sites[target], *sites[at[mover]]))
        at[mover], start = target, when
    occupied[start:, at] = True
    shape = (int(9 * spacing), int(9 * spacing))
    shifts = np.cumsum(rng.normal(0, drift, (n_frames, 2)), axis=0)
    angles = np.linspace(0, turn, n_frames)
    centre = np.array(shape) / 2
    frames, table = [], []
    for frame in range(n_frames):
        c, s = np.cos(angles[frame]), np.sin(angles[frame])
        here = (sites - centre) @ np.array([[c, -s], [s, c]]).T + centre + shifts[frame]
        frames.append(_frame(here[occupied[frame]], shape, spacing, electrons, bright, rng))
        seen = here[occupied[frame] & (rng.random(len(sites)) > missed)]
        seen = seen + rng.normal(0, 0.06 * spacing, seen.shape)
        if rng.random() < 1 / 3:
            seen = np.concatenate([seen, rng.uniform(0, shape[0], (1, 2))])
        table += [(frame, number + 1, *point) for number, point in enumerate(seen)]
    movie = Movie(np.array(frames))
    names = ["kind", "frame", "y", "x", "from_y", "from_x"]
    return HoppingColumns(
        movie, sites, occupied, pd.DataFrame(events, columns=names),
        pd.DataFrame(table, columns=["frame", "column", "y", "x"]), spacing,
    )  # fmt: skip


def _frame(points, shape, spacing, electrons, bright, rng):
    image = np.zeros(shape)
    whole = np.round(points).astype(int)
    inside = np.all((whole >= 0) & (whole < shape), axis=1)
    size = 0.2 * spacing
    for (y, x), (v, u) in zip(whole[inside], points[inside], strict=True):
        reach = int(4 * size)
        rows = slice(max(0, y - reach), min(shape[0], y + reach + 1))
        columns = slice(max(0, x - reach), min(shape[1], x + reach + 1))
        yy, xx = np.mgrid[rows, columns]
        image[rows, columns] += np.exp(-((yy - v) ** 2 + (xx - u) ** 2) / 2 / size**2)
    sign = 0.35 if bright else -0.35
    expected = electrons * (1 + sign * image)
    noisy = rng.poisson(np.maximum(expected, 0)).astype(np.float32)
    return ndimage.gaussian_filter(noisy, 0.4)
