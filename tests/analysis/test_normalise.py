"""How frames become values for a denoising network, and what it gives becomes readings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.normalise import NORMALISATIONS, MovieScale


@pytest.mark.parametrize("name", NORMALISATIONS)
@given(gain=st.floats(0.01, 1000), offset=st.floats(-1e4, 1e4), seed=st.integers(0, 50))
def test_gain_and_offset_of_a_camera_do_not_matter(name, gain, offset, seed):
    way, image = NORMALISATIONS[name], np.random.default_rng(seed).normal(100, 10, (40, 50))
    image = image.astype(np.float32)
    other = (gain * image.astype(float) + offset).astype(np.float32)
    tolerance = 1e-3 + 1e-5 * (abs(offset) + 100 * gain) / gain
    assert np.abs(way.prepare(image) - way.prepare(other)).max() < tolerance


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_a_perfect_answer_comes_back_as_readings(name, rng):
    way, clean = NORMALISATIONS[name], 500 + 200 * np.hypot(*np.mgrid[-1:1:64j, -1:1:64j])
    noisy = (clean + rng.normal(0, 50, clean.shape)).astype(np.float32)
    given_, wanted = way.pair(noisy, clean.astype(np.float32))
    assert np.array_equal(given_, way.prepare(noisy))
    assert np.abs(way.restore(wanted, noisy) - clean).max() < 0.05 * np.ptp(clean)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_a_constant_frame_stays_what_it_is(name):
    way, flat = NORMALISATIONS[name], np.full((20, 20), 7, np.float32)
    assert np.isfinite(way.prepare(flat)).all()
    assert np.allclose(way.restore(way.prepare(flat), flat), 7)


def test_one_scale_serves_all_frames_of_a_movie(rng):
    frames = [rng.normal(level, 5, (30, 30)).astype(np.float32) for level in (90, 110)]
    scale = MovieScale.of(frames)
    values = [scale.prepare(frame) for frame in frames]
    assert values[0].mean() < -0.5 < 0.5 < values[1].mean()
    assert np.allclose(scale.restore(values[0], frames[0]), frames[0], atol=1e-3)
