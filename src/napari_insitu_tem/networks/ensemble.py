"""Several forecasters that learn the same from other starts: where they differ, none knows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_insitu_tem.networks import build_network
from napari_insitu_tem.networks.forecaster import Forecaster

__all__ = ["Ensemble"]


class Ensemble(Forecaster):
    """A mixture of equal forecasters (Lakshminarayanan et al., NeurIPS 2017).

    The mean of the mixture is the mean of its members; its variance the mean of their variances
    and the variance of their means.

    Parameters
    ----------
    of : str
        Name of the members' network.
    members : int
        How many; at least two.
    in_channels, out_channels, auxiliary, head
        As for `Forecaster`; always with a spread.
    **arguments
        What else the members' network takes.
    """

    def __init__(
        self,
        *,
        of: str = "simvp",
        members: int = 3,
        in_channels: int = 6,
        out_channels: int = 2,
        auxiliary: int = 0,
        head: str = "linear",
        **arguments: Any,
    ) -> None:
        super().__init__(
            in_channels=in_channels, out_channels=out_channels, auxiliary=auxiliary, head=head
        )
        if members < 2 or out_channels != 2:
            raise ValueError("an ensemble has at least two members, and gives a spread")
        common = {
            "in_channels": in_channels,
            "out_channels": 2,
            "auxiliary": auxiliary,
            "head": head,
            **arguments,
        }
        self.members = nn.ModuleList(build_network(of, common) for _ in range(members))
        if not all(isinstance(member, Forecaster) for member in self.members):
            raise ValueError(f"an ensemble is of forecasting networks, and '{of}' is none")
        first = self.members[0]
        assert isinstance(first, Forecaster)
        self.multiple, self.warms_up = first.multiple, first.warms_up

    def every(self, clip: Tensor, given: int, *, forced: bool = False) -> Tensor:
        """Return what every member predicts (n, predicted, 2 · members, y, x)."""
        answers = [member.every(clip, given, forced=forced) for member in self._all()]
        return torch.cat(answers, dim=2)

    def penalty(self) -> Tensor | None:
        """Return the sum of the members' penalties."""
        found = [penalty for member in self._all() if (penalty := member.penalty()) is not None]
        return torch.stack(found).sum() if found else None

    def _ahead(self, clip: Tensor, given: int) -> Tensor:
        answers = torch.stack([member._ahead(clip, given) for member in self._all()])
        means, spreads = answers[:, :, :, :1], answers[:, :, :, 1:]
        variance = (2 * spreads).exp().mean(dim=0) + means.var(dim=0, unbiased=False)
        return torch.cat([means.mean(dim=0), 0.5 * variance.log()], dim=2)

    def _all(self) -> list[Forecaster]:
        return [member for member in self.members if isinstance(member, Forecaster)]
