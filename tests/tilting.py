"""A small movie of two gold particles, one of which tilts off its zone axis; for the tests."""

import numpy as np

from napari_insitu_tem.simulate.hrtem import HrtemSettings
from napari_insitu_tem.simulate.hrtem.tilting import TiltingMovie, draw_tilting_movie

SETTINGS = HrtemSettings(
    height=128, width=208, pixel_size=(0.05, 0.05), materials=("Au",), diameter=(3.8, 4.0),
    irregular=0.0, twinned=0.0, zone_axes=("110",), carbon=(0.5, 1.0), film_edge=0.0,
    energies=(300.0,), uncorrected=0.0, defocus=(-9.0, -9.0), spherical_aberration=(-30.0, -30.0),
    astigmatism=(0.0, 0.0), focal_spread=(3.5, 3.5), dose=(400.0, 400.0),
)  # fmt: skip


def tilting_movie() -> TiltingMovie:
    """Three frames: the right particle stays upright, the left one tilts by 8° in the last two."""
    tilts = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 0.0]])
    return draw_tilting_movie(SETTINGS, tilts, [(64, 55), (64, 152)], np.random.default_rng(5))
