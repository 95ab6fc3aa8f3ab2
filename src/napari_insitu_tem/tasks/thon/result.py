"""What the measurement of Thon rings gives: tables, curves, figures and words."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from napari_insitu_tem import units
from napari_insitu_tem.analysis.fourier.thon_fit import ThonFit
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Thon", "curve_table", "lens_table", "summary"]

_UNSURE = 2.0

units.register(
    defocus=units.Quantity("Defocus", unit="nm"),
    defocus_error=units.Quantity("Error of defocus", unit="nm"),
    astigmatism=units.Quantity("Astigmatism", unit="nm"),
    astigmatism_error=units.Quantity("Error of astigmatism", unit="nm"),
    astigmatism_angle=units.Quantity("Direction of the largest defocus", unit="deg"),
    astigmatism_angle_error=units.Quantity("Error of direction of the largest defocus", unit="deg"),
)


@dataclass(frozen=True, eq=False)
class Thon(MovieResult):
    """Defocus and astigmatism of a movie's frames.

    Parameters
    ----------
    movie : Movie
        As it was.
    table : pandas.DataFrame
        One row a frame in which rings were found: ``defocus``, ``astigmatism`` (nm) and
        ``astigmatism_angle`` (°) with their errors, ``score`` and ``rings``.
    curves : pandas.DataFrame
        One row a frame and frequency: ``frequency_per_nm``, and the power over its background
        along curves of equal phase, ``measured`` and ``fitted``.
    message : str
        What was found, in a few sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    table: pd.DataFrame
    curves: pd.DataFrame
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the course of the lens, and the rings of every frame."""
        return {"thon": self._timed(self.table), "rings": self._timed(self.curves)}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: defocus and astigmatism over time, and the rings."""
        from napari_insitu_tem.figures import thon as figures

        tables = self.tables()
        return {
            "thon": functools.partial(figures.draw_defocus, tables["thon"]),
            "astigmatism": functools.partial(figures.draw_astigmatism, tables["thon"]),
            "rings": functools.partial(figures.draw_rings, tables["rings"]),
        }

    def replace(self, **changes: Any) -> Thon:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _timed(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if times is not None:
            table = table.copy()
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)


def lens_table(found: Sequence[ThonFit | None]) -> pd.DataFrame:
    """Return defocus and astigmatism, a row a frame with rings."""
    import pandas as pd

    rows = [
        {
            "frame": frame,
            "defocus": fit.lens.defocus,
            "defocus_error": fit.defocus_error,
            "astigmatism": fit.lens.astigmatism,
            "astigmatism_error": fit.astigmatism_error,
            "astigmatism_angle": fit.lens.angle,
            "astigmatism_angle_error": fit.angle_error,
            "score": fit.score,
            "rings": fit.rings,
        }
        for frame, fit in enumerate(found)
        if fit is not None
    ]
    return pd.DataFrame(rows)


def curve_table(found: Sequence[ThonFit | None]) -> pd.DataFrame:
    """Return the measured and fitted rings, a row a frame and frequency."""
    import pandas as pd

    return pd.concat(
        [
            pd.DataFrame(
                {
                    "frame": frame,
                    "frequency_per_nm": fit.frequency,
                    "measured": fit.measured,
                    "fitted": fit.fitted,
                }
            )
            for frame, fit in enumerate(found)
            if fit is not None
        ],
        ignore_index=True,
    )


def summary(found: Thon, *, both_signs: bool) -> str:
    """Say what was found, in a few sentences."""
    table = found.table
    middle = table.median(numeric_only=True)
    low, high = table["defocus"].min(), table["defocus"].max()
    course = f", {low:.1f} to {high:.1f} nm over the movie" if len(table) > 1 else ""
    words = [
        f"Defocus {middle['defocus']:.1f} ± {middle['defocus_error']:.1f} nm a frame{course}; "
        f"score {middle['score']:.2f}, {middle['rings']:.0f} rings."
    ]
    if middle["astigmatism"] > _UNSURE * middle["astigmatism_error"]:
        words.append(
            f"Astigmatism {middle['astigmatism']:.1f} ± {middle['astigmatism_error']:.1f} nm."
        )
    else:
        words.append(
            f"No astigmatism beyond its error of {middle['astigmatism_error']:.1f} nm; its angle "
            "means nothing."
        )
    missed = found.movie.n_frames - len(table)
    if missed:
        words.append(f"In {missed} of {found.movie.n_frames} frames no rings were found.")
    if both_signs:
        words.append("Both signs of defocus were allowed; rings hardly tell them apart.")
    return " ".join(words)
