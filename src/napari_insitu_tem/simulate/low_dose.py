"""Pairs of frames of a liquid cell: at low dose through liquid, and what is really there.

The training pairs of Katsuno et al. are frames of the same gold particles with and without
liquid. Here both are simulated: particles of any outline on an uneven ground, blurred by the
liquid (chromatic aberration grows with the thickness that electrons cross; de Jonge, Houben,
Dunin-Borkowski and Ross, Nature Reviews Materials 4, 61, 2019), few electrons, and the camera;
beside it the expected number of electrons without any of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.simulate.detector import DetectorSettings, detect
from napari_insitu_tem.simulate.particle_frames.arrangement import place
from napari_insitu_tem.simulate.particle_frames.background import film, illumination, structure
from napari_insitu_tem.simulate.particle_frames.outlines import draw_outline, project

__all__ = ["LowDosePair", "LowDoseSettings", "draw_low_dose"]

Range = tuple[float, float]
_SHAPES = ("disc", "ellipse", "polygon", "rod", "irregular")
_ARRANGEMENTS = ("scattered", "scattered", "few", "touching", "clusters")
_PROFILES = ("ball", "flat", "facets")


class LowDoseSettings(Settings):
    """Ranges that every pair of frames is drawn from; (lowest, highest)."""

    edge: int = setting(
        256, title="Frame", description="Height and width.", unit="px", ge=32, le=4096
    )
    pixel_size: Range = setting(
        (0.2, 1.5),
        title="Pixel size",
        description="Drawn on a logarithmic scale.",
        unit="nm",
    )
    dose: Range = setting(
        (1.0, 1000.0),
        title="Dose",
        description="Electrons that fall onto the cell in a frame; drawn on a logarithmic scale.",
        unit="e/nm²",
    )
    liquid: Range = setting(
        (50.0, 1000.0), title="Liquid", description="Thickness of the liquid.", unit="nm"
    )
    mean_free_path: float = setting(
        400.0,
        title="Mean free path",
        description="Of electrons that the liquid scatters out of the aperture.",
        unit="nm",
        gt=0,
    )
    blur: Range = setting(
        (0.5, 4.0),
        title="Blur",
        description="Standard deviation of the blur by a micrometre of liquid.",
        unit="nm",
    )
    diameter: Range = setting(
        (6.0, 80.0),
        title="Diameter",
        description="Typical diameter of a frame's particles; drawn on a logarithmic scale.",
        unit="px",
    )
    coverage: Range = setting(
        (0.01, 0.4), title="Coverage", description="Part of the frame that particles cover."
    )
    absorption: Range = setting(
        (0.15, 2.5),
        title="Absorption",
        description="Thickness of a particle in mean free paths; drawn on a logarithmic scale.",
    )
    film: Range = setting(
        (0.0, 0.15),
        title="Film",
        description="Standard deviation of the support's own transmission.",
    )
    illumination: Range = setting(
        (0.0, 0.3),
        title="Uneven illumination",
        description="How much the illumination varies over the frame.",
    )
    structures: float = setting(
        0.2,
        title="Membranes and bubbles",
        description="Part of the frames that show one.",
        ge=0,
        le=1,
    )
    mtf_c2: Range = setting(
        (0.25, 0.6),
        title="Camera",
        description="c2 of the modulation transfer function: the transfer is halved at 2·c2 times "
        "the Nyquist frequency.",
    )
    perfect_camera: float = setting(
        0.3,
        title="Perfect cameras",
        description="Part of the frames without any blur of the camera, as of frames that were "
        "reduced after the exposure.",
        ge=0,
        le=1,
    )


@dataclass(frozen=True)
class LowDosePair:
    """A frame as it is recorded, and as it would be without noise and blur.

    Parameters
    ----------
    noisy : (y, x) or (exposures, y, x) float32 array
        The camera's readings.
    clean : (y, x) float32 array
        The readings that are expected, without the blur of liquid and camera.
    dose : float
        Electrons per nm² that fell onto the cell.
    pixel_size : float
        In nm.
    """

    noisy: np.ndarray
    clean: np.ndarray
    dose: float
    pixel_size: float


def draw_low_dose(
    settings: LowDoseSettings, rng: np.random.Generator, *, exposures: int | None = None
) -> LowDosePair:
    """Draw a pair of frames.

    Parameters
    ----------
    settings : LowDoseSettings
        What to draw from.
    rng : numpy.random.Generator
        Where chance comes from.
    exposures : int, optional
        Record the same scene so many times.
    """
    pixel_size, dose = _even(settings.pixel_size, rng), _even(settings.dose, rng)
    liquid = float(rng.uniform(*settings.liquid))
    seen = _scene(settings, rng) * math.exp(-liquid / settings.mean_free_path)
    clean = dose * pixel_size**2 * seen
    blur = rng.uniform(*settings.blur) * liquid / 1000 / pixel_size
    camera = DetectorSettings(number_type="float32")
    if rng.random() < settings.perfect_camera:
        camera = camera.model_copy(update={"mtf_c1": 0.0, "mtf_c2": 1e3})
    else:
        camera = camera.model_copy(update={"mtf_c2": float(rng.uniform(*settings.mtf_c2))})
    blurred = ndimage.gaussian_filter(clean, blur)
    frames = [detect(blurred, camera, rng).astype(np.float32) for _ in range(exposures or 1)]
    noisy = frames[0] if exposures is None else np.stack(frames)
    wanted = (camera.offset + camera.gain * clean).astype(np.float32)
    return LowDosePair(noisy, wanted, dose, pixel_size)


def _scene(settings: LowDoseSettings, rng: np.random.Generator) -> np.ndarray:
    """Return the transmission (y, x) of particles on an uneven ground."""
    edge = settings.edge
    diameter = _even(settings.diameter, rng)
    strongest = _even(settings.absorption, rng)
    shape, profile = str(rng.choice(_SHAPES)), str(rng.choice(_PROFILES))
    centres, radii = place(
        str(rng.choice(_ARRANGEMENTS)),
        diameter / 2,
        rng.uniform(0.05, 0.4),
        rng.uniform(*settings.coverage),
        edge,
        rng,
    )
    thickness = np.zeros((edge, edge))
    for centre, radius in zip(centres, radii, strict=True):
        outline = draw_outline(shape, 2 * float(radius), rng)
        projected = project(outline, (float(centre[0]), float(centre[1])), edge, profile)
        if projected is None:
            continue
        window, covered, depth = projected
        thickness[window] += strongest * rng.uniform(0.6, 1.2) * depth * covered
    ground = 1 + rng.uniform(*settings.film) * film(edge, rng)
    if rng.random() < settings.structures:
        ground = ground + rng.uniform(0.05, 0.4) * structure(edge, diameter, rng)
    light = illumination(edge, rng.uniform(*settings.illumination), rng)
    return np.exp(-thickness) * np.clip(ground, 0.05, None) * light


def _even(limits: Range, rng: np.random.Generator) -> float:
    """Draw evenly on a logarithmic scale."""
    low, high = (math.log(each) for each in limits)
    return math.exp(rng.uniform(low, high))
