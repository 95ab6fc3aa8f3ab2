"""Training frames of particles of any size, shape and contrast, with pixel-exact labels.

Frames are of the kind of Qian et al.'s and Yao et al.'s simulations (particles that absorb,
blurred particles that must be ignored, shot noise, the detector), drawn far more widely, so that
a network trained on them needs no tuning on a recording.
"""

from __future__ import annotations

from napari_insitu_tem.simulate.particle_frames.frame import ParticleFrame, draw_frame
from napari_insitu_tem.simulate.particle_frames.settings import ParticleFrameSettings

__all__ = ["ParticleFrame", "ParticleFrameSettings", "draw_frame"]
