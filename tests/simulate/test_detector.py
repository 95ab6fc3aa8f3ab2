import numpy as np
import pytest
from scipy.optimize import curve_fit

from napari_insitu_tem import SettingsError
from napari_insitu_tem.io.cameras import Camera, CameraError, save_camera
from napari_insitu_tem.simulate.detector import (
    DetectorSettings,
    apply_transfer,
    detect,
    detector_settings,
    modulation_transfer_function,
)
from napari_insitu_tem.simulate.settings import ParticleMovieSettings

SHARP = {"mtf_c2": 1e6, "readout_noise": 0.0, "number_type": "float32"}


def test_counts_have_the_mean_and_variance_of_poisson_statistics(rng):
    camera = DetectorSettings(gain=3.0, offset=50.0, **SHARP)
    image = detect(np.full((400, 400), 20.0), camera, rng)
    assert image.mean() == pytest.approx(3 * 20 + 50, rel=0.005)
    assert image.var() == pytest.approx(9 * 20, rel=0.02)


def test_readout_noise_adds_its_variance(rng):
    camera = DetectorSettings(gain=2.0, offset=0.0, **{**SHARP, "readout_noise": 1.5})
    image = detect(np.full((400, 400), 4.0), camera, rng)
    assert image.var() == pytest.approx(4 * (4 + 1.5**2), rel=0.02)


def test_the_transfer_function_is_halved_where_c2_says():
    assert modulation_transfer_function(0.35, 1.0, 0.0, 0.35, 2.5) == pytest.approx(0.5)
    assert modulation_transfer_function(0.0, 0.9, 0.01, 0.35, 2.5) == pytest.approx(0.9)


def test_the_power_spectrum_of_flat_frames_is_shot_noise_times_the_transfer_squared(rng):
    dose = 30.0
    camera = DetectorSettings(
        mtf_c0=1.0, mtf_c1=0.01, mtf_c2=0.35, mtf_c3=2.5, gain=1, offset=0, readout_noise=0,
        number_type="float32",
    )  # fmt: skip
    power = np.zeros((128, 128))
    for _ in range(60):
        power += np.abs(np.fft.fft2(detect(np.full((128, 128), dose), camera, rng))) ** 2
    power /= 60 * 128 * 128 * dose
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
    good = frequency > 0

    def model(q, c0, c1, c2, c3):
        return modulation_transfer_function(q, c0, c1, c2, c3) ** 2

    fitted, _ = curve_fit(model, frequency[good], power[good], p0=(0.9, 0.02, 0.5, 2.0))
    assert fitted[0] == pytest.approx(1.0, abs=0.02)
    assert abs(fitted[1]) == pytest.approx(0.01, abs=0.03)
    assert fitted[2] == pytest.approx(0.35, abs=0.01)
    assert fitted[3] == pytest.approx(2.5, abs=0.15)


def test_the_transfer_keeps_the_mean_and_blurs_an_edge():
    image = np.zeros((64, 64))
    image[:, 16:48] = 100.0
    blurred = apply_transfer(image, DetectorSettings())
    assert blurred.mean() == pytest.approx(image.mean())
    assert np.abs(np.diff(blurred, axis=1)).max() < 80


def test_integers_are_clipped_to_their_range(rng):
    camera = DetectorSettings(gain=100.0, number_type="uint8")
    image = detect(np.full((8, 8), 50.0), camera, rng)
    assert image.dtype == np.uint8
    assert image.min() == 255


def test_a_simulation_records_with_a_stored_camera(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_CAMERAS", str(tmp_path))
    camera = Camera(
        name="K3", c1=0.02, c2=0.4, c3=2.1, gain=7.0, offset=3.0, readout_noise=0.1,
        number_type="uint8",
    )  # fmt: skip
    save_camera(camera)
    assert detector_settings("K3") == detector_settings(camera) == DetectorSettings(
        mtf_c0=1.0, mtf_c1=0.02, mtf_c2=0.4, mtf_c3=2.1, gain=7.0, offset=3.0,
        readout_noise=0.1, number_type="uint8",
    )  # fmt: skip
    whole = detector_settings("K3", ParticleMovieSettings, shape="rod", gain=9.0)
    assert (whole.shape, whole.mtf_c2, whole.gain) == ("rod", 0.4, 9.0)
    with pytest.raises(CameraError, match="There are: K3"):
        detector_settings("K2")
    with pytest.raises(SettingsError, match="no setting 'dsoe'"):
        detector_settings("K3", dsoe=3)
