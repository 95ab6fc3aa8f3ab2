"""Everything that can be chosen of simulated focal series of MoS2."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from napari_insitu_tem.settings import Settings, setting, setting_of
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings, Range

__all__ = ["FocalSettings"]


class FocalSettings(Settings):
    """Focal series of MoS2 monolayers with vacancies.

    A range is drawn from anew for every series, evenly, or evenly in the logarithm where it
    says so. Most settings of microscope and camera are those of `HrtemSettings`, with
    other defaults.
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
    energies: tuple[float, ...] = setting_of(HrtemSettings, "energies", (60.0, 80.0, 80.0))
    spherical_aberration: Range = setting(
        (-5.0, 5.0),
        title="Spherical aberration",
        description="Cs, as a corrector leaves it.",
        unit="µm",
        advanced=True,
    )
    astigmatism: Range = setting_of(HrtemSettings, "astigmatism", (0.0, 0.6))
    focal_spread: Range = setting_of(HrtemSettings, "focal_spread", (1.0, 2.5))
    convergence: Range = setting_of(HrtemSettings, "convergence", (0.02, 0.2))
    vibration: Range = setting_of(HrtemSettings, "vibration", (0.1, 0.35))
    absorption: Range = setting_of(HrtemSettings, "absorption", (0.0, 0.05))
    inelastic: Range = setting_of(HrtemSettings, "inelastic", (0.0, 0.15))
    illumination: Range = setting_of(HrtemSettings, "illumination", (0.0, 0.1))
    mtf_c1: Range = setting_of(HrtemSettings, "mtf_c1", (0.0, 0.02))
    mtf_c2: Range = setting_of(HrtemSettings, "mtf_c2", (0.25, 0.5))
    mtf_c3: Range = setting_of(HrtemSettings, "mtf_c3", (2.2, 3.2))
    reduction: Range = setting(
        (1.0, 2.0),
        title="Reduction",
        description="Pixel size of the images over that of the camera; even in the logarithm.",
        advanced=True,
    )
    readout_noise: Range = setting_of(HrtemSettings, "readout_noise", (0.0, 0.3))
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
