"""The detector task: from a recording to a camera, its dose, and plain words when it cannot."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem import Cancelled, Job, Movie, MovieError, SettingsError
from napari_insitu_tem.io.cameras import load_camera
from napari_insitu_tem.pipeline import Recipe, run_recipe
from napari_insitu_tem.simulate.detector import (
    DetectorSettings,
    detect,
    detector_settings,
    modulation_transfer_function,
)
from napari_insitu_tem.tasks.detector import DetectorFitSettings, detector

CAMERA = DetectorSettings()


def movie_of(scene, n=8, camera=CAMERA, **options) -> Movie:
    rng = np.random.default_rng(5)
    frames = [detect(np.asarray(scene, float), camera, rng) for _ in range(n)]
    return Movie(np.stack(frames), name="recording", **options)


@pytest.fixture(scope="module")
def vacuum() -> Movie:
    return movie_of(np.full((256, 256), 30.0), pixel_size=0.05, frame_time=0.1)


def scene_with_particles() -> np.ndarray:
    y, x = np.mgrid[:384, :384]
    scene = np.full((384, 384), 30.0)
    for row, column in ((60, 70), (90, 300), (250, 60), (200, 210)):
        scene[(y - row) ** 2 + (x - column) ** 2 < 20**2] = 12
    return scene


def test_the_camera_and_the_dose_of_vacuum_are_found(vacuum, quiet_job):
    found = detector(vacuum, DetectorFitSettings(offset=100.0), quiet_job)
    frequency = np.linspace(0, 0.5, 51)
    truth = modulation_transfer_function(frequency, 1, 0, 0.35, 2.5)
    assert np.abs(found.transfer.transfer(frequency) - truth).max() < 0.03
    assert found.transfer.gain == pytest.approx(20, rel=0.05)
    assert found.movie.frames["dose_e_per_px"].to_numpy() == pytest.approx(30, rel=0.05)
    assert found.movie.frames["dose_e_per_A2"].to_numpy() == pytest.approx(30 / 0.25, rel=0.05)
    assert found.movie.dose == pytest.approx(120, rel=0.05)
    assert found.vacuum.all()
    assert found.movie.data is vacuum.data
    assert vacuum.frames is None and vacuum.dose is None


def test_vacuum_between_particles_is_enough(quiet_job):
    scene = scene_with_particles()
    found = detector(movie_of(scene), DetectorFitSettings(offset=100.0), quiet_job)
    assert not found.vacuum[scene < 30].any()
    assert found.vacuum.mean() > 0.4
    assert found.transfer.gain == pytest.approx(20, rel=0.06)
    assert found.transfer.electrons == pytest.approx(30, rel=0.06)


def test_a_rectangle_is_taken_as_drawn(quiet_job):
    found = detector(
        movie_of(scene_with_particles()),
        DetectorFitSettings(
            region="rectangle", top=270, left=140, height=110, width=240, offset=100.0
        ),
        quiet_job,
    )
    assert found.vacuum.sum() == 110 * 240
    assert found.vacuum[270:380, 140:380].all()
    assert found.transfer.gain == pytest.approx(20, rel=0.1)
    assert "does not look like vacuum" not in found.message


def test_a_rectangle_over_particles_is_doubted(quiet_job):
    settings = DetectorFitSettings(
        region="rectangle", top=190, left=190, height=40, width=40, offset=100.0
    )
    assert (
        "does not look like vacuum"
        in detector(movie_of(scene_with_particles()), settings, quiet_job).message
    )


def test_the_dose_follows_a_beam_that_flickers(quiet_job):
    beam = np.array([1.0, 0.7, 1.3, 0.9, 1.1, 1.0])
    rng = np.random.default_rng(2)
    frames = [detect(np.full((192, 192), 30 * strength), CAMERA, rng) for strength in beam]
    found = detector(Movie(np.stack(frames)), DetectorFitSettings(offset=100.0), quiet_job)
    dose = found.movie.frames["dose_e_per_px"].to_numpy()
    assert dose / dose.mean() == pytest.approx(beam / beam.mean(), rel=0.01)
    assert "dose_e_per_A2" not in found.movie.frames
    assert found.movie.dose is None


def test_earlier_columns_of_the_frames_stay(vacuum, quiet_job):
    import pandas as pd

    log = pd.DataFrame({"temperature_C": np.arange(8.0)})
    found = detector(vacuum.replace(frames=log), DetectorFitSettings(), quiet_job)
    assert found.movie.frames["temperature_C"].tolist() == log["temperature_C"].tolist()
    assert list(log) == ["temperature_C"]


def test_an_unknown_offset_is_said(vacuum, quiet_job):
    assert "offset is not known" in detector(vacuum, job=quiet_job).message
    known = detector(vacuum, DetectorFitSettings(offset=100.0), quiet_job)
    assert "offset" not in known.message


def test_a_camera_is_kept_and_simulates_what_it_was_fitted_to(
    vacuum, quiet_job, tmp_path, monkeypatch
):
    monkeypatch.setenv("INSITU_TEM_CAMERAS", str(tmp_path))
    found = detector(vacuum, DetectorFitSettings(offset=100.0, save_as="test camera"), quiet_job)
    camera = load_camera("test camera")
    assert camera.gain == found.transfer.gain
    assert camera.fitted["electrons_per_px"] == pytest.approx(30, rel=0.05)
    again = movie_of(np.full((256, 256), 30.0), camera=detector_settings("test camera"))
    second = detector(again, DetectorFitSettings(offset=100.0), quiet_job)
    frequency = np.linspace(0, 0.5, 51)
    assert second.transfer.transfer(frequency) == pytest.approx(
        found.transfer.transfer(frequency), abs=0.04
    )
    assert second.transfer.gain == pytest.approx(found.transfer.gain, rel=0.06)


def test_readout_noise_is_kept_in_electrons(vacuum, quiet_job):
    settings = DetectorFitSettings(offset=100.0, readout_noise=6.0)
    found = detector(vacuum, settings, quiet_job)
    assert found.camera("a").readout_noise == pytest.approx(0.3, rel=0.05)
    assert found.camera("a").number_type == "uint16"


def test_a_recipe_goes_on_with_the_movie_and_its_dose(vacuum, quiet_job):
    recipe = Recipe.from_toml(
        '[[step]]\ntask = "detector"\noffset = 100.0\n[[step]]\ntask = "calibrate"\nbin = 2\n'
    )
    results = [result for _, result in run_recipe(recipe, vacuum, quiet_job)]
    assert results[-1].frames["dose_e_per_px"].to_numpy() == pytest.approx(30, rel=0.05)
    assert [step.task for step in results[-1].provenance.steps] == ["detector", "calibrate"]


def test_the_same_movie_gives_the_same_camera(vacuum, quiet_job):
    one, other = (detector(vacuum, job=quiet_job).transfer for _ in range(2))
    assert (one.c1, one.c2, one.c3, one.gain) == (other.c1, other.c2, other.c3, other.gain)


def test_a_movie_on_disk_is_read_frame_by_frame(vacuum, quiet_job):
    import dask.array as da

    lazy = vacuum.replace(data=da.from_array(np.asarray(vacuum.data), chunks=(1, 256, 256)))
    one, other = detector(lazy, job=quiet_job), detector(vacuum, job=quiet_job)
    assert one.transfer.gain == other.transfer.gain


def test_without_vacuum_it_says_what_to_do(quiet_job):
    rng = np.random.default_rng(1)
    film = ndimage.gaussian_filter(rng.normal(size=(256, 256)), 3)
    movie = movie_of(40 * (1 + 0.2 * film / film.std()))
    with pytest.raises(MovieError, match="No vacuum was found in 'recording'.*Draw a rectangle"):
        detector(movie, job=quiet_job)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.full((4, 128, 128), 7, np.uint8), "constant"),
        (np.full((4, 128, 128), np.nan, np.float32), "missing pixels"),
        (np.random.default_rng(0).poisson(9, (1, 20, 300)), "too few"),
        (np.random.default_rng(0).poisson(9, (1, 8, 8)), "too few"),
    ],
)
def test_what_cannot_be_used_is_one_plain_sentence(frames, words, quiet_job):
    with pytest.raises(ValueError, match=words) as caught:
        detector(Movie(frames), job=quiet_job)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("region", ["whole frame", "rectangle"])
def test_constant_or_missing_frames_are_refused_wherever_one_looks(region, quiet_job):
    for value in (7.0, np.nan):
        with pytest.raises(ValueError, match="do not differ|missing"):
            detector(
                Movie(np.full((3, 128, 128), value)), DetectorFitSettings(region=region), quiet_job
            )


def test_a_rectangle_outside_the_frame_is_refused(vacuum, quiet_job):
    for outside in ({"top": 300}, {"left": 200, "width": 100}, {"top": 0, "height": 400}):
        with pytest.raises(SettingsError, match="does not lie in the frame"):
            detector(vacuum, DetectorFitSettings(region="rectangle", **outside), quiet_job)


def test_an_offset_above_the_signal_is_refused(vacuum, quiet_job):
    with pytest.raises(ValueError, match="not above the offset"):
        detector(vacuum, DetectorFitSettings(offset=5000.0), quiet_job)


def test_a_name_that_no_camera_can_have_is_refused(vacuum, quiet_job):
    with pytest.raises(ValueError, match="letters"):
        detector(vacuum, DetectorFitSettings(save_as="../evil"), quiet_job)


def test_noise_that_is_no_longer_the_cameras_is_doubted(vacuum, quiet_job):
    from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise

    smoothed = denoise(vacuum, DenoiseSettings(method="gaussian", sigma_time=0), quiet_job)
    assert "went through denoise" in detector(smoothed, job=quiet_job).message
    frames = np.asarray(vacuum.data, float)
    averaged = Movie((frames[1:] + frames[:-1]) / 2)
    settings = DetectorFitSettings(region="whole frame")
    assert "correlated" in detector(averaged, settings, quiet_job).message


def test_it_can_be_cancelled_in_both_stages(vacuum, quiet_job):
    for stage in ("Looking for vacuum", "Measuring noise"):
        seen = []

        def report(progress, seen=seen):
            seen.append(progress.description)

        job = Job(on_progress=report, is_cancelled=lambda stage=stage, seen=seen: stage in seen)
        with pytest.raises(Cancelled):
            detector(vacuum, job=job)
