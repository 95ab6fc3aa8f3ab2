"""Weight files: safetensors and nothing else, checked before a network is made of them.

A safetensors file holds numbers only. A pickle (``.pt``, ``.pth``, ``.ckpt``, ``.pkl``) is a
program that runs when it is read, so none is ever read here, whatever it is called.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_insitu_tem.models.card import ModelCard, ModelError

if TYPE_CHECKING:
    import torch

__all__ = ["WEIGHTS", "Stored", "encode", "load_state", "stored_tensors"]

#: What the weights are called in a model's folder.
WEIGHTS = "weights.safetensors"

PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".joblib")
_LARGEST_HEADER = 100_000_000  # bytes; the format's own limit
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

Stored = dict[str, tuple[str, tuple[int, ...]]]


def foreign_format(head: bytes) -> str | None:
    """Say what a file is by its first bytes, if it is a known format of other programs."""
    if head.startswith(b"PK\x03\x04"):
        return "a PyTorch checkpoint or other zip file"
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return "a pickle (such as a PyTorch checkpoint)"
    if head.startswith(b"\x89HDF"):
        return "an HDF5 file (such as Keras writes)"
    return None


def refusal(name: str, what: str) -> ModelError:
    """Make the line for a file that is a checkpoint of another program, and not a model."""
    return ModelError(
        f"'{name}' is {what} and was not opened: such files can run programs when they are read. "
        f"A model is a folder (or its .zip) with card.json and {WEIGHTS}; train one here, or "
        "export one from here."
    )


def refuse_pickles(names: Iterable[str], where: str | None = None) -> None:
    """Raise for the first of these files that is a checkpoint, by its ending."""
    for name in names:
        if Path(name).suffix.lower() in PICKLES:
            shown = name if where is None else f"{name} in {where}"
            raise refusal(shown, "a checkpoint of another program")


def parse_header(raw: bytes, size: int, name: str) -> Stored:
    """Read which tensors a safetensors file holds.

    Parameters
    ----------
    raw : bytes
        The file's beginning, header included.
    size : int
        The file's length in bytes.
    name : str
        The file's name for messages.

    Returns
    -------
    dict
        Name to (dtype in safetensors' words, shape).

    Raises
    ------
    ModelError
        When it is no safetensors file, or is cut off.
    """
    length = struct.unpack("<Q", raw[:8])[0] if len(raw) >= 8 else _LARGEST_HEADER + 1
    if length > _LARGEST_HEADER or raw[8:9] not in (b"{", b""):
        what = foreign_format(raw)
        if what is not None:
            raise refusal(name, what)
        raise ModelError(f"'{name}' is no safetensors file. Get the model again from its source.")
    if 8 + length > min(size, len(raw)):
        raise ModelError(f"'{name}' is cut off. Get the model again from its source.")
    try:
        entries = json.loads(raw[8 : 8 + length])
        entries.pop("__metadata__", None)
        stored = {key: (each["dtype"], tuple(each["shape"])) for key, each in entries.items()}
        end = max((each["data_offsets"][1] for each in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise ModelError(f"'{name}' has a broken header. Get the model again.") from None
    if 8 + length + end != size:
        raise ModelError(f"'{name}' is cut off or too long. Get the model again from its source.")
    return stored


def stored_tensors(folder: Path) -> Stored:
    """Return what the weights' file of a model holds; only its header is read."""
    path = folder / WEIGHTS
    if folder.is_dir() and not path.exists():
        refuse_pickles(sorted(each.name for each in folder.iterdir()))
    try:
        with path.open("rb") as file:
            head = file.read(9)
            length = struct.unpack("<Q", head[:8])[0] if len(head) == 9 else 0
            rest = file.read(min(length, _LARGEST_HEADER))
        return parse_header(head + rest, path.stat().st_size, path.name)
    except OSError as error:
        raise _unreadable(path, error) from None


def parameter_count(stored: Stored) -> int:
    """Return the number of trained values; running statistics are none."""
    return sum(
        math.prod(shape)
        for name, (_, shape) in stored.items()
        if name.rpartition(".")[2] not in _STATISTICS
    )


def encode(state: Mapping[str, torch.Tensor], *, half: bool = False) -> bytes:
    """Make a safetensors file's content of a network's state.

    Parameters
    ----------
    state : mapping of str to torch.Tensor
        As from ``network.state_dict()``.
    half : bool
        Store as float16 what has two or more axes and fits its range. Vectors (biases,
        statistics) weigh nothing and stay as they are.

    Raises
    ------
    ModelError
        When a value is not finite, or there is none.
    """
    import torch
    from safetensors.torch import save

    if not state:
        raise ModelError("There are no weights to save.")
    tensors = {}
    for name, tensor in state.items():
        tensor = tensor.detach().cpu()
        _check_finite(name, tensor)
        if half and tensor.is_floating_point() and tensor.ndim > 1:
            halved = tensor.to(torch.float16)
            tensor = halved if bool(torch.isfinite(halved).all()) else tensor
        tensors[name] = tensor.clone(memory_format=torch.contiguous_format)
    return save(tensors)


def load_state(card: ModelCard, folder: Path) -> dict[str, torch.Tensor]:
    """Read a model's weights, checked against its card; floating ones as float32.

    Raises
    ------
    ModelError
        When the file is missing, no safetensors file, not the one that the card was written
        for, or holds values that are not finite.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / WEIGHTS
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    parse_header(raw, len(raw), path.name)
    if not card.sha256:
        raise ModelError(
            f"The card of model '{card.name}' has no sha256, so its weights cannot be trusted. "
            "Save or export the model again."
        )
    if hashlib.sha256(raw).hexdigest() != card.sha256:
        raise ModelError(
            f"The weights of model '{card.name}' are not those that its card was written for "
            "(their sha256 differs): the file is damaged or was exchanged. Get the model again."
        )
    try:
        state = load(raw)
    except SafetensorError as error:
        raise ModelError(f"The weights of model '{card.name}' are damaged ({error}).") from None
    for name, tensor in state.items():
        _check_finite(name, tensor)
        if tensor.is_floating_point():
            state[name] = tensor.to(torch.float32)
    return state


def _check_finite(name: str, tensor: Any) -> None:
    import torch

    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise ModelError(
            f"The weights '{name}' hold values that are not finite: the training went wrong. "
            "Train again with a lower learning rate."
        )


def _unreadable(path: Path, error: OSError) -> ModelError:
    if not isinstance(error, FileNotFoundError):
        return ModelError(f"{path} cannot be read: {error.strerror}.")
    return ModelError(
        f"There is no {path.name} in '{path.parent.name}': a model is a folder with card.json "
        f"and {path.name}."
    )
