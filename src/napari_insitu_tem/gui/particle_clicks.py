"""Clicks on the particles of a mask layer, whichever layer is the active one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Labels, Layer

__all__ = ["ParticleClicks"]

#: A press that moves less than this on the screen is a click.
_STILL = 4.0


class ParticleClicks:
    """Tells which particle was clicked.

    Parameters
    ----------
    viewer : napari.Viewer
        Where is clicked.
    masks : callable
        Returns the mask layer, or None.
    chosen : callable
        Called with the particle's value.
    """

    def __init__(
        self, viewer: Any, masks: Callable[[], Layer | None], chosen: Callable[[int], Any]
    ) -> None:
        self.viewer, self.masks, self.chosen = viewer, masks, chosen
        viewer.mouse_drag_callbacks.append(self._pressed)

    def stop(self) -> None:
        """Listen no longer."""
        if self._pressed in self.viewer.mouse_drag_callbacks:
            self.viewer.mouse_drag_callbacks.remove(self._pressed)

    def particle_at(self, position: tuple[float, ...]) -> int | None:
        """Return the particle at a world position; None beside all of them."""
        masks = self.masks()
        if not isinstance(masks, Labels) or masks not in self.viewer.layers:
            return None
        value = masks.get_value(position, world=True)
        return int(value) if value else None

    def _pressed(self, _: Any, event: Any) -> Iterator[None]:
        start = np.asarray(event.pos)
        yield
        while event.type == "mouse_move":
            if np.hypot(*(np.asarray(event.pos) - start)) > _STILL:
                return
            yield
        particle = self.particle_at(tuple(event.position))
        if particle is not None:
            self.chosen(particle)
