"""Simulated movies of a supported gold particle whose structure becomes disordered and back."""

from napari_insitu_tem.simulate.catalyst.movie import (
    CatalystMovie,
    simulate_catalyst,
    simulate_catalyst_lazily,
)
from napari_insitu_tem.simulate.catalyst.scene import CatalystScene
from napari_insitu_tem.simulate.catalyst.settings import CatalystSettings

__all__ = [
    "CatalystMovie",
    "CatalystScene",
    "CatalystSettings",
    "simulate_catalyst",
    "simulate_catalyst_lazily",
]
