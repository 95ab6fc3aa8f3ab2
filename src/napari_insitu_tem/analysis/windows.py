"""Windows of a frame: where they lie, and how their values are brought to 0 … 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.normalise import NORMALISATIONS

__all__ = ["WindowGrid", "unit_frame", "unit_standard", "unit_windows", "windows_of"]

#: Standard deviations of a frame, both sides together, that make up the range from 0 to 1.
_WIDTH = 5.0


@dataclass(frozen=True)
class WindowGrid:
    """Square windows in rows and columns, all of them wholly inside the frame.

    Parameters
    ----------
    window, step : int
        Edge of a window, and from one to the next, px of the frame as it is encoded.
    rows, columns : int
        How many there are.
    zoom : float
        By how much the frame was enlarged before. Places count in px of the frame as it was.
    """

    window: int
    step: int
    rows: int
    columns: int
    zoom: float = 1.0

    @classmethod
    def of(
        cls, frame_shape: tuple[int, int], window: int, step: int, *, zoom: float = 1.0
    ) -> WindowGrid:
        """Return all windows of a frame (of its shape as encoded); none where it is too small."""
        rows, columns = (max(0, (size - window) // step + 1) for size in frame_shape)
        return cls(window, step, rows, columns, zoom)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def first_centre(self) -> float:
        """Where the centre of the first window lies in the frame (row and column), px."""
        return (self.edge - 1) / 2

    @property
    def edge(self) -> float:
        """Edge of a window, px of the frame as it was."""
        return self.window / self.zoom

    @property
    def spacing(self) -> float:
        """From one window to the next, px of the frame as it was."""
        return self.step / self.zoom

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Return y of the rows' and x of the columns' centres, px of the frame."""
        y, x = (self.first_centre + self.spacing * np.arange(count) for count in self.shape)
        return y, x

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Return y and x of the centre of a window, px of the frame."""
        return row * self.spacing + self.first_centre, column * self.spacing + self.first_centre

    def at(self, y: float, x: float) -> tuple[int, int] | None:
        """Return row and column of the window whose centre is nearest to a point of the frame.

        None where the point lies in no window at all.
        """
        half = self.edge / 2
        found = []
        for place, count in ((y, self.rows), (x, self.columns)):
            index = round((place - self.first_centre) / self.spacing)
            index = min(max(index, 0), count - 1)
            if count < 1 or abs(place - self.first_centre - index * self.spacing) > half:
                return None
            found.append(index)
        return found[0], found[1]


def windows_of(frame: np.ndarray, grid: WindowGrid) -> np.ndarray:
    """Return the windows (rows, columns, window, window) of a frame (y, x), without copying."""
    every = np.lib.stride_tricks.sliding_window_view(frame, (grid.window, grid.window))
    chosen = every[:: grid.step, :: grid.step]
    return chosen[: grid.rows, : grid.columns]


def unit_frame(frame: np.ndarray) -> np.ndarray:
    """Bring a frame to 0 … 1 by its mean and standard deviation; one scale for all its windows.

    A beam that flickers drops out, and vacuum stays as quiet as it is beside a lattice.

    Parameters
    ----------
    frame : (y, x) array
        Readings; NaN is taken as the median.

    Returns
    -------
    (y, x) float32 array
        0 … 1.
    """
    return unit_standard(NORMALISATIONS["standard"].prepare(fill_missing(frame)))


def unit_standard(values: np.ndarray) -> np.ndarray:
    """Bring values of zero mean and unit standard deviation to 0 … 1, as `unit_frame` does.

    The mean becomes 0.5, two and a half standard deviations lie on either side, and what is
    farther off is cut.
    """
    scaled = np.asarray(values, np.float32) * np.float32(1 / _WIDTH)
    scaled += np.float32(0.5)
    return np.clip(scaled, 0, 1, out=scaled)


def unit_windows(windows: np.ndarray) -> np.ndarray:
    """Bring every window to 0 … 1 by its own smallest and largest value, as Wang et al. do.

    What a lattice's contrast is beside another's is lost by it, and noise of vacuum looks as
    strong as a lattice.

    Parameters
    ----------
    windows : (…, y, x) array
        Readings without NaN.

    Returns
    -------
    (…, y, x) float32 array
        0 … 1; 0 where a window is constant.
    """
    values = np.asarray(windows, np.float32)
    low = values.min(axis=(-2, -1), keepdims=True)
    width = values.max(axis=(-2, -1), keepdims=True) - low
    return (values - low) / np.where(width > 0, width, np.float32(1))
