"""How particles are found."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.models.choices import CLASSICAL
from napari_insitu_tem.settings import Settings, setting

__all__ = ["SegmentSettings"]


class SegmentSettings(Settings):
    """How particles are found; what a method does not know is not shown with it."""

    model: str = setting(
        "particles",
        title="Method",
        description="A network that was trained on particles of any size and contrast, one of "
        "your own, or the classical way: thresholds and watershed, without any network.",
        choices_from="napari_insitu_tem.models.choices:segmentation_methods",
    )
    polarity: Literal["auto", "dark", "bright"] = setting(
        "auto",
        title="Particles are",
        description="Darker or brighter than their background; auto finds out.",
    )
    diameter: float | None = setting(
        None,
        title="Diameter",
        description="Typical diameter of a particle; of rods, their width. "
        "Automatic finds it from a few frames.",
        unit="px",
        ge=2,
        le=4096,
        step=1,
    )
    smoothing: float | None = setting(
        None,
        title="Smoothing",
        description="Standard deviation of the Gaussian against noise. Automatic smooths just "
        "enough to lift the outlines out of the noise; 0 leaves the frames as they are.",
        unit="px",
        ge=0,
        le=100,
        step=0.5,
        shown_when={"model": ("classical",)},
    )
    threshold: Literal["edges", "otsu", "li", "triangle", "minimum_error"] = setting(
        "edges",
        title="Threshold",
        description="How the level between particles and background is found. 'edges' goes "
        "half-way up the outlines nearby and works for few and for crowded particles; the "
        "others look at the histogram of the frame.",
        shown_when={"model": ("classical",)},
    )
    sensitivity: float = setting(
        1.0,
        title="Sensitivity",
        description="Above 1 includes fainter and wider regions, below 1 only stronger ones.",
        ge=0.1,
        le=10,
        step=0.1,
        shown_when={"model": ("classical",)},
    )
    split: float = setting(
        0.8,
        title="Split touching",
        description="Particles are split at a neck narrower than this fraction of the smaller "
        "one's width; 0 never splits, 1 splits at every waist.",
        ge=0,
        le=1,
        step=0.05,
    )
    probability: float = setting(
        0.5,
        title="Probability",
        description="The network's probability above which a pixel is part of a particle; lower "
        "finds fainter particles and wider outlines.",
        ge=0.01,
        le=0.99,
        step=0.05,
        hidden_when={"model": ("classical",)},
    )
    probability_map: bool = setting(
        False,
        title="Show probability",
        description="Hand on the network's probability as an image as well.",
        hidden_when={"model": ("classical",)},
    )
    flatten: bool = setting(
        True,
        title="Flatten illumination",
        description="Take away what varies over distances well above the particles' size.",
        advanced=True,
        shown_when={"model": ("classical",)},
    )
    flatten_scale: float | None = setting(
        None,
        title="Flattening scale",
        description="Distance over which the background varies; automatic is 2.5 diameters, or "
        "half of that where the background varies much.",
        unit="px",
        ge=5,
        le=10000,
        step=5,
        advanced=True,
        shown_when={"flatten": (True,), "model": ("classical",)},
    )
    smallest_diameter: float | None = setting(
        None,
        title="Smallest particle",
        description="Particles with a smaller equivalent diameter are noise; automatic is a "
        "quarter of the typical diameter, or less where small particles lie among large ones.",
        unit="px",
        ge=0,
        le=4096,
        step=1,
        advanced=True,
    )
    smallest_contrast: float | None = setting(
        None,
        title="Weakest particle",
        description="Particles whose mean differs less from their background are noise, in the "
        "movie's own counts. Automatic keeps what clearly stands out of the noise.",
        unit="counts",
        ge=0,
        advanced=True,
        shown_when={"model": ("classical",)},
    )
    fill_holes: bool = setting(
        True,
        title="Fill holes",
        description="Fill holes in particles, such as bright diffraction fringes.",
        advanced=True,
        shown_when={"model": ("classical",)},
    )
    drop_edge: bool = setting(
        False,
        title="Leave out cut particles",
        description="Leave out particles that the border of the frame cuts.",
        advanced=True,
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network, where one is used."""
        return () if self.model == CLASSICAL else (self.model,)

    @property
    def bright(self) -> bool | None:
        """Whether particles are bright; None where that is to be found out."""
        return None if self.polarity == "auto" else self.polarity == "bright"
