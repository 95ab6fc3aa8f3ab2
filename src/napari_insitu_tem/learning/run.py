"""One training under way: the steps, what is reported, and where it stands."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.learning.average import WeightAverage
from napari_insitu_tem.learning.batches import batches, can_be_sent
from napari_insitu_tem.learning.best import Best
from napari_insitu_tem.learning.checkpoints import (
    Checkpoint,
    CheckpointError,
    optimiser_state,
    set_optimiser_state,
)
from napari_insitu_tem.learning.losses import loss_function
from napari_insitu_tem.learning.machine import Machine
from napari_insitu_tem.learning.pace import Pace
from napari_insitu_tem.learning.prepare import Draws, Prepared
from napari_insitu_tem.learning.schedule import schedule
from napari_insitu_tem.learning.settings import Report, TrainSettings
from napari_insitu_tem.learning.validation import Validation

__all__ = ["Run", "TrainError", "Trained"]

Stopped = Literal["finished", "early", "cancelled"]
_REPORT_SECONDS = 1.0


class TrainError(ValueError):
    """A training cannot begin or go on; one plain sentence says why and what to do."""


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Parameters
    ----------
    state : dict of tensors
        The best averaged weights, float32, on the CPU.
    history : list of Report
        Everything that was reported.
    stopped : str
        ``"finished"``, ``"early"`` (no better for a while) or ``"cancelled"``.
    best : Report
        The validation that the weights are from; the last report where there was none.
    main : bool
        Whether this is the first (or only) of the machines that trained it.
    """

    state: dict[str, Tensor]
    history: list[Report]
    stopped: Stopped
    best: Report
    main: bool = True


class Run:
    """One training under way; the parameters are those of `loop.train`."""

    def __init__(
        self,
        network: nn.Module,
        drawing: Draws,
        validation: Validation | None,
        settings: TrainSettings,
        job: Job,
        machine: Machine,
        on_report: Callable[[Report], None] | None,
        checkpoint: Path | None,
    ) -> None:
        self._drawing, self._validation, self._settings = drawing, validation, settings
        self._job, self._machine = job, machine
        self._loss = loss_function(settings.loss, beta=settings.beta)
        self._on_report, self._folder = on_report, checkpoint
        torch.manual_seed(settings.seed)
        network.to(machine.device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network.train()
        # What few networks have: they are told how far the training is, or add to the loss.
        self._told: Callable[[float], None] | None = getattr(network, "at", None)
        self._penalty: Callable[[], Tensor | None] | None = getattr(network, "penalty", None)
        self._optimiser = torch.optim.AdamW(
            network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._average = WeightAverage(network, settings.ema_decay)
        self._pace, self._best = Pace(settings, machine.from_main), Best()
        self._history: list[Report] = []
        self._losses: list[Tensor] = []  # since the last report
        self._reported = time.monotonic()
        if settings.resume:
            self._resume()
        else:
            self._pace.begin()
        self._wrapped, self._prepared = machine.prepare(network, self._optimiser)

    def go(self) -> Trained:
        """Train to the end, or until asked to stop."""
        stopped: Stopped = "finished"
        try:
            # The bar counts thousandths, since steps or time may be what ends the training.
            for _ in self._job.track(self._thousandths(), "Training", total=1000):
                pass
            if self._patience_lost():
                stopped = "early"
        except Cancelled:
            nothing_yet = self._pace.step == 0 if self._validation is None else not self._best.state
            if nothing_yet:
                raise
            stopped = "cancelled"
        if self._best.report is None:  # no validation set: the last is what there is
            self._best.keep(self._report(), self._average.network)
        assert self._best.report is not None
        return Trained(
            self._best.state, self._history, stopped, self._best.report, self._machine.main
        )

    # -- inside ----------------------------------------------------------------------------

    def _thousandths(self) -> Iterator[int]:
        """Train; yields once a thousandth."""
        told = 0
        with contextlib.closing(self._batches()) as source:
            while not (self._pace.ended or self._patience_lost()):
                self._machine.check(self._job)
                self._learn(next(source))
                if self._pace.step % self._settings.validate_every == 0 or self._pace.ended:
                    self._validate()
                elif time.monotonic() - self._reported > _REPORT_SECONDS:
                    self._report()
                while told < int(1000 * min(1.0, self._pace.done)):
                    told += 1
                    yield told

    def _batches(self) -> Generator[Prepared]:
        settings, machine = self._settings, self._machine
        processes = self._drawing.in_processes and can_be_sent(self._drawing)
        order = schedule(
            settings.seed, cuts=self._drawing.cuts, first=machine.index, stride=machine.count
        )
        for _ in range(self._pace.step * settings.batch_size):  # what was learnt from before
            next(order)
        return batches(
            self._drawing,
            settings.batch_size,
            order,
            workers=machine.workers(settings.workers, processes=processes),
            processes=processes,
        )

    def _learn(self, batch: Prepared) -> None:
        settings = self._settings
        image, wanted, weights = (torch.from_numpy(a).to(self._machine.device) for a in batch)
        image = image.contiguous(memory_format=torch.channels_last)
        for group in self._optimiser.param_groups:
            group["lr"] = self._pace.learning_rate
        if self._told is not None:
            self._told(self._pace.done)
        with self._machine.autocast():
            logits = self._wrapped(image)
        self._machine.check(self._job)
        loss = self._loss(logits, wanted, weights)
        if not torch.isfinite(loss):
            raise TrainError(
                f"The loss is no longer a number at step {self._pace.step + 1}; lower the learning "
                f"rate (it is {settings.learning_rate:g}) or train in single precision "
                "(mixed_precision = no)."
            )
        self._prepared.zero_grad(set_to_none=True)
        penalty = None if self._penalty is None else self._penalty()
        self._machine.backward(loss if penalty is None else loss + penalty)
        self._machine.clip(self._wrapped, settings.clip)
        self._prepared.step()
        self._average.update(self._network)
        self._losses.append(loss.detach())
        self._pace.advance()

    def _validate(self) -> None:
        if self._validation is None:
            self._report()
        else:
            loss, measured = 0.0, dict[str, float]()
            if self._machine.main:
                loss, measured = self._validation.measure(
                    self._average.network,
                    loss=self._loss,
                    batch_size=self._settings.batch_size,
                    autocast=self._machine.autocast,
                    device=self._machine.device,
                    check=self._machine.alone(self._job.check),
                )
            report = self._report(self._machine.from_main(loss), measured)
            self._best.consider(report, self._average.network)
        self._write()

    def _report(
        self, loss: float | None = None, measured: dict[str, float] | None = None
    ) -> Report:
        if self._losses:
            mean = float(torch.stack(self._losses).mean())
        else:
            mean = self._history[-1].train_loss if self._history else math.nan
        self._losses = []
        pace = self._pace
        report = Report(
            pace.step,
            mean,
            loss,
            measured or {},
            pace.learning_rate,
            pace.seconds,
            pace.seconds_left,
        )
        self._history.append(report)
        self._reported = time.monotonic()
        if self._on_report is not None and self._machine.main:
            self._on_report(report)
        return report

    def _patience_lost(self) -> bool:
        patience = self._settings.patience
        return patience is not None and self._best.worse >= patience

    def _write(self) -> None:
        if self._folder is None or not self._machine.main:
            return
        best = self._best.report
        facts: dict[str, Any] = {
            "step": self._pace.step,
            "seconds": self._pace.seconds,
            "worse": self._best.worse,
            "average_steps": self._average.steps,
            "history": [report.to_dict() for report in self._history],
            "best": None if best is None else best.to_dict(),
        }
        tensors = {
            "network": self._network.state_dict(),
            "average": self._average.network.state_dict(),
            "best": self._best.state,
            "optimiser": optimiser_state(self._optimiser, self._network),
            "chance": {"torch": torch.get_rng_state()},
        }
        Checkpoint(tensors, facts).write(self._folder)

    def _resume(self) -> None:
        if self._folder is None:
            raise CheckpointError("Going on with a training needs the folder of its checkpoint.")
        saved = Checkpoint.read(self._folder)
        try:
            self._network.load_state_dict(dict(saved.tensors["network"]))
            self._average.network.load_state_dict(dict(saved.tensors["average"]))
        except (KeyError, RuntimeError):
            raise CheckpointError(
                f"The checkpoint in {self._folder} is of another network; begin the training anew."
            ) from None
        set_optimiser_state(self._optimiser, self._network, saved.tensors.get("optimiser", {}))
        torch.set_rng_state(saved.tensors["chance"]["torch"])
        facts = saved.facts
        self._average.steps = int(facts["average_steps"])
        self._history = [Report(**report) for report in facts["history"]]
        self._best.state, self._best.worse = dict(saved.tensors.get("best", {})), facts["worse"]
        self._best.report = None if facts["best"] is None else Report(**facts["best"])
        self._pace.begin(int(facts["step"]), float(facts["seconds"]))
