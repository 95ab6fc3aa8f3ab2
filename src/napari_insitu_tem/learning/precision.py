"""In which precision a network is trained."""

from __future__ import annotations

from typing import Literal

import torch

__all__ = ["Precision", "choose_precision"]

Precision = Literal["no", "bf16", "fp16"]


def choose_precision(asked: Literal["auto", "no", "bf16", "fp16"], device: str) -> Precision:
    """Return the precision to train in.

    Parameters
    ----------
    asked : str
        ``"auto"`` takes bfloat16 where the device computes in it (recent NVIDIA cards, and
        processors with AVX512-BF16 or AMX, where convolutions are then 2 to 3 times as
        fast), float16 on older NVIDIA cards, and single precision otherwise.
    device : str
        ``"cuda"``, ``"cpu"``, ``"mps"``.

    Raises
    ------
    ValueError
        When the device cannot do what was asked for.
    """
    if asked == "auto":
        if device == "cuda":
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        return "bf16" if device == "cpu" and _cpu_has_bf16() else "no"
    if asked == "fp16" and device != "cuda":
        raise ValueError("Half precision (fp16) trains on NVIDIA cards only; choose auto.")
    return asked


def _cpu_has_bf16() -> bool:
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # a build of torch without oneDNN
        return False
