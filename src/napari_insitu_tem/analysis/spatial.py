"""How particles are arranged: pair distribution, bond order, neighbours, coverage, sizes.

A field of view is not periodic. Pairs are counted against what a random arrangement in the
same window would give, and the order around particles that the window cuts off is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

__all__ = ["BondOrder", "PairDistribution", "bond_order", "ideal_pairs", "size_statistics"]

#: Between the first and the second shell of a square (1, √2) and a hexagonal lattice (1, √3).
FIRST_SHELL = 1.3


def ideal_pairs(edges: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Chance that two random points in a window are between two distances apart.

    The integral of 2πr γ(r) / A², where γ(r) = A − (2/π)(h + w) r + r²/π is the rectangle's
    set covariance averaged over directions (Ohser and Mücklich 2000, for r up to the shorter
    side).

    Parameters
    ----------
    edges : (n + 1,) array
        Distances, up to the shorter side of the window.
    shape : (height, width)
        The window.

    Returns
    -------
    (n,) array
    """
    height, width = shape
    area, r = height * width, np.asarray(edges, float)
    if r[-1] > min(shape) * (1 + 1e-9):
        raise ValueError(
            f"Distances up to {r[-1]:.1f} px do not fit into frames of {height} x {width} px; "
            "take at most the shorter side."
        )
    below = np.pi * area * r**2 - 4 / 3 * (height + width) * r**3 + r**4 / 2
    return np.diff(below) / area**2


@dataclass(eq=False)
class PairDistribution:
    """The pair distribution function g(r), gathered frame by frame; 1 for an ideal gas.

    Parameters
    ----------
    edges : (n + 1,) array
        Edges of the bins in pixels.
    shape : (height, width)
        The field of view.
    """

    edges: np.ndarray
    shape: tuple[int, int]
    pairs: np.ndarray = field(init=False)
    expected: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.edges = np.asarray(self.edges, float)
        self.pairs = np.zeros(len(self.edges) - 1)
        self.expected = np.zeros(len(self.edges) - 1)
        self._ideal = ideal_pairs(self.edges, self.shape)

    def add(self, positions: np.ndarray) -> None:
        """Count one frame's pairs; (n, 2) positions in pixels."""
        from scipy.spatial import KDTree

        n = len(positions)
        if n < 2:
            return
        tree = KDTree(positions)
        self.pairs += np.diff(tree.count_neighbors(tree, self.edges)) / 2
        self.expected += n * (n - 1) / 2 * self._ideal

    @property
    def r(self) -> np.ndarray:
        """Centres of the bins in pixels."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def g(self) -> np.ndarray:
        """g(r); NaN where no frame had two particles."""
        out = np.full(len(self.pairs), np.nan)
        return np.divide(self.pairs, self.expected, out=out, where=self.expected > 0)


@dataclass(frozen=True, eq=False)
class BondOrder:
    """Order around every particle of one frame.

    Parameters
    ----------
    psi4, psi6 : (n,) complex array
        Bond-orientational order: modulus 1 in a perfect square or hexagonal lattice, phase k
        times the lattice's angle; NaN for particles too near to the edge to be judged.
    neighbours : (n,) array
        Particles within the first shell; NaN near the edge.
    """

    psi4: np.ndarray
    psi6: np.ndarray
    neighbours: np.ndarray


def bond_order(
    positions: np.ndarray,
    shape: tuple[int, int],
    *,
    shell: float,
    neighbours: Literal["voronoi", "distance"] = "voronoi",
) -> BondOrder:
    """Judge the order around the particles of one frame.

    ψₖ = Σ wⱼ exp(ikθⱼ) / Σ wⱼ over the bonds to the neighbours j (Nelson and Halperin 1979),
    computed by freud (Ramasubramani et al. 2020).

    Parameters
    ----------
    positions : (n, 2) array
        (y, x) in pixels.
    shape : (height, width)
        The field of view.
    shell : float
        Distance in pixels up to which a particle counts as a neighbour.
    neighbours : {"voronoi", "distance"}
        Bonds of ψ: between Voronoi neighbours, weighed by the length of the side they share
        (Mickel et al. 2013: steady where a square lattice is slightly distorted), or between
        all particles within `shell`.

    Returns
    -------
    BondOrder
        With voronoi bonds, particles are left out whose Voronoi cell an unseen particle
        beyond the edge could change; with distance, those nearer to the edge than `shell`.
    """
    import freud

    # Two particles at one place (a slip of the tracking) would end the program inside freud.
    every = np.asarray(positions, float)
    _, kept, place = np.unique(every.round(2), axis=0, return_index=True, return_inverse=True)
    positions, place = every[kept], place.reshape(-1)
    n = len(positions)
    if n < 4:
        nothing = np.full(len(every), np.nan)
        return BondOrder(nothing + 0j, nothing + 0j, nothing)
    points = np.zeros((n, 3), np.float32)
    points[:, :2] = positions[:, ::-1] - np.array(shape[::-1]) / 2
    # freud's boxes are periodic: a margin keeps the two sides apart.
    size = 2 * np.abs(points[:, :2]).max(axis=0) + 2.1 * shell
    box = freud.box.Box(*size, is2D=True)
    query = freud.locality.AABBQuery(box, points)
    near = query.query(points, {"r_max": shell, "exclude_ii": True}).toNeighborList()
    from_edge = np.minimum(positions, np.asarray(shape) - 1 - positions).min(axis=1)
    seen = from_edge >= shell
    count = np.where(seen, near.neighbor_counts, np.nan)
    if neighbours == "distance":
        bonds, weighted, judged = near, False, seen & (near.neighbor_counts > 0)
    else:
        first, second, side, judged = _voronoi(positions, shape)
        ways = points[second] - points[first]
        bonds = freud.locality.NeighborList.from_arrays(n, n, first, second, ways, side)
        weighted = True
    psi = []
    for k in (4, 6):
        order = freud.order.Hexatic(k=k, weighted=weighted).compute((box, points), bonds)
        psi.append(np.where(judged, order.particle_order, np.nan + 0j))
    return BondOrder(psi[0][place], psi[1][place], count[place])


def _voronoi(
    positions: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return Voronoi bonds (from, to, length of the shared side) and which cells are certain.

    A cell's corner is as far from its particle as from the two others that make it, and only
    a particle within that circle could cut it off. Where all these circles are in view, no
    particle beyond the edge could change the cell.
    """
    from scipy.spatial import QhullError, Voronoi

    n, empty = len(positions), np.zeros(0, np.uint32)
    try:
        cells = Voronoi(positions)
    except QhullError:  # all on one line
        return empty, empty, np.zeros(0, np.float32), np.zeros(n, bool)
    pairs, corners = cells.ridge_points, np.array(cells.ridge_vertices)
    at = cells.vertices[corners]
    radius = np.linalg.norm(at - positions[pairs[:, :1]], axis=2)[..., np.newaxis]
    inside = ((at - radius >= 0) & (at + radius <= np.array(shape) - 1)).all(axis=(1, 2))
    certain = inside & (corners >= 0).all(axis=1)
    judged = np.bincount(pairs.ravel(), np.repeat(~certain, 2), minlength=n) == 0
    side = np.linalg.norm(at[:, 0] - at[:, 1], axis=1) * certain
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    first, second = both[order].astype(np.uint32).T
    return first, second, np.tile(side, 2)[order].astype(np.float32), judged


def size_statistics(sizes: np.ndarray) -> dict[str, float]:
    """Mean, median, standard deviation and 10th and 90th percentile of a frame's sizes."""
    sizes = np.asarray(sizes, float)
    sizes = sizes[np.isfinite(sizes)]
    if not len(sizes):
        return dict.fromkeys(("mean", "median", "std", "p10", "p90"), float("nan"))
    low, median, high = np.percentile(sizes, (10, 50, 90))
    return {
        "mean": float(sizes.mean()),
        "median": float(median),
        "std": float(sizes.std(ddof=1)) if len(sizes) > 1 else float("nan"),
        "p10": float(low),
        "p90": float(high),
    }
