"""What can be chosen of frames of particles whose atomic columns are known."""

from __future__ import annotations

from napari_insitu_tem.settings import setting, setting_of
from napari_insitu_tem.simulate.hrtem.settings import Count, HrtemSettings, Names, Range, ZoneAxis

__all__ = ["ColumnsSettings"]


class ColumnsSettings(HrtemSettings):
    """HRTEM frames of particles near a zone axis, with their atomic columns.

    The ranges are those of `HrtemSettings`; where they differ, they are narrowed to what atomic
    columns are imaged with: a corrected microscope, thin carbon, a few degrees of tilt.
    """

    pixel_size: Range = setting_of(HrtemSettings, "pixel_size", (0.02, 0.05))
    materials: Names = setting_of(HrtemSettings, "materials", ("Au", "Pt", "CeO2"))
    particles: Count = setting_of(HrtemSettings, "particles", (1, 1))
    diameter: Range = setting_of(HrtemSettings, "diameter", (2.0, 5.0))
    twinned: float = setting_of(HrtemSettings, "twinned", 0.0)
    zone_axes: tuple[ZoneAxis, ...] = setting(
        ("100", "110", "111"),
        title="Zone axes",
        description="Crystal directions near which the beam goes through a particle.",
    )
    tilt: Range = setting_of(HrtemSettings, "tilt", (0.0, 4.0))
    carbon: Range = setting_of(HrtemSettings, "carbon", (0.0, 3.0))
    energies: tuple[float, ...] = setting_of(HrtemSettings, "energies", (200.0, 300.0, 300.0))
    defocus: Range = setting(
        (-3.0, 3.0),
        title="Defocus",
        description="Distance from the defocus at which columns show best, which goes with the "
        "spherical aberration (overfocus where it is negative); positive is underfocus.",
        unit="nm",
    )
    least_defocus: float = setting(
        2.0,
        title="Least defocus",
        description="Frames nearer to focus, where phase contrast vanishes, are not drawn.",
        unit="nm",
        ge=0,
    )
    spherical_aberration: Range = setting_of(HrtemSettings, "spherical_aberration", (-35.0, 15.0))
    uncorrected: float = setting_of(HrtemSettings, "uncorrected", 0.0)
    astigmatism: Range = setting_of(HrtemSettings, "astigmatism", (0.0, 2.0))
    vibration: Range = setting_of(HrtemSettings, "vibration", (0.1, 0.4))
    inelastic: Range = setting_of(HrtemSettings, "inelastic", (0.0, 0.2))
    dose: Range = setting(
        (10.0, 1000.0),
        title="Dose",
        description="Electrons that fall onto the specimen in a frame; even in the logarithm.",
        unit="e/Å²",
    )
    longest_smear: float = setting(
        1.0,
        title="Longest projection",
        description="A column whose projection is longer, since it is tilted, cannot be read.",
        unit="Å",
        gt=0,
    )
    nearest: float = setting(
        1.0,
        title="Nearest column",
        description="Columns that lie nearer to one another cannot be read.",
        unit="Å",
        ge=0,
    )
    least_contrast: float = setting(
        0.1,
        title="Least contrast",
        description="How far the spot of a column must stand out of its surroundings in the image "
        "without noise, as a part of the brightness of vacuum, to be read.",
        ge=0,
        le=1,
    )
