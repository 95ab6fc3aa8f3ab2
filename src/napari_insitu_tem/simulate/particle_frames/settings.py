"""What training frames of particles vary over; declared, so that a recipe says it all."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from napari_insitu_tem.settings import Settings, setting

__all__ = ["Arrangement", "ParticleFrameSettings", "Shape"]

Range = tuple[float, float]
Shape = Literal["disc", "ellipse", "polygon", "rod", "irregular"]
Arrangement = Literal["scattered", "touching", "clusters", "lattice", "few"]


class ParticleFrameSettings(Settings):
    """Ranges that every frame of particles is drawn from; (lowest, highest)."""

    edge: int = setting(
        192, title="Frame", description="Height and width of a frame.", unit="px", ge=32, le=4096
    )
    diameter: Range = setting(
        (7.0, 72.0),
        title="Diameter",
        description="Typical diameter of a frame's particles; drawn evenly on a logarithmic scale.",
        unit="px",
    )
    spread: Range = setting(
        (0.03, 0.45),
        title="Spread of sizes",
        description="Standard deviation of the logarithm of the sizes within a frame.",
    )
    coverage: Range = setting(
        (0.02, 0.6),
        title="Coverage",
        description="Part of the frame that particles cover.",
    )
    shapes: tuple[Shape, ...] = setting(
        ("disc", "ellipse", "polygon", "rod", "irregular"),
        title="Shapes",
        description="Outlines that occur; most frames hold one kind, some hold all.",
    )
    arrangements: tuple[Arrangement, ...] = setting(
        ("scattered", "scattered", "touching", "clusters", "lattice", "few"),
        title="Arrangements",
        description="How particles lie to each other; one is drawn for a frame.",
    )
    empty: float = setting(
        0.03,
        title="Empty frames",
        description="Part of the frames without any particle.",
        ge=0,
        le=1,
    )
    absorption: Range = setting(
        (0.1, 3.0),
        title="Absorption",
        description="Thickness of a particle in mean free paths; drawn on a logarithmic scale.",
    )
    visibility: Range = setting(
        (7.0, 400.0),
        title="Visibility",
        description="Signal-to-noise ratio of a whole typical particle (contrast over noise of a "
        "pixel, times the root of its area); drawn on a logarithmic scale.",
    )
    noise_correlation: Range = setting(
        (0.0, 1.2),
        title="Noise correlation",
        description="Standard deviation of the blur of the noise.",
        unit="px",
    )
    blur: Range = setting(
        (0.0, 0.1),
        title="Blur",
        description="Standard deviation of the blur by the liquid's thickness and by defocus, "
        "over the diameter.",
    )
    illumination: Range = setting(
        (0.0, 0.5),
        title="Uneven illumination",
        description="How much the illumination varies over the frame.",
    )
    film: Range = setting(
        (0.0, 0.6),
        title="Film",
        description="Standard deviation of the support's own structure over the particles' "
        "contrast; low values are drawn more often.",
    )
    structures: Range = setting(
        (0.0, 4.0),
        title="Membranes, bubbles and edges",
        description="Number of things that are no particles: edges of membranes, wrinkles, "
        "bubbles.",
    )
    distractors: Range = setting(
        (0.0, 10.0),
        title="Distractors",
        description="Number of fast or distant particles, blurred, that must be "
        "ignored; they are drawn in every second frame.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> ParticleFrameSettings:
        for name, value in self:
            if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], float):
                low, high = value
                if not 0 <= low <= high:
                    raise ValueError(f"{name}: {low:g} to {high:g} is no range of sizes")
        if self.diameter[0] < 3:
            raise ValueError("particles are at least 3 px wide")
        if not self.shapes or not self.arrangements:
            raise ValueError("at least one shape and one arrangement are needed")
        return self
