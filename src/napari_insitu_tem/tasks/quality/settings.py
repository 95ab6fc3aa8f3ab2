"""What can be chosen when quality is measured."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.settings import Settings, setting

__all__ = ["QualitySettings"]


class QualitySettings(Settings):
    """What is known of the noise, and how halves of the data are made."""

    camera: str | None = setting(
        None,
        title="Camera",
        description="Name of a camera that was fitted under Detector (or the path of its .json "
        "file): how strong its noise is and how it correlates neighbouring pixels is then known. "
        "Only for a raw movie as the camera gave it, neither binned nor aligned.",
        none_means="not known",
    )
    correlation: Literal["as found", "none"] = setting(
        "as found",
        title="Noise of neighbours",
        description="'As found' allows the residual to be as correlated as the camera's noise is, "
        "or that between successive frames; 'none' expects independent pixels.",
    )
    halves: Literal["automatic", "odd and even frames", "thinned frames", "none"] = setting(
        "automatic",
        title="Halves of the data",
        description="Each half is denoised by itself, to see what both agree on; that takes as "
        "long as denoising did. Odd and even frames for movies; thinned frames (the noise of "
        "every frame is split in two) for single images, and where things move fast.",
    )
    scale: Literal["automatic", "match", "leave"] = setting(
        "automatic",
        title="Brightness scale",
        description="Bring the denoised movie to the raw one's brightness scale before they are "
        "subtracted. Automatic does so where they clearly differ, and says so.",
        advanced=True,
    )
    frames_seen: int | None = setting(
        None,
        title="Frames seen",
        description="How many frames before and after a frame the denoiser looked at, for a movie "
        "that was denoised elsewhere. 0 also says that no network learned from this movie.",
        unit="frames",
        ge=0,
        le=1000,
        none_means="from its history",
        advanced=True,
    )
    tolerance: float = setting(
        0.05,
        title="Tolerance",
        description="Largest correlation between pixels of the residual that still counts as "
        "white. Every real denoiser leaves some, and many pixels show even a tiny one.",
        gt=0,
        le=1,
        step=0.01,
        advanced=True,
    )
