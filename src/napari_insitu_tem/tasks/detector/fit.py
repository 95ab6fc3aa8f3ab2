"""What the detector task finds: a camera with errors, and the dose of every frame."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from napari_insitu_tem.analysis.noise_power import NoisePower
from napari_insitu_tem.analysis.transfer_fit import TransferFit
from napari_insitu_tem.io.cameras import Camera, camera_name
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DetectorFit", "square_angstroms", "with_error"]


def square_angstroms(pixel_size: float) -> float:
    """Return the area of a pixel in Å² from its edge in nm."""
    return (10 * pixel_size) ** 2


def with_error(value: float, error: float) -> str:
    """Return a value and its error to the digits that the error leaves."""
    if not (math.isfinite(error) and error > 0):
        return f"{value:.4g}"
    digits = 1 - math.floor(math.log10(error))
    if digits > 6 or abs(value) >= 1e6:
        return f"{value:.4g} ± {error:.2g}"
    return f"{value:.{max(0, digits)}f} ± {error:.{max(0, digits)}f}"


@dataclass(frozen=True, eq=False)
class DetectorFit(MovieResult):
    """A camera, as its vacuum shows it, and the movie with the dose of every frame.

    Parameters
    ----------
    movie : Movie
        The frames as they were; `frames` has ``dose_e_per_px`` and, with a pixel size,
        ``dose_e_per_A2``, and `dose` is the mean of that.
    transfer : TransferFit
        Transfer function, gain and readout noise with errors, the noise power and its fit.
    noise : NoisePower
        What was averaged.
    vacuum : (y, x) bool array
        Pixels of the frame that were used.
    number_type : str
        Type of the movie's pixels.
    message : str
        What was found, in sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    transfer: TransferFit
    noise: NoisePower
    vacuum: np.ndarray
    number_type: str
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def camera(self, name: str) -> Camera:
        """Return the camera under a name, to be kept by `io.cameras.save_camera`.

        Raises
        ------
        CameraError
            When a file cannot have this name.
        """
        fit, errors = self.transfer, dict(self.transfer.errors)
        electrons_error = errors.pop("electrons")
        errors["readout_noise"] /= fit.gain
        return Camera.of(
            name=name,
            c1=fit.c1,
            c2=fit.c2,
            c3=fit.c3,
            gain=fit.gain,
            offset=fit.offset,
            readout_noise=fit.readout_noise / fit.gain,
            number_type=self.number_type,
            errors=errors,
            fitted={
                "movie": self.movie.name,
                "frames": self.movie.n_frames,
                "windows": self.noise.windows,
                "window_px": self.noise.window,
                "electrons_per_px": fit.electrons,
                "electrons_per_px_error": electrons_error,
                "readout_noise_known": fit.readout_known,
                "notes": self.message,
                "date": datetime.now(UTC).date().isoformat(),
            },
        )

    def parameters(self) -> pd.DataFrame:
        """Return what was found, one row a quantity: name, value, standard error, unit."""
        import pandas as pd

        fit = self.transfer
        rows = [
            ("c0", 1.0, 0.0, ""),
            *((name, getattr(fit, name), fit.errors[name], "") for name in ("c1", "c2", "c3")),
            ("MTF at Nyquist/2", *self._transfer_at(0.25), ""),
            ("MTF at Nyquist", *self._transfer_at(0.5), ""),
            ("gain", fit.gain, fit.errors["gain"], "counts/e"),
            ("readout noise", fit.readout_noise, fit.errors["readout_noise"], "counts"),
            ("offset", fit.offset, np.nan, "counts"),
            ("dose", fit.electrons, fit.errors["electrons"], "e/px"),
        ]
        if self.movie.pixel_size:
            area = square_angstroms(self.movie.pixel_size)
            rows.append(("dose", fit.electrons / area, fit.errors["electrons"] / area, "e/Å²"))
        return pd.DataFrame(rows, columns=["quantity", "value", "error", "unit"])

    def _transfer_at(self, frequency: float) -> tuple[float, float]:
        fit = self.transfer
        return float(fit.transfer(frequency)), float(fit.transfer_error(frequency))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the parameters, the curve, the noise power, and the dose of every frame."""
        from napari_insitu_tem.figures.transfer import noise_power_table, transfer_table

        size = self.movie.pixel_size
        frames = self.movie.frames
        assert frames is not None
        return {
            "detector": self.parameters(),
            "transfer": transfer_table(self.transfer, size),
            "noise_power": noise_power_table(self.transfer, size),
            "frames": frames if "frame" in frames else frames.rename_axis("frame").reset_index(),
        }

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: the transfer function, and the noise power."""
        from napari_insitu_tem.figures.transfer import draw_noise_power, draw_transfer

        size = self.movie.pixel_size
        return {
            "transfer": functools.partial(draw_transfer, self.transfer, pixel_size=size),
            "noise_power": functools.partial(draw_noise_power, self.transfer, pixel_size=size),
        }

    def documents(self) -> dict[str, str]:
        """Return the camera's file, named after the movie."""
        return {"camera.json": self.camera(camera_name(self.movie.name)).to_json()}

    def replace(self, **changes: Any) -> DetectorFit:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)
