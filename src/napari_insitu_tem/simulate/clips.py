"""A few consecutive frames of things that move, with and without noise.

What denoisers of movies are trained on before they see a movie: particles that diffuse and turn
in liquid, lattices that drift, on a ground of their own, all of it drifting, with the shot noise
of any dose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.simulate.particle_frames.arrangement import place
from napari_insitu_tem.simulate.particle_frames.background import film, illumination
from napari_insitu_tem.simulate.particle_frames.outlines import Outline, draw_outline, project

__all__ = ["Clip", "ClipSettings", "draw_clip"]

Range = tuple[float, float]
_SHAPES = ("disc", "ellipse", "polygon", "rod", "irregular")
_ARRANGEMENTS = ("scattered", "few", "touching", "clusters")
_PROFILES = ("ball", "flat", "facets")
_MARGIN = 16  # px around the frame, which drift brings into view


class ClipSettings(Settings):
    """Ranges that every clip is drawn from; (lowest, highest)."""

    edge: int = setting(160, title="Frame", description="Height and width.", unit="px", ge=32)
    frames: int = setting(5, title="Frames", description="Consecutive frames.", ge=1)
    electrons: Range = setting(
        (0.3, 100.0),
        title="Electrons",
        description="Mean number a pixel and frame; drawn on a logarithmic scale.",
    )
    diameter: Range = setting(
        (5.0, 70.0),
        title="Diameter",
        description="Typical diameter of the particles; drawn on a logarithmic scale.",
        unit="px",
    )
    coverage: Range = setting(
        (0.02, 0.4), title="Coverage", description="Part of the frame that particles cover."
    )
    absorption: Range = setting(
        (0.1, 2.0),
        title="Absorption",
        description="Thickness of a particle in mean free paths; drawn on a logarithmic scale.",
    )
    motion: Range = setting(
        (0.0, 3.0),
        title="Motion",
        description="Standard deviation of a particle's step from frame to frame.",
        unit="px",
    )
    turning: Range = setting(
        (0.0, 12.0),
        title="Turning",
        description="Standard deviation of a particle's turn from frame to frame.",
        unit="°",
    )
    drift: Range = setting(
        (0.0, 1.5),
        title="Drift",
        description="Largest drift of the whole scene from frame to frame.",
        unit="px",
    )
    lattices: float = setting(
        0.3,
        title="Lattices",
        description="Share of the clips that show drifting lattices in place of particles.",
        ge=0,
        le=1,
    )
    period: Range = setting((4.0, 20.0), title="Period", description="Of the lattices.", unit="px")
    film: Range = setting(
        (0.0, 0.15),
        title="Film",
        description="Standard deviation of the support's own transmission.",
    )


@dataclass(frozen=True)
class Clip:
    """Consecutive frames.

    Parameters
    ----------
    noisy : (t, y, x) float32 array
        Electrons that were counted.
    clean : (t, y, x) float32 array
        Electrons that were expected.
    """

    noisy: np.ndarray
    clean: np.ndarray


def draw_clip(settings: ClipSettings, rng: np.random.Generator) -> Clip:
    """Draw a clip.

    Parameters
    ----------
    settings : ClipSettings
        What to draw from.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    edge = settings.edge + 2 * _MARGIN
    ground = 1 + rng.uniform(*settings.film) * film(edge, rng)
    ground = np.clip(ground, 0.05, None)
    draw = _lattice if rng.random() < settings.lattices else _particles
    shown = draw(settings, edge, rng)
    speed, heading = rng.uniform(*settings.drift), rng.uniform(0, 2 * np.pi)
    step = speed * np.array([np.sin(heading), np.cos(heading)])
    light = illumination(settings.edge, rng.uniform(0, 0.3), rng)
    electrons = _even(settings.electrons, rng)
    clean = []
    for time, seen in enumerate(shown):
        way = (time - settings.frames // 2) * step + rng.normal(0, 0.2 * speed + 1e-9, 2)
        moved = ndimage.shift(seen * ground, way, order=1, mode="nearest")
        clean.append(electrons * light * moved[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])
    expected = np.clip(np.array(clean), 0, None)
    noisy = rng.poisson(expected)
    return Clip(noisy.astype(np.float32), expected.astype(np.float32))


def _particles(settings: ClipSettings, edge: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the transmission (y, x) of diffusing particles, frame by frame."""
    diameter, strongest = _even(settings.diameter, rng), _even(settings.absorption, rng)
    shape, profile = str(rng.choice(_SHAPES)), str(rng.choice(_PROFILES))
    centres, radii = place(
        str(rng.choice(_ARRANGEMENTS)),
        diameter / 2,
        rng.uniform(0.05, 0.4),
        rng.uniform(*settings.coverage),
        edge,
        rng,
    )
    centres = np.array(centres, float).reshape(-1, 2)
    step, turn = rng.uniform(*settings.motion), math.radians(rng.uniform(*settings.turning))
    outlines = [draw_outline(shape, 2 * float(radius), rng) for radius in radii]
    strengths = strongest * rng.uniform(0.6, 1.2, len(outlines))
    blur = rng.uniform(0, 1.2)
    frames = []
    for _ in range(settings.frames):
        thickness = np.zeros((edge, edge))
        for outline, centre, strength in zip(outlines, centres, strengths, strict=True):
            projected = project(outline, (centre[0], centre[1]), edge, profile)
            if projected is not None:
                window, covered, depth = projected
                thickness[window] += strength * depth * covered
        frames.append(ndimage.gaussian_filter(np.exp(-thickness), blur))
        centres = centres + rng.normal(0, step, centres.shape) if step else centres
        # Radii are given at so many angles; a particle turns by whole ones of these.
        turns = np.rint(rng.normal(0, turn, len(outlines)) * 128 / (2 * np.pi))
        outlines = [
            Outline(_rolled(outline.radii, int(by)))
            for outline, by in zip(outlines, turns, strict=True)
        ]
    return frames


def _lattice(settings: ClipSettings, edge: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the transmission (y, x) of crystals whose lattices drift, frame by frame."""
    y, x = np.mgrid[:edge, :edge].astype(float)
    frames = [np.ones((edge, edge)) for _ in range(settings.frames)]
    for _ in range(int(rng.integers(1, 4))):
        period, angle = rng.uniform(*settings.period), rng.uniform(0, 2 * np.pi)
        between = math.radians(float(rng.choice([60, 90, 70.5])))
        size = rng.uniform(0.15, 0.6) * edge
        centre = rng.uniform(0, edge, 2)
        speed, heading = rng.uniform(0, 0.15) * period, rng.uniform(0, 2 * np.pi)
        turning = rng.normal(0, 0.01)
        contrast = rng.uniform(0.05, 0.4)
        far = np.hypot(y - centre[0], x - centre[1])
        inside = 0.5 * (1 - np.tanh((far - size) / rng.uniform(1, 6)))
        power = rng.choice([1, 2])
        for time, frame in enumerate(frames):
            now = angle + turning * time
            dy, dx = time * speed * np.sin(heading), time * speed * np.cos(heading)
            wave = np.zeros_like(y)
            for axis in (now, now + between):
                along = (x - centre[1] - dx) * np.cos(axis) + (y - centre[0] - dy) * np.sin(axis)
                wave += np.cos(2 * np.pi * along / period)
            frame *= 1 + contrast * inside * (np.abs(wave / 2) ** power * np.sign(wave) - 0.3)
    return [np.clip(frame, 0.05, None) for frame in frames]


def _even(limits: Range, rng: np.random.Generator) -> float:
    """Draw evenly on a logarithmic scale."""
    low, high = (math.log(each) for each in limits)
    return math.exp(rng.uniform(low, high))


def _rolled(radii: np.ndarray, by: int) -> np.ndarray:
    """Turn an outline; its last radius is its first."""
    turned = np.roll(radii[:-1], by)
    return np.append(turned, turned[0])
