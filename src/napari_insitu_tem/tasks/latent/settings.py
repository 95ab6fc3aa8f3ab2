"""Which network, which windows, and what counts as a lattice."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.analysis.lattice_windows import FRINGES
from napari_insitu_tem.settings import Settings, setting

__all__ = ["LatentSettings"]


class LatentSettings(Settings):
    """Which network, which windows, and what counts as a lattice."""

    model: str = setting(
        "lattice",
        title="Network",
        description="'lattice' ships with the plugin and finds its own scale; "
        "networks that you trained on your own movies are in the list, too.",
        choices_from="napari_insitu_tem.models.choices:latent_models",
    )
    step: int = setting(
        8,
        title="Step",
        description="From one window to the next. Multiples of 8 are fast with the network that "
        "ships; 4 takes four times as long.",
        unit="px",
        ge=1,
        le=64,
        step=8,
    )
    zoom: float | None = setting(
        None,
        title="Enlarge",
        description="By how much frames are enlarged (or reduced) for the network, which knows "
        "lattice planes 16 to 32 px apart. Automatic measures how far apart they are, and leaves "
        "frames as they are where the network knows them.",
        gt=0,
        le=8,
        step=0.5,
        advanced=True,
    )
    scaling: Literal["as trained", "frame", "window"] = setting(
        "as trained",
        title="Brightness",
        description="How values are brought to 0 … 1: one scale for a frame, or each window by "
        "its own smallest and largest value, as Wang et al. have it. The latter takes a pass a "
        "window, which is slow, and makes noise of vacuum as strong as a lattice.",
        advanced=True,
    )
    lattice_only: bool = setting(
        True,
        title="Only where a lattice is",
        description="Maps are zero where no lattice is found in any of some frames.",
    )
    fringes: float = setting(
        FRINGES,
        title="Strength of a lattice",
        description="A window counts as lattice where its strongest fringes stand out so far from "
        "its other structure. Noise and amorphous film have 3 to 10, clear fringes 30 and more.",
        ge=1,
        le=10000,
        advanced=True,
        shown_when={"lattice_only": (True,)},
    )
    clusters: int = setting(
        4,
        title="Clusters",
        description="How many kinds of windows to tell apart by how they change; 0 for none.",
        ge=0,
        le=12,
        advanced=True,
    )
    regions: str = setting(
        "",
        title="Fourier checks in",
        description="Regions in which angles, spacings and areas of lattices are measured, too "
        "(Fourier checks), and compared with the latents of the window there in which most "
        "happens. As there: points y,x in pixels with spaces between, ';' between regions. None "
        "if empty.",
        advanced=True,
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network."""
        return (self.model,)
