"""HRTEM frames of crystalline particles on amorphous carbon, with pixel-exact truth."""

from napari_insitu_tem.simulate.hrtem.exit_waves import ExitWaveError
from napari_insitu_tem.simulate.hrtem.frame import HrtemFrame, draw_frame
from napari_insitu_tem.simulate.hrtem.multislice import compute_exit_waves
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings

__all__ = ["ExitWaveError", "HrtemFrame", "HrtemSettings", "compute_exit_waves", "draw_frame"]
