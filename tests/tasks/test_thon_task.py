"""Defocus over a movie: a row a frame with rings, and plain words where there are none."""

import numpy as np
import pytest

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.movie import MovieError
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame
from napari_insitu_tem.tasks.thon import ThonSettings, thon


@pytest.fixture(scope="module")
def films():
    frames = []
    for number, defocus in enumerate((80.0, 100.0)):
        settings = HrtemSettings(
            height=256, width=256, pixel_size=(0.05, 0.05), particles=(0, 0), carbon=(6, 6),
            film_edge=0, energies=(300.0,), uncorrected=0, defocus=(defocus, defocus),
            spherical_aberration=(0, 0), astigmatism=(0, 0), dose=(500, 500),
        )  # fmt: skip
        frames.append(draw_frame(settings, np.random.default_rng(number)).image)
    noise = np.random.default_rng(0).poisson(9, (256, 256)).astype(np.float32)
    blank = np.zeros((256, 256), np.float32)
    data = np.stack([frames[0], noise, frames[1], blank])
    return Movie(data, pixel_size=0.05, frame_time=0.5, name="film")


def test_defocus_is_followed_and_frames_without_rings_are_counted(films, quiet_job):
    found = thon(films, ThonSettings(), quiet_job)
    table = found.tables()["thon"]
    assert list(table["frame"]) == [0, 2]
    assert list(table["time_s"]) == [0, 1.0]
    np.testing.assert_allclose(table["defocus_nm"], [80, 100], atol=1.5)
    assert (table["defocus_error_nm"] < 2).all()
    assert not table.isna().any().any()
    assert "In 2 of 4 frames no rings were found." in found.message
    assert "No astigmatism" in found.message or "Astigmatism" in found.message
    rings = found.tables()["rings"]
    assert set(rings["frame"]) == {0, 2} and "frequency_per_nm" in rings
    assert found.provenance.steps[-1].task == "thon"


def test_figures_are_drawn_with_their_numbers(films, quiet_job, tmp_path):
    from napari_insitu_tem.figures import save_drawing

    found = thon(films.replace(data=films.data[:1]), ThonSettings(), quiet_job)
    for name, draw in found.drawings().items():
        written = save_drawing(draw, tmp_path / f"{name}.svg")
        assert {path.suffix for path in written} == {".svg", ".csv"}


def test_averaging_over_frames_sees_fainter_rings(quiet_job):
    settings = HrtemSettings(
        height=256, width=256, pixel_size=(0.05, 0.05), particles=(0, 0), carbon=(6, 6),
        film_edge=0, energies=(300.0,), uncorrected=0, defocus=(90, 90), astigmatism=(0, 0),
        spherical_aberration=(0, 0), dose=(30, 30),
    )  # fmt: skip
    data = np.stack([draw_frame(settings, np.random.default_rng(s)).image for s in range(9)])
    movie = Movie(data, pixel_size=0.05, name="faint")
    found = thon(movie, ThonSettings(frames=17), quiet_job)
    assert found.table["defocus"].iloc[4] == pytest.approx(90, abs=2)


def test_what_cannot_be_measured_is_refused_in_plain_words(films, quiet_job):
    with pytest.raises(MovieError, match="no pixel size"):
        thon(films.replace(pixel_size=None), ThonSettings(), quiet_job)
    noise = films.replace(data=films.data[1:2])
    with pytest.raises(FourierError, match="No Thon rings stand out"):
        thon(noise, ThonSettings(), quiet_job)
    with pytest.raises(FourierError, match="same value"):
        thon(films.replace(data=films.data[3:]), ThonSettings(), quiet_job)
    with pytest.raises(FourierError, match="outside of the frame"):
        thon(films, ThonSettings(region="900,900 990,990"), quiet_job)


def test_settings_that_contradict_themselves_are_refused():
    with pytest.raises(SettingsError, match="highest defocus"):
        ThonSettings.from_dict({"lowest": 100.0, "highest": 50.0})
    with pytest.raises(SettingsError, match="one region"):
        ThonSettings.from_dict({"region": "0,0 9,9; 20,20 30,30"})
