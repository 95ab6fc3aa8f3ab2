"""What can be chosen of the zone-axis map."""

from __future__ import annotations

from pydantic import model_validator

from napari_insitu_tem.settings import Settings, setting

__all__ = ["ZoneAxisSettings"]


class ZoneAxisSettings(Settings):
    """How particles are found, over what area fringes are compared, and what can be read."""

    model: str = setting(
        "particles-hrtem",
        title="Particles found by",
        description="The network whose probability the map shows, scaled by how evenly the "
        "fringes are lit; the shipped one knows crystalline particles at low dose.",
        choices_from="napari_insitu_tem.models.choices:particle_models",
    )
    threshold: float = setting(
        0.6,
        title="Threshold",
        description="Evenness from which on the atomic columns of a particle count as readable. "
        "It can be changed after the run, without running again.",
        ge=0,
        le=1,
        step=0.05,
    )
    window: float = setting(
        4.0,
        title="Window",
        description="Width of the area over which fringes are compared for the map. Wider sees "
        "weaker fringes; narrower tells smaller particles apart.",
        unit="nm",
        gt=0,
        le=100,
        step=0.5,
    )
    shortest: float = setting(
        0.1,
        title="Shortest spacing",
        description="Of the fringes that count.",
        unit="nm",
        gt=0,
        le=10,
        step=0.01,
    )
    longest: float = setting(
        0.4,
        title="Longest spacing",
        description="Of the fringes that count; three of them must cross a window or a particle "
        "in any case.",
        unit="nm",
        gt=0,
        le=10,
        step=0.05,
    )
    probability: float = setting(
        0.5,
        title="Probability",
        description="The network's probability above which a pixel is part of a particle.",
        ge=0.01,
        le=0.99,
        step=0.05,
        advanced=True,
    )
    smallest_diameter: float | None = setting(
        None,
        title="Smallest particle",
        description="Particles with a smaller equivalent diameter are left out of the table.",
        unit="nm",
        gt=0,
        le=1000,
        step=0.5,
        advanced=True,
        none_means="three of the longest spacing",
    )
    overlap: int = setting(
        4,
        title="Windows across",
        description="From one window of the map to the next it is the window's width over this "
        "number: 2 is fast, 4 smooth.",
        ge=2,
        le=16,
        advanced=True,
    )
    memory: int = setting(
        5,
        title="Longest gap",
        description="For how many frames a particle may not be found and still be the same.",
        unit="frames",
        ge=0,
        le=100,
        advanced=True,
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network."""
        return (self.model,)

    @model_validator(mode="after")
    def _sensible(self) -> ZoneAxisSettings:
        if self.longest <= self.shortest:
            raise ValueError("the longest spacing must be above the shortest")
        return self
