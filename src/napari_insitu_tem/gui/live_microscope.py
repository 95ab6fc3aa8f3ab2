"""A simulated microscope that writes into a temporary folder while the window is used."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

__all__ = ["SimulatedMicroscope"]

_RATE, _LATTICE_RATE = 20.0, 10.0  # frames/s
_KEPT = 200  # files


class SimulatedMicroscope:
    """Writes frames until it is stopped; its folder goes with it.

    Parameters
    ----------
    lattice : bool
        Whether frames are of a lattice in which a disc turns; of nanocubes in liquid otherwise.
    faulty : bool
        Whether some frames are half-written, missing, out of order or of another size.
    size : int, optional
        Height and width of a frame in pixels; 512, or 448 of a lattice.
    """

    def __init__(
        self, *, lattice: bool = False, faulty: bool = False, size: int | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="insitu-tem-live-")) / "simulated microscope"
        self.folder.mkdir()
        self._lattice, self._faulty, self._size = lattice, faulty, size
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="simulated microscope", daemon=True).start()

    def stop(self) -> None:
        """Ask it to stop; returns at once."""
        self._stop.set()

    def _run(self) -> None:
        from napari_insitu_tem.simulate.microscope import (
            Faults,
            endless,
            lattice_frames,
            liquid_cell_frames,
            run_microscope,
        )

        if self._lattice:
            movie, rate = lattice_frames(self._size or 448), _LATTICE_RATE
        else:
            movie, rate = liquid_cell_frames(self._size or 512), _RATE
        try:
            run_microscope(
                endless(movie),
                self.folder,
                rate=rate,
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
