"""Values of a log at the times of frames."""

from __future__ import annotations

import numpy as np

__all__ = ["interpolate", "longest_bridge"]


def longest_bridge(times: np.ndarray) -> float:
    """Return the longest gap in a log that may be bridged: ten usual steps, at least 10 s.

    A longer one is a pause of the recording, in which anything may have happened.
    """
    return max(10.0, 10 * float(np.median(np.diff(times)))) if len(times) > 1 else 0.0


def interpolate(at: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Interpolate linearly, and never beyond what was recorded.

    Parameters
    ----------
    at : (n,) array
        Times to know the value at, in seconds.
    times : (m,) array
        Times of the log, increasing.
    values : (m,) array
        Its values; NaN is as if there were no row.

    Returns
    -------
    (n,) array
        NaN before the first and after the last value, and inside gaps longer than
        `longest_bridge`.
    """
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(at), np.nan)
    bridge = longest_bridge(times)
    times, values = times[known], values[known]
    result = np.interp(at, times, values, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(times, at), 1, len(times) - 1)
    if len(times) > 1:
        # A frame at the very time of a row has its value, whatever lies around it.
        exact = (at == times[after]) | (at == times[after - 1])
        result[(times[after] - times[after - 1] > bridge) & ~exact] = np.nan
    return result
