"""Training frames of particles in two or three overlapping layers, with exact labels.

The layers of a projection can be told apart only by what differs between them. Two layers of a
thick assembly lie at different heights, so at most one is in focus: the other one is blurred,
and has fringes; or they differ in thickness, hence in contrast. What counts as the first layer
is the sharper one; of equally sharp ones the one with the stronger contrast. Where neither
differs, the order means nothing, and only that overlapping particles are in different layers
does: such frames are drawn as well, and `learning.permutation_loss` forgives their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import model_validator
from scipy import ndimage

from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.simulate.detector import DetectorSettings, detect
from napari_insitu_tem.simulate.layer_bodies import Body, draw_body
from napari_insitu_tem.simulate.layer_placing import place_layers
from napari_insitu_tem.simulate.particle_frames.background import film, illumination

__all__ = ["LayerFrame", "LayerFrameSettings", "LayerOptics", "draw_layers", "draw_optics"]

Range = tuple[float, float]
LayerShape = Literal["cube", "prism", "hexagon", "rod", "sphere", "irregular"]


class LayerFrameSettings(Settings):
    """Ranges that every frame of layers is drawn from; (lowest, highest)."""

    edge: int = setting(
        144, title="Frame", description="Height and width of a frame.", unit="px", ge=32, le=2048
    )
    layers: int = setting(2, title="Layers", description="Number of layers.", ge=1, le=4)
    diameter: Range = setting(
        (12.0, 48.0),
        title="Diameter",
        description="Typical diameter of a frame's particles: of a disc of the same area.",
        unit="px",
    )
    spread: Range = setting(
        (0.02, 0.15),
        title="Spread of sizes",
        description="Standard deviation of the logarithm of the sizes within a frame.",
    )
    shapes: tuple[LayerShape, ...] = setting(
        ("cube", "cube", "cube", "cube", "prism", "hexagon", "rod", "sphere", "irregular"),
        title="Shapes",
        description="Shapes that occur; a frame has one of them.",
    )
    arrangements: tuple[Literal["pairs", "crystal", "scattered"], ...] = setting(
        ("pairs", "pairs", "crystal", "crystal", "scattered"),
        title="Arrangements",
        description="How particles lie: in overlapping pairs, as shifted lattices, or at random.",
    )
    overlap: Range = setting(
        (0.05, 0.65),
        title="Overlap",
        description="Part of a particle that one of another layer covers.",
    )
    coverage: Range = setting(
        (0.05, 0.4), title="Coverage", description="Part of the frame that each layer covers."
    )
    differ_in: tuple[Literal["focus", "contrast", "nothing"], ...] = setting(
        ("focus", "focus", "contrast", "nothing", "nothing"),
        title="Layers differ in",
        description="What tells the layers apart; one is drawn for a frame.",
    )
    defocus: Range = setting(
        (0.05, 0.16),
        title="Defocus",
        description="By how much the blur of a layer exceeds that of the one before it, where "
        "they differ in focus; standard deviation over the diameter.",
    )
    opacity: Range = setting(
        (0.15, 0.7),
        title="Opacity",
        description="Part of the electrons that the thickest part of a particle removes.",
    )
    visibility: Range = setting(
        (0.8, 12.0),
        title="Visibility",
        description="Contrast of a particle over the noise of a pixel; drawn on a logarithmic "
        "scale.",
    )
    film: Range = setting(
        (0.0, 0.08),
        title="Film",
        description="Standard deviation of the support's own structure over the intensity.",
    )
    illumination: Range = setting(
        (0.0, 0.3),
        title="Uneven illumination",
        description="How much the illumination varies over the frame.",
    )
    distractors: int = setting(
        4,
        title="Distractors",
        description="Largest number of faint, blurred particles that are in no layer.",
        ge=0,
        le=100,
    )

    @model_validator(mode="after")
    def _ordered(self) -> LayerFrameSettings:
        for name, value in self:
            if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], float):
                low, high = value
                if not 0 <= low <= high:
                    raise ValueError(f"{name}: {low:g} to {high:g} is no range")
        if self.diameter[0] < 6:
            raise ValueError("particles are at least 6 px wide")
        if self.overlap[1] > 0.9 or self.opacity[1] > 0.95 or self.opacity[0] < 0.02:
            raise ValueError("overlap is at most 0.9, opacity from 0.02 to 0.95")
        if not (self.shapes and self.arrangements and self.differ_in):
            raise ValueError("at least one shape, arrangement and difference are needed")
        return self


@dataclass(frozen=True)
class LayerFrame:
    """A simulated frame and the truth about it.

    Parameters
    ----------
    image : (y, x) float32 array
        What the camera saw; particles are darker than what surrounds them.
    labels : (n_layers, y, x) int32 array
        Particles are numbered from 1 throughout all layers; 0 is background. Where particles
        overlap, both layers have theirs.
    diameter : float
        Typical diameter in pixels.
    """

    image: np.ndarray
    labels: np.ndarray
    diameter: float


@dataclass(frozen=True)
class LayerOptics:
    """How the layers of a scene are seen.

    Parameters
    ----------
    blur : (n_layers,) array
        Standard deviation of the blur of every layer, in pixels; ascending.
    fringe : (n_layers,) array
        Strength of the rim that defocus gives to every layer.
    opacity : (n_layers,) array
        Part of the electrons that a particle's thickest part removes.
    ground : (y, x) array
        Mean number of electrons on each pixel without particles.
    camera : DetectorSettings
        What records them.
    distractors : int
        Number of blurred particles that are in no layer.
    """

    blur: np.ndarray
    fringe: np.ndarray
    opacity: np.ndarray
    ground: np.ndarray
    camera: DetectorSettings
    distractors: int

    def record(
        self, layers: list[list[Body]], diameter: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the frame (y, x) float32 that the camera records of particles in layers.

        Transmissions multiply (Beer and Lambert); each layer is blurred by itself.
        """
        edge = len(self.ground)
        expected = self.ground.copy()
        for bodies, blur, fringe in zip(layers, self.blur, self.fringe, strict=True):
            passed = np.ones((edge, edge))
            for body in bodies:
                projection = body.project(edge)
                passed[projection.window] *= 1 - projection.absorbed
            if blur > 0.1:
                passed = ndimage.gaussian_filter(passed, blur, mode="nearest")
            if fringe:
                passed += fringe * (passed - ndimage.gaussian_filter(passed, 1.0 + blur))
            expected *= np.clip(passed, 0.01, 1.6)
        for _ in range(self.distractors):
            expected *= 1 - _faint(edge, diameter, rng)
        return detect(expected, self.camera, rng).astype(np.float32)


def draw_optics(
    settings: LayerFrameSettings, diameter: float, rng: np.random.Generator
) -> LayerOptics:
    """Draw how layers are seen; the first one is the sharpest."""
    count, edge = settings.layers, settings.edge
    differ = str(rng.choice(settings.differ_in))
    blur = np.full(count, rng.uniform(0, 0.05))
    fringe = np.zeros(count)
    opacity = np.full(count, rng.uniform(*settings.opacity))
    if differ == "focus":
        blur += np.concatenate([[0], np.cumsum(rng.uniform(*settings.defocus, count - 1))])
        opacity = opacity * rng.uniform(0.7, 1.2, count)
        if rng.random() < 0.5:
            fringe[1:] = rng.uniform(0.1, 0.6)
    elif differ == "contrast":
        opacity = opacity * np.cumprod([1, *rng.uniform(0.4, 0.7, count - 1)])
    opacity = np.clip(opacity, 0.02, 0.95)
    visibility = np.exp(rng.uniform(*np.log(settings.visibility)))
    electrons = np.clip((visibility / opacity.mean()) ** 2, 2.0, 1e5)
    ground = electrons * illumination(edge, rng.uniform(*settings.illumination), rng)
    if settings.film[1] > 0:
        ground = ground * np.exp(rng.uniform(*settings.film) * film(edge, rng))
    camera = DetectorSettings(
        mtf_c2=float(rng.uniform(0.25, 0.8)),
        gain=1.0,
        offset=0.0,
        readout_noise=0.3,
        number_type="float32",
    )
    distractors = int(rng.integers(settings.distractors + 1)) if rng.random() < 0.5 else 0
    return LayerOptics(blur * diameter, fringe, opacity, ground, camera, distractors)


def draw_layers(settings: LayerFrameSettings, rng: np.random.Generator) -> LayerFrame:
    """Draw one frame.

    Parameters
    ----------
    settings : LayerFrameSettings
        What it is drawn from.
    rng : numpy Generator
        Source of all randomness.
    """
    diameter = float(np.exp(rng.uniform(*np.log(settings.diameter))))
    optics = draw_optics(settings, diameter, rng)
    layers, labels = draw_scene(settings, diameter, optics.opacity, rng)
    return LayerFrame(optics.record(layers, diameter, rng), labels, diameter)


def draw_scene(
    settings: LayerFrameSettings,
    diameter: float,
    opacity: np.ndarray,
    rng: np.random.Generator,
) -> tuple[list[list[Body]], np.ndarray]:
    """Draw which particles lie where; returns them and their labels, see `place_layers`."""
    shape, spread = str(rng.choice(settings.shapes)), rng.uniform(*settings.spread)

    def draw(layer: int) -> Body:
        size = diameter * float(np.exp(np.clip(rng.normal(0, spread), -0.5, 0.5)))
        return draw_body(shape, size, float(opacity[layer]), rng)

    return place_layers(
        str(rng.choice(settings.arrangements)),
        draw,
        n_layers=settings.layers,
        edge=settings.edge,
        diameter=diameter,
        overlap=settings.overlap,
        coverage=float(rng.uniform(*settings.coverage)),
        rng=rng,
    )


def _faint(edge: int, diameter: float, rng: np.random.Generator) -> np.ndarray:
    """Return the absorbed fraction of a particle that moved during the frame."""
    y, x = np.arange(edge)[:, np.newaxis], np.arange(edge)[np.newaxis, :]
    centre, width = rng.uniform(0, edge, 2), diameter * rng.uniform(0.3, 0.7)
    profile: np.ndarray = np.exp(-0.5 * ((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / width**2)
    return rng.uniform(0.02, 0.12) * profile
