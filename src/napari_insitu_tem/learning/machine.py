"""What a training runs on: device, precision, and other machines that take part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.precision import choose_precision

__all__ = ["Machine"]


class Machine:
    """A thin layer on `accelerate.Accelerator`; made by `begin`."""

    def __init__(self, accelerator: Any) -> None:
        self._accelerator = accelerator
        self.device: torch.device = accelerator.device
        self.count: int = accelerator.num_processes
        self.index: int = accelerator.process_index
        self.main: bool = accelerator.is_main_process

    @classmethod
    @contextmanager
    def begin(
        cls, device: str, precision: Literal["auto", "no", "bf16", "fp16"]
    ) -> Iterator[Machine]:
        """Take the device for the time of the block.

        Parameters
        ----------
        device : str
            ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        precision : str
            See `choose_precision`.
        """
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        kind = _kind(device)
        launched = "ACCELERATE_MIXED_PRECISION" in os.environ or "RANK" in os.environ
        if not launched:
            # accelerate keeps device and precision of the first training of a program for all
            # that follow; each of ours may choose anew.
            AcceleratorState._reset_state(reset_partial_state=True)
        accelerator = Accelerator(
            mixed_precision=choose_precision(precision, kind), cpu=kind == "cpu"
        )
        if accelerator.device.type != kind:
            raise ValueError(f"This computer has no device '{device}'; choose auto or cpu.")
        try:
            yield cls(accelerator)
        finally:
            accelerator.free_memory()
            if not launched:
                AcceleratorState._reset_state(reset_partial_state=True)

    def prepare(
        self, network: nn.Module, optimiser: torch.optim.Optimizer
    ) -> tuple[nn.Module, Any]:
        """Return network and optimiser as they are to be used.

        The network itself stays as it is, unless several machines share the work.
        """
        if self.count > 1:
            wrapped, prepared = self._accelerator.prepare(network, optimiser)
            return wrapped, prepared
        return network, self._accelerator.prepare(optimiser)

    def autocast(self) -> Any:
        """Return a context in which the network computes in the chosen precision."""
        return self._accelerator.autocast()

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        self._accelerator.backward(loss)

    def clip(self, network: nn.Module, limit: float) -> None:
        """Shorten the gradient to `limit`."""
        self._accelerator.clip_grad_norm_(network.parameters(), limit)

    def workers(self, asked: int | None, *, processes: bool) -> int:
        """Return how many threads or processes draw samples."""
        if asked is not None:
            return asked
        processors = os.cpu_count() or 1
        if not processes:
            return 1 if processors > 1 else 0
        if self.device.type == "cpu":
            return max(1, processors // 4) if processors > 1 else 0
        return max(1, min(8, processors - 1))

    def agree(self, said: bool) -> bool:
        """Return what the main machine says."""
        return said if self.count == 1 else bool(self.from_main(float(said)))

    def from_main(self, value: float) -> float:
        """Return the main machine's number."""
        if self.count == 1:
            return value
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor(value, device=self.device, dtype=torch.float32)))

    def alone(self, check: Callable[[], None]) -> Callable[[], None]:
        """Return `check` where this is the only machine.

        Of several, the main one must not stop in the middle of what the others wait for.
        """
        return check if self.count == 1 else lambda: None

    def check(self, job: Job) -> None:
        """Raise `Cancelled` on all machines when the main one was asked to stop."""
        if self.count == 1:
            job.check()
            return
        asked = job.is_cancelled
        stop = self.agree(asked is not None and self.main and asked())
        check_all: Callable[[], bool] = lambda: stop  # noqa: E731
        Job(is_cancelled=check_all).check()


def _kind(device: str) -> str:
    if device != "auto":
        return device.split(":")[0]
    if os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes"):
        return "cpu"  # as asked of `accelerate launch`
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
