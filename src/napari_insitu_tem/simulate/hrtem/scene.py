"""What lies on the film of one frame: particles made for it, or kept exit waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from napari_insitu_tem.simulate.hrtem.exit_waves import ExitWave, kept_waves, placed
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.outlines import outline
from napari_insitu_tem.simulate.hrtem.projected import multiply_exit_wave
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings
from napari_insitu_tem.simulate.hrtem.structures import Particle, draw_particle

__all__ = ["Scene", "draw_scene"]

Place = tuple[float, float]
Mask = tuple[np.ndarray, tuple[int, int]]


class Scene(Protocol):
    """Particles of one frame, before they have a place."""

    @property
    def energy(self) -> float | None:
        """Energy of the electrons in keV where it is fixed already."""

    @property
    def radii(self) -> list[float]:
        """Radius of every particle, Å."""

    @property
    def known(self) -> list[dict[str, Any]]:
        """What each particle is."""

    def wave(
        self,
        places: list[Place],
        grid: Grid,
        *,
        energy: float,
        absorption: float,
        thermal_factor: float,
    ) -> np.ndarray:
        """Return the wave behind the particles, their middles at `places` (y, x in Å)."""

    def outlines(self, places: list[Place], spacing: float) -> list[Mask]:
        """Return every particle's outline on pixels of `spacing` Å."""


def draw_scene(settings: HrtemSettings, rng: np.random.Generator) -> Scene:
    """Draw the particles of a frame: new ones, or of the folder `settings.exit_waves`.

    Raises
    ------
    ExitWaveError
        Where that folder holds no exit waves.
    """
    count = int(rng.integers(*settings.particles, endpoint=True))
    if settings.exit_waves is None:
        material = settings.materials[rng.integers(len(settings.materials))]
        return _Drawn(tuple(draw_particle(settings, material, rng) for _ in range(count)))
    store = kept_waves(settings.exit_waves)
    first = store[rng.integers(len(store))]
    like = [wave for wave in store if wave.goes_with(first)]
    drawn = [first, *(like[rng.integers(len(like))] for _ in range(count - 1))][:count]
    waves = tuple(kept.load().turned(int(rng.integers(4))) for kept in drawn)
    return _Kept(waves, first.energy)


@dataclass(frozen=True)
class _Drawn:
    """Particles that are made for this frame."""

    particles: tuple[Particle, ...]
    energy: float | None = None

    @property
    def radii(self) -> list[float]:
        return [5 * particle.diameter for particle in self.particles]

    @property
    def known(self) -> list[dict[str, Any]]:
        return [particle.describe() for particle in self.particles]

    def wave(
        self,
        places: list[Place],
        grid: Grid,
        *,
        energy: float,
        absorption: float,
        thermal_factor: float,
    ) -> np.ndarray:
        total = np.ones(grid.shape, np.complex64)
        for particle, place in zip(self.particles, places, strict=True):
            multiply_exit_wave(
                total,
                particle,
                place,
                grid,
                energy=energy,
                absorption=absorption,
                thermal_factor=thermal_factor,
            )
        return total

    def outlines(self, places: list[Place], spacing: float) -> list[Mask]:
        return [
            outline(
                particle.positions[:, :2] + np.array(place),
                particle.material.neighbour_distance,
                spacing,
            )
            for particle, place in zip(self.particles, places, strict=True)
        ]


@dataclass(frozen=True)
class _Kept:
    """Particles whose exit waves were computed before, their thermal motion included."""

    waves: tuple[ExitWave, ...]
    energy: float | None

    @property
    def radii(self) -> list[float]:
        return [5 * float(wave.known["diameter"]) for wave in self.waves]

    @property
    def known(self) -> list[dict[str, Any]]:
        return [wave.known for wave in self.waves]

    def wave(
        self,
        places: list[Place],
        grid: Grid,
        *,
        energy: float,
        absorption: float,
        thermal_factor: float,
    ) -> np.ndarray:
        total = np.ones(grid.shape, np.complex64)
        for wave, place in zip(self.waves, places, strict=True):
            absorbing = wave.wave * np.exp(np.float32(-absorption) * wave.phase)
            total *= 1 + placed(absorbing - 1, wave.spacing, place, grid)
        return total

    def outlines(self, places: list[Place], spacing: float) -> list[Mask]:
        return [
            outline(wave.positions + np.array(place), wave.neighbour_distance, spacing)
            for wave, place in zip(self.waves, places, strict=True)
        ]
