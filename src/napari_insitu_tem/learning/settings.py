"""Settings of a training, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from napari_insitu_tem.settings import Settings, setting

__all__ = ["LossName", "Report", "TrainSettings"]

LossName = Literal[
    "bce+dice",
    "bce",
    "dice",
    "focal",
    "any order",
    "l1",
    "l2",
    "relative l2",
    "psnr",
    "ssim",
    "gaussian",
    "evidence",
]


class TrainSettings(Settings):
    """How a network is trained."""

    minutes: float | None = setting(
        None,
        title="Time",
        description="End after this time; the learning rate falls so that it is used to its end.",
        unit="min",
        gt=0,
        none_means="no limit",
    )
    steps: int = setting(
        2000, title="Steps", description="Largest number of batches to learn from.", ge=1
    )
    batch_size: int = setting(
        8,
        title="Batch size",
        description="Patches a step (and graphics card).",
        ge=1,
        le=1024,
        advanced=True,
    )
    patches_per_frame: int = setting(
        4,
        title="Patches a frame",
        description="Patches cut from a frame each time it is read or simulated; more of them "
        "train faster where simulating takes long, and see fewer different frames.",
        ge=1,
        le=256,
        advanced=True,
    )
    learning_rate: float = setting(
        1e-3,
        title="Learning rate",
        description="Highest learning rate; it rises to it at first and falls along a cosine.",
        gt=0,
        le=1,
        step=0.0005,
        advanced=True,
    )
    warm_up: float = setting(
        0.05,
        title="Warm-up",
        description="Share of the training in which the learning rate rises.",
        ge=0,
        le=0.5,
        advanced=True,
    )
    weight_decay: float = setting(
        1e-4,
        title="Weight decay",
        description="How strongly weights are drawn to zero (AdamW).",
        ge=0,
        le=1,
        step=0.0001,
        advanced=True,
    )
    loss: LossName = setting(
        "bce+dice",
        title="Loss",
        description="What is made small. For particles: binary cross-entropy, soft Dice, both, or "
        "focal loss; 'any order' is both, for layers of which only some can be told first from "
        "second. For images: absolute (l1) or squared (l2) difference, the latter relative "
        "to the image's contrast (relative l2) or in decibels (psnr), or structural similarity "
        "(ssim). For latent variables: the evidence bound. For forecasts with a spread: gaussian.",
        advanced=True,
    )
    beta: float = setting(
        2.0,
        title="Beta",
        description="Weight of the divergence of latent variables from a normal distribution: "
        "more makes them more independent, and reconstructions coarser.",
        ge=0,
        le=1000,
        step=0.5,
        advanced=True,
        shown_when={"loss": ("evidence",)},
    )
    beta_steps: int = setting(
        0,
        title="Beta rises for",
        description="Steps after which beta has its value: it is zero in the first half of them, "
        "and rises in the second. Where data vary in many ways, latent variables would be "
        "switched off before they are of any use.",
        unit="steps",
        ge=0,
        advanced=True,
        shown_when={"loss": ("evidence",)},
    )
    ema_decay: float = setting(
        0.995,
        title="Averaging",
        description="Share of the averaged weights that stays at each step; the averaged weights "
        "are those that are validated and kept.",
        ge=0,
        le=0.99999,
        advanced=True,
    )
    clip: float = setting(
        1.0,
        title="Gradient limit",
        description="Largest norm of the gradient; longer ones are shortened to it.",
        gt=0,
        advanced=True,
    )
    validate_every: int = setting(
        100,
        title="Validate every",
        description="Steps from one validation to the next.",
        ge=1,
        advanced=True,
    )
    validation_patches: int = setting(
        64,
        title="Validation patches",
        description="Patches cut from the validation set, the same each time.",
        ge=1,
        advanced=True,
    )
    patience: int | None = setting(
        None,
        title="Patience",
        description="End when this many validations in a row were no better than the best.",
        ge=1,
        none_means="do not end early",
        advanced=True,
    )
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = setting(
        "auto",
        title="Precision",
        description="Compute in 16 bits where the device is faster so; weights stay in 32.",
        advanced=True,
    )
    workers: int | None = setting(
        None,
        title="Workers",
        description="Processes (for simulated samples) or threads that draw samples ahead; 0 "
        "draws them in between.",
        ge=0,
        le=256,
        advanced=True,
    )
    freeze_batch_statistics: bool = setting(
        False,
        title="Keep batch statistics",
        description="Leave batch normalisation as the model one starts from has it; better with "
        "a few frames.",
        advanced=True,
    )
    seed: int = setting(0, title="Seed", description="Of everything random.", ge=0, advanced=True)
    resume: bool = setting(
        False,
        title="Go on",
        description="Go on where a training that was interrupted stood.",
        advanced=True,
    )


@dataclass(frozen=True)
class Report:
    """Where a training stands.

    Parameters
    ----------
    step : int
        Batches learnt from.
    train_loss : float
        Mean loss since the last report.
    validation_loss : float, optional
        Loss of the averaged weights on the validation patches, when it was just found.
    metrics : dict
        Other measures found with it: ``foreground IoU`` and so on.
    learning_rate : float
        At this step.
    seconds : float
        Since the start; of all parts of a training that was interrupted.
    seconds_left : float
        Estimate.
    """

    step: int
    train_loss: float
    validation_loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 0.0
    seconds: float = 0.0
    seconds_left: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON types."""
        return dict(self.__dict__)
