"""Session: what is selected in a viewer, and the latest tracks, measurements and Fourier checks.

Canvas, table and plots meet here and nowhere else: each tells the session what was chosen,
and follows its signals.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_insitu_tem.results import Measurements, Tracking

if TYPE_CHECKING:
    from napari_insitu_tem.tasks.fourier import FourierChecks

__all__ = ["Selection", "Session", "own_viewer", "session_of"]


@dataclass(frozen=True)
class Selection:
    """One particle in one frame; either may be None."""

    track: int | None = None
    frame: int | None = None


class Session:
    """The shared state of the docks of one viewer."""

    selected = Signal(Selection)
    tracked = Signal(object)
    measured = Signal(object)
    checked = Signal(object)

    def __init__(self, viewer: Any) -> None:
        self._viewer = weakref.ref(viewer)
        self.selection = Selection()
        self.tracking: Tracking | None = None
        self.measurements: Measurements | None = None
        self.checks: FourierChecks | None = None

    @property
    def viewer(self) -> Any:
        """The viewer, or None once it is gone."""
        return self._viewer()

    def select(self, track: int | None, frame: int | None = None) -> None:
        """Choose a particle, and show the frame."""
        selection = Selection(track, frame)
        if selection == self.selection:
            return
        self.selection = selection
        if frame is not None and self.viewer is not None and self.viewer.dims.ndim > 2:
            self.viewer.dims.set_current_step(0, int(frame))
        self.selected.emit(selection)

    def show_tracking(self, tracking: Tracking) -> None:
        """Make these tracks the ones that tables show; measurements of others are dropped."""
        if self.has_measured(tracking):
            tracking = self.measurements.tracking
        else:
            self.measurements = None
        self.tracking = tracking
        self.tracked.emit(tracking)

    def has_measured(self, tracking: Tracking) -> bool:
        """Whether the measurements are of these tracks.

        Measuring adds columns to the table of particles; the masks stay the same object.
        """
        measured = self.measurements
        return measured is not None and measured.tracking.segmentation is tracking.segmentation

    def show_measurements(self, measurements: Measurements) -> None:
        """Make these measurements the ones that tables and plots show."""
        self.tracking = measurements.tracking
        self.measurements = measurements
        self.measured.emit(measurements)

    def show_checks(self, checks: FourierChecks) -> None:
        """Make these Fourier checks the ones that other docks compare with."""
        self.checks = checks
        self.checked.emit(checks)


_sessions: dict[int, Session] = {}


def own_viewer(viewer: Any) -> Any:
    """Return the viewer itself where napari hands a dock a proxy of it.

    What comes out of a proxy is a fresh proxy each time: it has no identity, its layers are of
    no layer type, and nothing weak can hold it.
    """
    return getattr(viewer, "__wrapped__", viewer)


def session_of(viewer: Any) -> Session:
    """Return the viewer's session; the same one each time."""
    viewer = own_viewer(viewer)
    key = id(viewer.layers)
    if key not in _sessions:
        _sessions[key] = Session(viewer)
        weakref.finalize(viewer.layers, _sessions.pop, key, None)
    return _sessions[key]
