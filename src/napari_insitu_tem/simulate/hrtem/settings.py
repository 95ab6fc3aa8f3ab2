"""Everything that can be chosen of simulated HRTEM frames, and what chance draws from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.simulate.hrtem.crystals import MATERIALS

__all__ = ["HrtemSettings"]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("both ends of a range must be finite numbers")
    if low > high:
        raise ValueError(f"a range goes from low to high, not from {low:g} to {high:g}")
    return value


def _known(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("name at least one material")
    for name in value:
        if name not in MATERIALS:
            raise ValueError(f"there is no material {name!r} (there are: {', '.join(MATERIALS)})")
    return value


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
Count = Annotated[tuple[int, int], AfterValidator(_ordered)]
Names = Annotated[tuple[str, ...], AfterValidator(_known)]
ZoneAxis = Literal["100", "110", "111", "112", "103", "any"]


class HrtemSettings(Settings):
    """HRTEM frames of crystalline particles on amorphous carbon.

    A range is drawn from anew for every frame (for every particle, where it describes one):
    evenly, or evenly in the logarithm where it says so.
    """

    height: int = setting(
        256, title="Height", description="Height of a frame.", unit="px", ge=16, le=4096
    )
    width: int = setting(
        256, title="Width", description="Width of a frame.", unit="px", ge=16, le=4096
    )
    pixel_size: Range = setting(
        (0.03, 0.06),
        title="Pixel size",
        description="Edge of a pixel; even in the logarithm.",
        unit="nm",
    )
    materials: Names = setting(
        tuple(MATERIALS),
        title="Materials",
        description="What the particles are made of; all of a frame are of one material.",
    )
    particles: Count = setting(
        (0, 3),
        title="Particles",
        description="Number of particles whose centres lie in the frame.",
    )
    diameter: Range = setting(
        (1.5, 6.0),
        title="Diameter",
        description="Of a particle; even in the logarithm.",
        unit="nm",
    )
    irregular: float = setting(
        0.3,
        title="Irregular share",
        description="Share of particles with a rounded, irregular outline; the others have facets.",
        ge=0,
        le=1,
    )
    twinned: float = setting(
        0.2,
        title="Twinned share",
        description="Share of face-centred particles that have a twin plane.",
        ge=0,
        le=1,
    )
    zone_axes: tuple[ZoneAxis, ...] = setting(
        ("100", "110", "111", "112", "103", "any"),
        title="Zone axes",
        description="Crystal directions near which the beam goes through a particle; 'any' is a "
        "direction drawn from the whole sphere.",
    )
    tilt: Range = setting(
        (0.0, 8.0),
        title="Tilt",
        description="Angle between the zone axis and the beam.",
        unit="°",
    )
    thermal_factor: Range = setting(
        (0.4, 1.2),
        title="Thermal factor",
        description="Debye-Waller factor B of the particles' atoms.",
        unit="Å²",
        advanced=True,
    )
    carbon: Range = setting(
        (0.0, 8.0),
        title="Carbon",
        description="Thickness of the amorphous carbon film that carries the particles.",
        unit="nm",
    )
    carbon_roughness: Range = setting(
        (0.0, 0.35),
        title="Roughness of the carbon",
        description="Standard deviation of the film's thickness, as a fraction of it.",
        advanced=True,
    )
    film_edge: float = setting(
        0.4,
        title="Share with an edge",
        description="Share of frames in which the film ends, with vacuum beyond.",
        ge=0,
        le=1,
    )
    energies: tuple[float, ...] = setting(
        (80.0, 200.0, 300.0, 300.0),
        title="Energies",
        description="Energy of the electrons; one of these.",
        unit="keV",
    )
    defocus: Range = setting(
        (-12.0, 12.0),
        title="Defocus",
        description="Of an aberration-corrected microscope; positive is underfocus.",
        unit="nm",
    )
    spherical_aberration: Range = setting(
        (-40.0, 40.0),
        title="Spherical aberration",
        description="Cs of an aberration-corrected microscope.",
        unit="µm",
    )
    uncorrected: float = setting(
        0.3,
        title="Uncorrected share",
        description="Share of frames from a microscope without corrector.",
        ge=0,
        le=1,
    )
    uncorrected_spherical_aberration: Range = setting(
        (0.5, 1.2),
        title="Spherical aberration, uncorrected",
        description="Cs of a microscope without corrector.",
        unit="mm",
        advanced=True,
    )
    uncorrected_defocus: Range = setting(
        (0.5, 2.0),
        title="Defocus, uncorrected",
        description="Underfocus of a microscope without corrector, in Scherzers (√(Cs·λ)).",
        advanced=True,
    )
    astigmatism: Range = setting(
        (0.0, 4.0),
        title="Astigmatism",
        description="Two-fold astigmatism: half of the difference between the largest and the "
        "smallest defocus; its direction is drawn, too.",
        unit="nm",
        advanced=True,
    )
    focal_spread: Range = setting(
        (2.0, 4.5),
        title="Focal spread",
        description="Standard deviation of the defocus during the exposure.",
        unit="nm",
        advanced=True,
    )
    convergence: Range = setting(
        (0.02, 0.3),
        title="Convergence",
        description="Standard deviation of the angle of illumination.",
        unit="mrad",
        advanced=True,
    )
    vibration: Range = setting(
        (0.1, 0.5),
        title="Vibration",
        description="Standard deviation of the shake during the exposure.",
        unit="Å",
        advanced=True,
    )
    absorption: Range = setting(
        (0.02, 0.10),
        title="Absorption",
        description="Imaginary over real part of the potential: electrons that are scattered "
        "out of the image.",
        advanced=True,
    )
    inelastic: Range = setting(
        (0.0, 0.3),
        title="Inelastic share",
        description="Share of the electrons that make only an even ground.",
        advanced=True,
    )
    illumination: Range = setting(
        (0.0, 0.15),
        title="Uneven illumination",
        description="Half of the relative change of brightness from side to side.",
        advanced=True,
    )
    dose: Range = setting(
        (10.0, 3000.0),
        title="Dose",
        description="Electrons that fall onto the specimen; even in the logarithm.",
        unit="e/Å²",
    )
    mtf_c1: Range = setting(
        (0.0, 0.02),
        title="Transfer at infinity",
        description="c1 of the camera's modulation transfer function (c0 is 1).",
        advanced=True,
    )
    mtf_c2: Range = setting(
        (0.25, 0.5),
        title="Half-height frequency",
        description="c2 of the modulation transfer function: the transfer is halved at 2·c2 "
        "times the camera's Nyquist frequency.",
        advanced=True,
    )
    mtf_c3: Range = setting(
        (2.2, 3.2),
        title="Steepness of the transfer",
        description="c3 of the camera's modulation transfer function.",
        advanced=True,
    )
    reduction: Range = setting(
        (1.0, 4.0),
        title="Reduction",
        description="Pixel size of the frame over that of the camera: frames are often reduced "
        "after the exposure, and then the camera's transfer matters less. Even in the logarithm.",
        advanced=True,
    )
    readout_noise: Range = setting(
        (0.0, 0.5),
        title="Readout noise",
        description="Standard deviation of the noise added by reading a pixel.",
        unit="e",
        advanced=True,
    )
    exit_waves: Path | None = setting(
        None,
        title="Exit waves",
        description="Folder of exit waves that were computed before by multislice (abTEM); their "
        "particles are used in place of new ones.",
        none_means="none",
        advanced=True,
    )

    @model_validator(mode="after")
    def _physical(self) -> HrtemSettings:
        for name in (
            "pixel_size", "diameter", "dose", "uncorrected_spherical_aberration", "mtf_c2",
            "mtf_c3",
        ):  # fmt: skip
            if getattr(self, name)[0] <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in (
            "particles", "tilt", "thermal_factor", "carbon", "carbon_roughness", "astigmatism",
            "focal_spread", "convergence", "vibration", "absorption", "inelastic",
            "illumination", "mtf_c1", "readout_noise",
        ):  # fmt: skip
            if getattr(self, name)[0] < 0:
                raise ValueError(f"{name} must not be below 0")
        for name in ("inelastic", "illumination", "mtf_c1"):
            if getattr(self, name)[1] >= 1:
                raise ValueError(f"{name} must be below 1")
        if self.reduction[0] < 1:
            raise ValueError("reduction must be 1 or more")
        if not self.energies or min(self.energies) < 20 or max(self.energies) > 2000:
            raise ValueError("energies must lie between 20 and 2000 keV")
        if not self.zone_axes:
            raise ValueError("name at least one zone axis")
        if self.pixel_size[1] > 0.1:
            raise ValueError("pixel_size must not exceed 0.1 nm: lattice fringes would not show")
        return self
