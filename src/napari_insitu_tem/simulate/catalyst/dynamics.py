"""What changes from frame to frame: disorder, rotation, facets, displaced columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.simulate.catalyst.settings import CatalystSettings

__all__ = ["FACETS", "Dynamics", "disorder_curve", "displacements", "draw_dynamics"]

#: Outward normals of the facets, in degrees from +x, counter-clockwise.
FACETS = (0.0, 60.0, 120.0, 180.0, 240.0, 300.0)
#: Frames within which rotation and displacements forget what they were.
_TURN_MEMORY, _RIGID_MEMORY, _LIQUID_MEMORY = 30.0, 3.0, 1.5
#: A logistic curve goes from a tenth to nine tenths within so many of its scales.
_TENTHS = 2 * np.log(9)
#: Facets of a disordered particle hop so many times as often.
_LIVELIER = 5.0
_FARTHEST = 2  # layers that a facet moves, at most


@dataclass(frozen=True)
class Dynamics:
    """The course of a particle.

    Parameters
    ----------
    disorder : (t,) array
        0 rigid, 1 disordered.
    angle : (t,) array
        Of the particle, degrees.
    facets : (t, 6) array
        Layers that every facet has gained.
    """

    disorder: np.ndarray
    angle: np.ndarray
    facets: np.ndarray


def disorder_curve(settings: CatalystSettings) -> np.ndarray:
    """Return how disordered the particle is (t,): one half in the frames of the transitions."""
    time = np.arange(settings.n_frames)
    scale = settings.transition / _TENTHS
    curve = np.zeros(settings.n_frames)
    for frame, sign in ((settings.onset, 1), (settings.recovery, -1)):
        if frame is not None:
            curve += sign / (1 + np.exp(-np.clip((time - frame) / scale, -60, 60)))
    return np.clip(curve, 0, 1)


def draw_dynamics(settings: CatalystSettings, rng: np.random.Generator) -> Dynamics:
    """Draw rotation and hops of the facets for all frames."""
    count = settings.n_frames
    disorder = disorder_curve(settings)
    memory = np.exp(-1 / _TURN_MEMORY)
    speed, angle = rng.normal(), rng.uniform(-20, 20)
    angles, facets = np.zeros(count), np.zeros((count, len(FACETS)))
    layers = np.zeros(len(FACETS))
    for frame in range(count):
        angles[frame], facets[frame] = angle, layers
        speed = memory * speed + np.sqrt(1 - memory**2) * rng.normal()
        angle += settings.rotation * (speed + 3 * disorder[frame] * rng.normal())
        chance = settings.hopping * (1 + (_LIVELIER - 1) * disorder[frame])
        hops = (rng.random(len(FACETS)) < chance) * rng.choice([-1, 1], len(FACETS))
        layers = np.clip(layers + hops, -_FARTHEST, _FARTHEST)
    return Dynamics(disorder, angles, facets)


def displacements(
    settings: CatalystSettings, disorder: np.ndarray, columns: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how far every column is from its place (t, columns, 2), px."""
    shape = (settings.n_frames, columns, 2)
    rigid = _remembering(shape, _RIGID_MEMORY, rng)
    liquid = _remembering(shape, _LIQUID_MEMORY, rng)
    share = disorder[:, np.newaxis, np.newaxis]
    size = settings.vibration * (1 - share) * rigid + settings.disorder * share * liquid
    return settings.spacing * size


def _remembering(shape: tuple[int, ...], memory: float, rng: np.random.Generator) -> np.ndarray:
    """Return an Ornstein-Uhlenbeck process of variance 1 along the first axis."""
    from scipy.signal import lfilter

    stays = np.exp(-1 / memory)
    kicks = rng.normal(size=shape)
    kicks[1:] *= np.sqrt(1 - stays**2)
    return lfilter([1.0], [1.0, -stays], kicks, axis=0)
