"""A camera that was simulated is recovered from its noise, with errors that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.noise_power import NoisePowerEstimator, window_corners
from napari_insitu_tem.analysis.transfer import modulation_transfer_function
from napari_insitu_tem.analysis.transfer_fit import TransferFitError, fit_transfer
from napari_insitu_tem.simulate.detector import DetectorSettings, detect

FREQUENCY = np.linspace(0, 0.5, 101)


def noise_of(camera, dose=30.0, n=10, size=256, seed=0, window=64):
    rng = np.random.default_rng(seed)
    corners = window_corners(np.ones((size, size), bool), window)
    estimator = NoisePowerEstimator(corners, window)
    for _ in range(n):
        estimator.add(detect(np.full((size, size), float(dose)), camera, rng))
    return estimator.result()


def fitted(camera, readout_noise=None, offset=None, **options):
    return fit_transfer(
        noise_of(camera, **options),
        offset=camera.offset if offset is None else offset,
        readout_noise=readout_noise,
        rounded=camera.number_type != "float32",
    )


def worst(fit, camera):
    truth = modulation_transfer_function(
        FREQUENCY, 1.0, camera.mtf_c1, camera.mtf_c2, camera.mtf_c3
    )
    return np.abs(fit.transfer(FREQUENCY) - truth).max()


@pytest.mark.parametrize(
    "camera",
    [
        DetectorSettings(),
        DetectorSettings(mtf_c1=0.01, mtf_c2=0.3, mtf_c3=2.6),
        DetectorSettings(mtf_c2=0.2, mtf_c3=3.0, gain=0.7, offset=30, number_type="uint8"),
        DetectorSettings(readout_noise=0, number_type="float32"),
    ],
)
def test_a_simulated_camera_is_recovered(camera):
    fit = fitted(camera)
    assert worst(fit, camera) < 0.03
    assert fit.c1 == pytest.approx(camera.mtf_c1, abs=0.05)
    assert fit.c2 == pytest.approx(camera.mtf_c2, rel=0.05)
    assert fit.c3 == pytest.approx(camera.mtf_c3, rel=0.1)
    assert fit.gain == pytest.approx(camera.gain, rel=0.05)
    assert fit.electrons == pytest.approx(30, rel=0.05)
    assert fit.misfit < 0.02


def test_the_gain_is_not_fooled_by_the_blur():
    camera = DetectorSettings(number_type="float32", readout_noise=0)
    image = detect(np.full((256, 256), 30.0), camera, np.random.default_rng(0))
    naive = image.var() / (image.mean() - camera.offset)
    assert naive < 0.5 * camera.gain
    assert fitted(camera).gain == pytest.approx(camera.gain, rel=0.05)


@pytest.mark.parametrize("window", [32, 64, 128])
def test_the_width_of_the_window_does_not_matter(window):
    camera = DetectorSettings(mtf_c2=0.15)
    assert worst(fitted(camera, window=window), camera) < 0.03


def test_the_errors_hold():
    camera = DetectorSettings(mtf_c1=0.05, mtf_c2=0.3)
    fits = [
        fitted(camera, readout_noise=6.0, n=4, size=192, seed=seed) for seed in range(24)
    ]  # fmt: skip
    for name, truth in (("c2", 0.3), ("c3", 2.5), ("gain", 20.0), ("electrons", 30.0)):
        away = [(getattr(fit, name) - truth) / fit.errors[name] for fit in fits]
        assert 0.5 < np.std(away) < 1.5, name
        assert abs(np.mean(away)) < 0.8, name
    truth = modulation_transfer_function(FREQUENCY, 1.0, 0.05, 0.3, 2.5)
    away = [(fit.transfer(FREQUENCY) - truth)[1:] / fit.transfer_error(FREQUENCY)[1:]
            for fit in fits]  # fmt: skip
    assert 0.5 < np.std(away) < 1.4


def test_known_readout_noise_makes_the_rest_more_certain():
    camera = DetectorSettings()
    noise = noise_of(camera)
    free = fit_transfer(noise, offset=100, rounded=True)
    known = fit_transfer(noise, offset=100, readout_noise=6.0, rounded=True)
    assert known.readout_known and not free.readout_known
    assert known.readout_noise == 6.0 and known.errors["readout_noise"] == 0
    assert known.errors["c2"] < 0.5 * free.errors["c2"]


def test_readout_noise_is_found_where_the_blur_tells_it_apart():
    camera = DetectorSettings(mtf_c2=0.2, mtf_c3=3.0, readout_noise=1.0)
    fit = fitted(camera, dose=5)
    assert fit.readout_noise / fit.gain == pytest.approx(1.0, rel=0.05)
    assert worst(fit, camera) < 0.02


def test_of_a_flat_spectrum_the_gain_is_found_and_the_readout_noise_taken_as_none():
    camera = DetectorSettings(mtf_c2=1e6, readout_noise=0)
    fit = fitted(camera)
    assert fit.readout_known and fit.readout_noise == 0
    assert fit.gain == pytest.approx(20, rel=0.02)
    assert worst(fit, camera) < 0.02


def test_a_wrong_offset_moves_gain_and_dose_but_not_the_curve():
    camera = DetectorSettings()
    right, wrong = fitted(camera), fitted(camera, offset=0)
    assert wrong.transfer(0.4) == pytest.approx(right.transfer(0.4), rel=1e-6)
    assert wrong.gain == pytest.approx(right.gain * 600 / 700, rel=0.01)
    assert wrong.electrons == pytest.approx(right.electrons * (700 / 600) ** 2, rel=0.02)


@settings(max_examples=12)
@given(factor=st.floats(1e-3, 1e3), shift=st.floats(-1e4, 1e4))
def test_other_units_and_offsets_of_the_readings_change_nothing_but_the_gain(factor, shift):
    import dataclasses

    noise = _RECORDED
    scaled = dataclasses.replace(
        noise,
        power=noise.power * factor**2,
        mean=noise.mean * factor + shift,
        frame_means=noise.frame_means * factor + shift,
    )
    before = fit_transfer(noise, offset=100.0)
    after = fit_transfer(scaled, offset=100.0 * factor + shift)
    assert after.c2 == pytest.approx(before.c2, rel=2e-3)
    assert after.c3 == pytest.approx(before.c3, rel=5e-3)
    assert after.gain == pytest.approx(before.gain * factor, rel=5e-3)
    assert after.electrons == pytest.approx(before.electrons, rel=5e-3)


_RECORDED = noise_of(DetectorSettings(number_type="float32"))


def test_a_few_loud_frequencies_do_no_harm():
    import dataclasses

    noise = noise_of(DetectorSettings())
    power = noise.power.copy()
    power[9, 12] *= 40
    power[20, 20] *= 300
    before = fit_transfer(noise, offset=100, rounded=True)
    after = fit_transfer(dataclasses.replace(noise, power=power), offset=100, rounded=True)
    assert after.transfer(0.4) == pytest.approx(before.transfer(0.4), abs=0.005)
    assert after.gain == pytest.approx(before.gain, rel=0.01)


def test_what_the_form_cannot_describe_is_said_and_widens_the_errors():
    import dataclasses

    noise = noise_of(DetectorSettings())
    rows, columns = np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64)[None]
    bump = 1 + 0.8 * np.exp(-(((np.hypot(rows, columns) - 0.3) / 0.05) ** 2))
    before = fit_transfer(noise, offset=100, rounded=True)
    after = fit_transfer(
        dataclasses.replace(noise, power=noise.power * bump), offset=100, rounded=True
    )
    assert before.misfit < 0.02 < 0.08 < after.misfit
    assert after.errors["c2"] > 2 * before.errors["c2"]


def test_the_measured_transfer_agrees_with_the_fit_within_its_errors():
    fit = fitted(DetectorSettings())
    measured, error = fit.measured_transfer()
    away = (measured - fit.transfer(fit.frequency)) / error
    assert 0.4 < np.std(away) < 1.6


def test_what_cannot_be_vacuum_is_refused_in_one_sentence():
    import dataclasses

    noise = noise_of(DetectorSettings(), n=2, size=128)
    with pytest.raises(TransferFitError, match="not above the offset"):
        fit_transfer(noise, offset=1e4)
    still = dataclasses.replace(noise, power=np.zeros_like(noise.power))
    with pytest.raises(TransferFitError, match="do not differ"):
        fit_transfer(still, offset=100)


def test_noise_finer_than_a_count_makes_the_gain_uncertain_and_says_so():
    coarse = DetectorSettings(gain=0.15, offset=20, number_type="uint8")
    fit = fitted(coarse)
    assert abs(fit.gain / 0.15 - 1) < 3 * fit.errors["gain"] / fit.gain
    assert fit.errors["gain"] > 0.03 * fit.gain
    fine = fitted(DetectorSettings(gain=2, offset=20, number_type="uint8"))
    assert fine.errors["gain"] < 0.03 * fine.gain
