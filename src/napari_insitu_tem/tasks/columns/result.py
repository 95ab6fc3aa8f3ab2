"""What the search for columns finds: a table of columns, counts, and what happens over time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from napari_insitu_tem import units
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.columns.dynamics import Dynamics
    from napari_insitu_tem.tasks.columns.heavy import HeavyAtoms

__all__ = ["Columns"]

units.register(
    width=units.Quantity("Width of the column (standard deviation)", length=1),
    displacement=units.Quantity("Distance from the ideal lattice", length=1),
    displacement_y=units.Quantity("Displacement in y", length=1),
    displacement_x=units.Quantity("Displacement in x", length=1),
    lattice_rotation=units.Quantity("Local rotation of the lattice", unit="deg"),
    strain_xx=units.Quantity("Strain along x"),
    strain_yy=units.Quantity("Strain along y"),
    strain_xy=units.Quantity("Shear strain"),
)


@dataclass(frozen=True, eq=False)
class Columns(MovieResult):
    """Columns of a movie; tables here are in pixels and frames.

    Parameters
    ----------
    movie : Movie
        As it was.
    table : pandas.DataFrame
        One row a column and frame: ``frame``, ``column`` (from 1 in every frame), ``y``, ``x``,
        ``certainty``, ``intensity`` (height over what lies between columns, counts),
        ``width``, ``residual``, ``nearest_distance``, ``neighbours``, ``surface``,
        ``particle``, displacement from the ideal lattice, strain and, where columns were
        followed, ``site``.
    frames : pandas.DataFrame
        One row a frame and particle: ``columns``, ``surface_columns``, ``spacing`` (px)
        and, where it was asked for, ``evenness``.
    refused : tuple of int
        Frames that were left out for want of evenness, or that showed nothing.
    bright : bool
        Whether columns are brighter than what lies between them.
    spacing : float
        Typical distance to the nearest column, px.
    dynamics : Dynamics, optional
        Sites and events, where columns were followed.
    heavy : HeavyAtoms, optional
        Bright single atoms over time, where they were asked for.
    message : str
        What was found, in a few sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    table: pd.DataFrame
    frames: pd.DataFrame
    refused: tuple[int, ...]
    bright: bool
    spacing: float
    dynamics: Dynamics | None = None
    heavy: HeavyAtoms | None = None
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def points(self) -> dict[str, pd.DataFrame]:
        """Return the table of columns, to be shown as points."""
        return {"columns": self.table}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return columns, counts and, where they were followed, sites and events."""
        own = {"columns": self.table, "columns_per_frame": self.frames}
        found = {name: self._published(table) for name, table in own.items()}
        for part in (self.dynamics, self.heavy):
            found |= part.tables() if part is not None else {}
        return found

    def trails(self) -> dict[str, pd.DataFrame]:
        """Return the tracks of heavy atoms, where they were followed."""
        if self.heavy is None:
            return {}
        atoms = self.heavy.tracks.query("kind == 'atom'").rename(columns={"atom": "track"})
        return {"heavy_atoms": atoms} if len(atoms) else {}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures of columns over time."""
        return self.dynamics.drawings() if self.dynamics is not None else {}

    def replace(self, **changes: Any) -> Columns:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _published(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if times is not None:
            table = table.copy()
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)
