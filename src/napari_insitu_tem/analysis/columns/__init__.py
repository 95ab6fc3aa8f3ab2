"""Atomic columns and single atoms: where they are, how they differ, where they move."""

from __future__ import annotations

__all__ = ["ColumnsError"]


class ColumnsError(ValueError):
    """No columns can be found or followed in a movie; one plain sentence."""
