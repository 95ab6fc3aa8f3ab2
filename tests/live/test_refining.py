"""What is done to the mean of the last frames: classically, or by the network that ships."""

import numpy as np
import pytest

from napari_insitu_tem import SettingsError
from napari_insitu_tem.live.refining import make_refiner
from napari_insitu_tem.live.settings import LiveSettings


def discs(edge=160):
    y, x = np.mgrid[:edge, :edge]
    frame = np.full((edge, edge), 4.0)
    for row in range(24, edge, 48):
        for column in range(24, edge, 48):
            frame[np.hypot(y - row, x - column) < 12] = 2.0
    return frame


def error(frame, truth):
    return float(np.sqrt(np.mean((frame - truth) ** 2)))


@pytest.mark.parametrize("refinement", ["refine", "total variation"])
def test_a_noisy_mean_is_refined_in_its_own_counts(refinement, rng):
    truth = discs()
    mean = rng.poisson(3 * truth).astype(np.float32) / 3
    refined = make_refiner(LiveSettings(refinement=refinement))(mean)
    assert refined.shape == mean.shape
    assert error(refined, truth) < 0.5 * error(mean, truth)
    assert refined.mean() == pytest.approx(mean.mean(), rel=0.03)


def test_the_network_takes_frames_of_any_size(rng):
    refine = make_refiner(LiveSettings(refinement="refine"))
    for shape in ((64, 96), (131, 77)):
        assert refine(rng.poisson(3.0, shape).astype(np.float32)).shape == shape


def test_an_unknown_network_is_refused():
    with pytest.raises((SettingsError, ValueError), match="nothing-such"):
        make_refiner(LiveSettings(refinement="nothing-such"))
