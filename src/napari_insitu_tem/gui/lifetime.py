"""Connections that last as long as a dock does.

Signals of napari and of the session outlive docks, and would call into what is destroyed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QWidget

__all__ = ["listen"]


def listen(
    widget: QWidget,
    *connections: tuple[Any, Callable[..., Any]],
    at_end: tuple[Callable[[], Any], ...] = (),
) -> None:
    """Connect signals to slots until the widget is destroyed.

    Parameters
    ----------
    widget : QWidget
        Whose lifetime counts.
    *connections : (signal, slot)
        A napari event or psygnal signal, and what it shall call.
    at_end : tuple of callable
        Called when the widget is destroyed.
    """
    for signal, slot in connections:
        signal.connect(slot)

    def let_go() -> None:
        for signal, slot in connections:
            signal.disconnect(slot)
        for end in at_end:
            end()

    widget.destroyed.connect(let_go)
