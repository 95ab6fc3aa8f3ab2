"""What can be chosen of frames of particles whose atomic columns are known."""

from __future__ import annotations

from napari_insitu_tem.settings import setting
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings, Names, Range, ZoneAxis

__all__ = ["ColumnsSettings"]


class ColumnsSettings(HrtemSettings):
    """HRTEM frames of particles near a zone axis, with their atomic columns.

    The ranges are those of `HrtemSettings`; where they differ, they are narrowed to what atomic
    columns are imaged with: a corrected microscope, thin carbon, a few degrees of tilt.
    """

    pixel_size: Range = setting(
        (0.02, 0.05),
        title="Pixel size",
        description="Edge of a pixel; even in the logarithm.",
        unit="nm",
    )
    materials: Names = setting(
        ("Au", "Pt", "CeO2"),
        title="Materials",
        description="What the particles are made of; all of a frame are of one material.",
    )
    particles: tuple[int, int] = setting(
        (1, 1), title="Particles", description="Number of particles whose centres lie in the frame."
    )
    diameter: Range = setting(
        (2.0, 5.0),
        title="Diameter",
        description="Of a particle; even in the logarithm.",
        unit="nm",
    )
    twinned: float = setting(
        0.0,
        title="Twinned share",
        description="Share of face-centred particles that have a twin plane.",
        ge=0,
        le=1,
    )
    zone_axes: tuple[ZoneAxis, ...] = setting(
        ("100", "110", "111"),
        title="Zone axes",
        description="Crystal directions near which the beam goes through a particle.",
    )
    tilt: Range = setting(
        (0.0, 4.0),
        title="Tilt",
        description="Angle between the zone axis and the beam.",
        unit="°",
    )
    carbon: Range = setting(
        (0.0, 3.0),
        title="Carbon",
        description="Thickness of the amorphous carbon film that carries the particles.",
        unit="nm",
    )
    energies: tuple[float, ...] = setting(
        (200.0, 300.0, 300.0),
        title="Energies",
        description="Energy of the electrons; one of these.",
        unit="keV",
    )
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
    spherical_aberration: Range = setting(
        (-35.0, 15.0),
        title="Spherical aberration",
        description="Cs of an aberration-corrected microscope.",
        unit="µm",
    )
    uncorrected: float = setting(
        0.0,
        title="Uncorrected share",
        description="Share of frames from a microscope without corrector.",
        ge=0,
        le=1,
    )
    astigmatism: Range = setting(
        (0.0, 2.0),
        title="Astigmatism",
        description="Two-fold astigmatism: half of the difference between the largest and the "
        "smallest defocus; its direction is drawn, too.",
        unit="nm",
        advanced=True,
    )
    vibration: Range = setting(
        (0.1, 0.4),
        title="Vibration",
        description="Standard deviation of the shake during the exposure.",
        unit="Å",
        advanced=True,
    )
    inelastic: Range = setting(
        (0.0, 0.2),
        title="Inelastic share",
        description="Share of the electrons that make only an even ground.",
        advanced=True,
    )
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
