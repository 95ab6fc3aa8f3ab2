"""Settings of clips: what a forecasting network is given, and how it is taught."""

from __future__ import annotations

from typing import Literal

from napari_insitu_tem.analysis.forecast.clips import ClipPlan
from napari_insitu_tem.analysis.forecast.scaling import ScalingName
from napari_insitu_tem.settings import Settings, setting

__all__ = ["ForecastClips", "SplitName"]

#: Where a task offers networks that are trained already, these say nothing of them.
_LEARN = {"method": ("learn from this movie",)}

SplitName = Literal["by time", "by movie", "random clips (as published)"]


class ForecastClips(Settings):
    """How clips are cut out of movies, and which of them are set aside."""

    given: int = setting(
        6,
        title="Frames given",
        description="Frames that the network is given (N_f in Fu et al.).",
        unit="frames",
        ge=2,
        le=64,
        shown_when=_LEARN,
    )
    wanted: int | None = setting(
        None,
        title="Frames wanted",
        description="Frames that it learns to foresee.",
        unit="frames",
        ge=1,
        le=64,
        none_means="as given",
        shown_when=_LEARN,
    )
    every: int = setting(
        1,
        title="Frames apart",
        description="Recorded frames from one frame of a clip to the next (N_s in Fu et al.).",
        unit="frames",
        ge=1,
        le=1000,
        shown_when=_LEARN,
    )
    scaling: ScalingName = setting(
        "z-score",
        title="Scaling",
        description="How frames are brought to the network's values: by the whole movie's mean "
        "and deviation, its range, or (as published) every frame by itself. A sigmoid head "
        "needs the range.",
        advanced=True,
        shown_when=_LEARN,
    )
    split: SplitName = setting(
        "by time",
        title="Split",
        description="What is set aside: the end of every movie, or whole movies. The published "
        "random split leaks test frames into the training, and its figures are too good.",
        advanced=True,
        shown_when=_LEARN,
    )
    validation: float = setting(
        0.15,
        title="Part for validation",
        description="Part of the movie (or movies) that chooses the weights and calibrates the "
        "spread.",
        ge=0,
        le=0.5,
        advanced=True,
        shown_when=_LEARN,
    )
    test: float = setting(
        0.2,
        title="Part for the test",
        description="Part of the movie (or movies), the last one, that the figures are from.",
        ge=0,
        le=0.5,
        advanced=True,
        shown_when=_LEARN,
    )
    gap: int | None = setting(
        None,
        title="Gap",
        description="Frames between these parts that belong to none.",
        unit="frames",
        ge=0,
        none_means="as long as what is given",
        advanced=True,
        shown_when=_LEARN,
    )
    turned: bool = setting(
        True,
        title="Turn clips",
        description="Learn from mirrored and turned clips, too; all frames of a clip alike, and "
        "time always forward. Switch it off where directions matter (gravity, a flow, a support).",
        advanced=True,
        shown_when=_LEARN,
    )
    teacher_forcing: float = setting(
        0.1,
        title="Teacher forcing",
        description="Part of the training in which the chance to go on from the true frames, in "
        "place of those foreseen, falls to nothing.",
        ge=0,
        le=1,
        advanced=True,
        shown_when=_LEARN,
    )
    auxiliary: str | None = setting(
        None,
        title="Auxiliary",
        description="Column of the holder's log that the network is given beside every frame, "
        "such as temperature_C.",
        none_means="none",
        advanced=True,
        shown_when=_LEARN,
    )

    @property
    def plan(self) -> ClipPlan:
        """How clips are cut."""
        return ClipPlan(self.given, self.wanted or self.given, self.every)
