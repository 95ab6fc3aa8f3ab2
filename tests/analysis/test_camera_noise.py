"""A known camera's noise becomes independent and even, and what was done is undone."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.camera_noise import CameraNoise
from napari_insitu_tem.simulate.detector import DetectorSettings, apply_transfer, detect

CAMERA = DetectorSettings()


def noise(level=700.0, readout=6.0):
    return CameraNoise(0.0, 0.35, 2.5, 20.0, 100.0, readout, level)


@pytest.mark.parametrize("dose", [5.0, 30.0, 200.0])
def test_the_stabilised_noise_is_white_with_unit_variance(dose, rng):
    frame = detect(np.full((256, 256), dose), CAMERA, rng)
    even = noise(level=20 * dose + 100).stabilise(frame)
    assert even.std() == pytest.approx(1, rel=0.05)
    power = np.abs(np.fft.fft2(even - even.mean())) ** 2 / even.size
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    rings = [power[(frequency > low) & (frequency < low + 0.1)].mean() for low in (0.05, 0.3, 0.5)]
    assert rings == pytest.approx([rings[0]] * 3, rel=0.08)


def test_restoring_undoes_stabilising_up_to_the_unbiased_inverse():
    y, x = np.mgrid[:80, :100]
    smooth = 700 + 200 * np.sin(x / 9) * np.cos(y / 11)
    camera = noise()
    assert camera.restore(camera.stabilise(smooth)) == pytest.approx(smooth, abs=8)


def test_a_constant_frame_stays_constant():
    camera = noise()
    for value in (100.0, 400.0, 5000.0):
        back = camera.restore(camera.stabilise(np.full((40, 3), value)))
        assert np.ptp(back) < 0.01 * max(value - 100, 20)


def test_sharp_edges_do_not_wrap_around():
    frame = np.full((64, 64), 400.0)
    frame[:, 48:] = 2000.0
    blurred = apply_transfer(np.pad(frame, 64, mode="edge"), CAMERA)[64:-64, 64:-64]
    assert noise().stabilise(blurred)[:, :8] == pytest.approx(
        noise().stabilise(np.full((64, 8), 400.0)), abs=0.3
    )
