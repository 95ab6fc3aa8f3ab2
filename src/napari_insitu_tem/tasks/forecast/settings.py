"""What to forecast, with which network, and how it is learnt."""

from __future__ import annotations

import copy
from typing import Any, Literal

from napari_insitu_tem.analysis.forecast.scaling import ScalingName
from napari_insitu_tem.learning.forecast_settings import ForecastClips, SplitName
from napari_insitu_tem.settings import Settings, setting

__all__ = ["ForecastSettings"]

_LEARN = {"method": ("learn from this movie",)}
_WINDOW = {"region": ("window",)}


def _of_clips(name: str) -> Any:
    """Declare a field as `ForecastClips` does."""
    return copy.copy(ForecastClips.model_fields[name])


class ForecastSettings(Settings):
    """What to forecast, with which network, and how it is learnt."""

    method: Literal["learn from this movie", "network"] = setting(
        "learn from this movie",
        title="Method",
        description="Train a network on the beginning of this movie and test it on the end, or "
        "take one that is trained already.",
    )
    model: str = setting(
        "",
        title="Network",
        description="One of your forecasting networks.",
        choices_from="napari_insitu_tem.models.choices:forecasting_models",
        shown_when={"method": ("network",)},
    )
    preset: Literal["cpu-small", "ensemble", "paper", "convlstm"] = setting(
        "cpu-small",
        title="Network",
        description="A small convolutional network that learns in minutes on any computer; three "
        "of them, whose differences widen the spread; PhyDNet as Fu et al. have it, or a "
        "ConvLSTM, both for a graphics card.",
        shown_when=_LEARN,
    )
    given: int = _of_clips("given")
    wanted: int | None = _of_clips("wanted")
    every: int = _of_clips("every")
    minutes: float = setting(
        8.0,
        title="Learn for",
        description="Longest time to learn.",
        unit="min",
        gt=0,
        le=10000,
        shown_when=_LEARN,
    )
    steps: int | None = setting(
        None,
        title="Steps",
        description="Largest number of batches to learn from.",
        ge=1,
        none_means="no limit",
        advanced=True,
        shown_when=_LEARN,
    )
    ahead: int | None = setting(
        None,
        title="Frames ahead",
        description="How many frames to go on for; more than were learnt are rolled forward.",
        unit="frames",
        ge=1,
        le=1000,
        none_means="as learnt",
    )
    start: int | None = setting(
        None,
        title="Forecast from",
        description="Frame that is the present: the layers show what is foreseen behind it. "
        "Otherwise every frame is shown as it was foreseen before.",
        unit="frame",
        ge=0,
        none_means="every frame",
    )
    lead: int = setting(
        1,
        title="Lead",
        description="How many frames before it came a frame is shown as foreseen; surprise is "
        "found with the same lead.",
        unit="frames",
        ge=1,
        le=1000,
        advanced=True,
    )
    region: Literal["whole frame", "window"] = setting(
        "whole frame",
        title="Region",
        description="The whole frame, or a window of it. To keep to a moving particle, use "
        "Follow a particle first.",
    )
    top: int = setting(
        0, title="Top", description="First row of the window.", unit="px", ge=0, shown_when=_WINDOW
    )
    left: int = setting(
        0,
        title="Left",
        description="First column of the window.",
        unit="px",
        ge=0,
        shown_when=_WINDOW,
    )
    size: int = setting(
        128,
        title="Window",
        description="Height and width of the window; cut where the frame ends.",
        unit="px",
        ge=16,
        step=16,
        shown_when=_WINDOW,
    )
    scaling: ScalingName = _of_clips("scaling")
    split: SplitName = _of_clips("split")
    validation: float = _of_clips("validation")
    test: float = _of_clips("test")
    gap: int | None = _of_clips("gap")
    turned: bool = _of_clips("turned")
    teacher_forcing: float = _of_clips("teacher_forcing")
    auxiliary: str | None = _of_clips("auxiliary")
    test_clips: int = setting(
        48,
        title="Test clips",
        description="Largest number of clips that the figures and baselines are from.",
        ge=1,
        advanced=True,
    )
    penalty: float = setting(
        3.0,
        title="Penalty of a change",
        description="How much surer a change of surprise must be to be told; larger gives fewer "
        "false alarms.",
        gt=0,
        le=100,
        advanced=True,
    )
    keep_as: str | None = setting(
        None,
        title="Keep network as",
        description="Keep what was learnt among your models, for movies of the same kind.",
        none_means="do not keep",
        shown_when=_LEARN,
    )

    @property
    def clips(self) -> ForecastClips:
        """How clips are cut and split."""
        values = {name: getattr(self, name) for name in ForecastClips.model_fields}
        return ForecastClips(**values)

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network, where one is used that was trained before."""
        return (self.model,) if self.method == "network" and self.model else ()

    @property
    def uses_network(self) -> bool:
        """Always."""
        return True

    @property
    def no_preview(self) -> str | None:
        """A single frame says nothing."""
        return "A forecast needs several frames."
