"""How good forecast frames are: MAE, MSE, SSIM and PSNR, raw and after histogram matching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "METRICS",
    "frame_metrics",
    "matched",
    "mean_metrics",
    "metric_rows",
    "metric_table",
    "skill_table",
]

#: Whether more is better.
METRICS: Mapping[str, bool] = {"mae": False, "mse": False, "ssim": True, "psnr": True}
#: What the network's forecast is called among predictors.
MODEL = "forecast"


def frame_metrics(predicted: np.ndarray, truth: np.ndarray, data_range: float) -> dict[str, float]:
    """Return the measures of one frame.

    Parameters
    ----------
    predicted, truth : (y, x) arrays
        In the same units.
    data_range : float
        What SSIM and PSNR take as the range of values; the same for all that is compared.

    Returns
    -------
    dict
        ``mae``, ``mse``, ``ssim`` (Wang et al., 2004: Gaussian windows, scikit-image) and
        ``psnr`` (dB).
    """
    from skimage.metrics import structural_similarity

    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    difference = predicted - truth
    squared = float(np.mean(difference**2))
    similar = structural_similarity(
        truth, predicted, data_range=data_range, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False,
    )  # fmt: skip
    return {
        "mae": float(np.mean(np.abs(difference))),
        "mse": squared,
        "ssim": float(similar),
        "psnr": float(10 * np.log10(data_range**2 / max(squared, 1e-12 * data_range**2))),
    }


def matched(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return a frame whose grey values are distributed as those of the truth are.

    Fu et al. report all figures so. It needs the truth, so it is a measure and no forecast.
    """
    from skimage.exposure import match_histograms

    return np.asarray(match_histograms(predicted, truth))


def metric_table(
    forecasts: Iterable[tuple[Mapping[str, np.ndarray], np.ndarray]], data_range: float
) -> pd.DataFrame:
    """Measure forecasts of several clips.

    Parameters
    ----------
    forecasts : iterable of (mapping, (steps, y, x) array)
        By predictor, the frames it foresaw (steps, y, x); and what came.
    data_range : float
        See `frame_metrics`.

    Returns
    -------
    pandas.DataFrame
        One row a predictor, step (from 1) and way (``raw``, ``matched``): the mean of every
        measure over the clips, and the number of clips.
    """
    rows = [
        row for predictors, truth in forecasts for row in metric_rows(predictors, truth, data_range)
    ]
    return mean_metrics(rows)


def metric_rows(
    predictors: Mapping[str, np.ndarray], truth: np.ndarray, data_range: float
) -> list[dict[str, Any]]:
    """Measure the forecasts of one clip; one row a predictor, step and way. See `metric_table`."""
    rows = []
    for name, frames in predictors.items():
        for step, (frame, true) in enumerate(zip(frames, truth, strict=True), start=1):
            for way, image in (("raw", frame), ("matched", matched(frame, true))):
                found = frame_metrics(image, true, data_range)
                rows.append({"predictor": name, "step": step, "way": way, **found})
    return rows


def mean_metrics(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the means over all clips of the rows of `metric_rows`; see `metric_table`."""
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=["predictor", "step", "way", *METRICS, "clips"])
    grouped = pd.DataFrame(rows).groupby(["predictor", "step", "way"], sort=False)
    table = grouped[list(METRICS)].mean()
    table["clips"] = grouped.size()
    return table.reset_index()


def skill_table(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the forecast with the best baseline.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `metric_table`.

    Returns
    -------
    pandas.DataFrame
        One row a step and way: ``mse_skill = 1 - mse / mse of the best baseline`` (Murphy,
        1988; at most 1, and 0 or below where nothing is gained), ``ssim_gain`` over the best
        baseline and ``ssim_gain_over_last``, with the names of those baselines.
    """
    import pandas as pd

    rows = []
    for (step, way), part in table.groupby(["step", "way"], sort=True):
        ours = part[part["predictor"] == MODEL]
        others = part[part["predictor"] != MODEL]
        if not len(ours) or not len(others):
            continue
        near = others.iloc[int(np.argmin(others["mse"]))]
        alike = others.iloc[int(np.argmax(others["ssim"]))]
        last = others[others["predictor"] == "last frame"]["ssim"]
        mse, ssim = float(ours["mse"].iloc[0]), float(ours["ssim"].iloc[0])
        rows.append(
            {
                "step": step,
                "way": way,
                "mse_skill": 1 - mse / float(near["mse"]) if near["mse"] > 0 else 0.0,
                "best_by_mse": near["predictor"],
                "ssim_gain": ssim - float(alike["ssim"]),
                "best_by_ssim": alike["predictor"],
                "ssim_gain_over_last": ssim - float(last.iloc[0]) if len(last) else np.nan,
            }
        )
    names = ["step", "way", "mse_skill", "best_by_mse", "ssim_gain", "best_by_ssim",
             "ssim_gain_over_last"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)
