"""A dark-field movie of heavy atoms that hop on a lattice of light ones, as on graphene.

Plain on purpose: Gaussian spots with noise, since what is tried on it is the following of bright
spots and not optics. What makes that hard is here: brightness that changes from frame to frame,
frames without the atom, rows that the scan displaces, a lattice that flexes, and wide patches of
contamination.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import ndimage

from napari_insitu_tem.movie import Movie

__all__ = ["HeavyMovie", "draw_heavy_movie"]

_SPOT = 0.17
"""Standard deviation of a column, in neighbour distances."""
_TRIES = 200


@dataclass(frozen=True, eq=False)
class HeavyMovie:
    """A movie of heavy atoms, and where they are.

    Parameters
    ----------
    movie : Movie
        Frames of any unit.
    columns : pandas.DataFrame
        The light columns: ``frame``, ``y``, ``x``, ``width`` (px).
    atoms : pandas.DataFrame
        One row an atom and frame: ``atom`` (from 0), ``frame``, ``y``, ``x`` (px), ``seen``.
    hops : pandas.DataFrame
        One row a hop: ``atom``, ``frame`` (first after it), ``y``, ``x``, ``from_y``, ``from_x``.
    patches : (n, 2) array
        Middles of wide bright areas among the sites, px.
    spacing : float
        Distance of neighbouring columns, px.
    """

    movie: Movie
    columns: pd.DataFrame
    atoms: pd.DataFrame
    hops: pd.DataFrame
    patches: np.ndarray
    spacing: float


def draw_heavy_movie(
    rng: np.random.Generator,
    *,
    n_frames: int = 60,
    size: int = 140,
    spacing: float = 11.0,
    atoms: int = 4,
    patches: int = 1,
    hops_per_frame: float = 0.04,
    brightness: tuple[float, float] = (1.7, 4.0),
    flicker: float = 0.2,
    hidden: float = 0.05,
    noise: float = 0.12,
    saturation: float = np.inf,
) -> HeavyMovie:
    """Draw a movie.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of everything.
    n_frames, size : int
        Number of frames, and their edge (px).
    spacing : float
        Distance of neighbouring columns, px.
    atoms, patches : int
        Number of heavy atoms, and of wide bright areas.
    hops_per_frame : float
        Probability that an atom hops before a frame.
    brightness : tuple of float
        Of heavy atoms, times that of a column.
    flicker : float
        Standard deviation of the logarithm of an atom's brightness from frame to frame.
    hidden : float
        Share of frames that do not show an atom.
    noise : float
        Standard deviation of a pixel, times the height of a column.
    saturation : float
        Highest value of a pixel, times the height of a column.
    """
    lattice = _honeycomb(size, spacing)
    places = _places(lattice, spacing)
    inside = np.all((places > 2 * spacing) & (places < size - 2 * spacing), axis=1)
    patch = places[rng.choice(np.flatnonzero(inside), patches, replace=False)]
    paths = _paths(rng, places, inside, patch, spacing, atoms, n_frames, hops_per_frame)
    usual = rng.uniform(*brightness, atoms)
    wide = _SPOT * spacing
    drift = np.cumsum(rng.normal(0, 0.05 * spacing, (n_frames, 2)), axis=0)
    drift -= drift.mean(0)
    focus = 1 + 0.15 * (1 + np.sin(np.arange(n_frames) / 9 + rng.uniform(0, 6)))
    images, columns, rows = [], [], []
    for frame in range(n_frames):
        flex = [ndimage.gaussian_filter(rng.normal(size=(size, size)), 2 * spacing) for _ in "yx"]
        flex = [0.06 * spacing * each / each.std() for each in flex]

        light = _moved(lattice, flex, drift[frame])
        heavy = _moved(places[paths[:, frame]], flex, drift[frame])
        heavy = heavy + rng.normal(0, 0.05 * spacing, heavy.shape)
        seen = rng.random(atoms) > hidden
        heights = usual * np.exp(rng.normal(0, flicker, atoms)) * seen
        blur = focus[frame] * wide
        image = _spots(size, light, rng.lognormal(0, 0.12, len(light)), blur)
        image += _spots(size, heavy, heights, 1.2 * blur)
        image += _spots(size, _moved(patch, flex, drift[frame]), np.full(patches, 1.5), 3.5 * wide)
        image += rng.normal(0, noise, image.shape)
        rows_off = np.cumsum(rng.normal(0, 0.15, size))
        rows_off -= ndimage.gaussian_filter1d(rows_off, 8)
        grid = np.mgrid[:size, :size].astype(float)
        grid[1] -= rows_off[:, None]
        scanned = ndimage.map_coordinates(image, grid, order=1, mode="nearest")
        images.append(np.minimum(scanned, saturation))
        kept = np.all((light > 2) & (light < size - 3), axis=1)
        table = pd.DataFrame(light[kept], columns=["y", "x"])
        columns.append(table.assign(frame=frame, width=blur))
        rows.append(
            pd.DataFrame(
                {"atom": np.arange(atoms), "frame": frame, "y": heavy[:, 0], "x": heavy[:, 1],
                 "seen": seen}
            )
        )  # fmt: skip
    found = pd.concat(rows, ignore_index=True)
    return HeavyMovie(
        Movie(np.array(images, np.float32), name="heavy atoms"),
        pd.concat(columns, ignore_index=True),
        found,
        _hops(paths, found, places, spacing),
        patch,
        spacing,
    )


def _moved(points: np.ndarray, flex: list[np.ndarray], drift: np.ndarray) -> np.ndarray:
    """Return where points (n, 2) lie when the sheet has drifted (2,) and is bent by maps (y, x)."""
    pixel = tuple(np.clip(np.rint(points).astype(int), 0, len(flex[0]) - 1).T)
    return np.asarray(points + np.column_stack([each[pixel] for each in flex]) + drift)


def _honeycomb(size: int, spacing: float) -> np.ndarray:
    """Return the sites of a honeycomb, somewhat turned."""
    a = spacing * np.array([[np.sqrt(3), 0], [np.sqrt(3) / 2, 1.5]])
    turn = np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    cells = np.moveaxis(np.mgrid[-60:60, -60:60], 0, -1).reshape(-1, 2) @ a
    sites = np.concatenate([cells, cells + [0, spacing]]) @ turn.T + size / 2
    return np.asarray(sites[np.all((sites > -spacing) & (sites < size + spacing), axis=1)])


def _places(lattice: np.ndarray, spacing: float) -> np.ndarray:
    """Return where heavy atoms sit: on columns and in the middles of the rings."""
    apart = np.linalg.norm(lattice[:, None] - lattice[None], axis=2)
    pairs = np.argwhere(np.triu(np.abs(apart - 2 * spacing) < 0.05 * spacing))
    middles = (lattice[pairs[:, 0]] + lattice[pairs[:, 1]]) / 2
    near = np.linalg.norm(middles[:, None] - lattice[None], axis=2).min(1)
    hollow = np.unique(np.round(middles[near > 0.9 * spacing], 3), axis=0)
    return np.concatenate([lattice, hollow])


def _paths(
    rng: np.random.Generator,
    places: np.ndarray,
    inside: np.ndarray,
    patch: np.ndarray,
    spacing: float,
    atoms: int,
    n_frames: int,
    hops_per_frame: float,
) -> np.ndarray:
    """Return the place of every atom in every frame (atoms, frames); never two close together."""
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    free = inside.copy()
    for each in patch:
        free &= np.linalg.norm(places - each, axis=1) > 3.5 * spacing
    paths = np.zeros((atoms, n_frames), int)

    def crowded(where: int, others: np.ndarray) -> bool:
        return bool(len(others)) and distance[where, others].min() < 2.5 * spacing

    now: list[int] = []
    for _ in range(_TRIES):
        if len(now) == atoms:
            break
        pick = int(rng.choice(np.flatnonzero(free)))
        if not crowded(pick, np.array(now, int)):
            now.append(pick)
    if len(now) < atoms:
        raise ValueError("There is no room for so many atoms. Ask for fewer, or a larger frame.")
    for frame in range(n_frames):
        for atom in range(atoms):
            if frame and rng.random() < hops_per_frame:
                away = distance[now[atom]]
                near = np.flatnonzero(free & (away > 0.8 * spacing) & (away < 1.8 * spacing))
                pick = int(rng.choice(near)) if len(near) else now[atom]
                if not crowded(pick, np.array(now[:atom] + now[atom + 1 :], int)):
                    now[atom] = pick
            paths[atom, frame] = now[atom]
    return paths


def _hops(
    paths: np.ndarray, found: pd.DataFrame, places: np.ndarray, spacing: float
) -> pd.DataFrame:
    rows = []
    for atom, frame in np.argwhere(np.diff(paths, axis=1) != 0):
        own = found[found["atom"] == atom].set_index("frame")[["y", "x"]]
        rows.append((atom, frame + 1, *own.loc[frame + 1], *own.loc[frame]))
    names = ["atom", "frame", "y", "x", "from_y", "from_x"]
    return pd.DataFrame(rows, columns=names)


def _spots(size: int, at: np.ndarray, heights: np.ndarray, wide: float) -> np.ndarray:
    """Return an image of Gaussian spots."""
    axis = np.arange(size)
    rows = np.exp(-0.5 * ((axis[:, None] - at[:, 0]) / wide) ** 2)
    columns = np.exp(-0.5 * ((axis[:, None] - at[:, 1]) / wide) ** 2)
    return np.asarray((rows * heights) @ columns.T)
