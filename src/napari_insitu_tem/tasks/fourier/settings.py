"""What can be chosen of the Fourier checks."""

from __future__ import annotations

from pydantic import model_validator

from napari_insitu_tem.analysis.fourier.following import Search
from napari_insitu_tem.analysis.fourier.regions import regions_from_text
from napari_insitu_tem.settings import Settings, setting

__all__ = ["FourierSettings"]

_MAP = {"extent": (True,)}


class FourierSettings(Settings):
    """Where lattices are looked at, what counts as a peak, and where a lattice ends."""

    regions: str = setting(
        "",
        title="Regions",
        description="Where to look; the whole frame if empty. Points as y,x in pixels with spaces "
        "between, ';' between regions: two corners of a rectangle, or three and more of a "
        "polygon. Angles are given against the first region.",
    )
    longest: float | None = setting(
        None,
        title="Longest spacing",
        description="Of the fringes that are looked for; three of them must cross a region in "
        "any case.",
        unit="px",
        gt=2,
        none_means="a third of the region",
    )
    shortest: float = setting(
        2.5,
        title="Shortest spacing",
        description="Of the fringes that are looked for.",
        unit="px",
        ge=2,
        step=0.5,
    )
    most: int = setting(
        6,
        title="Most pairs",
        description="How many pairs of peaks are followed in a region: the brightest.",
        ge=1,
        le=24,
        advanced=True,
    )
    frames: int = setting(
        1,
        title="Frames averaged",
        description="Power spectra are averaged over this many frames around each. Angles and "
        "spacings become surer; what is faster is lost.",
        unit="frames",
        ge=1,
        le=101,
    )
    extent: bool = setting(
        True,
        title="Map the lattice",
        description="Find where the lattice is in every frame, its area, and where it has grown "
        "or shrunk.",
    )
    blur: float = setting(
        0.8,
        title="Blur of the map",
        description="Standard deviation of the area over which fringes are averaged, in "
        "spacings. Less shows finer details and more noise.",
        ge=0.4,
        le=10,
        step=0.2,
        shown_when=_MAP,
    )
    fraction: float = setting(
        0.5,
        title="Ends at",
        description="A lattice ends where its amplitude falls to this fraction of that within. "
        "Half is right for straight borders.",
        ge=0.1,
        le=0.9,
        step=0.05,
        shown_when=_MAP,
        advanced=True,
    )
    before: int | None = setting(
        None,
        title="Change from frame",
        description="First of the frames that the map of grown and shrunk lattice begins with.",
        ge=0,
        none_means="the first",
        shown_when=_MAP,
    )
    after: int | None = setting(
        None,
        title="Change to frame",
        description="Last of the frames that the map of grown and shrunk lattice ends with.",
        ge=0,
        none_means="the last",
        shown_when=_MAP,
    )
    ends: int = setting(
        10,
        title="Frames at each end",
        description="How many frames are taken together at both ends of that map; fewer in a "
        "movie that is shorter than four times that.",
        unit="frames",
        ge=1,
        shown_when=_MAP,
        advanced=True,
    )
    false_alarm: float = setting(
        0.001,
        title="False alarms",
        description="How probable it may be that noise alone passes for a pair of peaks.",
        gt=0,
        le=0.5,
        advanced=True,
    )

    @property
    def search(self) -> Search:
        """What counts as a pair."""
        return Search(self.shortest, self.longest, self.most, self.false_alarm)

    @model_validator(mode="after")
    def _sensible(self) -> FourierSettings:
        regions_from_text(self.regions)
        if self.longest is not None and self.longest <= self.shortest:
            raise ValueError("the longest spacing must be above the shortest")
        return self
