"""A movie of focal series, in which vacancies come, go and hop from series to series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.focal.exposure import (
    Field,
    contamination,
    draw_field,
    draw_series_conditions,
    draw_shifts,
    expose,
)
from napari_insitu_tem.simulate.focal.series import FocalSeries, recorded
from napari_insitu_tem.simulate.focal.settings import FocalSettings
from napari_insitu_tem.simulate.focal.sheet import Sheet, draw_sheet
from napari_insitu_tem.simulate.focal.waves import sheet_phases, sheet_wave
from napari_insitu_tem.simulate.hrtem.exit_waves import ExitWaveError

if TYPE_CHECKING:
    from napari_insitu_tem.movie import Movie

__all__ = ["FocalMovie", "draw_series_movie"]

# Columns of S this near (Å) are neighbours, to which a vacancy may hop.
NEAR = 3.6


@dataclass(frozen=True, eq=False)
class FocalMovie:
    """A simulated movie of focal series and the truth about it.

    Parameters
    ----------
    series : tuple of FocalSeries
        One after the other, of the same sheet.
    events : pandas.DataFrame
        Columns ``kind``, ``series``, ``y``, ``x``, ``from_y``, ``from_x`` (px): what happened
        before a series was taken. "lost": a column of S lost an atom at (y, x); "filled": one
        got an atom back; "hop": a vacancy went from one column to a neighbour.
    """

    series: tuple[FocalSeries, ...]
    events: pd.DataFrame

    @property
    def images_per_series(self) -> int:
        """Frames that belong together."""
        return len(self.series[0].images)

    @property
    def movie(self) -> Movie:
        """All images as a calibrated movie: those of the first series, of the second, ..."""
        one = self.series[0].movie
        return replace(
            one,
            data=np.concatenate([each.images for each in self.series]),
            name="simulated movie of focal series",
        )


def draw_series_movie(
    settings: FocalSettings,
    rng: np.random.Generator,
    *,
    n_series: int = 5,
    lost: float = 1.0,
    filled: float = 0.3,
    hops: float = 0.5,
) -> FocalMovie:
    """Draw a movie of focal series: one sheet, of which the beam takes and moves atoms.

    Parameters
    ----------
    settings : FocalSettings
        The ranges, for the sheet and for the conditions, which all series share. Images drift
        within a series only, as if the movie were aligned from series to series.
    rng : numpy.random.Generator
        Where chance comes from.
    n_series : int
        Number of series.
    lost, filled, hops : float
        Mean number of each kind of event from one series to the next, over the whole sheet, a
        part of which lies in the margin beyond the images.

    Raises
    ------
    ExitWaveError
        With `exit_waves`, whose sheets do not change.
    """
    if settings.exit_waves is not None:
        raise ExitWaveError(
            "Kept exit waves do not change, so no movie is made of them. Leave exit_waves empty."
        )
    field = draw_field(settings, rng)
    sheet = draw_sheet(settings, field.grid.extent, rng)
    conditions = draw_series_conditions(settings, rng)
    taken = conditions[0]
    thermal_factor = float(rng.uniform(*settings.thermal_factor))
    film = contamination(settings, field, taken, rng)
    series, events = [], []
    for number in range(n_series):
        if number:
            sheet, happened = _changed(sheet, rng, lost=lost, filled=filled, hops=hops)
            events += [{"series": number, **_in_pixels(each, field)} for each in happened]
        phases = sheet_phases(sheet, field.grid, energy=taken.energy, thermal_factor=thermal_factor)
        wave = film * sheet_wave(
            phases, field.grid, energy=taken.energy, absorption=taken.absorption
        )
        shifts = draw_shifts(settings, rng)
        exposure = expose(wave, sheet, settings, field, conditions, shifts)
        series.append(recorded(exposure, exposure.record(rng)))
    names = ["kind", "series", "y", "x", "from_y", "from_x"]
    table = pd.DataFrame(events, columns=names)
    last = np.array([settings.height, settings.width]) - 1
    seen = ((table[["y", "x"]] >= 0) & (table[["y", "x"]] <= last)).all(axis=1)
    return FocalMovie(tuple(series), table[seen].reset_index(drop=True))


def _changed(
    sheet: Sheet, rng: np.random.Generator, *, lost: float, filled: float, hops: float
) -> tuple[Sheet, list[dict[str, object]]]:
    """Return the sheet after some events, each at a column of its own, and the events (Å)."""
    there = sheet.has_sulphur.copy()
    places = sheet.sulphur.mean(axis=1)
    touched: set[int] = set()
    events: list[dict[str, object]] = []

    def some(count: float, wanted: np.ndarray) -> list[int]:
        free = [int(site) for site in np.flatnonzero(wanted) if int(site) not in touched]
        number = min(int(rng.poisson(count)), len(free))
        chosen = [int(site) for site in rng.permutation(free)[:number]]
        touched.update(chosen)
        return chosen

    def lose(site: int) -> None:
        there[site, rng.choice(np.flatnonzero(there[site]))] = False

    def fill(site: int) -> None:
        there[site, rng.choice(np.flatnonzero(~there[site]))] = True

    atoms = there.sum(axis=1)
    tree = cKDTree(places)
    for site in some(hops, atoms == 1):
        near = [
            other
            for other in tree.query_ball_point(places[site], NEAR)
            if other not in touched and atoms[other] == 2
        ]
        if near:
            other = int(rng.choice(near))
            touched.add(other)
            fill(site)
            lose(other)
            events.append({"kind": "hop", "at": places[other], "from": places[site]})
    for site in some(lost, atoms > 0):
        lose(site)
        events.append({"kind": "lost", "at": places[site], "from": None})
    for site in some(filled, atoms < 2):
        fill(site)
        events.append({"kind": "filled", "at": places[site], "from": None})
    return replace(sheet, has_sulphur=there), events


def _in_pixels(event: dict[str, object], field: Field) -> dict[str, object]:
    """Return an event with its places in px of the images."""
    at = field.pixels(np.asarray(event["at"]))
    before = event["from"]
    origin = np.full(2, np.nan) if before is None else field.pixels(np.asarray(before))
    return {
        "kind": event["kind"], "y": at[0], "x": at[1], "from_y": origin[0], "from_x": origin[1],
    }  # fmt: skip
