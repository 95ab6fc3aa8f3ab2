"""Latent variance: maps, tables and files, aligned with the movie and repeatable."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from typer.testing import CliRunner

from lattices import tiny_model, turning_movie
from napari_insitu_tem import Cancelled, Job, Movie, MovieError
from napari_insitu_tem.io import series as stored
from napari_insitu_tem.io.export import export
from napari_insitu_tem.io.write import write_movie
from napari_insitu_tem.models.card import ModelError
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.tasks.latent import MAPS, LatentSettings, latent
from napari_insitu_tem.tasks.latent.response import latent_responses

SETTINGS = LatentSettings(model="tiny")


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    tiny_model()


def test_maps_say_where_the_lattice_turns_and_lie_where_it_does(quiet_job):
    movie = turning_movie(pixel_size=0.02, frame_time=0.5, origin=(10.0, 20.0))
    found = latent(movie, SETTINGS, quiet_job)
    assert found.grid.shape == (9, 9) and found.series.shape == (12, 9, 9, 6)
    assert found.lattice.all()
    activity = found.activity("slow_variance")
    assert activity[:, -1].mean() > 3 * activity[:, 0].mean()
    z = found.at(3, 8)
    statistics = found.statistics
    assert statistics.variance[3, 8] == pytest.approx(z.var(axis=0), rel=1e-3)
    rho = spearmanr(z[:, 2], np.arange(12)).statistic
    assert statistics.spearman[3, 8, 2] == pytest.approx(rho, abs=1e-5)
    picture = found.images()["time_correlated_variance"]
    assert picture.data.shape == (6, 9, 9)
    assert picture.pixel_size == pytest.approx(0.16)
    # The middle of the first window, 31.5 px from the first pixel, in nm.
    place = np.array(picture.origin) * picture.pixel_size
    assert place == pytest.approx([(10 + 31.5) * 0.02, (20 + 31.5) * 0.02])
    table = found.tables()["windows"]
    assert table["y_nm"].iloc[0] == pytest.approx((10 + 31.5) * 0.02)
    assert set(found.images()) == {*MAPS, "activity"}


def test_clusters_and_the_latents_of_a_region_follow_what_moves(quiet_job):
    found = latent(turning_movie(), LatentSettings(model="tiny", clusters=2), quiet_job)
    assert set(found.clusters.ravel()) == {1, 2}
    assert found.clusters[:, -1].mean() < found.clusters[:, 0].mean()
    right = found.inside(0, 128, 80, 128)
    assert right.any() and not right[:, 0].any()
    top = found.most_active(right, count=2)
    means = found.statistics.time_correlated_variance[right].mean(axis=0)
    assert top == np.argsort(means)[::-1][:2].tolist()


def test_fine_lattices_are_enlarged_and_maps_lie_where_they_did(quiet_job):
    said = []
    job = Job(on_progress=lambda _: None, on_log=said.append)
    found = latent(turning_movie(frames=4, period=8.0), SETTINGS, job)
    assert found.grid.zoom == pytest.approx(22 / 8, rel=0.05)
    assert any("enlarged" in text for text in said)
    rows, columns = found.grid.shape
    y, x = found.grid.centres()
    # Symmetric: as much lies before the first window as behind the last one, but for a step.
    assert abs((127 - y[-1]) - y[0]) < found.grid.spacing + 1
    edge = found.grid.edge
    assert y[0] == pytest.approx((edge - 1) / 2) and edge == pytest.approx(64 / found.grid.zoom)
    assert found.window(0, rows - 1, columns - 1).shape == (round(edge), round(edge))
    picture = found.images()["variance"]
    assert picture.origin[0] * found.grid.spacing == pytest.approx(y[0])
    activity = found.activity("variance")
    assert activity[:, x > 96].mean() > activity[:, x < 32].mean()
    own = latent(turning_movie(frames=4, period=8.0), LatentSettings(model="tiny", zoom=1.0), job)
    assert own.grid.shape == (9, 9)


def test_maps_are_zero_where_no_lattice_is(quiet_job, rng):
    noise = Movie(rng.normal(50, 5, (5, 80, 90)), name="vacuum")
    found = latent(noise, SETTINGS, quiet_job)
    assert not found.lattice.any() and not found.maps().any() and not found.clusters.any()
    assert "No window shows a lattice" in found.message
    everywhere = latent(noise, LatentSettings(model="tiny", lattice_only=False), quiet_job)
    assert everywhere.lattice.all() and everywhere.maps().any()


def test_the_result_says_how_it_came_about_and_comes_again(quiet_job):
    one, other = (latent(turning_movie(), SETTINGS, quiet_job) for _ in range(2))
    np.testing.assert_array_equal(one.series, other.series)
    np.testing.assert_array_equal(one.clusters, other.clusters)
    step = one.provenance.steps[-1]
    assert step.task == "latent" and list(step.models) == ["tiny"]


def test_windows_by_themselves_and_other_steps(quiet_job):
    movie = turning_movie(frames=4, edge=80)
    own = latent(movie, LatentSettings(model="tiny", scaling="window", step=16), quiet_job)
    assert own.series.shape == (4, 2, 2, 6)
    fine = latent(movie, LatentSettings(model="tiny", step=4), quiet_job)
    assert fine.series.shape == (4, 5, 5, 6)
    coarse = latent(movie, SETTINGS, quiet_job)
    np.testing.assert_allclose(fine.series[:, ::2, ::2], coarse.series, atol=1e-5)


def test_large_series_lie_on_disk_and_go_with_the_result(quiet_job, monkeypatch, tmp_path):
    import gc
    import tempfile

    in_memory = latent(turning_movie(), SETTINGS, quiet_job)
    monkeypatch.setattr(stored, "_IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = latent(turning_movie(), SETTINGS, quiet_job)
    assert isinstance(found.series, np.memmap)
    assert len(list(tmp_path.glob("insitu-tem-*"))) == 1
    np.testing.assert_array_equal(found.series, in_memory.series)
    np.testing.assert_array_equal(found.activity(), in_memory.activity())
    del found
    gc.collect()
    assert not list(tmp_path.glob("insitu-tem-*"))


def test_a_cancel_takes_effect_between_frames():
    done = []
    job = Job(on_progress=done.append, is_cancelled=lambda: len(done) > 12)
    with pytest.raises(Cancelled):
        latent(turning_movie(frames=40, edge=80), SETTINGS, job)
    assert len(done) < 20


def test_what_cannot_be_is_said_in_plain_words(quiet_job):
    with pytest.raises(MovieError, match="2 frames"):
        latent(turning_movie(frames=2), SETTINGS, quiet_job)
    with pytest.raises(MovieError, match="do not fit"):
        small = LatentSettings(model="tiny", zoom=1.0)
        latent(turning_movie(frames=4, edge=60), small, quiet_job)
    with pytest.raises(ModelError, match="for segment, not for latent"):
        latent(turning_movie(frames=4), LatentSettings(model="particles"), quiet_job)


def test_the_user_is_told_when_a_movie_was_learnt_from():
    said = []
    job = Job(on_progress=lambda _: None, on_log=said.append)
    movie = turning_movie(frames=4, edge=80)
    marks = [{"name": movie.name, "fingerprint": movie.fingerprint}]
    tiny_model("fitted", data={"kind": "layers", "settings": {"movies": marks}})
    latent(movie, LatentSettings(model="fitted"), job)
    assert any("this very movie" in text for text in said)
    said.clear()
    latent(turning_movie(frames=4, edge=80, seed=1), LatentSettings(model="fitted"), job)
    assert not any("this very movie" in text for text in said)


def test_the_table_of_responses_tells_changes_apart():
    table = latent_responses(get_model("tiny").load("cpu"), scaling="frame", steps=20)
    assert len(table) == 6
    assert {"translation_y", "translation_x", "rotation", "contrast", "mostly"} <= set(table)
    numbers = table[["translation_y", "translation_x", "rotation", "contrast"]].to_numpy()
    assert (numbers >= 0).all() and numbers.any()


def test_it_is_exported_and_a_command(tmp_path, quiet_job):
    movie = turning_movie(frames=4, edge=80)
    found = latent(movie, SETTINGS, quiet_job)
    names = {path.name for path in export(found, tmp_path / "a", job=quiet_job)}
    assert {"turning_variance.ome.tif", "turning_latents.csv", "turning_responses.csv",
            "turning_gallery.svg", "turning_latent_variances.svg"} <= names  # fmt: skip
    saved = np.load(found.save_series(tmp_path / "z.npz"))
    np.testing.assert_array_equal(saved["z"], found.series)
    assert saved["y_px"][0] == 31.5
    with pytest.raises(ValueError, match=r"\.npz"):
        found.save_series(tmp_path / "z.csv")
    write_movie(movie, tmp_path / "turning.ome.tif", quiet_job)
    from napari_insitu_tem.cli import app

    run = CliRunner().invoke(
        app,
        ["latent", str(tmp_path / "turning.ome.tif"), "--model", "tiny", "-o", str(tmp_path / "b")],
    )
    assert run.exit_code == 0, run.output
    assert (tmp_path / "b" / "turning_windows.csv").exists()
