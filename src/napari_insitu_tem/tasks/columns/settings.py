"""What can be chosen of the search for columns."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.settings import Settings, setting

__all__ = ["ColumnsSettings"]

_NETWORK = {"method": ("network",)}
_SPOTS = {"method": ("spots",)}


class ColumnsSettings(Settings):
    """How columns are found, placed and followed."""

    method: Literal["network", "spots"] = setting(
        "network",
        title="Method",
        description="'network' knows columns of crystals in HRTEM images at any dose. 'spots' "
        "needs neither network nor pixel size: it finds blobs of one size, for clean images such "
        "as STEM, single heavy atoms, or crystals of nanoparticles.",
    )
    model: str = setting(
        "columns",
        title="Network",
        description="The network that finds columns.",
        choices_from="napari_insitu_tem.models.choices:column_models",
        shown_when=_NETWORK,
    )
    polarity: Literal["auto", "bright", "dark"] = setting(
        "auto",
        title="Columns are",
        description="Brighter or darker than what lies between them; auto looks at a few frames. "
        "In HRTEM both look much alike: say it if you know it.",
    )
    probability: float = setting(
        0.4,
        title="Probability",
        description="From which on a column counts: the network's, raised where the lattice of "
        "others goes on and lowered where it does not.",
        ge=0.05,
        le=0.99,
        step=0.05,
        shown_when=_NETWORK,
    )
    contrast: float = setting(
        0.3,
        title="Weakest spot",
        description="The weakest spot's contrast, as a part of the typical spot's.",
        ge=0,
        le=1,
        step=0.05,
        shown_when=_SPOTS,
    )
    spot: float | None = setting(
        None,
        title="Size of a spot",
        description="Standard deviation of the Gaussian that is as wide as a spot. Automatic: "
        "the size at which most spots stand out of a few frames.",
        unit="px",
        ge=0.7,
        le=500,
        step=0.5,
        shown_when=_SPOTS,
    )
    refinement: Literal["auto", "none", "centre of mass", "gaussian"] = setting(
        "auto",
        title="Refinement",
        description="How places are found to a fraction of a pixel. 'none' keeps the finder's "
        "own. Auto: the finder's own with a network, a Gaussian fitted to each for spots.",
    )
    evenness: float = setting(
        0.0,
        title="Least evenness",
        description="Leave out frames in which the pairs of Fourier peaks of the crystal are lit "
        "less evenly than this: there the crystal is tilted, and columns cannot be counted. "
        "1 is on a zone axis; 0 leaves out nothing.",
        ge=0,
        le=1,
        step=0.05,
    )
    follow: bool = setting(
        True,
        title="Follow over time",
        description="In a movie, find the sites that columns take, and when they appear, "
        "disappear and hop.",
    )

    heavy: bool = setting(
        False,
        title="Follow heavy atoms",
        description="In a movie, follow single atoms that are brighter (or wider, where the image "
        "is saturated) than the columns of a lattice, and find their hops. For dark-field STEM.",
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network, where one is used."""
        return (self.model,) if self.method == "network" else ()

    @property
    def bright(self) -> bool | None:
        """Whether columns are bright; None where that is to be found out."""
        return None if self.polarity == "auto" else self.polarity == "bright"

    @property
    def refined_by(self) -> str:
        """The refinement, with auto decided."""
        if self.refinement != "auto":
            return self.refinement
        return "none" if self.method == "network" else "gaussian"
