"""A lattice and its film, rendered frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.simulate.detector import detect
from napari_insitu_tem.simulate.drift import drift_curve, random_texture, shifted
from napari_insitu_tem.simulate.lattice.atoms import atoms_of
from napari_insitu_tem.simulate.lattice.changes import Grain, grains_at, moving_region
from napari_insitu_tem.simulate.lattice.outlines import coverage
from napari_insitu_tem.simulate.lattice.settings import LatticeMovieSettings
from napari_insitu_tem.simulate.lattice.spots import basis, lattice_points

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LatticeScene"]


class LatticeScene:
    """All that happens in a simulated lattice movie; frames are rendered when asked for.

    The same seed and settings give the same scene, and every frame depends on nothing but
    these and its index. Atoms at a border are faint by the part of their cell (a square of one
    period) that is outside, so that the lattice ends where its outline does.

    Parameters
    ----------
    settings : LatticeMovieSettings
        What to simulate.
    seed : int
        Of everything random.

    Attributes
    ----------
    drift : (t, 2) array
        Shift (dy, dx) of everything in every frame, px.
    atoms : Atoms
        How a lattice point looks.

    Raises
    ------
    ExitWaveError
        For atoms of lead sulphide, where abTEM or ase is not installed.
    """

    def __init__(self, settings: LatticeMovieSettings, seed: int = 0) -> None:
        self.settings, self.seed = settings, seed
        self.shape = (settings.height, settings.width)
        self.atoms = atoms_of(settings)
        self.drift = drift_curve(
            settings.n_frames,
            speed=settings.drift,
            jitter=settings.jitter,
            rng=np.random.default_rng([seed, 20]),
        )
        size = settings.amorphous_size * settings.period
        self._texture = random_texture(self.shape, size, np.random.default_rng([seed, 21]))

    def progress(self, index: int) -> float:
        """Return which part of what happens has happened at a frame, 0 to 1."""
        return index / max(self.settings.n_frames - 1, 1)

    def grains(self, index: int) -> tuple[Grain, ...]:
        """Return the lattices of a frame, without the drift."""
        return grains_at(self.settings, self.progress(index))

    def spots(self, index: int) -> np.ndarray:
        """Return the missing part (y, x) of the electrons on each pixel, by the lattice alone."""
        settings = self.settings
        missing = np.zeros(self.shape, np.float32)
        reach = 3 * settings.period + float(np.abs(self.drift[index]).max())
        for grain in self.grains(index):
            vectors = basis(settings.lattice, settings.period, grain.angle)
            start = np.array(grain.pivot) + grain.shift
            points = lattice_points(vectors, start, self.shape, reach)
            if grain.displacement is not None:
                points = points + grain.displacement(points)
            heights = coverage(grain.outline, points[:, 0], points[:, 1], settings.period)
            missing += self.atoms.draw(
                points + self.drift[index], heights * grain.contrast, grain.angle, self.shape
            )
        return missing

    def expected_electrons(self, index: int) -> np.ndarray:
        """Return the mean number of electrons on each pixel of a frame."""
        settings = self.settings
        film = np.ones(self.shape)
        if settings.amorphous:
            film += settings.amorphous * shifted(self._texture, self.shape, self.drift[index])
        film *= 1 - settings.film_absorption
        if settings.vacuum:
            end = settings.vacuum * settings.height + self.drift[index, 0]
            there = np.clip(0.5 + np.arange(settings.height) - end, 0, 1)[:, np.newaxis]
            film = 1 + there * (film - 1)
        return settings.dose * np.clip(film * (1 - self.spots(index)), 0, None)

    def image(self, index: int) -> np.ndarray:
        """Return a frame (y, x) as the camera records it."""
        rng = np.random.default_rng([self.seed, 22, index])
        return detect(self.expected_electrons(index), self.settings, rng)

    def label_image(self, index: int) -> np.ndarray:
        """Return the (y, x) uint8 number of the grain at each pixel, 0 where there is none."""
        y, x = np.ogrid[: self.shape[0], : self.shape[1]]
        y, x = y - self.drift[index, 0], x - self.drift[index, 1]
        labels = np.zeros(self.shape, np.uint8)
        deepest = np.zeros(self.shape)
        for number, grain in enumerate(self.grains(index), start=1):
            distance = grain.outline.distance(y, x)
            labels[distance < deepest] = number
            deepest = np.minimum(deepest, distance)
        return labels

    def moving(self) -> np.ndarray:
        """Return where (y, x) something changes; see `moving_region`."""
        return moving_region(self.settings)

    def truth(self) -> pd.DataFrame:
        """Return the true table; see `SimulatedLattice`."""
        import pandas as pd

        y, x = np.ogrid[: self.shape[0], : self.shape[1]]
        rows = []
        for index in range(self.settings.n_frames):
            at = y - self.drift[index, 0], x - self.drift[index, 1]
            for number, grain in enumerate(self.grains(index), start=1):
                rows.append(
                    {
                        "frame": index,
                        "region": number,
                        "angle": grain.angle,
                        "shift_y": grain.shift[0],
                        "shift_x": grain.shift[1],
                        "contrast": grain.contrast * self.atoms.contrast,
                        "area": float(coverage(grain.outline, *at).sum()),
                    }
                )
        return pd.DataFrame(rows)
