"""Whether an image of a focal series shows anything at all."""

from __future__ import annotations

import numpy as np

__all__ = ["trouble_with"]

#: Share of pixels at the highest value from which an image is saturated.
_SATURATED = 0.1
_SMALLEST = 48


def trouble_with(image: np.ndarray) -> str | None:
    """Return why an image cannot be used, in plain words; None where it can.

    Parameters
    ----------
    image : (y, x) array
        Real-valued pixels.
    """
    values = np.asarray(image)
    if min(values.shape) < _SMALLEST:
        height, width = values.shape
        return f"is only {width} x {height} px; {_SMALLEST} x {_SMALLEST} are needed"
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    if finite.size < 0.9 * values.size:
        return "has many missing pixels (NaN)"
    highest = finite.max()
    if highest == finite.min():
        return "is constant: the same value everywhere"
    at_top = np.count_nonzero(finite == highest) / finite.size
    if at_top > _SATURATED:
        return f"is saturated: {100 * at_top:.0f} % of its pixels have the highest value"
    return None
