"""Canvas and selection: a click on a particle selects it, the selected one wears a ring."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.layers import Labels, Points

from napari_insitu_tem.gui.layers import calibration_kwargs, result_of
from napari_insitu_tem.gui.session import Selection, session_of

__all__ = ["CanvasLink", "link_canvas"]

RING = "selected particle"
_MOVED = 5


class CanvasLink:
    """Ties the canvas of one viewer to its session.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = weakref.ref(viewer)
        self._ring: weakref.ref[Points] | None = None
        self.session = session_of(viewer)
        self.session.selected.connect(self._show)
        self.session.tracked.connect(self._forget)
        viewer.mouse_drag_callbacks.append(self._click)

    @property
    def viewer(self) -> Any:
        """The viewer, or None once it is gone."""
        return self._viewer()

    def particle_at(self, position: tuple[float, ...]) -> int | None:
        """Return the track of the particle at a world position, or None."""
        masks = self._masks()
        if masks is not None and len(position) >= masks.ndim:
            value = masks.get_value(position, world=True)
            return int(value) if value else None
        return self._nearest(position)

    def _nearest(self, position: tuple[float, ...]) -> int | None:
        """Return the particle whose size covers a place, where the masks are not shown."""
        tracking = self.session.tracking
        if tracking is None:
            return None
        placing = calibration_kwargs(tracking.movie)
        frame, y, x = (np.asarray(position)[-3:] - placing["translate"]) / placing["scale"]
        here = tracking.particles[tracking.particles["frame"] == round(frame)]
        if not len(here):
            return None
        distance = np.hypot(here["y"] - y, here["x"] - x) / here["equivalent_diameter"]
        return int(here.loc[distance.idxmin(), "track"]) if distance.min() < 0.6 else None

    def _masks(self) -> Labels | None:
        """Return the layer that shows the tracked masks."""
        tracking = self.session.tracking
        for layer in self.viewer.layers if tracking is not None else ():
            if isinstance(layer, Labels) and result_of(layer) is tracking.segmentation:
                return layer
        return None

    def _click(self, viewer: Any, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        if event.button != 1 or str(getattr(active, "mode", "pan_zoom")) != "pan_zoom":
            return
        start = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos, float) - start).max() < _MOVED:
            frame = int(viewer.dims.current_step[0]) if viewer.dims.ndim > 2 else None
            if self.session.tracking is not None:
                self.session.select(self.particle_at(event.position), frame)

    def _forget(self, _: Any = None) -> None:
        self.session.select(None, None)

    def _show(self, selection: Selection) -> None:
        viewer, tracking = self.viewer, self.session.tracking
        ring = self._ring() if self._ring is not None else None
        if ring is not None and (viewer is None or ring not in viewer.layers):
            ring = None
        table = None
        if viewer is not None and tracking is not None and selection.track is not None:
            table = tracking.particles[tracking.particles["track"] == selection.track]
        if table is None or not len(table):
            if ring is not None:
                ring.visible = False
            return
        data = table[["frame", "y", "x"]].to_numpy(float)
        size = 1.6 * table["equivalent_diameter"].to_numpy(float) + 6
        if ring is None:
            ring = self._add_ring(data, size, calibration_kwargs(tracking.movie))
        else:
            # The data first makes the sizes fit; new points take the last size otherwise.
            ring.selected_data = set()
            ring.data = data
            ring.size = size
            for name, value in calibration_kwargs(tracking.movie).items():
                setattr(ring, name, value)
        ring.visible = True
        self._bring_into_view(ring, selection)

    def _add_ring(self, data: np.ndarray, size: np.ndarray, calibration: dict[str, Any]) -> Points:
        viewer = self.viewer
        active = viewer.layers.selection.active
        ring = Points(
            data,
            size=size,
            face_color="transparent",
            border_color="#f0e442",
            border_width=0.06,
            name=RING,
            metadata={"preview": True},
            **calibration,
        )
        viewer.add_layer(ring)
        if active is not None:
            viewer.layers.selection.active = active
        self._ring = weakref.ref(ring)
        return ring

    def _bring_into_view(self, ring: Points, selection: Selection) -> None:
        """Move the view when the selected particle lies outside of it."""
        frame = selection.frame
        if frame is None or self.viewer.dims.ndisplay != 2:
            return
        place = ring.data[ring.data[:, 0] == frame]
        masks = self._masks()
        if not len(place) or masks is None:
            return
        low, high = masks.corner_pixels[:, -2:]
        if np.all(high - low < 2) or np.all((place[0, 1:] >= low) & (place[0, 1:] <= high)):
            return
        self.viewer.camera.center = tuple(ring.data_to_world(place[0])[-2:])


#: The viewer's callback keeps its link alive.
_links: weakref.WeakValueDictionary[int, CanvasLink] = weakref.WeakValueDictionary()


def link_canvas(viewer: Any) -> CanvasLink:
    """Tie a viewer's canvas to its session; once, however often it is asked for."""
    session = session_of(viewer)
    link = _links.get(id(session))
    if link is None or link.session is not session:
        link = _links[id(session)] = CanvasLink(viewer)
    return link
