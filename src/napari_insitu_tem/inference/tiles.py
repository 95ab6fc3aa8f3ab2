"""A network over images of any size, in tiles that fit the device."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from napari_insitu_tem.inference import InferenceError
from napari_insitu_tem.inference.devices import describe_device, pick_device, reduced_precision
from napari_insitu_tem.inference.frames import read_ahead
from napari_insitu_tem.inference.grid import TileGrid
from napari_insitu_tem.inference.memory import (
    bytes_per_pixel,
    is_out_of_memory,
    memory_budget,
    release_memory,
)
from napari_insitu_tem.inference.plan import TilePlan
from napari_insitu_tem.inference.prepare import prepare
from napari_insitu_tem.job import Job

__all__ = ["Activation", "TiledPredictor"]

Activation = Literal["sigmoid", "softmax", "none"]

_SMALLEST_TILE = 64  # px a side; a network that needs more memory does not run
_PROBE = 64  # px a side, to see how much memory the network takes
_MOST_FRAMES = 16  # at once, on a device with room for them
_SLOW = 0.3  # s


class TiledPredictor:
    """Applies a network to images and movies of any size.

    An image whose maps fit into memory is taken whole; any other in overlapping tiles (see
    `napari_insitu_tem.inference.grid`), of as few pixels in all as possible. When memory runs
    out all the same, tiles of half the side are tried.

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, channels, y, x) to (n, out_channels, y, x). A copy of it is used. Its attributes
        ``multiple``, ``smallest_size`` and ``receptive_radius`` are respected where it has them.
    tile : int, optional
        Side of the tiles in px; the automatic size follows from free memory.
    overlap : int, optional
        Of neighbouring tiles, px. Automatic is twice the receptive radius, with which the
        result is that of the whole image, if that takes at most 15 % more pixels than 128 px do.
    device : str or torch.device
        As `pick_device` takes it.
    batch : int, optional
        Tiles, or frames that are taken whole, at once. Automatic is one on a CPU, and what fits
        elsewhere.
    half : bool, optional
        Compute in 16 bits; see `reduced_precision`.
    activation : {"sigmoid", "softmax", "none"}
        What makes probabilities of logits: each channel for itself, channels against each
        other, or nothing.

    Raises
    ------
    DeviceError
        When the device is not there, or cannot compute in 16 bits.
    InferenceError
        When tile, overlap or batch cannot be.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        tile: int | None = None,
        overlap: int | None = None,
        device: str | torch.device = "cpu",
        batch: int | None = None,
        half: bool | None = None,
        activation: Activation = "sigmoid",
    ) -> None:
        if batch is not None and batch < 1:
            raise InferenceError(f"A batch has at least 1 tile, not {batch}.")
        if activation not in ("sigmoid", "softmax", "none"):
            raise InferenceError(f"There is no activation '{activation}'.")
        self.plan = TilePlan.of(network, tile=tile, overlap=overlap)
        self.device = pick_device(device)
        self.precision = reduced_precision(self.device, half)
        self.activation = activation
        self.network = prepare(network, self.device)
        self._batch = 1 if batch is None and self.device.type == "cpu" else batch
        self._slow = True  # a batch takes so long that a cancel cannot wait for it
        self._room: int | None = None  # pixels that the network may take at once

    def predict(self, image: np.ndarray, job: Job = Job()) -> np.ndarray:
        """Return the network's maps (out_channels, y, x) float32 of an image.

        Parameters
        ----------
        image : (y, x) or (channels, y, x) array
            Prepared as for training.
        job : Job
            Asked between batches whether to stop; between operations where batches take long.

        Raises
        ------
        InferenceError
            When the image is no image or not finite, or memory does not do for small tiles.
        Cancelled
            When the job is.
        """
        return self._predict([image], job)[0]

    def predict_frames(
        self, frames: Iterable[np.ndarray], job: Job = Job()
    ) -> Iterator[np.ndarray]:
        """Yield the maps of every frame, and read the next ones meanwhile; see `predict`.

        Where there is room for several small frames at once, they are taken so.
        """
        ahead = read_ahead(frames)
        for first in ahead:
            grid, batch = self.tiles(np.shape(first))
            more = min(batch, _MOST_FRAMES) - 1 if len(grid) == 1 else 0
            yield from self._predict([first, *islice(ahead, more)], job)

    def tiles(self, shape: tuple[int, ...]) -> tuple[TileGrid, int]:
        """Return how an image (y, x) or (channels, y, x) is cut, and the tiles taken at once."""
        if self._room is None:
            self._room = self._find_room(shape[0] if len(shape) == 3 else 1)
        room = self._room // (self._batch or 1)
        grid = self.plan.grid(self.plan.padded(shape), room=max(room, 1))
        return grid, self._batch or max(1, self._room // grid.pixels)

    def _find_room(self, channels: int) -> int:
        if self.plan.tile is not None and self._batch is not None:
            return self._batch * self.plan.tile**2  # as asked for, until memory runs out
        side, _ = self.plan.padded((_PROBE, _PROBE))
        try:
            with self._computing():
                each = bytes_per_pixel(self.network, channels, side=side, device=self.device)
        except Exception as error:
            if is_out_of_memory(error):
                return side**2  # there is hardly any memory: begin with little
            raise
        return int(memory_budget(self.device) / each)

    def _predict(self, images: Sequence[np.ndarray], job: Job) -> list[np.ndarray]:
        stack = _as_stack(images)
        height, width = stack.shape[-2:]
        down, across = self.plan.padded(stack.shape)
        if (down, across) != (height, width):
            border = ((0, 0), (0, 0), (0, down - height), (0, across - width))
            stack = np.pad(stack, border, mode="reflect")
        while True:
            grid, batch = self.tiles(stack.shape[1:])
            try:
                maps = self._stitch(stack, grid, batch, job)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            else:
                return list(maps[..., :height, :width])
            self._halve(grid, batch, job)

    def _stitch(self, stack: np.ndarray, grid: TileGrid, batch: int, job: Job) -> np.ndarray:
        maps: np.ndarray | None = None
        pieces = (
            (number, window, weight)
            for number in range(len(stack))
            for window, weight in zip(grid.windows(), grid.weights(), strict=True)
        )
        while group := list(islice(pieces, batch)):
            job.check()
            tiles = np.stack([stack[n, :, rows, columns] for n, (rows, columns), _ in group])
            found = self._apply(torch.from_numpy(tiles), job)
            if maps is None:
                maps = np.zeros((len(stack), found.shape[1], *stack.shape[2:]), np.float32)
            for values, (number, (rows, columns), weight) in zip(found, group, strict=True):
                if len(grid) == 1:
                    maps[number] = values
                else:
                    maps[number, :, rows, columns] += values.numpy() * weight
        assert maps is not None
        return maps

    def _apply(self, tiles: Tensor, job: Job) -> Tensor:
        """Return probabilities, on the CPU, of a batch of tiles."""
        # Asking costs some microseconds an operation, which small tiles would notice.
        asking = _Asking(job) if self._slow else nullcontext()
        start = time.perf_counter()
        with self._computing(), asking:
            logits = self.network(tiles.to(self.device)).float()
            if self.precision == torch.float16 and not torch.isfinite(logits).all():
                job.log("This network's numbers are too large for 16 bits; computing in 32.")
                self.precision = None
                return self._apply(tiles, job)
            if logits.shape[-2:] != tiles.shape[-2:]:
                raise InferenceError(
                    f"The network made {tuple(logits.shape[-2:])} px of {tuple(tiles.shape[-2:])} "
                    "px; it must keep the size of images."
                )
            if self.activation == "sigmoid":
                logits = logits.sigmoid()
            elif self.activation == "softmax":
                logits = logits.softmax(1)
            found = logits.cpu()
        self._slow = time.perf_counter() - start > _SLOW
        return found

    @contextmanager
    def _computing(self) -> Iterator[None]:
        kind, precision = self.device.type, self.precision
        with torch.inference_mode(), torch.autocast(kind, precision, precision is not None):
            yield

    def _halve(self, grid: TileGrid, batch: int, job: Job) -> None:
        """Ask less of the device from now on: half a batch, or tiles of half the side."""
        release_memory(self.device)
        room = grid.pixels * (batch // 2) if batch > 1 else grid.pixels // 4
        if room < max(_SMALLEST_TILE, self.plan.smallest) ** 2:
            raise InferenceError(
                f"The network does not fit into the memory of {describe_device(self.device)}, even "
                f"in tiles of {' × '.join(map(str, grid.tile))} px. Close what else uses it, or "
                "take another device."
            )
        self._room = room
        if self._batch is not None and batch > 1:
            self._batch = batch // 2
        elif self._batch is not None:
            self._room = room * self._batch
        job.log("Memory ran out; going on with smaller pieces.")


class _Asking(TorchFunctionMode):
    """Asks before every operation whether to go on: a cancel need not wait for a whole batch."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.job.check()
        return func(*args, **(kwargs or {}))


def _as_stack(images: Sequence[np.ndarray]) -> np.ndarray:
    """Return images (n, channels, y, x) float32, or say what is wrong with them."""
    shapes = {np.shape(image) for image in images}
    if len(shapes) > 1:
        raise InferenceError(f"The frames of a movie must be of one size, not {sorted(shapes)}.")
    (shape,) = shapes
    if len(shape) not in (2, 3) or 0 in shape:
        raise InferenceError(f"An image is (y, x) or (channels, y, x), not {shape}.")
    stack = np.stack([np.asarray(image, np.float32) for image in images])
    if not np.isfinite(stack).all():
        raise InferenceError(
            "The image has pixels that are not numbers (NaN or infinite). Replace them first, "
            "for example by the median of their neighbours."
        )
    return stack if stack.ndim == 4 else stack[:, None]
