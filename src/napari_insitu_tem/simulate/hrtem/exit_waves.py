"""Exit waves that were computed once: how they are kept, and laid into a frame.

A folder of exit waves holds one NumPy archive (``.npz``) a particle: ``wave`` (y, x) complex64,
1 in vacuum; ``phase`` (y, x) float32, the projected potential as a phase in rad; ``positions``
(n, 2) float32, the atoms as (y, x) in Å around the middle of the field; ``about``, the rest as
JSON. `multislice.compute_exit_waves` writes them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.simulate.hrtem.grid import Grid

__all__ = ["ExitWave", "ExitWaveError", "KeptWave", "kept_waves", "placed", "save_exit_wave"]


class ExitWaveError(ValueError):
    """Exit waves cannot be made or read; the message says why."""


@dataclass(frozen=True)
class ExitWave:
    """The wave behind one particle.

    Parameters
    ----------
    wave : (y, x) complex64 array
        On the plane where the electrons leave the particle, 1 in vacuum.
    phase : (y, x) float32 array
        Projected potential as a phase, rad; for absorption.
    spacing : float
        Distance of the points, Å.
    energy : float
        Of the electrons, keV.
    positions : (n, 2) float32 array
        Atoms as (y, x), Å, around the middle of the field.
    neighbour_distance : float
        Of the crystal, Å.
    known : dict
        What the particle is (`Particle.describe`).
    """

    wave: np.ndarray
    phase: np.ndarray
    spacing: float
    energy: float
    positions: np.ndarray
    neighbour_distance: float
    known: dict[str, Any]

    def turned(self, quarters: int) -> ExitWave:
        """Return the same particle after counter-clockwise quarter turns."""
        c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarters % 4]
        y, x = self.positions.T
        return replace(
            self,
            wave=np.rot90(self.wave, quarters),
            phase=np.rot90(self.phase, quarters),
            positions=np.stack([c * y - s * x, s * y + c * x], axis=1),
            known={**self.known, "rotation": (self.known["rotation"] + 90 * quarters) % 360},
        )


@dataclass(frozen=True)
class KeptWave:
    """Where an exit wave lies, and what must fit for particles to share a frame."""

    path: Path
    material: str
    energy: float

    def load(self) -> ExitWave:
        """Read the wave; the last few hundred are kept in memory."""
        return _load(self.path)

    def goes_with(self, other: KeptWave) -> bool:
        """Whether both may lie in one frame: same material and energy."""
        return self.material == other.material and self.energy == other.energy


def save_exit_wave(wave: ExitWave, path: Path) -> None:
    """Write one exit wave; see the module's first lines for the format."""
    about = {
        "spacing": wave.spacing,
        "energy": wave.energy,
        "neighbour_distance": wave.neighbour_distance,
        "known": wave.known,
    }
    with replacing(path) as temporary:
        np.savez(
            temporary,
            wave=wave.wave.astype(np.complex64),
            phase=wave.phase.astype(np.float32),
            positions=wave.positions.astype(np.float32),
            about=np.array(json.dumps(about)),
        )


@functools.lru_cache(maxsize=8)
def kept_waves(folder: Path) -> tuple[KeptWave, ...]:
    """Return what lies in a folder of exit waves, in the order of the names.

    Raises
    ------
    ExitWaveError
        Where there is no such folder, nothing in it, or something else.
    """
    paths = sorted(Path(folder).glob("[!.]*.npz"))
    if not paths:
        raise ExitWaveError(
            f"There are no exit waves in {folder}. Compute them first with "
            "`simulate.hrtem.compute_exit_waves`, or leave the setting exit_waves empty."
        )
    found = []
    for path in paths:
        about = _about(path)
        found.append(KeptWave(path, about["known"]["material"], float(about["energy"])))
    return tuple(found)


def placed(image: np.ndarray, spacing: float, place: tuple[float, float], grid: Grid) -> np.ndarray:
    """Return what is 0 outside a particle's field, resampled onto a frame's grid.

    Band-limited interpolation: exact for what the coarser of the two grids can show.

    Parameters
    ----------
    image : (h, w) array
        Real or complex; its middle lies on `place`.
    spacing : float
        Distance of its points, Å.
    place : (y, x)
        Å in the field of `grid`.
    grid : Grid
        Of the frame.

    Returns
    -------
    (y, x) array
    """
    out = np.zeros(grid.shape, image.dtype)
    parts, matrices = [], []
    for axis in (0, 1):
        count, step = image.shape[axis], grid.spacing[axis]
        first_point = place[axis] - (count // 2) * spacing
        low = max(int(np.ceil(first_point / step)), 0)
        high = min(int(np.floor((first_point + count * spacing) / step)), grid.shape[axis])
        if low >= high:
            return out
        points = (np.arange(low, high) * step - first_point) / spacing
        matrices.append(_interpolation(points, count, spacing / step))
        parts.append(slice(low, high))
    out[parts[0], parts[1]] = matrices[0] @ image @ matrices[1].T
    return out


def _interpolation(points: np.ndarray, count: int, finer: float) -> np.ndarray:
    """Return the matrix that interpolates `count` periodic samples at `points` (in samples)."""
    highest = min((count - 1) // 2, int(count / 2 * finer))
    half_angle = np.pi / count * (points[:, np.newaxis] - np.arange(count))
    sine = np.sin(half_angle)
    close = np.abs(sine) < 1e-6
    kernel = np.sin((2 * highest + 1) * half_angle) / np.where(close, 1, sine)
    return (np.where(close, 2 * highest + 1, kernel) / count).astype(np.float32)


@functools.lru_cache(maxsize=256)
def _load(path: Path) -> ExitWave:
    about = _about(path)
    with np.load(path, allow_pickle=False) as archive:
        return ExitWave(
            wave=archive["wave"],
            phase=archive["phase"],
            spacing=float(about["spacing"]),
            energy=float(about["energy"]),
            positions=archive["positions"],
            neighbour_distance=float(about["neighbour_distance"]),
            known=about["known"],
        )


def _about(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return json.loads(str(archive["about"]))
    except (OSError, ValueError, KeyError) as error:
        raise ExitWaveError(
            f"{path} is not an exit wave that this program wrote ({error}). Remove it from the "
            "folder, or compute the exit waves again."
        ) from error
