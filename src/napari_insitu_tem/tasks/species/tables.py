"""Readings of all series as tables, in pixels of the movie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.species.honeycomb import ON_SITE
from napari_insitu_tem.analysis.species.linking import link_sites
from napari_insitu_tem.analysis.species.registration import Shift
from napari_insitu_tem.analysis.species.sites import EMPTY, SPECIES, Sites
from napari_insitu_tem.tasks.species.series import Reading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tables"]

_COLUMNS = ["series", "column", "y", "x", "species", "confidence", "site"]
_VACANCIES = ["series", "vacancy", "y", "x", "kind", "confidence"]


@dataclass
class Tables:
    """Collects what every series shows.

    Parameters
    ----------
    scale : float
        Pixels that the network saw, per pixel of the movie.
    """

    scale: float
    columns: list[pd.DataFrame] = field(default_factory=list)
    vacancies: list[pd.DataFrame] = field(default_factory=list)
    counts: list[dict[str, float]] = field(default_factory=list)
    shifts: list[dict[str, float]] = field(default_factory=list)

    def add_shifts(self, series: int, images: Sequence[int], shifts: Sequence[Shift]) -> None:
        """Add a row an image."""
        for image, shift in zip(images, shifts, strict=True):
            y, x = shift.pixels / self.scale
            self.shifts.append(
                {"series": series, "image": image, "shift_y": float(y), "shift_x": float(x)}
            )

    def add(self, series: int, reading: Reading, corner: tuple[int, int]) -> None:
        """Add the columns, vacancies and counts of a series."""
        import pandas as pd

        sites, lattice = reading.sites, reading.sites.lattice
        kind, confidence = sites.kind, sites.confidence
        there = kind != EMPTY
        off = _off_lattice(reading)
        places = np.concatenate([sites.positions[there], reading.columns.positions[off]])
        table = pd.DataFrame(self._placed(places, corner), columns=["y", "x"])
        table.insert(0, "series", series)
        table.insert(1, "column", np.arange(1, len(table) + 1))
        shares = np.clip(reading.columns.masses[off], 0, None)
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        names = np.array(SPECIES)
        table["species"] = np.concatenate([names[kind[there]], names[shares.argmax(axis=1)]])
        table["confidence"] = np.concatenate(
            [confidence[there], shares.max(axis=1, initial=0) if len(shares) else np.zeros(0)]
        )
        metal = np.where(sites.metal[there], "metal", "sulphur")
        table["site"] = np.concatenate([metal, np.full(int(off.sum()), "none")])
        self.columns.append(table[_COLUMNS])
        lost = sites.inside & ((kind == EMPTY) | (kind == SPECIES.index("S")))
        gone = pd.DataFrame(self._placed(sites.positions[lost], corner), columns=["y", "x"])
        gone.insert(0, "series", series)
        whole = np.where(sites.metal[lost], "Mo", "2S")
        gone["kind"] = np.where(kind[lost] == EMPTY, whole, "S")
        gone["confidence"] = confidence[lost]
        self.vacancies.append(gone)
        self.counts.append(self._counted(series, table, gone, sites) | {
            "off_lattice": int(off.sum()),
            "lattice_constant": lattice.bond * np.sqrt(3) / self.scale,
            "sheet_direction": lattice.angle,
        })  # fmt: skip

    def numbered(self, drift: np.ndarray, reach: float) -> pd.DataFrame:
        """Return the vacancies of all series, the same ones with the same number.

        Parameters
        ----------
        drift : (series, 2) array
            Where the scene lies in every series against the first, px of the movie.
        reach : float
            How near counts as the same, px of the movie.
        """
        import pandas as pd

        if not self.vacancies:
            return pd.DataFrame(columns=_VACANCIES)
        places = [
            gone[["y", "x"]].to_numpy(float) - drift[int(row["series"])]
            for gone, row in zip(self.vacancies, self.counts, strict=True)
        ]
        numbers = link_sites(places, reach=reach)
        linked = pd.concat(self.vacancies, ignore_index=True)
        linked["vacancy"] = np.concatenate(numbers)
        return linked[_VACANCIES]

    def _placed(self, positions: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
        """Return positions in the movie's pixels: pixel centres are at whole numbers."""
        return (np.asarray(positions) + corner + 0.5) / self.scale - 0.5

    def _counted(
        self, series: int, table: pd.DataFrame, gone: pd.DataFrame, sites: Sites
    ) -> dict[str, float]:
        row: dict[str, float] = {"series": series, "columns": len(table)}
        row |= {name: int((table["species"] == name).sum()) for name in SPECIES}
        inside, metal = sites.inside, sites.metal
        row |= {
            "metal_sites": int((inside & metal).sum()),
            "sulphur_sites": int((inside & ~metal).sum()),
        }
        row |= {
            f"vacancies_{kind}": int((gone["kind"] == kind).sum()) for kind in ("S", "2S", "Mo")
        }
        where = {"S": (~metal, SPECIES.index("S")), "2S": (~metal, EMPTY), "Mo": (metal, EMPTY)}
        for kind, (of, which) in where.items():
            row[f"expected_{kind}"], row[f"expected_{kind}_error"] = sites.expected(of, which)
        # A cell of the honeycomb holds one metal site and one sulphur site.
        cell = 1.5 * np.sqrt(3) * (sites.lattice.bond / self.scale) ** 2
        row["sheet_area"] = 0.5 * int(inside.sum()) * cell
        row["sulphur_confidence"] = float(sites.confidence[inside & ~metal].mean())
        row["vacancy_density"] = len(gone) / max(row["sheet_area"], 1e-12)
        return row


def _off_lattice(reading: Reading) -> np.ndarray:
    """Return which columns lie on no site of either kind."""
    lattice, places = reading.sites.lattice, reading.columns.positions
    indices, away = lattice.nearest(places)
    which = lattice.sublattice(indices)
    on = (away < ON_SITE) & ((which == lattice.metal) | (which == lattice.sulphur))
    return np.asarray(~on)
