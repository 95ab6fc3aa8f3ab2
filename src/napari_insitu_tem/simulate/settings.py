"""Everything that can be chosen of a simulated movie of particles in liquid."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.settings import setting
from napari_insitu_tem.simulate.detector import DetectorSettings

__all__ = ["ParticleMovieSettings"]


class ParticleMovieSettings(DetectorSettings):
    """A movie of particles in liquid; lengths in pixels, times in frames.

    Positions, angles, sizes, drift, grain and noise are drawn from the job's seed: the same
    seed and settings give the same bytes.
    """

    n_frames: int = setting(100, title="Frames", description="Length of the movie.", ge=1)
    height: int = setting(512, title="Height", description="Height of a frame.", unit="px", ge=16)
    width: int = setting(512, title="Width", description="Width of a frame.", unit="px", ge=16)
    shape: Literal["cube", "rod", "prism", "hexagon", "sphere", "mixed"] = setting(
        "cube", title="Shape", description="What the particles are; they lie flat."
    )
    particles: int = setting(
        60, title="Particles", description="Number of particles at the start.", ge=1
    )
    size: float = setting(
        24.0,
        title="Size",
        description="Mean size: the edge of a cube or prism, a rod's length, a hexagon's or "
        "sphere's diameter.",
        unit="px",
        ge=3,
        le=400,
    )
    size_spread: float = setting(
        0.1,
        title="Spread of sizes",
        description="Standard deviation of the sizes, as a fraction of the mean "
        "(normal, cut at two standard deviations).",
        ge=0,
        le=0.45,
    )
    aspect_ratio: float = setting(
        3.0,
        title="Aspect ratio of rods",
        description="Length of a rod over its width.",
        ge=1.2,
        shown_when={"shape": ("rod", "mixed")},
    )
    diffusion: float = setting(
        1.0,
        title="Diffusion coefficient",
        description="Translational: the mean-squared displacement of a free particle is 4·D·t.",
        unit="px²/frame",
        ge=0,
    )
    rotational_diffusion: float = setting(
        4.0,
        title="Rotational diffusion coefficient",
        description="The mean-squared turn of a free particle is 2·D·t.",
        unit="deg²/frame",
        ge=0,
    )
    clearance: float = setting(
        0.0,
        title="Clearance",
        description="Smallest gap between two particles that are not attached; at 0 they touch.",
        unit="px",
        ge=0,
    )
    attraction: float = setting(
        0.0,
        title="Attraction",
        description="Energy that holds two touching particles together, in units of kT.",
        unit="kT",
        ge=0,
    )
    joining: Literal["none", "aligned", "coalescence"] = setting(
        "none",
        title="Attachment",
        description="What happens when two single particles meet: nothing, they attach face to "
        "face and go on as one, or they flow together into one of the same shape.",
    )
    joining_probability: float = setting(
        0.2,
        title="Probability of attachment",
        description="Chance, in every frame, that two single particles in reach of each other "
        "become one.",
        ge=0,
        le=1,
        shown_when={"joining": ("aligned", "coalescence")},
    )
    splitting_probability: float = setting(
        0.0,
        title="Probability of splitting",
        description="Chance, in every frame, that an attached pair comes apart again.",
        ge=0,
        le=1,
        shown_when={"joining": ("aligned",)},
    )
    shortest_life: int = setting(
        8,
        title="Shortest life",
        description="Frames for which a particle, at the start or new, neither attaches nor "
        "splits.",
        unit="frames",
        ge=1,
        shown_when={"joining": ("aligned", "coalescence")},
        advanced=True,
    )
    growth: float = setting(
        0.0,
        title="Growth",
        description="Change of size; negative for etching. A particle below 3 px is gone.",
        unit="px/frame",
    )
    edges: Literal["reflecting", "open"] = setting(
        "reflecting",
        title="Edge of the view",
        description="Reflecting: every particle stays wholly in view. Open: particles leave and "
        "enter, and one that comes back counts as a new one.",
    )
    contrast: Literal["bright field", "dark field"] = setting(
        "bright field",
        title="Contrast",
        description="Dark particles on bright ground, or bright ones on dark (HAADF).",
    )
    pixel_size: float = setting(
        1.0, title="Pixel size", description="Edge of a pixel.", unit="nm", gt=0
    )
    frame_time: float = setting(
        0.1, title="Frame time", description="Time from frame to frame.", unit="s", gt=0
    )
    dose: float = setting(
        5.0,
        title="Dose",
        description="Electrons that fall onto the liquid cell in a frame.",
        unit="e/Å²",
        gt=0,
    )
    mean_free_path: float = setting(
        40.0,
        title="Mean free path",
        description="Inelastic mean free path in the particles (20 to 80 nm for gold).",
        unit="nm",
        gt=0,
    )
    liquid_thickness: float = setting(
        150.0,
        title="Liquid",
        description="Thickness of the water between two silicon nitride windows of 50 nm.",
        unit="nm",
        ge=0,
    )
    drift: float = setting(
        0.05,
        title="Drift",
        description="Typical speed of the stage's drift, which changes slowly.",
        unit="px/frame",
        ge=0,
    )
    jitter: float = setting(
        0.1,
        title="Jitter",
        description="Standard deviation of the frame-to-frame shake on each axis.",
        unit="px",
        ge=0,
    )
    illumination: float = setting(
        0.2,
        title="Uneven illumination",
        description="How far the illumination goes below its maximum, as a fraction of it.",
        ge=0,
        le=0.9,
    )
    grain: float = setting(
        0.02,
        title="Grain of the windows",
        description="Relative standard deviation of the ground's own texture; it drifts along.",
        ge=0,
        le=0.5,
    )
    distractors: int = setting(
        0,
        title="Distractors",
        description="Fast, blurred particles per frame that are not in the masks.",
        ge=0,
        advanced=True,
    )
