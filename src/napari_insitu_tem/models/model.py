"""A model on disk: its card, its weights, and the network that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_insitu_tem.models import weights
from napari_insitu_tem.models.building import load_network
from napari_insitu_tem.models.card import CARD, ModelCard, ModelError

if TYPE_CHECKING:
    import torch

__all__ = ["Broken", "Model"]


@dataclass(frozen=True)
class Model:
    """A trained network with its card, on disk.

    Parameters
    ----------
    card : ModelCard
        What it is.
    folder : pathlib.Path
        Where card and weights lie.
    shipped : bool
        Whether it is part of the package, and so cannot be changed.
    """

    card: ModelCard
    folder: Path
    shipped: bool = False

    @property
    def name(self) -> str:
        """The name that it is found by."""
        return self.card.name

    @property
    def identity(self) -> dict[str, Any]:
        """Name, version, sha256 and parent: what the provenance of a result says of it."""
        card = self.card
        return {
            "name": card.name,
            "version": card.version,
            "sha256": card.sha256,
            "parent": card.parent,
        }

    @property
    def size(self) -> int:
        """Bytes of card and weights."""
        paths = (self.folder / CARD, self.folder / weights.WEIGHTS)
        return sum(path.stat().st_size for path in paths if path.is_file())

    @property
    def parameters(self) -> int:
        """Number of trained values; read from the file's header."""
        return weights.parameter_count(weights.stored_tensors(self.folder))

    def expect(self, *, task: str, channels: tuple[str, ...] | None = None) -> Model:
        """Return the model itself if it does `task`, with these channels.

        Raises
        ------
        ModelError
            Otherwise.
        """
        card = self.card
        if card.task != task:
            raise ModelError(
                f"Model '{card.name}' is for {card.task}, not for {task}. Choose another; "
                f"`insitu-tem models list --task {task}` shows which there are."
            )
        if channels is not None and card.channels != tuple(channels):
            raise ModelError(
                f"Model '{card.name}' gives the channels {', '.join(card.channels)}; "
                f"{', '.join(channels)} are needed here. Choose another model."
            )
        return self

    def state(self) -> dict[str, torch.Tensor]:
        """Return the weights (float32, on the CPU), checked; a fresh copy to train from."""
        return weights.load_state(self.card, self.folder)

    def load(self, device: str | torch.device = "cpu") -> torch.nn.Module:
        """Return the network with its weights, ready to run.

        It is in eval mode, without gradients, and shared by all who ask for the same model on
        the same device: build one of your own with `state` to train it.

        Parameters
        ----------
        device : str or torch.device
            Where it shall run.

        Raises
        ------
        ModelError
            When the weights are missing, damaged, exchanged, no safetensors file or not of
            the shape that the card's network has, or there is no such network or device.
        """
        return load_network(self.card, self.folder, device)


@dataclass(frozen=True)
class Broken:
    """Something in the user's folder that cannot be used as a model, and why."""

    folder: Path
    reason: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name
