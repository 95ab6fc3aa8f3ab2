"""One training frame: particles, what is none, and how the microscope sees both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.simulate.particle_frames.arrangement import place
from napari_insitu_tem.simulate.particle_frames.background import film, illumination, structure
from napari_insitu_tem.simulate.particle_frames.outlines import (
    draw_outline,
    project,
    visible_extent,
)
from napari_insitu_tem.simulate.particle_frames.settings import ParticleFrameSettings

__all__ = ["ParticleFrame", "draw_frame"]

_PROFILES = ("flat", "flat", "flat", "ball", "ball", "ball", "facets", "shell")


@dataclass(frozen=True)
class ParticleFrame:
    """A simulated frame and the truth about it.

    Parameters
    ----------
    image : (y, x) float32 array
        What the camera saw; particles are darker than what surrounds them. Invert it for
        particles that are brighter.
    labels : (y, x) int32 array
        0 is background and whatever is no particle; every other value is one particle.
    diameter : float
        Typical diameter in pixels.
    """

    image: np.ndarray
    labels: np.ndarray
    diameter: float


def draw_frame(settings: ParticleFrameSettings, rng: np.random.Generator) -> ParticleFrame:
    """Draw one frame.

    Thicknesses of overlapping particles add up and absorb by Beer and Lambert; the label of an
    overlap is the later particle's, and the outline of what thins out towards its rim lies where
    its contrast has risen to half its height. Noise is of the strength that makes a typical
    particle as visible as drawn, grows with the root of the intensity, and is as correlated as
    drawn.
    """
    edge = settings.edge
    diameter = _log_uniform(rng, settings.diameter)
    labels = np.zeros((edge, edge), np.int32)
    thickness = np.zeros((edge, edge))
    absorption = _log_uniform(rng, settings.absorption)
    if rng.random() >= settings.empty:
        _add_particles(settings, diameter, absorption, thickness, labels, rng)

    def absorbed(depth: np.ndarray) -> np.ndarray:
        return -np.expm1(-absorption * depth) / -np.expm1(-absorption)

    signal = absorbed(thickness)
    signal = _fringes(signal, rng)
    signal = ndimage.gaussian_filter(signal, rng.uniform(*settings.blur) * diameter)
    if rng.random() < 0.5:
        faint = _distractors(settings, diameter, edge, rng)
        signal = signal + faint * (1 - np.clip(signal, 0, 1))
    strongest = settings.film[1] * rng.beta(0.6, 2.2) + settings.film[0]
    scenery = strongest * film(edge, rng)
    for _ in range(int(max(0, rng.uniform(-settings.structures[1], settings.structures[1])))):
        scenery = scenery + rng.uniform(0.1, 0.8) * structure(edge, diameter, rng)
    contrast = rng.uniform(0.05, 0.8)
    image = 1 - contrast * signal - contrast * scenery
    image = np.clip(
        image * illumination(edge, rng.uniform(*settings.illumination), rng), 0.02, None
    )
    noise = contrast * 0.886 * diameter / _log_uniform(rng, settings.visibility)
    image = image + noise * _noise(image, rng.uniform(*settings.noise_correlation), rng)
    return ParticleFrame(_digitised(image, rng).astype(np.float32), labels, diameter)


def _add_particles(
    settings: ParticleFrameSettings,
    diameter: float,
    absorption: float,
    thickness: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Draw all particles of a frame into its thickness and labels."""
    arrangement = str(rng.choice(settings.arrangements))
    spread = rng.uniform(*settings.spread)
    centres, radii = place(
        arrangement, diameter / 2, spread, rng.uniform(*settings.coverage), settings.edge, rng
    )
    shapes: list[str] = list(settings.shapes)
    if rng.random() < 0.75:
        shapes = [str(rng.choice(shapes))]
    profile = str(rng.choice(_PROFILES))
    steepness = rng.uniform(2, 8)
    extent = visible_extent(profile, steepness, absorption)
    unequal = rng.uniform(0.02, 0.2) if rng.random() < 0.6 else rng.uniform(0.2, 0.5)
    texture = rng.uniform(0.1, 0.7) if rng.random() < 0.35 else 0.0
    for number, (centre, radius) in enumerate(zip(centres, radii, strict=True), start=1):
        outline = draw_outline(str(rng.choice(shapes)), 2 * radius, rng)
        if "rod" in shapes and outline.reach > 1.6 * radius:
            # Long ones would cover their neighbours.
            outline = type(outline)(outline.radii * 0.75)
        projected = project(
            outline, tuple(centre), settings.edge, profile, steepness=steepness, extent=extent
        )
        if projected is None:
            continue
        window, coverage, depth = projected
        depth = depth * np.clip(np.exp(rng.normal(0, unequal)), 0.35, 2.5)
        if texture:
            depth = depth * _diffraction(depth.shape, radius, texture, rng)
        thickness[window] += depth
        labels[window][coverage >= 0.5] = number
    _keep_visible(labels)


def _keep_visible(labels: np.ndarray) -> None:
    """Leave out what later particles cover almost wholly, and slivers at the border."""
    area = np.bincount(labels.ravel())
    labels[area[labels] < 6] = 0


def _diffraction(
    shape: tuple[int, ...], radius: float, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """Return fringes or a bend contour across a particle, about 1."""
    angle, wave = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 4) * radius + 2
    if rng.random() < 0.3:  # lattice fringes
        wave = rng.uniform(2.5, 7)
    y, x = np.ogrid[: shape[0], : shape[1]]
    phase = 2 * np.pi * (y * np.cos(angle) + x * np.sin(angle)) / wave
    pattern: np.ndarray = 1 + strength * np.sin(phase + rng.uniform(0, 2 * np.pi))
    return pattern


def _fringes(signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the bright or dark rim that a defocused edge has."""
    if rng.random() < 0.5:
        return signal
    width, strength = rng.uniform(0.8, 3.0), rng.uniform(-0.4, 1.0)
    return signal + strength * (signal - ndimage.gaussian_filter(signal, width))


def _distractors(
    settings: ParticleFrameSettings, diameter: float, edge: int, rng: np.random.Generator
) -> np.ndarray:
    """Return blurred particles, as strong as others at most: far out of focus, or fast ones."""
    total = np.zeros((edge, edge))
    unsharp = rng.uniform(0.18, 0.4) * diameter + 1
    for _ in range(int(rng.uniform(*settings.distractors)) + 1):
        outline = draw_outline("ellipse", diameter * rng.uniform(0.6, 1.5), rng)
        start = rng.uniform(-0.5 * diameter, edge + 0.5 * diameter, 2)
        way = rng.normal(0, 0.6 * diameter, 2) if rng.random() < 0.5 else np.zeros(2)
        strength = rng.uniform(0.15, 0.9) * rng.choice([1, 1, 1, 1, 1, -1])
        steps = np.linspace(0, 1, 6) if way.any() else np.zeros(1)
        for part in steps:
            projected = project(outline, tuple(start + part * way), edge, "ball")
            if projected is not None:
                total[projected[0]] += projected[2] * strength / len(steps)
    blurred: np.ndarray = ndimage.gaussian_filter(total, unsharp)
    return blurred


def _noise(image: np.ndarray, correlation: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise of deviation 1 at intensity 1, in part shot noise."""
    white = rng.standard_normal(image.shape) * np.sqrt(np.clip(image, 0.02, None))
    if rng.random() < 0.5 or correlation < 0.3:
        return white
    smooth: np.ndarray = ndimage.gaussian_filter(white, correlation)
    return smooth / max(float(smooth.std()), 1e-9) * white.std()


def _digitised(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what a camera and a file may do: gamma, hot pixels, clipping, few grey levels."""
    if rng.random() < 0.25:
        image = np.clip(image, 0, None) ** rng.uniform(0.6, 1.6)
    if rng.random() < 0.1:
        hot = rng.random(image.shape) < rng.uniform(0, 0.002)
        image = np.where(hot, image + rng.uniform(0.5, 3) * image.std(), image)
    if rng.random() < 0.3:
        low, high = np.percentile(image, [rng.uniform(0, 0.5), rng.uniform(99.5, 100)])
        levels = rng.integers(40, 256)
        image = np.rint(np.clip((image - low) / max(high - low, 1e-9), 0, 1) * levels) / levels
    return image


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))
