"""Columns: atomic columns and single atoms of every frame, and what happens to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.finding import Finder, Found, finder_for
from napari_insitu_tem.tasks.columns.measuring import Measured, measured
from napari_insitu_tem.tasks.columns.result import Columns
from napari_insitu_tem.tasks.columns.settings import ColumnsSettings
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.columns.heavy import HeavyAtoms

__all__ = ["Columns", "ColumnsSettings", "columns"]


@task(title="Columns", result="columns", previews=True)
def columns(
    movie: Movie, settings: ColumnsSettings = ColumnsSettings(), job: Job = Job()
) -> Columns:
    """Find the atomic columns of every frame, measure them, and follow them over time.

    Parameters
    ----------
    movie : Movie
        HRTEM frames with a pixel size, for the network; any with spots otherwise.
    settings : ColumnsSettings
        See there.
    job : Job
        Progress, cancel and device.

    Returns
    -------
    Columns
        The table, the counts, and sites and events.

    Raises
    ------
    ColumnsError
        When no frame shows a column.
    MovieError, ModelError
        When the network must know the pixel size, or there is no such network.
    """
    finder = finder_for(movie, settings, job)
    job.log(finder.words)

    def measure(found: Found) -> Measured:
        return measured(found, finder, refinement=settings.refined_by, even=settings.evenness > 0)

    steps = job.map(
        measure, finder.over(movie.iter_frames(), job), "Finding columns", movie.n_frames
    )
    frames = list(steps)
    refused = tuple(
        number
        for number, each in enumerate(frames)
        if each.trouble or (settings.evenness > 0 and each.evenness < settings.evenness)
    )
    kept = [number for number in range(len(frames)) if number not in set(refused)]
    table = _together(frames, kept)
    if not len(table):
        raise ColumnsError(_nothing(frames, refused, settings))
    spacing = float(table["nearest_distance"].median())
    found = Columns(movie, table, _per_frame(table, frames, kept), refused, finder.bright, spacing)
    dynamics, words = None, ""
    if settings.follow and len(kept) > 1:
        from napari_insitu_tem.tasks.columns.following import follow

        dynamics, words = follow(found, job)
    if settings.heavy and len(kept) > 1:
        heavy, more = _heavy(found, job)
        found, words = found.replace(heavy=heavy), f"{words} {more}".strip()
    message = " ".join(part for part in (_summary(found, finder, settings), words) if part)
    job.log(message)
    if dynamics is not None:
        found = found.replace(table=dynamics.table, dynamics=dynamics)
    return found.replace(message=message)


def _heavy(found: Columns, job: Job) -> tuple[HeavyAtoms | None, str]:
    """Follow heavy atoms; None, and why, where there are none."""
    from napari_insitu_tem.tasks.columns.heavy import HeavyAtomsError, heavy_atoms

    try:
        heavy = heavy_atoms(
            found.movie, found.table, bright=found.bright, spacing=found.spacing, job=job
        )
    except HeavyAtomsError as error:
        return None, str(error)
    return heavy, heavy.message


def _together(frames: Sequence[Measured], kept: Sequence[int]) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for number in kept:
        part = frames[number].table
        part.insert(0, "frame", number)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _per_frame(
    table: pd.DataFrame, frames: Sequence[Measured], kept: Sequence[int]
) -> pd.DataFrame:
    """Return the counts of every frame that was kept, particle by particle."""
    import pandas as pd

    grouped = table.groupby(["frame", "particle"])
    counts = pd.DataFrame(
        {
            "columns": grouped.size(),
            "surface_columns": grouped["surface"].sum(),
            "spacing": grouped["nearest_distance"].median(),
        }
    ).reset_index()
    empty = sorted(set(kept) - set(counts["frame"]))
    if empty:
        none = pd.DataFrame({"frame": empty, "particle": 1, "columns": 0, "surface_columns": 0})
        counts = pd.concat([counts, none]).sort_values(["frame", "particle"], ignore_index=True)
    lit = np.array([each.evenness for each in frames])
    if np.isfinite(lit).any():
        counts["evenness"] = lit[counts["frame"].to_numpy(int)]
    return counts


def _summary(found: Columns, finder: Finder, settings: ColumnsSettings) -> str:
    counts = found.table.groupby("frame").size()
    size = found.movie.pixel_size
    apart = f"{found.spacing * size * 10:.2f} Å" if size else f"{found.spacing:.1f} px"
    low, middle, high = int(counts.min()), int(counts.median()), int(counts.max())
    many = f"{middle} columns" if low == high else f"{low} to {high} (median {middle}) columns"
    words = [f"{many} a frame, {apart} apart.", finder.words]
    share = found.table["displacement"].notna().mean()
    if share < 0.5:
        words.append("No lattice fits most of them: displacement and strain are left empty there.")
    if found.refused:
        few = len(found.refused)
        why = f"of less evenness than {settings.evenness:g}" if settings.evenness else "unusable"
        words.append(f"{few} of {found.movie.n_frames} frames were left out as {why}.")
    return " ".join(words)


def _nothing(frames: Sequence[Measured], refused: Sequence[int], settings: ColumnsSettings) -> str:
    if refused and len(refused) == len(frames):
        trouble = next((each.trouble for each in frames if each.trouble), "")
        highest = max(each.evenness for each in frames)
        if trouble and not np.isfinite(highest):
            return f"There are no columns to be found: {trouble}."
        return (
            f"No frame reaches an evenness of {settings.evenness:g}; the highest is "
            f"{highest:.2f}. Ask for less, or for columns in all frames with 0."
        )
    if settings.method == "network":
        return (
            "The network finds no column in any frame. Check the pixel size, say whether columns "
            "are bright or dark, or lower the probability."
        )
    return "No spots stand out of the noise. Average frames, or denoise the movie first."
