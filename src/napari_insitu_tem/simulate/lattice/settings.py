"""Everything that can be chosen of a simulated movie of a lattice."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from napari_insitu_tem.settings import setting
from napari_insitu_tem.simulate.detector import DetectorSettings
from napari_insitu_tem.simulate.lattice.pbs import COLUMN_DISTANCE

__all__ = ["Change", "LatticeMovieSettings"]

Change = Literal[
    "still",
    "translation y",
    "translation x",
    "rotation",
    "fading",
    "pair",
    "rotating region",
    "growth",
    "ripening",
    "dislocation",
]

_SHIFTS = {"change": ("translation y", "translation x")}
_TURNS = {"change": ("rotation", "pair", "rotating region")}
_TRAVELS = {"change": ("growth", "ripening", "dislocation")}
_SPOTS = {"atoms": ("gaussian",)}
_COLUMNS = {"atoms": ("PbS",)}


class LatticeMovieSettings(DetectorSettings):
    """A movie of a lattice in which one known thing happens.

    Drift, film and noise are drawn from the job's seed: the same seed and settings give the
    same bytes. What changes goes evenly from the first frame to the last.
    """

    change: Change = setting(
        "pair",
        title="What happens",
        description="The lattice moves down or to the right, turns, fades; two grains turn "
        "towards each other (pair); a disc turns in a lattice that stands still; a lattice grows "
        "at its right edge and shrinks at its left (growth); one disc shrinks and another grows "
        "(ripening); an edge dislocation glides to the right; or nothing (still).",
    )
    n_frames: int = setting(100, title="Frames", description="Length of the movie.", ge=1)
    height: int = setting(256, title="Height", description="Height of a frame.", unit="px", ge=32)
    width: int = setting(256, title="Width", description="Width of a frame.", unit="px", ge=32)
    lattice: Literal["square", "hexagonal"] = setting(
        "square",
        title="Lattice",
        description="How the spots are arranged. Lead sulphide is square.",
    )
    atoms: Literal["gaussian", "PbS"] = setting(
        "gaussian",
        title="Atoms",
        description="How a lattice point looks: a dark Gaussian spot, or a column of lead "
        "sulphide along [001] as multislice shows it (needs abTEM, from the extra [simulate]).",
    )
    period: float = setting(
        24.7,
        title="Period",
        description="Distance of neighbouring spots; of lead sulphide, of neighbouring columns "
        "(d of (200), 0.2968 nm), which also sets the pixel size.",
        unit="px",
        ge=3,
    )
    spot_width: float = setting(
        0.18,
        title="Width of a spot",
        description="Standard deviation of the Gaussian of a spot, as a fraction of the period.",
        gt=0,
        le=0.35,
        shown_when=_SPOTS,
    )
    contrast: float | None = setting(
        None,
        title="Contrast",
        description="Part of the electrons that is missing where the lattice is darkest: in the "
        "middle of a Gaussian spot; for lead sulphide, the simulated picture is scaled to it "
        "(recorded contrast is often weaker than simulated).",
        none_means="0.3 for Gaussian spots, for PbS as simulated",
        gt=0,
        le=1,
    )
    thickness: float = setting(
        3.0,
        title="Thickness",
        description="Of the lead sulphide, rounded to whole unit cells of 0.5936 nm.",
        unit="nm",
        gt=0,
        le=30,
        shown_when=_COLUMNS,
        advanced=True,
    )
    energy: float = setting(
        300.0,
        title="Energy",
        description="Of the electrons that lead sulphide is imaged with.",
        unit="keV",
        ge=20,
        le=2000,
        shown_when=_COLUMNS,
        advanced=True,
    )
    defocus: float = setting(
        5.0,
        title="Defocus",
        description="Of the lens that lead sulphide is imaged with; underfocus is positive and "
        "makes its columns dark.",
        unit="nm",
        shown_when=_COLUMNS,
        advanced=True,
    )
    spherical_aberration: float = setting(
        0.0,
        title="Spherical aberration",
        description="Cs of the (aberration-corrected) lens that lead sulphide is imaged with.",
        unit="µm",
        shown_when=_COLUMNS,
        advanced=True,
    )
    angle: float = setting(
        0.0,
        title="Angle",
        description="Direction of a row of spots in the first frame, counter-clockwise from the "
        "right. Of a pair, that of the direction in the middle between the two.",
        unit="°",
    )
    shifts: float = setting(
        1.0,
        title="Periods moved",
        description="How many periods the lattice moves.",
        shown_when=_SHIFTS,
    )
    turn: float | None = setting(
        None,
        title="Turn",
        description="By how much the lattice turns, counter-clockwise; of a pair, by how much "
        "the angle between the grains becomes smaller.",
        unit="°",
        none_means="90 for rotation, else 4.4",
        shown_when=_TURNS,
    )
    misorientation: float = setting(
        13.7,
        title="Misorientation",
        description="Angle between the two grains in the first frame.",
        unit="°",
        shown_when={"change": ("pair",)},
    )
    fade_to: float = setting(
        0.0,
        title="Fades to",
        description="Contrast in the last frame, as a fraction of that in the first.",
        ge=0,
        le=2,
        shown_when={"change": ("fading",)},
    )
    travel: float | None = setting(
        None,
        title="Travel",
        description="How far the growing edge or the dislocation moves; of ripening, how much "
        "smaller the radius of the shrinking disc becomes. A growing lattice shrinks by half of "
        "it at the other edge.",
        unit="px",
        ge=0,
        none_means="a sixth of the shorter side",
        shown_when=_TRAVELS,
    )
    amorphous: float = setting(
        0.01,
        title="Amorphous film",
        description="Relative standard deviation of the film's own texture.",
        ge=0,
        le=0.5,
    )
    amorphous_size: float = setting(
        0.12,
        title="Size of the film's texture",
        description="Standard deviation of the Gaussian that makes the texture, as a fraction of "
        "the period.",
        gt=0,
        advanced=True,
    )
    vacuum: float = setting(
        0.0,
        title="Vacuum",
        description="Part of the frame, at its top, where the film has ended.",
        ge=0,
        le=0.9,
    )
    film_absorption: float = setting(
        0.1,
        title="Absorption of the film",
        description="Part of the electrons that the film takes away.",
        ge=0,
        le=0.9,
        advanced=True,
    )
    dose: float = setting(
        10.0,
        title="Dose",
        description="Electrons that fall onto a pixel in a frame.",
        unit="e/px",
        gt=0,
    )
    pixel_size: float | None = setting(
        None,
        title="Pixel size",
        description="Edge of a pixel. That of lead sulphide follows from the period.",
        unit="nm",
        gt=0,
        none_means="0.014, for PbS 0.2968 / period",
        shown_when=_SPOTS,
    )
    frame_time: float = setting(
        0.2, title="Frame time", description="Time from frame to frame.", unit="s", gt=0
    )
    drift: float = setting(
        0.0,
        title="Drift",
        description="Typical speed of the stage's drift, which changes slowly.",
        unit="px/frame",
        ge=0,
    )
    jitter: float = setting(
        0.0,
        title="Jitter",
        description="Standard deviation of the frame-to-frame shake on each axis.",
        unit="px",
        ge=0,
    )

    @model_validator(mode="after")
    def _possible(self) -> LatticeMovieSettings:
        if self.atoms == "PbS" and self.lattice != "square":
            raise ValueError(
                "Lead sulphide along [001] is a square lattice: choose a square lattice, or "
                "Gaussian atoms"
            )
        if self.atoms == "PbS" and self.pixel_size is not None:
            raise ValueError(
                "For lead sulphide the pixel size follows from the period, whose length is "
                "known: leave it out, and set the period to 0.2968 nm over the pixel size"
            )
        return self

    @property
    def pixel_edge(self) -> float:
        """The pixel size in nm, with its default filled in."""
        if self.atoms == "PbS":
            return COLUMN_DISTANCE / self.period
        return 0.014 if self.pixel_size is None else self.pixel_size

    @property
    def turned(self) -> float:
        """The whole turn in degrees, with its default filled in."""
        if self.turn is not None:
            return self.turn
        return 90.0 if self.change == "rotation" else 4.4

    @property
    def travelled(self) -> float:
        """The whole travel in pixels, with its default filled in."""
        return min(self.height, self.width) / 6 if self.travel is None else self.travel

    @property
    def flux(self) -> float:
        """Electrons per Å² and frame."""
        return self.dose / (10 * self.pixel_edge) ** 2
