"""Pairs of frames of low dose."""

from __future__ import annotations

import numpy as np
import pytest

from napari_insitu_tem.simulate.low_dose import LowDoseSettings, draw_low_dose

NO_BLUR = {"edge": 64, "perfect_camera": 1.0, "blur": (0.0, 0.0), "pixel_size": (0.5, 0.5)}


def draw(seed: int = 0, exposures: int | None = None, **values):
    settings = LowDoseSettings(**{**NO_BLUR, **values})
    return draw_low_dose(settings, np.random.default_rng(seed), exposures=exposures)


def test_the_same_seed_gives_the_same_pair():
    one, two = draw(3), draw(3)
    assert np.array_equal(one.noisy, two.noisy) and np.array_equal(one.clean, two.clean)
    assert not np.array_equal(one.clean, draw(4).clean)


def test_the_mean_of_many_exposures_is_the_clean_frame_where_nothing_blurs():
    pair = draw(dose=(400.0, 400.0), exposures=200)
    assert pair.noisy.shape == (200, 64, 64)
    assert np.corrcoef(pair.noisy.mean(0).ravel(), pair.clean.ravel())[0, 1] > 0.99
    assert pair.noisy.mean() == pytest.approx(pair.clean.mean(), rel=0.02)


def test_more_electrons_make_a_better_frame():
    def likeness(dose):
        pair = draw(7, dose=(dose, dose), absorption=(1.0, 2.0), coverage=(0.2, 0.3))
        return np.corrcoef(pair.noisy.ravel(), pair.clean.ravel())[0, 1]

    assert likeness(1000.0) > likeness(100.0) > likeness(10.0)


def test_liquid_blurs_and_takes_electrons_away():
    thin = draw(dose=(1e3, 1e3), liquid=(50.0, 50.0), blur=(4.0, 4.0), exposures=100)
    thick = draw(dose=(1e3, 1e3), liquid=(900.0, 900.0), blur=(4.0, 4.0), exposures=100)
    assert (thick.clean - 100).mean() < 0.3 * (thin.clean - 100).mean()  # of an offset of 100

    def sharpness(pair):
        mean = pair.noisy.mean(0) - 100
        mean = mean / mean.mean()
        return np.abs(np.diff(mean)).max()

    assert sharpness(thick) < sharpness(thin)
