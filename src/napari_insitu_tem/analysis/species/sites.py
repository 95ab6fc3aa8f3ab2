"""Sites of a sheet's lattice: which lie within the sheet, what each holds, what is missing.

Where the lattice puts a metal atom there is one or none; where it puts sulphur there are two, one
or none. So a column's class is chosen among those of its sublattice only, and a site within the
sheet at which no column was found is a vacancy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.species.calibration import CALIBRATIONS, Calibration
from napari_insitu_tem.analysis.species.honeycomb import ON_SITE, Honeycomb
from napari_insitu_tem.analysis.species.peaks import Columns, spot_masses

__all__ = ["EMPTY", "SPECIES", "Sites", "read_sites"]

#: Classes of a site, in the order of the networks' maps, and none.
SPECIES = ("Mo", "2S", "S")
EMPTY = 3
#: Steps from a site to its three neighbours, from sublattice f to f + 1; the reverse to f - 1.
_UP = np.array([(1, 0), (0, -1), (-1, 1)])


@dataclass(frozen=True, eq=False)
class Sites:
    """All sites of the sheet in the frame.

    Parameters
    ----------
    lattice : Honeycomb
        The lattice.
    indices : (n, 2) array
        Of its points.
    metal : (n,) bool array
        Whether the site is a metal's.
    positions : (n, 2) array
        Of the column, or of the site where there is none; px.
    column : (n,) int array
        Which column is there; -1 for none.
    shares : (n, 3) array
        Of each class's map at the site, in units of the typical column's sum.
    probability : (n, 4) array
        Of Mo, 2S, S and nothing.
    inside : (n,) bool array
        Within the sheet: occupied, or a hole that the sheet surrounds.
    calibration : Calibration
        How shares became probabilities.
    """

    lattice: Honeycomb
    indices: np.ndarray
    metal: np.ndarray
    positions: np.ndarray
    column: np.ndarray
    shares: np.ndarray
    probability: np.ndarray
    inside: np.ndarray
    calibration: Calibration

    @property
    def kind(self) -> np.ndarray:
        """The likeliest class (n,); 3 for an empty site."""
        return np.asarray(np.argmax(self.probability, axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """Its probability (n,)."""
        return np.asarray(self.probability.max(axis=1))

    def expected(self, which: np.ndarray, kind: int) -> tuple[float, float]:
        """Return the expected number of a class among sites (n,) bool, and its standard error."""
        chance = self.probability[self.inside & which, kind]
        return float(chance.sum()), self.calibration.error(chance)


def read_sites(
    maps: np.ndarray,
    columns: Columns,
    lattice: Honeycomb,
    *,
    area: tuple[slice, slice],
    calibration: Calibration = CALIBRATIONS[3],
    largest_hole: int = 12,
) -> Sites:
    """Read every site of the sheet.

    Parameters
    ----------
    maps : (3, y, x) array
        Of Mo, 2S and S.
    columns : Columns
        As found in them.
    lattice : Honeycomb
        As fitted to them.
    area : (slice, slice)
        Rows and columns within which sites count.
    calibration : Calibration
        How shares become probabilities.
    largest_hole : int
        Sites that are empty and touch each other are vacancies up to this number; more are a
        pore, or the world outside the sheet.
    """
    indices = _grid(lattice, area)
    which = Honeycomb.sublattice(indices)
    indices = indices[(which == lattice.metal) | (which == lattice.sulphur)]
    metal = Honeycomb.sublattice(indices) == lattice.metal
    column = _matched(columns, lattice, indices)
    positions = lattice.place(indices)
    positions[column >= 0] = columns.positions[column[column >= 0]]
    shares = _shares(spot_masses(maps, positions, bond=lattice.bond), column)
    probability = _probability(shares, metal, calibration)
    empty = np.argmax(probability, axis=1) == EMPTY
    inside = ~empty | _holes(indices, metal, lattice, empty, largest_hole)
    return Sites(
        lattice, indices, metal, positions, column, shares, probability, inside, calibration
    )


def _grid(lattice: Honeycomb, area: tuple[slice, slice]) -> np.ndarray:
    """Return all lattice points within an area."""
    rows, columns = area
    corners = np.array(
        [(y, x) for y in (rows.start, rows.stop) for x in (columns.start, columns.stop)]
    )
    exact = (corners - lattice.origin) @ np.linalg.inv(lattice.vectors)
    low, high = np.floor(exact.min(axis=0)).astype(int), np.ceil(exact.max(axis=0)).astype(int)
    m, n = np.meshgrid(
        *(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)), indexing="ij"
    )
    points = np.column_stack([m.ravel(), n.ravel()])
    y, x = lattice.place(points).T
    within = (
        (y >= rows.start) & (y <= rows.stop - 1) & (x >= columns.start) & (x <= columns.stop - 1)
    )
    return np.asarray(points[within])


def _matched(columns: Columns, lattice: Honeycomb, indices: np.ndarray) -> np.ndarray:
    """Return the column on every site, -1 where there is none."""
    found = np.full(len(indices), -1)
    if not len(columns):
        return found
    nearest, away = lattice.nearest(columns.positions)
    rank = {tuple(index): at for at, index in enumerate(indices.tolist())}
    for number in np.argsort(-away):  # the nearest comes last and stays
        at = rank.get(tuple(nearest[number].tolist()))
        if at is not None and away[number] < ON_SITE:
            found[at] = number
    return found


def _shares(masses: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return masses (n, 3) in units of the sum at the typical column."""
    there = column >= 0
    typical = float(np.median(masses[there].sum(axis=1))) if there.any() else 1.0
    return np.asarray(np.clip(masses / max(typical, 1e-12), 0, None))


def _probability(shares: np.ndarray, metal: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Return the probability (n, 4) of every class, those of the other sublattice being none.

    The sum of all maps tells whether there is a column, as the typical column's sum has a
    narrow distribution and that of an empty site is near zero. What the column is follows from
    the shares of the classes that the site can hold.
    """
    empty, one = calibration.empty(shares), calibration.one_of_two(shares)
    found = np.zeros((len(shares), 4))
    found[:, EMPTY] = empty
    found[metal, 0] = 1 - empty[metal]
    found[~metal, 1] = ((1 - empty) * (1 - one))[~metal]
    found[~metal, 2] = ((1 - empty) * one)[~metal]
    return found


def _holes(
    indices: np.ndarray,
    metal: np.ndarray,
    lattice: Honeycomb,
    empty: np.ndarray,
    largest: int,
) -> np.ndarray:
    """Return which empty sites belong to holes of at most so many sites."""
    rank = {tuple(index): at for at, index in enumerate(indices.tolist())}
    # From metal to its sulphur neighbours the sublattice goes up by one, or down by one.
    up = (lattice.sulphur - lattice.metal) % 3 == 1
    found = np.zeros(len(indices), bool)
    seen = ~empty
    for start in np.flatnonzero(empty):
        if seen[start]:
            continue
        group, border = [int(start)], [int(start)]
        seen[start] = True
        while border:
            here = border.pop()
            for other in _neighbours(indices[here], rank, outwards=metal[here] == up):
                if not seen[other]:
                    seen[other] = True
                    group.append(other)
                    border.append(other)
        found[group] = len(group) <= largest
    return found


def _neighbours(
    index: np.ndarray, rank: dict[tuple[int, ...], int], *, outwards: bool
) -> Iterator[int]:
    steps = _UP if outwards else -_UP
    for neighbour in (index + steps).tolist():
        at = rank.get(tuple(neighbour))
        if at is not None:
            yield at
