"""Latent variables of all windows of a frame; windows that overlap share their computation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, cast

import numpy as np
import torch

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.lattice_scale import zoomed
from napari_insitu_tem.analysis.windows import (
    WindowGrid,
    unit_frame,
    unit_windows,
    windows_of,
)
from napari_insitu_tem.inference.frames import read_ahead
from napari_insitu_tem.inference.prepare import prepare
from napari_insitu_tem.networks.patch_vae import WINDOW, WindowVAE

__all__ = ["Scaling", "WindowEncoder"]

Scaling = Literal["frame", "window"]
#: Pixels that go through the encoder at once; of larger frames, strips do.
_AT_ONCE = 4_000_000
#: Windows in a batch, where each has a pass of its own.
_BATCH = 256


class WindowEncoder:
    """A network with latent variables, ready for the frames of a movie.

    Parameters
    ----------
    network : WindowVAE
        Trained.
    step : int
        From one window to the next, px. Multiples of the network's ``shared_step`` take one
        pass a frame, others a few shifted ones.
    zoom : float
        By how much frames are enlarged first.
    scaling : {"frame", "window"}
        How values are brought to 0 … 1. ``"window"`` leaves nothing to share, and takes a pass
        a window, in batches.
    device : torch.device or str
        Where it runs.
    """

    def __init__(
        self,
        network: WindowVAE,
        *,
        step: int = 8,
        zoom: float = 1.0,
        scaling: Scaling = "frame",
        device: torch.device | str = "cpu",
    ) -> None:
        self._device = torch.device(device)
        self._network = cast("WindowVAE", prepare(network, self._device))
        self.latents, self.step, self.zoom = network.latents, step, zoom
        self.scaling = scaling
        shared = network.shared_step
        #: Step of the passes that are shared; None where every window has its own.
        self.shared_step = shared if scaling == "frame" else None

    def grid(self, frame_shape: tuple[int, int]) -> WindowGrid:
        """Return where the windows of a frame (y, x) lie."""
        y, x = (int(size * self.zoom) for size in frame_shape)
        return WindowGrid.of((y, x), WINDOW, self.step, zoom=self.zoom)

    def movie(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the latents of every frame; the next one is read and scaled meanwhile."""
        for values in read_ahead(self._scaled(frame) for frame in frames):
            yield self._latents(values)

    def frame(self, frame: np.ndarray) -> np.ndarray:
        """Return the latents of a frame.

        Parameters
        ----------
        frame : (y, x) array
            Readings, at least a window high and wide; NaN is taken as the median.

        Returns
        -------
        (rows, columns, latents) float32 array
            The mean of every latent in every window.
        """
        return self._latents(self._scaled(frame))

    # -- inside ----------------------------------------------------------------------------

    def _scaled(self, frame: np.ndarray) -> np.ndarray:
        image = zoomed(fill_missing(frame), self.zoom)
        return unit_frame(image) if self.scaling == "frame" else image

    @torch.inference_mode()
    def _latents(self, values: np.ndarray) -> np.ndarray:
        shape = values.shape[0], values.shape[1]
        grid = WindowGrid.of(shape, WINDOW, self.step, zoom=self.zoom)
        if self.shared_step is None:
            return self._separate(values, grid)
        return self._shared(values, grid, self.shared_step)

    def _shared(self, values: np.ndarray, grid: WindowGrid, stride: int) -> np.ndarray:
        image = torch.from_numpy(values)[None, None].to(self._device)
        found = np.empty((*grid.shape, self.latents), np.float32)
        # Corners fall into classes by their remainder; a shifted pass finds all of a class.
        rows, columns = (np.arange(count) * grid.step for count in grid.shape)
        for top in np.unique(rows % stride):
            for left in np.unique(columns % stride):
                own_rows = np.flatnonzero(rows % stride == top)
                own_columns = np.flatnonzero(columns % stride == left)
                every = self._pass(image[:, :, int(top) :, int(left) :], stride)
                down, across = rows[own_rows] // stride, columns[own_columns] // stride
                found[np.ix_(own_rows, own_columns)] = every[np.ix_(down, across)]
        return found

    def _pass(self, image: torch.Tensor, stride: int) -> np.ndarray:
        """Return (rows, columns, latents) at the network's own step, strip by strip."""
        height, width = image.shape[-2:]
        rows = (height - WINDOW) // stride + 1
        at_once = max(1, (_AT_ONCE // width - WINDOW) // stride + 1)
        strips = []
        for first in range(0, rows, at_once):
            last = min(first + at_once, rows) - 1
            strip = image[:, :, first * stride : last * stride + WINDOW]
            means = self._network.encode_mean(strip)[0]
            strips.append(means.permute(1, 2, 0).float().cpu().numpy())
        return strips[0] if len(strips) == 1 else np.concatenate(strips)

    def _separate(self, values: np.ndarray, grid: WindowGrid) -> np.ndarray:
        windows = windows_of(values, grid)
        found = np.empty((grid.rows * grid.columns, self.latents), np.float32)
        places = np.arange(len(found))
        for start in range(0, len(found), _BATCH):
            some = places[start : start + _BATCH]
            part = windows[np.unravel_index(some, grid.shape)]
            if self.scaling == "window":
                part = unit_windows(part)
            batch = torch.from_numpy(np.ascontiguousarray(part))[:, None].to(self._device)
            means = self._network.encode_mean(batch)
            found[start : start + _BATCH] = means[:, :, 0, 0].float().cpu().numpy()
        return found.reshape(*grid.shape, self.latents)
