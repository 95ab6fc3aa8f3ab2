"""What can be chosen when a network is retrained."""

from __future__ import annotations

from napari_insitu_tem.settings import Settings, setting

__all__ = ["RetrainSettings"]


class RetrainSettings(Settings):
    """How a network is retrained."""

    model: str | None = setting(
        None,
        title="Start from",
        description="The network to start from; it stays as it is. Automatic takes the one that "
        "made the masks.",
    )
    left_out: int | None = setting(
        None,
        title="Judge by frame",
        description="A corrected frame that is not learnt from, on which old and new network are "
        "compared; automatic takes the last one.",
        ge=0,
    )
    minutes: float = setting(
        3.0,
        title="Time",
        description="How long to train. What is learnt is slowed down towards the end of it, so "
        "more time is not the same as going on.",
        unit="min",
        gt=0,
        le=24 * 60,
        step=1,
    )
    steps: int = setting(
        600,
        title="Steps",
        description="Largest number of batches to learn from; it ends the training earlier on a "
        "fast computer.",
        ge=1,
        advanced=True,
    )
    simulated: float = setting(
        0.25,
        title="Simulated share",
        description="Share of simulated frames among the corrected ones, of the kind that the "
        "network was trained on at first, so that it forgets less of what it knows.",
        ge=0,
        le=0.9,
        step=0.05,
        advanced=True,
    )
    learning_rate: float = setting(
        1e-3,
        title="Learning rate",
        description="Highest learning rate.",
        gt=0,
        le=0.1,
        step=0.0005,
        advanced=True,
    )
    seed: int = setting(0, title="Seed", description="Of everything random.", ge=0, advanced=True)
