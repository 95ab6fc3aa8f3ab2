"""How much memory a network takes a pixel, how much there is, and what running out looks like."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["bytes_per_pixel", "is_out_of_memory", "memory_budget", "release_memory"]

#: On a CPU a network's maps never take more, so that the rest of the program has room.
_CPU_BUDGET = 1.5e9
_MESSAGES = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate")


def memory_budget(device: torch.device) -> float:
    """Return how many bytes the maps of a network may take on a device at present."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return 0.7 * (free + unused)
    if device.type == "mps":
        return 0.5 * (torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    import psutil

    return min(_CPU_BUDGET, 0.5 * psutil.virtual_memory().available)


def bytes_per_pixel(network: nn.Module, channels: int, *, side: int, device: torch.device) -> float:
    """Return the most memory that a network's maps take at once, a pixel of its input.

    The network runs on two small images, of `side` and twice as many px a side; what grows
    between them is what pixels take, whatever the weights do.

    Parameters
    ----------
    network : torch.nn.Module
        As it will be used (device, memory format); called under the caller's autocast.
    channels : int
        Of its input.
    side : int
        A size that the network takes, px.
    device : torch.device
        Where it runs.
    """
    peaks = []
    for edge in (side, 2 * side):
        with _LiveMemory() as memory:
            network(torch.zeros((1, channels, edge, edge), device=device))
        peaks.append(memory.peak)
    return max((peaks[1] - peaks[0]) / (3 * side**2), 4.0 * channels)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(
        message in str(error).lower() for message in _MESSAGES
    )


def release_memory(device: torch.device) -> None:
    """Give back what PyTorch keeps for later, so that smaller pieces find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


class _LiveMemory(TorchDispatchMode):
    """Adds up the tensors that are alive, on any device, while operations make them."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(value, torch.Tensor):
                self._count(value.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage.data_ptr()
        if key in self._known or not storage.nbytes():
            return
        self._known.add(key)
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size
