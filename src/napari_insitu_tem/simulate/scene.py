"""What happens in a simulated movie of particles, rendered frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate import shapes, truth
from napari_insitu_tem.simulate.detector import detect
from napari_insitu_tem.simulate.drift import drift_curve, random_texture, shifted
from napari_insitu_tem.simulate.motion import Trajectories, move_particles
from napari_insitu_tem.simulate.settings import ParticleMovieSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ParticleScene"]

WATER_MEAN_FREE_PATH = 185.0  # nm; these three as in Yao et al. 2020
WINDOW_MEAN_FREE_PATH = 144.0  # nm, silicon nitride
WINDOW_THICKNESS = 50.0  # nm, each of two
DARK_FIELD_GROUND = 0.1  # scattered by liquid and windows, as a fraction of the dose


class ParticleScene:
    """All that happens in a simulated movie; its frames are rendered one by one when asked for.

    The same seed and settings give the same scene, and every frame depends on nothing but
    these and its index.

    Parameters
    ----------
    settings : ParticleMovieSettings
        What to simulate.
    seed : int
        Of everything random.

    Attributes
    ----------
    drift : (t, 2) array
        Shift of the scene in every frame.
    trajectories : Trajectories
        Poses of all bodies.
    """

    def __init__(self, settings: ParticleMovieSettings, seed: int = 0) -> None:
        self.settings, self.seed = settings, seed
        self.shape = (settings.height, settings.width)
        self.drift = drift_curve(
            settings.n_frames,
            speed=settings.drift,
            jitter=settings.jitter,
            rng=np.random.default_rng([seed, 0]),
        )
        moved = move_particles(settings, self._box(), np.random.default_rng([seed, 1]))
        seen = truth.visible(moved, self.drift, self.shape, settings.aspect_ratio)
        self.trajectories: Trajectories = truth.count_visits(moved, seen)
        self._illumination = _illumination(self.shape, settings, np.random.default_rng([seed, 2]))
        self._grain = random_texture(self.shape, 1.5, np.random.default_rng([seed, 3]))

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        low = np.full(2, -0.5)
        high = np.array(self.shape) - 0.5
        if self.settings.edges == "open":
            margin = 2.0 * self.settings.size
            return low - self.drift.max(axis=0) - margin, high - self.drift.min(axis=0) + margin
        low, high = low - self.drift.min(axis=0), high - self.drift.max(axis=0)
        if np.any(high - low < 1.5 * self.settings.size):
            raise SettingsError(
                "The drift leaves no room in which every particle stays in view. Take less "
                "drift, fewer frames or a larger view, or open the edge of the view."
            )
        return low, high

    def label_image(self, index: int) -> np.ndarray:
        """Return the (y, x) int32 true labels of a frame."""
        particles = self.trajectories.particle[index]
        labels, largest = np.zeros(self.shape, np.int32), np.zeros(self.shape)
        total = np.zeros(self.shape)
        halves: dict[int, tuple[tuple[slice, slice], np.ndarray]] = {}
        for body, window, coverage, _ in self._projections(index, attenuation=0.0):
            particle = int(particles[body])
            total[window] += coverage
            if np.count_nonzero(particles == particle) > 1 and particle not in halves:
                halves[particle] = window, coverage
                continue
            if particle in halves:
                window, coverage = _together(halves[particle], (window, coverage))
            wins = coverage > largest[window]
            largest[window] = np.where(wins, coverage, largest[window])
            labels[window] = np.where(wins, particle, labels[window])
        labels[total < 0.5] = 0
        return labels

    def expected_electrons(self, index: int) -> np.ndarray:
        """Return the mean number of electrons on each pixel of a frame."""
        settings = self.settings
        absorbed = self._absorbed(index)
        if settings.distractors:
            rng = np.random.default_rng([self.seed, 5, index])
            absorbed = 1 - (1 - absorbed) * (1 - _blurred_discs(self.shape, settings, rng))
        flux = settings.dose * (10 * settings.pixel_size) ** 2 * self._illumination
        ground = np.ones(self.shape)
        if settings.grain:
            ground = np.exp(settings.grain * shifted(self._grain, self.shape, self.drift[index]))
        if settings.contrast == "dark field":
            return flux * (DARK_FIELD_GROUND * ground + absorbed)
        cell = (
            settings.liquid_thickness / WATER_MEAN_FREE_PATH
            + 2 * WINDOW_THICKNESS / WINDOW_MEAN_FREE_PATH
        )
        return flux * np.exp(-cell) * ground * (1 - absorbed)

    def image(self, index: int) -> np.ndarray:
        """Return a frame (y, x) as the camera records it."""
        rng = np.random.default_rng([self.seed, 4, index])
        return detect(self.expected_electrons(index), self.settings, rng)

    def _absorbed(self, index: int) -> np.ndarray:
        """Fraction of electrons that particles remove; they do not overlap, so it adds up."""
        absorbed = np.zeros(self.shape)
        attenuation = self.settings.pixel_size / self.settings.mean_free_path
        for _, window, _, removed in self._projections(index, attenuation):
            absorbed[window] += removed
        return np.minimum(absorbed, 1.0)

    def _projections(
        self, index: int, attenuation: float
    ) -> Iterator[tuple[int, tuple[slice, slice], np.ndarray, np.ndarray]]:
        moved = self.trajectories
        for body in np.flatnonzero(moved.particle[index]):
            window, coverage, removed = shapes.project(
                moved.shape[body],
                moved.size[index, body],
                moved.centre[index, body] + self.drift[index],
                moved.angle[index, body],
                self.shape,
                attenuation=attenuation,
                aspect_ratio=self.settings.aspect_ratio,
            )
            yield int(body), window, coverage, removed

    def poses(self) -> pd.DataFrame:
        """Return the true table; see `SimulatedMovie`."""
        return truth.pose_table(
            self.trajectories, self.drift, self.shape, self.settings.aspect_ratio
        )


def _together(first: Any, second: Any) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the joint coverage of two bodies of one particle."""
    windows = (first[0], second[0])
    low = [min(w[axis].start for w in windows) for axis in (0, 1)]
    high = [max(w[axis].stop for w in windows) for axis in (0, 1)]
    joint = np.zeros((high[0] - low[0], high[1] - low[1]))
    for (rows, columns), coverage in (first, second):
        joint[
            rows.start - low[0] : rows.stop - low[0], columns.start - low[1] : columns.stop - low[1]
        ] += coverage
    return (slice(low[0], high[0]), slice(low[1], high[1])), joint


def _illumination(
    shape: tuple[int, int], settings: ParticleMovieSettings, rng: np.random.Generator
) -> np.ndarray:
    """Return a broad beam off centre: 1 where brightest, 1 - `illumination` where darkest."""
    centre = rng.uniform(0.2, 0.8, 2)
    y = np.linspace(0, 1, shape[0])[:, np.newaxis] - centre[0]
    x = np.linspace(0, 1, shape[1])[np.newaxis, :] - centre[1]
    beam = np.exp(-(y**2 + x**2))
    depth = (beam.max() - beam) / (beam.max() - beam.min())
    return 1 - settings.illumination * depth


def _blurred_discs(
    shape: tuple[int, int], settings: ParticleMovieSettings, rng: np.random.Generator
) -> np.ndarray:
    """Return the absorbed fraction of particles that moved during the frame: soft and faint."""
    y, x = np.arange(shape[0])[:, np.newaxis], np.arange(shape[1])[np.newaxis, :]
    passed = np.ones(shape)
    for _ in range(settings.distractors):
        centre = rng.uniform(0, shape)
        width = settings.size * rng.uniform(0.2, 0.6)
        strength = rng.uniform(0.05, 0.25)
        profile = np.exp(-0.5 * ((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / width**2)
        passed *= 1 - strength * profile
    return 1 - passed
