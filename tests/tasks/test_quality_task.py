"""The quality task: verdicts that are right about denoisers whose faults are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from typer.testing import CliRunner

from napari_insitu_tem import Job, Movie, MovieError
from napari_insitu_tem.io.cameras import Camera, CameraError, save_camera
from napari_insitu_tem.io.export import export
from napari_insitu_tem.io.write import write_movie
from napari_insitu_tem.pipeline import Recipe, RecipeError, run_recipe
from napari_insitu_tem.results import Compared
from napari_insitu_tem.simulate.detector import DetectorSettings, detect
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise
from napari_insitu_tem.tasks.quality import QualitySettings, quality

SIZE, FRAMES = 128, 10


def scene(shift: float = 0.0) -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    image = np.full((SIZE, SIZE), 60.0)
    for row, column, radius in ((30, 36, 12), (80, 90, 16), (95, 30, 8), (40, 100, 10)):
        image[(y - row) ** 2 + (x - column - shift) ** 2 < radius**2] = 25
    return ndimage.gaussian_filter(image, 1.5)


def still(seed=0, n=FRAMES, **options) -> Movie:
    rng = np.random.default_rng(seed)
    frames = rng.poisson(scene(), (n, SIZE, SIZE)).astype(np.float32)
    return Movie(frames, **{"pixel_size": 0.5, "frame_time": 0.1, "name": "cell", **options})


def truth(n=FRAMES) -> Movie:
    return Movie(np.stack([scene()] * n).astype(np.float32), name="truth")


def states(found) -> dict[str, str]:
    return {verdict.about: verdict.state for verdict in found.verdicts}


def words(found, about) -> str:
    return next(verdict.words for verdict in found.verdicts if verdict.about == about)


@pytest.fixture(scope="module")
def raw() -> Movie:
    return still()


@pytest.fixture
def gaussian(raw, quiet_job) -> Movie:
    return denoise(raw, DenoiseSettings(method="gaussian", sigma=1, sigma_time=0), quiet_job)


def test_nothing_is_found_against_the_truth_itself(raw, quiet_job):
    found = quality(Compared(truth(), raw, truth()), QualitySettings(frames_seen=0), quiet_job)
    assert not found.doubts, found.message
    assert states(found)["Whiteness"] == states(found)["Residual"] == "good"
    assert found.frames["residual_variance_of_expected"].mean() == pytest.approx(1, abs=0.05)
    assert found.frames["ssim"].min() == pytest.approx(1)
    assert "too good to be measured" in words(found, "Error without reference")
    assert states(found)["Invented detail"] == "good"
    unknown = quality(Compared(truth(), raw), QualitySettings(), quiet_job)
    assert "not recorded" in words(unknown, "Invented detail")
    assert "not recorded" in words(unknown, "Error without reference")


def test_a_denoiser_that_draws_particles_where_noise_is_dark_is_caught(raw, quiet_job):
    frames = [np.where(ndimage.gaussian_filter(frame, 1.5) < 56, 25.0, 60.0) for frame in raw.data]
    invented = raw.replace(data=np.stack(frames).astype(np.float32))
    found = quality(Compared(invented, raw), QualitySettings(frames_seen=0), quiet_job)
    assert states(found)["Invented detail"] == "doubt"
    assert "made out of noise" in words(found, "Invented detail")


def test_noise_that_was_left_is_told_from_signal_that_was_taken(raw, gaussian, quiet_job):
    little = quality(Compared(gaussian, raw), QualitySettings(halves="none"), quiet_job)
    assert states(little)["Whiteness"] == states(little)["Strength"] == "doubt"
    assert "still in the denoised" in words(little, "Whiteness")
    assert states(little)["Residual"] == "good"
    blurred = denoise(raw, DenoiseSettings(method="gaussian", sigma=6, sigma_time=0), quiet_job)
    much = quality(Compared(blurred, raw), QualitySettings(halves="none"), quiet_job)
    assert states(much)["Residual"] == "doubt"
    assert "real contrast was taken away" in words(much, "Residual")
    assert much.frames["structure_sign"].mean() > 0.5


def test_added_contrast_is_told_from_lost_contrast(raw, quiet_job):
    sharp = 60 + 1.4 * (truth().data - 60)
    found = quality(Compared(Movie(sharp), raw), QualitySettings(frames_seen=0), quiet_job)
    assert "contrast was added" in words(found, "Residual")


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_the_unsupervised_psnr_is_the_true_one_where_nothing_moves(raw, sigma, quiet_job):
    settings = DenoiseSettings(method="gaussian", sigma=sigma, sigma_time=0)
    denoised = denoise(raw, settings, quiet_job)
    found = quality(Compared(denoised, raw, truth()), QualitySettings(halves="none"), quiet_job)
    true = np.mean((denoised.data - scene()) ** 2, axis=(1, 2))
    frames = found.frames
    assert 10 * np.log10(frames["umse_counts2"].mean() / true.mean()) == pytest.approx(0, abs=0.5)
    assert (abs(frames["umse_counts2"] - true) < 4 * frames["umse_error_counts2"]).all()
    assert "the frames beside it" in words(found, "Error without reference")


def test_raw_frames_that_went_in_are_not_measured_on(raw, quiet_job):
    mean = denoise(raw, DenoiseSettings(method="mean of last frames", frames=4), quiet_job)
    found = quality(Compared(mean, raw, truth()), QualitySettings(halves="none"), quiet_job)
    assert "frames 4 away" in words(found, "Error without reference")
    late = found.frames.iloc[4:]
    true = 10 * np.log10(np.mean(10 ** (late["psnr_db"] / 10)))
    mse = late["umse_counts2"].mean()
    assert mse == pytest.approx(np.mean((mean.data[4:] - scene()) ** 2), rel=0.15)
    assert true > 10


def test_separately_denoised_halves_agree_and_give_a_resolution(raw, gaussian, quiet_job):
    found = quality(Compared(gaussian, raw), QualitySettings(), quiet_job)
    assert states(found)["Invented detail"] == "good"
    assert "odd and even frames" in words(found, "Invented detail")
    assert set(found.images()) == {"residual", "structure", "invented"}
    curves = found.ring_table()
    assert set(curves["of"]) == {"raw, odd and even frames", "denoised, odd and even frames"}
    assert curves["frequency_per_nm"].max() == pytest.approx(1.0)
    rows = found.figures.set_index("quantity")
    assert rows.loc["Fourier ring resolution, raw, odd and even frames, 1/7", "unit"] == "nm"


def test_a_single_image_is_judged_by_thinned_halves(quiet_job):
    raw = still(n=1)
    denoised = denoise(raw, DenoiseSettings(method="gaussian", sigma=2), quiet_job)
    found = quality(Compared(denoised, raw, truth(1)), QualitySettings(), quiet_job)
    assert states(found)["Invented detail"] == "good"
    assert "halves of every frame's noise" in words(found, "Invented detail")
    # Half the data: somewhat worse than the whole, as it must be.
    true, measured = found.frames["psnr_db"][0], found.frames["upsnr_db"][0]
    assert true - 4 < measured < true + 0.5


def test_the_same_seed_gives_the_same_halves(quiet_job):
    raw = still(n=1)
    denoised = denoise(raw, DenoiseSettings(method="gaussian", sigma=2), quiet_job)
    one, same, other = (
        quality(
            Compared(denoised, raw),
            QualitySettings(halves="thinned frames"),
            Job(on_progress=lambda _: None, seed=seed),
        )
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one.frames, same.frames)
    assert not one.frames.equals(other.frames)


def test_a_blurring_camera_is_allowed_for_when_known_or_found(tmp_path, monkeypatch, quiet_job):
    monkeypatch.setenv("INSITU_TEM_CAMERAS", str(tmp_path))
    camera = DetectorSettings(number_type="float32", readout_noise=0.1)
    rng = np.random.default_rng(3)
    raw = Movie(np.stack([detect(scene(), camera, rng) for _ in range(6)]).astype(np.float32))
    from napari_insitu_tem.simulate.detector import apply_transfer

    perfect = camera.gain * apply_transfer(scene(), camera) + camera.offset
    compared = Compared(Movie(np.stack([perfect] * 6).astype(np.float32)), raw)
    blind = quality(compared, QualitySettings(correlation="none", frames_seen=0), quiet_job)
    assert states(blind)["Whiteness"] == "doubt"
    assert "camera" in words(blind, "Whiteness")
    found = quality(compared, QualitySettings(frames_seen=0), quiet_job)
    assert states(found)["Whiteness"] == "good" and "correlation of the noise" in words(
        found, "Whiteness"
    )
    save_camera(Camera(name="K2", c1=0, c2=0.35, c3=2.5, gain=20, offset=100, readout_noise=0.1))
    known = quality(compared, QualitySettings(camera="K2", frames_seen=0), quiet_job)
    assert states(known)["Whiteness"] == "good" and not known.doubts
    assert known.frames["dose_e_per_px"].mean() == pytest.approx(scene().mean(), rel=0.02)
    with pytest.raises(CameraError):
        quality(compared, QualitySettings(camera="nobody's"), quiet_job)


def test_a_movie_on_another_scale_is_matched_and_that_is_said(raw, gaussian, quiet_job):
    low, high = float(gaussian.data.min()), float(gaussian.data.max())
    unit = gaussian.replace(data=(gaussian.data - low) / (high - low))
    found = quality(Compared(unit, raw), QualitySettings(halves="none"), quiet_job)
    assert "brought to the raw one's scale" in words(found, "Scale")
    assert found.frames["residual_variance_of_expected"].mean() == pytest.approx(0.77, abs=0.12)


def test_motion_is_said_to_count_as_an_error(quiet_job):
    rng = np.random.default_rng(5)
    frames = np.stack([rng.poisson(scene(3 * t)) for t in range(8)]).astype(np.float32)
    raw = Movie(frames)
    denoised = denoise(raw, DenoiseSettings(method="gaussian", sigma=1, sigma_time=0), quiet_job)
    found = quality(Compared(denoised, raw), QualitySettings(), quiet_job)
    assert "counts as an error" in words(found, "Error without reference")
    assert states(found)["Invented detail"] == "good"


def test_ghosts_of_averaged_motion_are_structure_in_the_residual(quiet_job):
    rng = np.random.default_rng(6)
    frames = np.stack([rng.poisson(scene(3 * t)) for t in range(8)]).astype(np.float32)
    raw = Movie(frames)
    mean = denoise(raw, DenoiseSettings(method="mean of last frames", frames=5), quiet_job)
    found = quality(Compared(mean, raw), QualitySettings(halves="none"), quiet_job)
    assert states(found)["Residual"] == "doubt"


def test_everything_is_exported_with_units(raw, gaussian, quiet_job, tmp_path):
    found = quality(Compared(gaussian, raw, truth()), QualitySettings(), quiet_job)
    names = {path.name for path in export(found, tmp_path, job=quiet_job)}
    assert {
        "cell_residual.ome.tif", "cell_structure.ome.tif", "cell_invented.ome.tif",
        "cell_quality_frames.csv", "cell_quality.txt", "cell_ring_correlation.svg",
        "cell_residual_spectrum.csv", "cell_ssim.png",
    } <= names  # fmt: skip
    text = (tmp_path / "cell_quality.txt").read_text()
    assert "DOUBT  Whiteness" in text
    assert "cell.ome.tif" not in names


def test_the_command_line_takes_raw_and_reference(raw, gaussian, tmp_path):
    from napari_insitu_tem.cli import app

    for movie, name in ((raw, "raw"), (gaussian, "denoised"), (truth(), "truth")):
        write_movie(movie, tmp_path / f"{name}.ome.tif", Job(on_progress=lambda _: None))
    run = CliRunner().invoke(
        app,
        ["quality", str(tmp_path / "denoised.ome.tif"), "--raw", str(tmp_path / "raw.ome.tif"),
         "--reference", str(tmp_path / "truth.ome.tif"), "-o", str(tmp_path / "out")],
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    verdicts = pd.read_csv(next((tmp_path / "out").glob("*_verdicts.csv")))
    assert verdicts.set_index("about").loc["Invented detail", "state"] == "good"
    assert "Reference" in set(verdicts["about"])


def test_a_recipe_compares_what_denoise_made_with_what_it_worked_on(raw, quiet_job):
    recipe = Recipe.from_toml(
        '[[step]]\ntask = "denoise"\nmethod = "gaussian"\n[[step]]\ntask = "quality"\n'
        'halves = "none"\n[[step]]\ntask = "denoise"\nmethod = "median"\n'
    )
    results = [result for _, result in run_recipe(recipe, raw, quiet_job)]
    assert results[1].movie is results[0]
    median = denoise(results[0], DenoiseSettings(method="median"), quiet_job)
    np.testing.assert_array_equal(results[2].data, median.data)
    with pytest.raises(RecipeError, match="denoise"):
        Recipe.from_toml('[[step]]\ntask = "quality"\n')


def test_movies_that_do_not_belong_together_are_refused(raw, quiet_job):
    with pytest.raises(MovieError, match="choose the movie that was denoised"):
        Compared(raw, still(n=3))
    with pytest.raises(MovieError, match="reference"):
        Compared(raw, raw, still(n=3))
    tiny = Movie(np.zeros((2, 16, 16), np.float32))
    with pytest.raises(MovieError, match="too few"):
        quality(Compared(tiny, tiny), QualitySettings(), quiet_job)


def test_inputs_are_left_as_they_are(raw, gaussian, quiet_job):
    before = raw.data.copy(), gaussian.data.copy()
    quality(Compared(gaussian, raw), QualitySettings(), quiet_job)
    np.testing.assert_array_equal(raw.data, before[0])
    np.testing.assert_array_equal(gaussian.data, before[1])
