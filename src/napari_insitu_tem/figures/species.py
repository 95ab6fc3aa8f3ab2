"""Figures of species: vacancies over the series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from napari_insitu_tem.figures.style import PALETTE, Drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_counts"]

_KINDS = {"S": "one S missing", "2S": "both S missing", "Mo": "Mo missing"}


def draw_counts(counts: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw how many vacancies of each kind every series has; bars for a single one."""
    along = "time_s" if "time_s" in counts else "series"
    colours = (PALETTE[1], PALETTE[3], PALETTE[0])
    if len(counts) == 1:
        heights = [int(counts[f"vacancies_{kind}"].iloc[0]) for kind in _KINDS]
        axes.bar(list(_KINDS.values()), heights, color=colours)
        axes.set_ylabel("Vacancies")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        return Drawn(counts)
    for (kind, words), colour in zip(_KINDS.items(), colours, strict=True):
        axes.plot(counts[along], counts[f"vacancies_{kind}"], ".-", color=colour, label=words)
    axes.legend(loc="best")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("Vacancies")
    axes.set_xlabel("Time (s)" if along == "time_s" else "Series")
    if along == "series":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return Drawn(counts, frame_x=np.asarray(counts[along], float))
