"""What the quality task finds: verdicts, figures of every frame, curves, and maps."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from napari_insitu_tem.analysis.quality.rings import ONE_SEVENTH, RingCorrelation
from napari_insitu_tem.analysis.quality.whiteness import Whiteness
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult, Segmentation
from napari_insitu_tem.tasks.quality.verdicts import Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Quality", "resolution_rows"]


@dataclass(frozen=True, eq=False)
class Quality(MovieResult):
    """How good a denoised movie is.

    Parameters
    ----------
    movie : Movie
        The denoised one, as it was.
    residual, structure : Movie
        Raw minus denoised in counts; where it is no noise, in standard deviations of the noise.
    invented : Movie, optional
        Where separately denoised halves of the data differ by more than noise can explain, in
        standard deviations of the noise.
    verdicts : tuple of Verdict
        What it all means.
    frames : pandas.DataFrame
        One row a frame, with units in the names.
    spectrum : pandas.DataFrame
        Radial power of the residual over that of the noise expected.
    rings : dict of RingCorrelation
        Fourier ring correlations by what they compare.
    whiteness : Whiteness
        Of all frames together.
    figures : pandas.DataFrame
        Figures of the whole movie: ``quantity``, ``value``, ``unit``, ``note``.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    residual: Movie
    structure: Movie
    invented: Movie | None
    verdicts: tuple[Verdict, ...]
    frames: pd.DataFrame
    spectrum: pd.DataFrame
    rings: dict[str, RingCorrelation]
    whiteness: Whiteness
    figures: pd.DataFrame
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    @property
    def doubts(self) -> tuple[Verdict, ...]:
        """Verdicts that give reason for doubt."""
        return tuple(verdict for verdict in self.verdicts if verdict.state == "doubt")

    @property
    def message(self) -> str:
        """The outcome in one sentence."""
        if not self.doubts:
            return "Nothing found that speaks against this denoised movie."
        about = ", ".join(verdict.about.lower() for verdict in self.doubts)
        return f"Look closer before you trust this denoised movie: {about}."

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the residual and the maps."""
        found: dict[str, Movie | Segmentation] = {
            "residual": self.residual,
            "structure": self.structure,
        }
        return found if self.invented is None else {**found, "invented": self.invented}

    def verdict_table(self) -> pd.DataFrame:
        """Return the verdicts as a table."""
        import pandas as pd

        return pd.DataFrame(
            [(each.about, each.state, each.words) for each in self.verdicts],
            columns=["about", "state", "words"],
        )

    def ring_table(self) -> pd.DataFrame:
        """Return the Fourier ring correlations with the half-bit thresholds."""
        import pandas as pd

        size, parts = self.movie.pixel_size, []
        for name, rings in self.rings.items():
            columns: dict[str, Any] = {"of": name, "frequency_per_px": rings.frequency}
            if size:
                columns["frequency_per_nm"] = rings.frequency / size
            columns |= {
                "correlation": rings.correlation,
                "half_bit": rings.half_bit,
                "one_seventh": np.full_like(rings.frequency, ONE_SEVENTH),
            }
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return verdicts, figures, frames and curves."""
        return {
            "verdicts": self.verdict_table(),
            "quality": self.figures,
            "quality_frames": self.frames,
            "residual_spectrum": self.spectrum,
            "ring_correlation": self.ring_table(),
        }

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: spectrum and correlation of the residual, rings, figures by frame."""
        from napari_insitu_tem.figures import quality as draw

        size, time = self.movie.pixel_size, self.movie.time
        found: dict[str, Callable[[Any], Any]] = {
            "residual_spectrum": functools.partial(draw.draw_spectrum, self.spectrum),
            "residual_correlation": functools.partial(draw.draw_correlation, self.whiteness),
            "ring_correlation": functools.partial(
                draw.draw_rings, self.ring_table(), pixel_size=size
            ),
        }
        if len(self.frames) > 1:
            for name in draw.PLOTTED:
                if name in self.frames and np.isfinite(self.frames[name].to_numpy(float)).any():
                    found[name] = functools.partial(draw.draw_frames, self.frames, name, time=time)
        return found

    def documents(self) -> dict[str, str]:
        """Return the verdicts as a text."""
        marks = {"good": "good ", "doubt": "DOUBT", "told": "     "}
        lines = [f"{marks[each.state]}  {each.about}: {each.words}" for each in self.verdicts]
        return {"quality.txt": "\n".join([self.message, "", *lines]) + "\n"}

    def replace(self, **changes: Any) -> Quality:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def resolution_rows(
    rings: dict[str, RingCorrelation], pixel_size: float | None
) -> list[tuple[str, float, str, str]]:
    """Return (quantity, value, unit, note) of the resolutions by both thresholds."""
    rows = []
    unit = "nm" if pixel_size else "px"
    for name, each in rings.items():
        for threshold, words in ((ONE_SEVENTH, "1/7"), (each.half_bit, "half-bit")):
            limit, note = each.limit(threshold), ""
            if limit is None:
                period, note = float("nan"), "never above the threshold"
            elif np.isinf(limit):
                period, note = 1 / float(each.frequency[-1]), "never below it: finer than this"
            else:
                period = 1 / limit
            quantity = f"Fourier ring resolution, {name}, {words}"
            rows.append((quantity, period * (pixel_size or 1.0), unit, note))
    return rows
