"""How a running experiment is followed."""

from __future__ import annotations

from napari_insitu_tem.settings import Settings, setting

__all__ = ["CLASSICAL_REFINEMENTS", "LiveSettings"]

#: Refinements that need no network.
CLASSICAL_REFINEMENTS = (
    "none",
    "gaussian",
    "median",
    "total variation",
    "non-local means",
    "wavelets",
)


class LiveSettings(Settings):
    """Frames to average, refinement, and what is looked for in them."""

    frames: int = setting(
        10,
        title="Average",
        description="The mean of so many last frames is refined (Katsuno et al. sum ten). It "
        "assumes that nothing drifts much within them; 1 takes each frame by itself.",
        unit="frames",
        ge=1,
        le=200,
    )
    refinement: str = setting(
        "total variation",
        title="Refinement",
        description="What is done to the mean. Total variation keeps edges and finds its "
        "strength from the noise; Gaussian is faster still; none shows the mean as it is. The "
        "network 'refine' was trained on frames of particles at low dose.",
        choices_from="napari_insitu_tem.live.refining:refinements",
    )
    strength: float = setting(
        1.0,
        title="Strength",
        description="More smooths more. Of the Gaussian it is the standard deviation in pixels.",
        gt=0,
        le=20,
        step=0.25,
        hidden_when={"refinement": ("none",)},
    )
    find_particles: bool = setting(
        False,
        title="Find particles",
        description="Outline and count them, by the classical method of Segment, in the refined "
        "picture; size and polarity are found once, from the first frames.",
    )
    map_activity: bool = setting(
        False,
        title="Map activity",
        description="Map where the lattice moves, turns, grows or shrinks, and number the regions "
        "with most change, by the network of Latent variance.",
    )
    map_frames: int = setting(
        100,
        title="Map: looks back",
        description="The map tells what changed over so many last frames that were encoded (of "
        "fast cameras not every frame is). Fewer follow faster, more see slower changes.",
        unit="frames",
        ge=10,
        le=1000,
        step=10,
        advanced=True,
        shown_when={"map_activity": (True,)},
    )
    map_model: str = setting(
        "lattice",
        title="Map: network",
        description="'lattice' ships with the plugin and finds its own scale; networks that you "
        "trained on your own movies are in the list, too.",
        choices_from="napari_insitu_tem.models.choices:latent_models",
        advanced=True,
        shown_when={"map_activity": (True,)},
    )
    settle: float = setting(
        0.03,
        title="Settle time",
        description="A file in a folder is read when it has not changed for so long. Longer for "
        "slow network drives.",
        unit="s",
        ge=0,
        le=10,
        step=0.01,
        advanced=True,
    )
    pattern: str = setting(
        "*",
        title="File names",
        description="Which files of a folder are frames, such as frame_*.tif.",
        advanced=True,
    )
    raw_height: int | None = setting(
        None,
        title="Raw: height",
        description="Height of a frame in a file of bare pixels.",
        unit="px",
        ge=1,
        none_means="not raw",
        advanced=True,
    )
    raw_width: int | None = setting(
        None,
        title="Raw: width",
        description="Width of a frame in a file of bare pixels.",
        unit="px",
        ge=1,
        none_means="not raw",
        advanced=True,
    )
    raw_type: str = setting(
        "uint16",
        title="Raw: type",
        description="Type of the pixels: uint8, uint16, float32, or such as >u2 with the most "
        "significant byte first.",
        advanced=True,
    )
    raw_offset: int = setting(
        0,
        title="Raw: header",
        description="Bytes before the first frame.",
        unit="bytes",
        ge=0,
        advanced=True,
    )

    @property
    def uses_network(self) -> bool:
        """Whether a network refines."""
        return self.refinement not in CLASSICAL_REFINEMENTS
