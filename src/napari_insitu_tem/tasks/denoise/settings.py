"""Method of denoising, its extent, and the noise of the camera."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.analysis import denoise as methods
from napari_insitu_tem.settings import Settings, setting

__all__ = ["ADAPTIVE", "CLASSICAL", "LAST", "LEARNT", "DenoiseSettings"]

#: Methods that need no network.
CLASSICAL = (
    "gaussian",
    "mean of last frames",
    "sum of last frames",
    "median",
    "total variation",
    "non-local means",
    "wavelets",
)
#: Methods that find their strength from the noise; that take the last frames; that learn.
ADAPTIVE = ("total variation", "non-local means", "wavelets")
LAST = ("mean of last frames", "sum of last frames")
LEARNT = ("learn from this movie", "learn from its neighbours")


class DenoiseSettings(Settings):
    """Method, its extent, and the noise of the camera."""

    method: Literal[
        "gaussian",
        "mean of last frames",
        "sum of last frames",
        "median",
        "total variation",
        "non-local means",
        "wavelets",
        "learn from this movie",
        "learn from its neighbours",
        "network",
    ] = setting(
        "total variation",
        title="Method",
        description="Total variation keeps edges and finds its strength from the noise; the "
        "mean or sum of the last frames keeps sharpness but smears what moves; the median "
        "removes single bright pixels. 'Learn' trains a network on the movie itself, in minutes: "
        "from all but the pixel, or (faster) from the frames before and after; 'network' takes "
        "one that is trained already.",
    )
    model: str = setting(
        "refine",
        title="Network",
        description="'refine' ships with the plugin and takes single frames of particles at low "
        "dose; networks that you kept from a movie, or trained, are in the list, too.",
        choices_from="napari_insitu_tem.models.choices:denoising_models",
        shown_when={"method": ("network",)},
    )
    minutes: float = setting(
        5.0,
        title="Learn for",
        description="Longest time to learn. What is learnt is slowed down towards the end of it.",
        unit="min",
        gt=0,
        le=10000,
        shown_when={"method": LEARNT},
    )
    steps: int = setting(
        4000,
        title="Steps",
        description="Largest number of batches to learn from; it ends the learning earlier on a "
        "fast computer.",
        ge=1,
        advanced=True,
        shown_when={"method": LEARNT},
    )
    start_from: str = setting(
        "movie",
        title="Begin with",
        description="A network whose weights are where learning begins: 'movie' ships with the "
        "plugin and has learnt from simulated movies; one that you kept from a movie of the same "
        "kind is better still. 'new weights' begins with nothing.",
        choices_from="napari_insitu_tem.models.choices:learning_starts",
        advanced=True,
        shown_when={"method": ("learn from this movie",)},
    )
    bin: Literal["automatic", "1", "2", "4"] = setting(
        "automatic",
        title="Bin",
        description="Learn from means of so many pixels along each side; what is found is "
        "enlarged again. Automatic does so where pixels far apart share noise (as in frames that "
        "were blurred, enlarged or compressed) and no detail that stays is lost; a trained "
        "network is given what it was trained on.",
        unit="px",
        advanced=True,
        shown_when={"method": (*LEARNT, "network")},
    )
    blind: Literal["automatic", "0", "1", "2"] = setting(
        "automatic",
        title="Blind spot",
        description="Pixels around each that share its noise and must not be looked at. "
        "Automatic measures how the noise is correlated. Not needed where the camera is given.",
        unit="px",
        advanced=True,
        shown_when={"method": ("learn from this movie",)},
    )
    keep_as: str | None = setting(
        None,
        title="Keep network as",
        description="Keep what was learnt among your models, for movies of the same kind.",
        none_means="do not keep",
        shown_when={"method": LEARNT},
    )
    strength: float = setting(
        1.0,
        title="Strength",
        description="1 is matched to the noise found in each frame; more smooths more.",
        gt=0,
        le=20,
        step=0.1,
        shown_when={"method": ADAPTIVE},
    )
    frames: int = setting(
        5,
        title="Frames",
        description="How many frames, the present one and those before it. At the start, where "
        "there are fewer, the mean is of those there are, and the sum is scaled to the full "
        "number.",
        unit="frames",
        ge=1,
        le=1000,
        shown_when={"method": LAST},
    )
    sigma: float = setting(
        1.0,
        title="In space",
        description="Standard deviation of the Gaussian in space; 0 smooths in time only.",
        unit="px",
        ge=0,
        le=100,
        step=0.25,
        shown_when={"method": ("gaussian",)},
    )
    sigma_time: float = setting(
        1.0,
        title="In time",
        description="Standard deviation of the Gaussian in time; 0 takes each frame by itself.",
        unit="frames",
        ge=0,
        le=100,
        step=0.25,
        shown_when={"method": ("gaussian",)},
    )
    median_size: int = setting(
        3,
        title="Square",
        description="Edge of the square of pixels that the median is taken over; an even number "
        "is taken as the next odd one, 1 takes the median over time only.",
        unit="px",
        ge=1,
        le=25,
        shown_when={"method": ("median",)},
    )
    median_frames: int = setting(
        1,
        title="Frames around",
        description="How many frames the median is taken over, the present one in the middle; "
        "an even number is taken as the next odd one.",
        unit="frames",
        ge=1,
        le=99,
        shown_when={"method": ("median",)},
    )
    stabilise: Literal["automatic", "on", "off"] = setting(
        "automatic",
        title="Counted electrons",
        description="Even out the noise of counted electrons (which grows with brightness) "
        "before denoising, and undo it without bias. Automatic does so for the methods that "
        "need it.",
    )
    camera: str | None = setting(
        None,
        title="Camera",
        description="Name of a camera that was fitted under Detector (or the path of its .json "
        "file). Its blur, gain, offset and readout noise are then known, which makes total "
        "variation, non-local means and wavelets better. Only for the recording as the camera "
        "gave it, neither binned nor aligned.",
        none_means="not known",
        shown_when={"stabilise": ("automatic", "on")},
    )
    gain: float | None = setting(
        None,
        title="Gain",
        description="Counts in the movie for one electron.",
        gt=0,
        none_means="from the movie",
        advanced=True,
        shown_when={"stabilise": ("automatic", "on")},
    )
    offset: float | None = setting(
        None,
        title="Offset",
        description="Counts of a pixel that no electron hit. Only used together with a gain.",
        none_means="0",
        advanced=True,
        shown_when={"stabilise": ("automatic", "on")},
    )
    readout_noise: float | None = setting(
        None,
        title="Readout noise",
        description="Standard deviation of a pixel that no electron hit, in counts. Only used "
        "together with a gain.",
        ge=0,
        none_means="0",
        advanced=True,
        shown_when={"stabilise": ("automatic", "on")},
    )

    @property
    def context(self) -> tuple[int, int]:
        """Frames needed before and after, by method."""
        if self.method in LAST:
            return self.frames - 1, 0
        if self.method == "gaussian":
            reach = methods.gaussian_reach(self.sigma_time)
            return reach, reach
        if self.method in LEARNT:
            return 2, 2
        if self.method == "median":
            return self.median_frames // 2, self.median_frames // 2
        return 0, 0

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network, where a trained one is used."""
        return (self.model,) if self.method == "network" else ()

    @property
    def uses_network(self) -> bool:
        """Whether a network runs."""
        return self.method not in CLASSICAL

    @property
    def no_preview(self) -> str | None:
        """Why one frame cannot be shown beforehand."""
        if self.method not in LEARNT:
            return None
        return (
            "There is no preview of what is yet to be learnt: press Run. A network that was kept "
            "can be previewed under the method 'network'."
        )
