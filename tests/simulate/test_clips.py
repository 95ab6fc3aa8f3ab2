"""Clips of things that move, and pairs at low dose."""

import numpy as np
import pytest

from napari_insitu_tem.simulate.clips import ClipSettings, draw_clip
from napari_insitu_tem.simulate.detector import DetectorSettings
from napari_insitu_tem.simulate.low_dose import LowDoseSettings, draw_low_dose


def test_a_clip_is_the_same_for_the_same_seed():
    one, other = (draw_clip(ClipSettings(edge=48), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.noisy, other.noisy)
    assert one.noisy.shape == one.clean.shape == (5, 48, 48)


def test_noise_is_that_of_counted_electrons():
    settings = ClipSettings(edge=64, electrons=(8, 8))
    clips = [draw_clip(settings, np.random.default_rng(seed)) for seed in range(6)]
    noisy, clean = (np.concatenate([getattr(c, n) for c in clips]) for n in ("noisy", "clean"))
    assert np.mean(noisy - clean) == pytest.approx(0, abs=0.05)
    assert np.mean((noisy - clean) ** 2 / np.maximum(clean, 0.1)) == pytest.approx(1, abs=0.05)


def test_without_motion_and_drift_nothing_changes_but_the_noise():
    still = ClipSettings(
        edge=64, motion=(0, 0), turning=(0, 0), drift=(0, 0), lattices=0, electrons=(50, 50)
    )
    clip = draw_clip(still, np.random.default_rng(1))
    assert np.abs(clip.clean - clip.clean[2]).max() < 1e-3 * clip.clean.max()
    moving = draw_clip(still.model_copy(update={"motion": (3, 3)}), np.random.default_rng(1))
    assert np.abs(moving.clean[0] - moving.clean[4]).max() > 0.05 * moving.clean.max()


def test_a_low_dose_frame_has_the_electrons_that_are_left_of_its_dose():
    settings = LowDoseSettings(
        edge=128, dose=(100, 100), pixel_size=(1, 1), liquid=(400, 400), coverage=(0.01, 0.01),
        perfect_camera=1.0, structures=0, film=(0, 0), illumination=(0, 0),
    )  # fmt: skip
    pairs = [draw_low_dose(settings, np.random.default_rng(seed)) for seed in range(3)]
    noisy, clean = (np.stack([getattr(p, n) for p in pairs]) for n in ("noisy", "clean"))
    noisy, clean = (each - DetectorSettings().offset for each in (noisy, clean))
    gain = np.var(noisy - clean) / clean.mean()  # readings an electron
    assert np.median(clean) / gain == pytest.approx(100 * np.exp(-1), rel=0.1)


def test_thick_liquid_blurs():
    common = {"edge": 96, "dose": (1e5, 1e5), "pixel_size": (0.5, 0.5), "film": (0, 0),
              "perfect_camera": 1.0, "blur": (4, 4)}  # fmt: skip
    sharpness = []
    for liquid in (50, 1000):
        settings = LowDoseSettings(**common, liquid=(liquid, liquid))
        pair = draw_low_dose(settings, np.random.default_rng(4))
        steps = [np.abs(np.diff(each, axis=0)).max() for each in (pair.noisy, pair.clean)]
        sharpness.append(steps[0] / steps[1])
    assert sharpness[1] < 0.6 * sharpness[0]
