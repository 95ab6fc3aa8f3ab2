"""How the atoms of a lattice look: Gaussian spots, or columns of lead sulphide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.simulate.lattice.motif import draw_motifs, shown_harmonics
from napari_insitu_tem.simulate.lattice.pbs import column_picture
from napari_insitu_tem.simulate.lattice.settings import LatticeMovieSettings
from napari_insitu_tem.simulate.lattice.spots import draw_spots

__all__ = ["Atoms", "Columns", "Spots", "atoms_of"]


class Atoms(Protocol):
    """Anything that draws the points of a lattice."""

    @property
    def contrast(self) -> float:
        """Part of the electrons that is missing where it is darkest."""

    def draw(
        self, points: np.ndarray, heights: np.ndarray, angle: float, shape: tuple[int, int]
    ) -> np.ndarray:
        """Return the missing part (y, x) of the electrons on each pixel.

        `points` (n, 2) are (y, x) in px, `heights` (n,) relative to `contrast`, `angle` is the
        direction of a row in degrees, `shape` that of the frame.
        """


@dataclass(frozen=True)
class Spots:
    """Gaussian spots of standard deviation `width` px."""

    contrast: float
    width: float

    def draw(
        self, points: np.ndarray, heights: np.ndarray, angle: float, shape: tuple[int, int]
    ) -> np.ndarray:
        """Return the missing part (y, x) of the electrons on each pixel."""
        return draw_spots(points, heights * self.contrast, self.width, shape)


@dataclass(frozen=True, eq=False)
class Columns:
    """A periodic picture, (n, n) with `contrast` as its maximum, around every point."""

    contrast: float
    picture: np.ndarray
    period: float

    def draw(
        self, points: np.ndarray, heights: np.ndarray, angle: float, shape: tuple[int, int]
    ) -> np.ndarray:
        """Return the missing part (y, x) of the electrons on each pixel."""
        return draw_motifs(points, heights, self.picture, shape, period=self.period, angle=angle)


def atoms_of(settings: LatticeMovieSettings) -> Atoms:
    """Return what the settings ask for.

    Raises
    ------
    ExitWaveError
        For lead sulphide, where abTEM or ase is not installed.
    """
    if settings.atoms == "gaussian":
        contrast = 0.3 if settings.contrast is None else settings.contrast
        return Spots(contrast, settings.spot_width * settings.period)
    picture = column_picture(
        thickness=settings.thickness,
        energy=settings.energy,
        defocus=settings.defocus,
        spherical_aberration=settings.spherical_aberration,
    )
    picture = shown_harmonics(picture, settings.period)
    simulated = float(picture.max())
    contrast = simulated if settings.contrast is None else settings.contrast
    return Columns(contrast, picture * (contrast / simulated), settings.period)
