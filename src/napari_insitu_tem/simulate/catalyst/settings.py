"""Everything that can be chosen of a simulated movie of a catalyst particle."""

from __future__ import annotations

from napari_insitu_tem.settings import setting
from napari_insitu_tem.simulate.detector import DetectorSettings

__all__ = ["CatalystSettings"]


class CatalystSettings(DetectorSettings):
    """A gold particle on an oxide in gas, seen along atomic columns; pixels and frames.

    The same seed and settings give the same bytes.
    """

    n_frames: int = setting(300, title="Frames", description="Length of the movie.", ge=1)
    height: int = setting(64, title="Height", description="Height of a frame.", unit="px", ge=16)
    width: int = setting(64, title="Width", description="Width of a frame.", unit="px", ge=16)
    diameter: float = setting(
        34.0, title="Diameter", description="Width of the particle.", unit="px", ge=8
    )
    layers: int | None = setting(
        None,
        title="Layers",
        description="Number of atomic layers on the support: 1 for a single layer.",
        ge=1,
        none_means="a whole particle",
    )
    spacing: float = setting(
        5.5,
        title="Spacing",
        description="Distance between the particle's atomic columns.",
        unit="px",
        ge=3,
    )
    rotation: float = setting(
        0.15,
        title="Rotation",
        description="Typical turn of the rigid particle, whose speed changes slowly.",
        unit="°/frame",
        ge=0,
    )
    hopping: float = setting(
        0.02,
        title="Hopping facets",
        description="Chance, in every frame, that a facet gains or loses an atomic layer.",
        ge=0,
        le=1,
    )
    onset: int | None = setting(
        None,
        title="Onset",
        description="Frame in which the particle becomes disordered.",
        ge=1,
        none_means="it stays rigid",
    )
    recovery: int | None = setting(
        None,
        title="Recovery",
        description="Frame in which it becomes rigid again.",
        ge=1,
        none_means="it stays disordered",
    )
    transition: float = setting(
        2.0,
        title="Transition",
        description="Frames that a change takes from a tenth to nine tenths.",
        unit="frames",
        gt=0,
        advanced=True,
    )
    disorder: float = setting(
        0.35,
        title="Disorder",
        description="Displacement of a column in the disordered particle, as a part of the "
        "spacing (standard deviation on each axis); drawn anew within about two frames.",
        ge=0,
        le=2,
        advanced=True,
    )
    vibration: float = setting(
        0.02,
        title="Vibration",
        description="The same in the rigid particle.",
        ge=0,
        le=1,
        advanced=True,
    )
    contrast: float = setting(
        0.55,
        title="Contrast of columns",
        description="Part of the beam that is missing in the middle of a column.",
        gt=0,
        le=0.95,
    )
    gas: float = setting(
        0.05,
        title="Gas",
        description="Relative standard deviation of what gas and window scatter, a texture that "
        "changes within some ten frames.",
        ge=0,
        le=0.5,
    )
    drift: float = setting(
        0.04,
        title="Drift",
        description="Typical speed of the camera's drift, which changes slowly.",
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
    pixel_size: float = setting(
        0.05, title="Pixel size", description="Edge of a pixel.", unit="nm", gt=0
    )
    frame_time: float = setting(
        0.1, title="Frame time", description="Time from frame to frame.", unit="s", gt=0
    )
    dose: float = setting(
        100.0, title="Dose", description="Electrons of a frame.", unit="e/Å²", gt=0
    )

    @property
    def electrons(self) -> float:
        """Electrons on a pixel of an empty frame."""
        return self.dose * (10 * self.pixel_size) ** 2
