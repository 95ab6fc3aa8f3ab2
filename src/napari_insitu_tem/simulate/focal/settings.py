"""Everything that can be chosen of simulated focal series of MoS2."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, model_validator

from napari_insitu_tem.settings import Settings, setting

__all__ = ["FocalSettings"]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("both ends of a range must be finite numbers")
    if low > high:
        raise ValueError(f"a range goes from low to high, not from {low:g} to {high:g}")
    return value


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]


class FocalSettings(Settings):
    """Focal series of MoS2 monolayers with vacancies.

    A range is drawn from anew for every series, evenly, or evenly in the logarithm where it
    says so.
    """

    height: int = setting(
        256, title="Height", description="Height of an image.", unit="px", ge=16, le=2048
    )
    width: int = setting(
        256, title="Width", description="Width of an image.", unit="px", ge=16, le=2048
    )
    pixel_size: Range = setting(
        (0.02, 0.03), title="Pixel size", description="Edge of a pixel.", unit="nm"
    )
    images: int = setting(
        3, title="Images", description="Images of a series, one a defocus.", ge=1, le=32
    )
    defocus: Range = setting(
        (-5.5, -3.0),
        title="Defocus",
        description="Of the first image; positive is underfocus. At overfocus atoms are bright.",
        unit="nm",
    )
    step: Range = setting(
        (3.5, 5.0),
        title="Step",
        description="From one image of a series to the next.",
        unit="nm",
    )
    dose: Range = setting(
        (50.0, 2000.0),
        title="Dose",
        description="Electrons that fall onto the specimen during one image, so that a series "
        "takes as many times more as it has images; even in the logarithm.",
        unit="e/Å²",
    )
    drift: Range = setting(
        (0.0, 0.0),
        title="Drift",
        description="Standard deviation, along each axis, of the way from one image of a series "
        "to the next.",
        unit="px",
    )
    sulphur_vacancies: Range = setting(
        (0.02, 0.12),
        title="Sulphur vacancies",
        description="Share of the sulphur columns that lack one of their two atoms.",
    )
    double_vacancies: Range = setting(
        (0.0, 0.03),
        title="Double vacancies",
        description="Share of the sulphur columns that lack both atoms.",
    )
    molybdenum_vacancies: Range = setting(
        (0.0, 0.02),
        title="Molybdenum vacancies",
        description="Share of the molybdenum columns that are empty.",
    )
    rows: float = setting(
        0.2,
        title="Share with a row",
        description="Share of the sheets in which 3 to 8 neighbouring sulphur columns in a row "
        "lack an atom.",
        ge=0,
        le=1,
    )
    holes: float = setting(
        0.15,
        title="Share with a hole",
        description="Share of the sheets with a round hole of 0.5 to 1.5 nm radius.",
        ge=0,
        le=1,
    )
    edges: float = setting(
        0.1,
        title="Share with an edge",
        description="Share of the sheets that end in the field, with vacuum beyond.",
        ge=0,
        le=1,
    )
    contaminated: float = setting(
        0.3,
        title="Share with contamination",
        description="Share of the sheets that are covered by amorphous carbon.",
        ge=0,
        le=1,
    )
    contamination: Range = setting(
        (0.1, 0.8),
        title="Contamination",
        description="Mean thickness of that carbon, which varies over the sheet.",
        unit="nm",
        advanced=True,
    )
    lattice_constant: Range = setting(
        (3.15, 3.19), title="Lattice constant", description="Of MoS2.", unit="Å", advanced=True
    )
    strain: Range = setting(
        (-0.015, 0.015),
        title="Strain",
        description="Each of the three components of the strain of the sheet.",
        advanced=True,
    )
    displacement: Range = setting(
        (0.0, 0.06),
        title="Displacements",
        description="Standard deviation, along each axis, of how far atoms lie off their places.",
        unit="Å",
        advanced=True,
    )
    tilt: Range = setting(
        (0.0, 3.0),
        title="Tilt",
        description="Angle between the normal of the sheet and the beam.",
        unit="°",
    )
    thermal_factor: Range = setting(
        (0.3, 0.9),
        title="Thermal factor",
        description="Debye-Waller factor B of all atoms.",
        unit="Å²",
        advanced=True,
    )
    energies: tuple[float, ...] = setting(
        (60.0, 80.0, 80.0),
        title="Energies",
        description="Energy of the electrons; one of these.",
        unit="keV",
    )
    spherical_aberration: Range = setting(
        (-5.0, 5.0),
        title="Spherical aberration",
        description="Cs, as a corrector leaves it.",
        unit="µm",
        advanced=True,
    )
    astigmatism: Range = setting(
        (0.0, 0.6),
        title="Astigmatism",
        description="Two-fold astigmatism: half of the difference between the largest and the "
        "smallest defocus; its direction is drawn, too.",
        unit="nm",
        advanced=True,
    )
    focal_spread: Range = setting(
        (1.0, 2.5),
        title="Focal spread",
        description="Standard deviation of the defocus during the exposure.",
        unit="nm",
        advanced=True,
    )
    convergence: Range = setting(
        (0.02, 0.2),
        title="Convergence",
        description="Standard deviation of the angle of illumination.",
        unit="mrad",
        advanced=True,
    )
    vibration: Range = setting(
        (0.1, 0.35),
        title="Vibration",
        description="Standard deviation of the shake during the exposure.",
        unit="Å",
        advanced=True,
    )
    absorption: Range = setting(
        (0.0, 0.05),
        title="Absorption",
        description="Imaginary over real part of the potential: electrons that are scattered "
        "out of the image.",
        advanced=True,
    )
    inelastic: Range = setting(
        (0.0, 0.15),
        title="Inelastic share",
        description="Share of the electrons that make only an even ground.",
        advanced=True,
    )
    illumination: Range = setting(
        (0.0, 0.1),
        title="Uneven illumination",
        description="Half of the relative change of brightness from side to side.",
        advanced=True,
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
        (1.0, 2.0),
        title="Reduction",
        description="Pixel size of the images over that of the camera; even in the logarithm.",
        advanced=True,
    )
    readout_noise: Range = setting(
        (0.0, 0.3),
        title="Readout noise",
        description="Standard deviation of the noise added by reading a pixel.",
        unit="e",
        advanced=True,
    )
    exit_waves: Path | None = setting(
        None,
        title="Exit waves",
        description="Folder of sheets that were sent through abTEM's multislice before; they are "
        "used in place of new ones.",
        none_means="none",
        advanced=True,
    )

    @model_validator(mode="after")
    def _physical(self) -> FocalSettings:
        for name in ("pixel_size", "dose", "lattice_constant", "mtf_c2", "mtf_c3"):
            if getattr(self, name)[0] <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in (
            "drift", "sulphur_vacancies", "double_vacancies", "molybdenum_vacancies",
            "contamination", "displacement", "tilt", "thermal_factor", "astigmatism",
            "focal_spread", "convergence", "vibration", "absorption", "inelastic",
            "illumination", "mtf_c1", "readout_noise", "step",
        ):  # fmt: skip
            if getattr(self, name)[0] < 0:
                raise ValueError(f"{name} must not be below 0")
        for name in ("inelastic", "illumination", "mtf_c1", "molybdenum_vacancies"):
            if getattr(self, name)[1] >= 1:
                raise ValueError(f"{name} must be below 1")
        if self.sulphur_vacancies[1] + self.double_vacancies[1] > 1:
            raise ValueError("sulphur_vacancies and double_vacancies are more than all columns")
        if self.reduction[0] < 1:
            raise ValueError("reduction must be 1 or more")
        if not self.energies or min(self.energies) < 20 or max(self.energies) > 2000:
            raise ValueError("energies must lie between 20 and 2000 keV")
        if self.pixel_size[1] > 0.06:
            raise ValueError("pixel_size must not exceed 0.06 nm: columns would not show")
        if self.tilt[1] > 10:
            raise ValueError("tilt must not exceed 10°")
        return self
