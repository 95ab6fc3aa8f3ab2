"""Figures of forecasts: quality by step beside the baselines, surprise over time, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.forecast.baselines import MEAN_GREY
from napari_insitu_tem.figures.style import GREY, PALETTE, Drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["MEASURES", "draw_coverage", "draw_metric", "draw_track"]

#: What can be drawn by step, with its axis label.
MEASURES = {"ssim": "SSIM", "mse": "MSE", "mae": "MAE", "psnr": "PSNR (dB)"}
_OURS = "forecast"


def draw_metric(metrics: pd.DataFrame, name: str, axes: Axes) -> Drawn:
    """Draw a measure by step: the forecast and every baseline, raw; matched ones dashed."""
    # A flat grey would only squeeze the axis; it is in the table.
    raw = metrics[(metrics["way"] == "raw") & (metrics["predictor"] != MEAN_GREY)]
    for number, (predictor, rows) in enumerate(raw.groupby("predictor", sort=False)):
        ours = predictor == _OURS
        colour = PALETTE[0] if ours else (*PALETTE[1:6], GREY)[(number - 1) % 6]
        marker, width = ("o", 2) if ours else (".", 1)
        axes.plot(rows["step"], rows[name], color=colour, ms=4, lw=width, marker=marker,
                  zorder=2 + ours, label=str(predictor))  # fmt: skip
    matched = metrics[(metrics["way"] == "matched") & (metrics["predictor"] == _OURS)]
    axes.plot(matched["step"], matched[name], "--", color=PALETTE[0], lw=1,
              label="forecast, matched")  # fmt: skip
    axes.set_xlabel("Frames ahead")
    axes.set_ylabel(MEASURES[name])
    axes.set_xticks(sorted(raw["step"].unique()))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=6)
    return Drawn(metrics[["predictor", "step", "way", name, "clips"]])


def draw_track(track: pd.DataFrame, changes: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw surprise over time, beside the frame difference (both 1 in the median)."""
    along = "time_s" if "time_s" in track else "frame"
    x = track[along].to_numpy(float)
    for name, colour, words in (
        ("frame_difference", GREY, "frame difference"),
        ("surprise", PALETTE[0], "surprise"),
    ):
        values = track[name].to_numpy(float)
        middle = float(np.median(values)) if len(values) else 1.0
        axes.plot(x, values / (middle or 1.0), color=colour, lw=1, label=words)
    place = dict(zip(track["frame"], x, strict=True))
    for change in changes[changes["by"] == "surprise"].itertuples():
        style = ":" if change.doubtful else "-"
        axes.axvline(place[change.frame], color=PALETTE[1], lw=1, ls=style)
    seen = track[track["part"] != "not seen"]
    if len(seen):
        axes.axvspan(x[0], float(seen[along].iloc[-1]), color=GREY, alpha=0.15, lw=0,
                     label="learnt from, validation")  # fmt: skip
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    axes.set_ylabel("Relative to the median")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=6)
    frames = np.full(int(track["frame"].max()) + 1, np.nan)
    frames[track["frame"].to_numpy(int)] = x
    return Drawn(track, frame_x=frames)


def draw_coverage(coverage: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw which part of the pixels nominal intervals hold, step by step."""
    axes.plot([0, 100], [0, 100], color=GREY, lw=0.8, ls="--", label="as it should be")
    steps = sorted(step for step in coverage["step"].unique() if step)
    for step in dict.fromkeys([steps[0], steps[-1]] if steps else []):
        rows = coverage[coverage["step"] == step]
        axes.plot(100 * rows["nominal"], 100 * rows["covered"], "o-", ms=3,
                  color=PALETTE[0 if step == steps[0] else 1], label=f"{step} ahead")  # fmt: skip
    axes.set_xlim(45, 100)
    axes.set_ylim(45, 100)
    axes.set_xlabel("Nominal interval (%)")
    axes.set_ylabel("Pixels in it (%)")
    axes.legend(loc="best")
    return Drawn(coverage)
