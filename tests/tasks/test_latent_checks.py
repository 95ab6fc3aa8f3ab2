"""Latents beside Fourier checks: which latent follows which measured quantity."""

import numpy as np
import pytest

from lattices import tiny_model, turning_movie
from napari_insitu_tem.analysis.latent_statistics import running_mean
from napari_insitu_tem.tasks.fourier import FourierSettings, fourier
from napari_insitu_tem.tasks.latent import LatentSettings, latent
from napari_insitu_tem.tasks.latent.checks import Course, correlation, courses

BOTH = "4,4 124,58; 4,70 124,124"


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    tiny_model()


def test_correlation_is_pearsons_with_the_running_mean(rng):
    series = rng.normal(0, 1, (40, 3)).cumsum(axis=0)
    series[:, 2] = 1
    frames = np.arange(0, 40, 2)
    values = rng.normal(0, 1, 20).cumsum()
    found = correlation(series, Course("spacing", 1, "", frames, values), frames=5)
    smooth = running_mean(series, 5)[frames]
    assert found[0] == pytest.approx(np.corrcoef(smooth[:, 0], values)[0, 1])
    assert found[1] == pytest.approx(np.corrcoef(smooth[:, 1], values)[0, 1])
    assert np.isnan(found[2])


def test_latents_of_regions_are_compared_with_angles_spacings_and_areas(quiet_job):
    movie = turning_movie(frames=16)
    found = latent(movie, LatentSettings(model="tiny", regions=BOTH), quiet_job)
    table = found.tables()["fourier"]
    assert set(table["quantity"]) == {"misorientation", "lattice_angle", "spacing", "lattice_area"}
    assert set(table["region"]) == {1, 2}
    turned = table[table["quantity"] == "misorientation"]
    assert set(turned["region"]) == {2} and len(turned) == 3
    assert (turned["x_px"] > 64).all()
    assert turned["correlation"].abs().max() > 0.9
    checks = fourier(movie, FourierSettings(regions=BOTH), quiet_job)
    course = next(each for each in courses(checks) if each.quantity == "misorientation")
    row, column = found.grid.at(turned["y_px"].iloc[0], turned["x_px"].iloc[0])
    every = correlation(found.at(row, column), course)
    assert turned["correlation"].tolist() == pytest.approx(every[turned["latent"]].tolist())


def test_windows_are_placed_in_nm_where_the_movie_is_calibrated(quiet_job):
    movie = turning_movie(pixel_size=0.02, origin=(10.0, 20.0))
    found = latent(movie, LatentSettings(model="tiny", regions="4,70 124,124"), quiet_job)
    table = found.tables()["fourier"]
    assert table["x_nm"].between((20 + 70) * 0.02, (20 + 124) * 0.02).all()


def test_without_regions_nothing_is_compared(quiet_job):
    found = latent(turning_movie(), LatentSettings(model="tiny"), quiet_job)
    assert "fourier" not in found.tables()
