"""What a network runs on: which device, why not another, and in what precision."""

from __future__ import annotations

import shutil
import warnings

import torch

from napari_insitu_tem.inference import InferenceError

__all__ = ["DeviceError", "describe_device", "pick_device", "reduced_precision"]


class DeviceError(InferenceError):
    """The device that was asked for is not there; the sentence says why."""


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device to run networks on.

    Parameters
    ----------
    name : str
        ``"cpu"``, ``"cuda"`` (or ``"cuda:1"`` and so on), ``"mps"``; ``"auto"`` takes the first
        that is there of CUDA, MPS and the CPU. `describe_device` says what it took and why.

    Raises
    ------
    DeviceError
        When a device that was asked for by name cannot be used: nothing else is taken silently.
    """
    if str(name) == "auto":
        kinds = ("cuda", "mps")
        return torch.device(next((kind for kind in kinds if not _missing(kind)), "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(f"There is no device '{name}'. Take auto, cpu, cuda or mps.")
    if device.type != "cpu" and (reason := _missing(device.type)):
        raise DeviceError(
            f"The device '{name}' cannot be used: {reason}. Take auto or cpu, or mend this first."
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise DeviceError(
            f"The device '{name}' is not there: this machine has {count} CUDA "
            f"device{'s' if count > 1 else ''}, counted from cuda:0."
        )
    return device


def describe_device(device: torch.device) -> str:
    """Say what a device is, and for the CPU why it is not a graphics card."""
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        return f"{card.name} (CUDA, {card.total_memory / 1e9:.0f} GB)"
    if device.type == "mps":
        return "Apple graphics (MPS)"
    threads = torch.get_num_threads()
    text = f"CPU ({threads} thread{'s' if threads > 1 else ''})"
    return f"{text}; no GPU, since {_missing('cuda')}" if _missing("cuda") else text


def reduced_precision(device: torch.device, half: bool | None) -> torch.dtype | None:
    """Return the 16-bit type to compute in, or None for 32 bits.

    Parameters
    ----------
    device : torch.device
        Where the network runs.
    half : bool, optional
        None takes 16 bits where that is sure to help: on CUDA cards with tensor cores, in
        float16, which is finer than bfloat16. On CPUs it must be asked for.

    Raises
    ------
    DeviceError
        When 16 bits were asked for on a CPU without instructions for them.
    """
    if half is False:
        return None
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= (7, 0)
        return torch.float16 if fast or half else None
    if not half:
        return None
    if device.type == "mps":
        return torch.float16
    if not torch.cpu.get_capabilities().get("avx512_bf16", False):
        raise DeviceError(
            "This processor has no instructions for 16-bit numbers (bfloat16), so they would only "
            "be slower. Leave half precision off."
        )
    return torch.bfloat16


def _missing(kind: str) -> str | None:
    """Say why no device of a kind can be used, or None when one can."""
    if kind == "mps":
        if torch.backends.mps.is_available():
            return None
        if not torch.backends.mps.is_built():
            return "this PyTorch was built without MPS, which only Macs have"
        return "MPS needs a Mac with an Apple or AMD graphics card and macOS 14 or newer"
    with warnings.catch_warnings(record=True) as caught:  # PyTorch warns of what it found wrong
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if available:
        return None
    if not torch.backends.cuda.is_built():
        if shutil.which("nvidia-smi"):
            return (
                "this PyTorch was built for the CPU only, although the machine has an NVIDIA "
                "driver: install PyTorch's CUDA build as pytorch.org says"
            )
        return "this PyTorch was built for the CPU only"
    if caught:
        return str(caught[0].message).split("(")[0].strip().rstrip(".")
    return "PyTorch finds no NVIDIA card or no driver for one"
