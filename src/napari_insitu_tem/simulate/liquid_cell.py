"""Frames of gold particles in a liquid cell, after Yao et al. and Qian et al.

Their simulation of training frames: a window of 98.6 nm on 512 x 512 pixels, Beer and Lambert's
law over gold, water and silicon nitride windows, some ten fast and blurred particles that are not
in the label, shot noise and the detector (Yao et al., ACS Cent. Sci. 6, 1421, 2020; used by Qian
et al. for their U-Net). Here as a test set that no network of this package was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.simulate.detector import DetectorSettings, detect
from napari_insitu_tem.simulate.particle_frames.arrangement import place
from napari_insitu_tem.simulate.particle_frames.outlines import draw_outline, project

__all__ = ["LiquidCellFrame", "LiquidCellSettings", "draw_liquid_cell"]

#: Inelastic mean free paths and thicknesses, nm.
_WATER, _NITRIDE = 185.0, 144.0
_WATER_THICKNESS, _WINDOWS_THICKNESS = 150.0, 100.0

Range = tuple[float, float]


class LiquidCellSettings(Settings):
    """What frames of a liquid cell vary over; (lowest, highest)."""

    edge: int = setting(512, title="Frame", description="Height and width.", unit="px", ge=64)
    field_of_view: float = setting(
        98.6, title="Field of view", description="Height and width.", unit="nm", gt=0
    )
    flux: Range = setting(
        (500.0, 1500.0),
        title="Flux",
        description="Electrons that a frame takes, before the cell.",
        unit="e/Å²",
    )
    gold_mean_free_path: Range = setting(
        (20.0, 80.0),
        title="Mean free path in gold",
        description="Drawn for each frame; short ones make dark particles.",
        unit="nm",
    )
    size: Range = setting(
        (6.0, 20.0), title="Size", description="Diameter of a particle.", unit="nm"
    )
    count: Range = setting((4.0, 24.0), title="Particles", description="Number in a frame.")
    distractors: Range = setting(
        (8.0, 12.0),
        title="Distractors",
        description="Fast particles, blurred by their motion, that are not in the label.",
    )


@dataclass(frozen=True)
class LiquidCellFrame:
    """A frame and its labels.

    Parameters
    ----------
    image : (y, x) float32 array
        Counts.
    labels : (y, x) int32 array
        0 is background; every other value is one particle.
    pixel_size : float
        In nm.
    """

    image: np.ndarray
    labels: np.ndarray
    pixel_size: float


def draw_liquid_cell(settings: LiquidCellSettings, rng: np.random.Generator) -> LiquidCellFrame:
    """Draw one frame: ``flux * exp(-sum(thickness / mean free path))``, shot noise, detector."""
    edge, pixel_size = settings.edge, settings.field_of_view / settings.edge
    gold = np.zeros((edge, edge))
    labels = np.zeros((edge, edge), np.int32)
    size = rng.uniform(*settings.size) / pixel_size
    count = int(rng.uniform(*settings.count))
    coverage = count * np.pi / 4 * size**2 / edge**2
    centres, radii = place("scattered", size / 2, 0.15, min(coverage, 0.35), edge, rng)
    shape = str(rng.choice(["polygon", "ellipse", "rod", "disc"]))
    for number, (centre, radius) in enumerate(zip(centres, radii, strict=True), start=1):
        outline = draw_outline(shape, 2 * radius, rng)
        profile = "ball" if shape in ("ellipse", "disc") else "flat"
        projected = project(outline, tuple(centre), edge, profile, steepness=4.0)
        if projected is None:
            continue
        window, coverage_there, depth = projected
        gold[window] += depth * radius * rng.uniform(0.8, 1.4) * pixel_size
        labels[window][coverage_there >= 0.5] = number
    gold += _distractors(settings, size, edge, rng) * pixel_size
    path = rng.uniform(*settings.gold_mean_free_path)
    surroundings = _WATER_THICKNESS / _WATER + _WINDOWS_THICKNESS / _NITRIDE
    electrons = rng.uniform(*settings.flux) * (10 * pixel_size) ** 2
    expected = electrons * np.exp(-gold / path - surroundings)
    image = detect(expected, DetectorSettings(number_type="float32"), rng)
    low, high = float(image.min()), float(image.max())
    return LiquidCellFrame((image - low) / (high - low), labels, pixel_size)


def _distractors(
    settings: LiquidCellSettings, size: float, edge: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the thickness (px) of particles that moved while the frame was taken."""
    total = np.zeros((edge, edge))
    for _ in range(int(rng.uniform(*settings.distractors))):
        one = np.zeros((edge, edge))
        diameter = size * rng.uniform(0.6, 1.2)
        start, way = rng.uniform(0, edge, 2), rng.normal(0, 0.6 * diameter, 2)
        outline = draw_outline("ellipse", diameter, rng)
        steps = 12
        for part in np.linspace(0, 1, steps):
            projected = project(outline, tuple(start + part * way), edge, "ball")
            if projected is not None:
                one[projected[0]] += projected[2] * diameter / steps
        total += ndimage.gaussian_filter(one, 0.25 * diameter) * rng.uniform(0.3, 0.8)
    return total
