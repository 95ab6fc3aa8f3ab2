"""Figures of latent variables: the gallery of maps, their variances, and series over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.latent_statistics import ACTIVE, running_mean
from napari_insitu_tem.figures.style import GREY, PALETTE, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Beside", "draw_gallery", "draw_series", "draw_variances"]


@dataclass(frozen=True, eq=False)
class Beside:
    """A measured quantity that is drawn beside latents.

    Parameters
    ----------
    words : str
        What it is.
    frames : (n,) int array
        Where it was measured.
    values : (n,) array
        The quantity.
    correlations : (latents,) array
        Of every latent with it.
    """

    words: str
    frames: np.ndarray
    values: np.ndarray
    correlations: np.ndarray


def draw_variances(variance: np.ndarray, axes: Axes) -> Drawn:
    """Draw the variance of every latent over the training set (Wang et al., Figure 1c)."""
    import pandas as pd

    latents = np.arange(len(variance))
    active = variance > ACTIVE
    axes.bar(latents[active], variance[active], color=PALETTE[0], label="active")
    axes.bar(latents[~active], variance[~active], color=GREY, label="not active")
    axes.set_xlabel("Latent variable")
    axes.set_ylabel("Variance over the training set")
    axes.legend(loc="upper left")
    return Drawn(pd.DataFrame({"latent": latents, "training_variance": variance, "active": active}))


def draw_gallery(maps: np.ndarray, latents: Sequence[int] | np.ndarray, axes: Axes) -> Drawn:
    """Draw maps (rows, columns, n) side by side, each on its own scale, with its number."""
    import pandas as pd

    rows, columns, count = maps.shape
    across = int(np.ceil(np.sqrt(count * rows / columns)))
    down = -(-count // across)
    gap = max(1, columns // 16)
    mosaic = np.full((down * (rows + gap) - gap, across * (columns + gap) - gap), np.nan)
    for number in range(count):
        top, left = (number // across) * (rows + gap), (number % across) * (columns + gap)
        part, width = maps[..., number], float(np.ptp(maps[..., number]))
        mosaic[top : top + rows, left : left + columns] = (
            (part - part.min()) / width if width > 0 else 0.0
        )
        axes.text(left, top - 0.5, f"z{latents[number]}", fontsize=4, va="bottom", ha="left")
    axes.imshow(mosaic, cmap="inferno", interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    highest = maps.reshape(-1, count).max(axis=0)
    return Drawn(pd.DataFrame({"latent": np.asarray(latents), "largest_value": highest}))


def draw_series(
    series: np.ndarray,
    latents: Sequence[int],
    axes: Axes,
    *,
    times: np.ndarray | None = None,
    frames: int = 10,
    beside: Beside | None = None,
) -> Drawn:
    """Draw latents of one window over time, with their running means (Wang et al., Figure 5b).

    Parameters
    ----------
    series : (t, latents) array
        Latents of the window.
    latents : sequence of int
        Which are drawn.
    axes : matplotlib.axes.Axes
        Where.
    times : (t,) array, optional
        In seconds; frame numbers otherwise.
    frames : int
        Of the running mean.
    beside : Beside, optional
        A measured quantity to draw on an axis of its own.
    """
    import pandas as pd

    along = np.arange(len(series)) if times is None else np.asarray(times, float)
    name = "frame" if times is None else "time_s"
    table = {name: along}
    smooth = running_mean(series[:, list(latents)], frames)
    for place, latent in enumerate(latents):
        colour = PALETTE[place % len(PALETTE)]
        axes.plot(along, series[:, latent], color=colour, lw=0.6, alpha=0.4)
        label = f"z{latent}"
        if beside is not None:
            label += f" (r {beside.correlations[latent]:+.2f})"
        axes.plot(along, smooth[:, place], color=colour, lw=1.4, label=label)
        table[f"z{latent}"] = series[:, latent]
        table[f"z{latent}_mean_of_{frames}"] = smooth[:, place]
    axes.set_xlabel("Frame" if times is None else "Time (s)")
    axes.set_ylabel("Latent variable")
    if beside is not None:
        other = axes.twinx()
        other.plot(along[beside.frames], beside.values, color="0.35", lw=1, ls="--")
        other.set_ylabel(beside.words)
        measured = np.full(len(along), np.nan)
        measured[beside.frames] = beside.values
        table[beside.words] = measured
    if latents:
        axes.legend(loc="best", ncols=min(4, len(latents)) if beside is None else 1)
    return Drawn(pd.DataFrame(table), frame_x=along)
