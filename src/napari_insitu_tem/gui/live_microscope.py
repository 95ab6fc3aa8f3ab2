"""A simulated microscope that writes into a temporary folder while the window is used."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

__all__ = ["SimulatedMicroscope"]

_RATE = 20.0
_KEPT = 200  # files


class SimulatedMicroscope:
    """Writes frames of nanocubes in liquid until it is stopped; its folder goes with it.

    Parameters
    ----------
    faulty : bool
        Whether some frames are half-written, missing, out of order or of another size.
    size : int
        Height and width of a frame in pixels.
    """

    def __init__(self, *, faulty: bool = False, size: int = 512) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="insitu-tem-live-")) / "simulated microscope"
        self.folder.mkdir()
        self._faulty, self._size = faulty, size
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="simulated microscope", daemon=True).start()

    def stop(self) -> None:
        """Ask it to stop; returns at once."""
        self._stop.set()

    def _run(self) -> None:
        from napari_insitu_tem.simulate.microscope import (
            Faults,
            endless,
            liquid_cell_frames,
            run_microscope,
        )

        movie = liquid_cell_frames(self._size)
        try:
            run_microscope(
                endless(movie),
                self.folder,
                rate=_RATE,
                faults=Faults(13, 41, 17, 29, 200) if self._faulty else Faults(),
                pixel_size=movie.pixel_size,
                keep=_KEPT,
                is_stopped=self._stop.is_set,
            )
        except RuntimeError:
            if not self._stop.is_set():  # the program ends while a frame is rendered
                raise
        finally:
            shutil.rmtree(self.folder.parent, ignore_errors=True)
