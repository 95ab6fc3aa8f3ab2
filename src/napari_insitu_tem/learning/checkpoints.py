"""Checkpoints: where a training stands, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_insitu_tem.io.atomic import replacing

__all__ = ["Checkpoint", "CheckpointError", "optimiser_state", "set_optimiser_state"]

_TENSORS, _FACTS = "state.safetensors", "state.json"


class CheckpointError(ValueError):
    """A checkpoint cannot be used; one plain sentence says why."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a training needs to go on as if it had never stopped.

    Parameters
    ----------
    tensors : mapping of str to dict of tensors
        ``network``, ``average``, ``best``, ``optimiser``, ``chance``.
    facts : mapping
        Numbers and words: step, best value, history and so on.
    """

    tensors: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it into a folder, in place of an older one there."""
        from safetensors.torch import save_file

        flat = {
            f"{group}/{name}": tensor.detach().cpu().contiguous().clone()
            for group, tensors in self.tensors.items()
            for name, tensor in tensors.items()
        }
        with replacing(folder) as temporary:
            temporary.mkdir()
            save_file(flat, temporary / _TENSORS)
            (temporary / _FACTS).write_text(json.dumps(dict(self.facts)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Checkpoint:
        """Read one.

        Raises
        ------
        CheckpointError
            When there is none, or it is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        if not folder.is_dir():
            raise CheckpointError(f"There is no training to go on with: no folder {folder}.")
        try:
            flat = load_file(folder / _TENSORS)
            facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        except (OSError, SafetensorError, ValueError):
            raise CheckpointError(
                f"The checkpoint in {folder} is damaged or incomplete; begin the training anew."
            ) from None
        tensors: dict[str, dict[str, Tensor]] = {}
        for name, tensor in flat.items():
            group, _, rest = name.partition("/")
            tensors.setdefault(group, {})[rest] = tensor
        return cls(tensors, facts)


def optimiser_state(optimiser: torch.optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """Return an optimiser's moments by the names of the weights they belong to."""
    names: dict[Tensor, str] = {weight: name for name, weight in network.named_parameters()}
    return {
        f"{names[weight]}/{kind}": torch.as_tensor(value)
        for weight, moments in optimiser.state.items()
        for kind, value in moments.items()
    }


def set_optimiser_state(
    optimiser: torch.optim.Optimizer, network: nn.Module, state: Mapping[str, Tensor]
) -> None:
    """Give an optimiser the moments that `optimiser_state` returned."""
    moments: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        name, _, kind = key.rpartition("/")
        moments.setdefault(name, {})[kind] = value
    for name, weight in network.named_parameters():
        if name in moments:
            optimiser.state[weight] = {
                kind: value.to(weight.device) if value.ndim else value.clone()
                for kind, value in moments[name].items()
            }
