"""The best weights so far."""

from __future__ import annotations

import math

from torch import Tensor, nn

from napari_insitu_tem.learning.settings import Report

__all__ = ["Best"]


class Best:
    """Keeps the weights of the validation with the smallest loss.

    Attributes
    ----------
    report : Report, optional
        That validation; None before the first.
    state : dict of tensors
        Its weights, on the CPU.
    worse : int
        Validations since then that were no better.
    """

    def __init__(self) -> None:
        self.report: Report | None = None
        self.state: dict[str, Tensor] = {}
        self.worse = 0

    def consider(self, report: Report, network: nn.Module) -> None:
        """Keep these weights if they are better than the best."""
        loss = math.inf if report.validation_loss is None else report.validation_loss
        if self.report is not None and loss >= (self.report.validation_loss or 0.0):
            self.worse += 1
        else:
            self.keep(report, network)

    def keep(self, report: Report, network: nn.Module) -> None:
        """Keep these weights."""
        self.report, self.worse = report, 0
        self.state = {
            name: tensor.detach().to("cpu", copy=True).contiguous()
            for name, tensor in network.state_dict().items()
        }
