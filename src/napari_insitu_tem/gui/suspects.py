"""Suspects: keeps the ranking of suspicious frames up to date while masks are edited."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from qtpy.QtCore import QObject, Signal

from napari_insitu_tem.analysis.suspicion import Suspicion, label_areas, rank_suspicious
from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.job import Job

__all__ = ["Suspects"]


class Suspects(QObject):
    """Counts areas on a thread, only of the frames that changed since."""

    #: Emitted when a ranking that was asked for is there.
    ranked = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: dict[int, Suspicion] = {}
        self.areas: list[dict[int, int]] = []
        self._stale: set[int] = set()
        self._background = Background(self)
        self._background.finished.connect(self._take)
        self._background.failed.connect(self.failed.emit)

    @property
    def busy(self) -> bool:
        """Whether it counts."""
        return self._background.running

    @property
    def largest_label(self) -> int:
        """The largest label that was counted so far."""
        return max((max(frame, default=0) for frame in self.areas), default=0)

    def forget(self, n_frames: int) -> None:
        """Start again, for other masks."""
        self._background.cancel()
        self.areas, self.found = [{} for _ in range(n_frames)], {}
        self._stale = set(range(n_frames))

    def touch(self, frames: Iterable[int]) -> None:
        """Say that these frames changed."""
        self._stale.update(frames)

    def ask(self, read: Callable[[int], object], *, tracked: bool) -> None:
        """Rank again; `ranked` follows, at once if nothing changed.

        Parameters
        ----------
        read : callable
            Returns the label image of a frame.
        tracked : bool
            Whether labels are track numbers.
        """
        if self.busy:
            return
        stale, areas = sorted(self._stale), list(self.areas)
        self._stale = set()

        def count(job: Job) -> tuple[list[dict[int, int]], list[Suspicion]]:
            try:
                for index in job.track(stale, "Looking for suspicious frames"):
                    areas[index] = label_areas(read(index))  # type: ignore[arg-type]
            except BaseException:
                self._stale.update(stale)
                raise
            return areas, rank_suspicious(areas, tracked=tracked)

        self._background.start(count)

    def next(self, corrected: Collection[int], frame: int, step: int) -> tuple[int | None, str]:
        """Return the next suspicious frame, or None where none is left, and say why.

        Parameters
        ----------
        corrected : collection of int
            Frames that need no look any more.
        frame : int
            Where the user is.
        step : int
            1 for the next one after it, -1 for the last one before it; behind the last follows
            the first.
        """
        left = sorted(set(self.found) - set(corrected))
        if not left:
            all_done = "All that looked suspicious is done."
            return None, all_done if self.found else "No frame looks suspicious."
        ahead = [each for each in left if (each - frame) * step > 0]
        target = (min if step > 0 else max)(ahead or left)
        rank = sorted(left, key=lambda each: -self.found[each].score).index(target) + 1
        return target, (
            f"<b>Frame {target}:</b> {self.found[target].reason}. "
            f"(Number {rank} of {len(left)} by how sudden it is.)"
        )

    def stop(self) -> None:
        """End the thread."""
        self._background.cancel()

    def _take(self, result: tuple[list[dict[int, int]], list[Suspicion]]) -> None:
        areas, ranking = result
        if len(areas) != len(self.areas):
            return  # of masks that are no longer looked at
        self.areas = areas
        self.found = {suspicion.frame: suspicion for suspicion in ranking}
        self.ranked.emit()
