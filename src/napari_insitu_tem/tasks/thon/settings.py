"""What can be chosen of the measurement of Thon rings."""

from __future__ import annotations

from pydantic import model_validator

from napari_insitu_tem.analysis.fourier.regions import regions_from_text
from napari_insitu_tem.analysis.fourier.thon_fit import Search
from napari_insitu_tem.analysis.fourier.thon_model import Optics
from napari_insitu_tem.settings import Settings, setting

__all__ = ["ThonSettings"]


class ThonSettings(Settings):
    """The microscope, where the film is, and between which values is looked."""

    energy: float = setting(
        300.0,
        title="Energy",
        description="Of the electrons.",
        unit="keV",
        ge=20,
        le=2000,
        step=20,
    )
    spherical_aberration: float = setting(
        0.0,
        title="Spherical aberration",
        description="Cs of the objective lens; near 0 with a corrector, about 1 mm without.",
        unit="mm",
        ge=-20,
        le=20,
        step=0.1,
    )
    amplitude_contrast: float = setting(
        0.07,
        title="Amplitude contrast",
        description="Share of the film's contrast that does not come from phase. Errors hold for "
        "0.03 more or less.",
        ge=0,
        le=0.9,
        step=0.01,
        advanced=True,
    )
    lowest: float = setting(
        20.0,
        title="Lowest defocus",
        description="Where the search begins; underfocus is positive. Rings hardly tell "
        "underfocus from overfocus when Cs is near 0, so leave one of them out.",
        unit="nm",
        ge=-20000,
        le=20000,
        step=10,
    )
    highest: float = setting(
        1500.0,
        title="Highest defocus",
        description="Where the search ends.",
        unit="nm",
        ge=-20000,
        le=20000,
        step=100,
    )
    astigmatism: float = setting(
        100.0,
        title="Largest astigmatism",
        description="Half of the difference between the largest and the smallest defocus.",
        unit="nm",
        ge=0,
        le=5000,
        step=10,
        advanced=True,
    )
    region: str = setting(
        "",
        title="Region",
        description="Where the amorphous film is; the whole frame if empty. Points as y,x in "
        "pixels with spaces between: two corners of a rectangle, or three and more of a polygon.",
    )
    frames: int = setting(
        1,
        title="Frames averaged",
        description="Power spectra are averaged over this many frames around each. Faint rings "
        "become visible; what is faster is lost.",
        unit="frames",
        ge=1,
        le=1001,
    )
    window: int | None = setting(
        None,
        title="Window",
        description="Width of the windows whose power spectra are averaged; half of the region if "
        "automatic. Wider ones tell narrower rings apart (a large defocus); of narrower ones there "
        "are more.",
        unit="px",
        ge=64,
        le=4096,
        step=64,
    )
    shortest: float = setting(
        2.5,
        title="Shortest spacing",
        description="Rings are looked for up to this spacing.",
        unit="px",
        ge=2,
        le=20,
        step=0.1,
        advanced=True,
    )
    longest: float | None = setting(
        None,
        title="Longest spacing",
        description="Rings are looked for from this spacing on: above what the film's uneven "
        "thickness shows.",
        unit="px",
        ge=5,
        none_means="a third of a window",
        advanced=True,
    )
    false_alarm: float = setting(
        0.001,
        title="False alarms",
        description="How probable it may be that noise alone passes for rings in a frame.",
        gt=0,
        le=0.5,
        advanced=True,
    )

    @property
    def optics(self) -> Optics:
        """What is known of the microscope."""
        return Optics(self.energy, self.spherical_aberration, self.amplitude_contrast)

    @property
    def search(self) -> Search:
        """Where is looked."""
        return Search(self.lowest, self.highest, self.astigmatism, self.false_alarm)

    @model_validator(mode="after")
    def _sensible(self) -> ThonSettings:
        if len(regions_from_text(self.region)) > 1:
            raise ValueError("name one region of film, not several")
        if self.highest <= self.lowest:
            raise ValueError("the highest defocus must be above the lowest")
        return self
