"""Liquid-cell frames after Yao et al."""

import numpy as np
import pytest

from napari_insitu_tem.simulate.liquid_cell import LiquidCellSettings, draw_liquid_cell

SMALL = LiquidCellSettings(edge=128, field_of_view=24.65, size=(4.0, 6.0), count=(3.0, 6.0))


def test_pixels_are_as_large_as_in_the_published_frames():
    frame = draw_liquid_cell(LiquidCellSettings(), np.random.default_rng(0))
    assert frame.image.shape == frame.labels.shape == (512, 512)
    assert frame.pixel_size == pytest.approx(98.6 / 512)


def test_labelled_particles_are_dark_and_distractors_are_not_labelled():
    quiet = SMALL.model_copy(update={"flux": (1e5, 1e5)})
    alone = quiet.model_copy(update={"distractors": (0.0, 0.0)})
    crowded = quiet.model_copy(update={"distractors": (12.0, 13.0)})
    one = draw_liquid_cell(alone, np.random.default_rng(1))
    many = draw_liquid_cell(crowded, np.random.default_rng(1))
    assert np.array_equal(one.labels > 0, many.labels > 0)
    for frame in (one, many):
        assert frame.image[frame.labels > 0].mean() < frame.image[frame.labels == 0].mean()
    outside = one.labels == 0
    assert many.image[outside].std() > 1.2 * one.image[outside].std()


def test_more_electrons_make_less_noise():
    quiet = SMALL.model_copy(update={"flux": (1e5, 1e5), "distractors": (0.0, 0.0)})
    noisy = SMALL.model_copy(update={"flux": (50.0, 50.0), "distractors": (0.0, 0.0)})
    ratios = []
    for chosen in (quiet, noisy):
        frame = draw_liquid_cell(chosen, np.random.default_rng(2))
        background = frame.image[frame.labels == 0]
        step = background.mean() - frame.image[frame.labels > 0].mean()
        ratios.append(step / background.std())
    assert ratios[0] > 3 * ratios[1]
