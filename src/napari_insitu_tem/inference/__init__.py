"""A network over data of any size: devices, memory, tiles, frames read ahead."""

from __future__ import annotations

__all__ = ["InferenceError"]


class InferenceError(ValueError):
    """A network cannot be run as asked; one sentence that says why and what to do."""
