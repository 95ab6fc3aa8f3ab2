"""What a forecast found, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["found_words"]


def found_words(
    skill: pd.DataFrame,
    clips: int,
    coverage: pd.DataFrame,
    onset: int | None,
    *,
    start: int | None = None,
) -> str:
    """Return what was found, in a few sentences.

    Parameters
    ----------
    skill, coverage : pandas.DataFrame
        Of `skill_table` and `coverage_table`.
    clips : int
        Number of test clips.
    onset : int, optional
        Where surprise rises.
    start : int, optional
        The present, where it is one frame.
    """
    if start is not None:
        known = _of_skill(skill, clips) if clips else "What comes then is not in the movie."
        return f"Foreseen from frame {start} on. {known}"
    words = (_of_skill(skill, clips), _of_spread(coverage), _of_onset(onset))
    return " ".join(part for part in words if part)


def _of_skill(skill: pd.DataFrame, clips: int) -> str:
    raw = skill[skill["way"] == "raw"]
    if not len(raw):
        return (
            "There was no test clip, so it is not known how good the forecast is: the part that "
            "was set aside is shorter than a clip."
        )
    gains = 100 * raw["mse_skill"].to_numpy(float)
    tested = f"on {clips} test clip{'s' if clips != 1 else ''}"
    best = raw["best_by_mse"].iloc[0]
    if gains.max() <= 0:
        return (
            f"No skill {tested}: the forecast is no better than '{best}' at any step "
            f"({gains[0]:+.1f} % at the first, {gains[-1]:+.1f} % at the last). What comes next "
            "cannot be foreseen from these frames, or too little was learnt."
        )
    words = (
        f"Squared error {gains[0]:+.1f} % against the best baseline ('{best}') at the first frame "
        f"and {gains[-1]:+.1f} % at the last, {tested} (positive is better)."
    )
    if gains.min() <= 0:
        words += " At some steps there is no skill."
    return words


def _of_spread(coverage: pd.DataFrame) -> str:
    if not len(coverage):
        return ""
    row = coverage[(coverage["step"] == 0) & (coverage["nominal"] == 0.9)]
    return f"Intervals of 90 % hold {100 * float(row['covered'].iloc[0]):.0f} %."


def _of_onset(onset: int | None) -> str:
    if onset is None:
        return "Surprise does not rise anywhere."
    return f"Surprise rises at frame {onset}: from there on the movie is less foreseeable."
