"""Focal series of MoS2 and movies of them: truth, contrast, drift, events."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from skimage.registration import phase_cross_correlation

from napari_insitu_tem.simulate.focal import FocalSettings, draw_series, draw_series_movie
from napari_insitu_tem.simulate.hrtem import ExitWaveError

CLEAN = {
    "height": 160,
    "width": 128,
    "pixel_size": (0.025, 0.025),
    "dose": (1e7, 1e7),
    "contaminated": 0,
    "holes": 0,
    "edges": 0,
    "illumination": (0, 0),
    "spherical_aberration": (0, 0),
    "astigmatism": (0, 0),
    "displacement": (0, 0),
    "tilt": (0, 0),
    "defocus": (-4, -4),
    "step": (4, 4),
}


def series_of(seed: int = 0, **values):
    return draw_series(FocalSettings(**CLEAN | values), np.random.default_rng(seed))


def at(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    return map_coordinates(image, places.T, order=1)


def test_a_series_has_an_image_for_every_defocus():
    series = series_of()
    assert series.images.shape == (3, 160, 128)
    assert series.images.dtype == np.float32
    assert series.defoci == pytest.approx([-4, 0, 4])
    assert [taken.defocus for taken in series.conditions] == pytest.approx([-4, 0, 4])
    assert not series.shifts.any()


def test_the_same_generator_gives_the_same_series():
    one, two, other = series_of(4), series_of(4), series_of(5)
    for field in dataclasses.fields(one):
        if field.name not in ("conditions", "pixel_size"):
            assert np.array_equal(getattr(one, field.name), getattr(two, field.name))
    assert not np.array_equal(one.images, other.images)


def test_the_dose_is_that_of_one_image():
    series = series_of(dose=(400, 400))
    assert series.images.mean(axis=(1, 2)) == pytest.approx(400 * 0.25**2, rel=0.05)
    assert series.movie.dose == pytest.approx(400)


def test_columns_are_bright_at_overfocus_and_dark_at_underfocus():
    series = series_of()
    bright, dark = series.images[0], series.images[2]
    inner = ((series.positions > 4) & (series.positions < [155, 123])).all(axis=1)
    places = series.positions[inner]
    assert at(bright, places).mean() > bright.mean() + bright.std()
    assert at(dark, places).mean() < dark.mean() - 0.5 * dark.std()


def test_contrast_grows_with_the_atoms_of_a_column():
    seen: dict[str, list[float]] = {"": [], "S": [], "2S": []}
    for seed in range(4):
        series = series_of(seed, sulphur_vacancies=(0.1, 0.1), double_vacancies=(0.05, 0.05))
        image = series.images[0] / series.images[0].mean()
        for kind in ("S", "2S"):
            seen[kind] += list(at(image, series.positions[series.species == kind]))
        seen[""] += list(at(image, series.vacancies[series.vacancy_kinds == "2S"]))
    means = [np.mean(seen[kind]) for kind in ("", "S", "2S")]
    assert means[0] + 0.02 < means[1] < means[2] - 0.02


def test_positions_lie_on_the_maxima_of_the_image():
    series = series_of(molybdenum_vacancies=(0, 0), sulphur_vacancies=(0, 0), rows=0)
    inner = ((series.positions > 4) & (series.positions < [155, 123])).all(axis=1)
    places = series.positions[inner & (series.species == "Mo")]
    offsets = np.argwhere(np.ones((7, 7))) / 2 - 1.5
    values = np.stack([at(series.images[0], places + offset) for offset in offsets])
    best = offsets[values.argmax(axis=0)]
    assert np.abs(best.mean(axis=0)).max() < 0.3
    assert np.abs(best).max() <= 1


def test_vacancies_are_among_the_columns_where_one_atom_is_left():
    series = series_of(9)
    singles = series.vacancies[series.vacancy_kinds == "S"]
    marked = series.positions[series.species == "S"]
    assert len(singles) == len(marked)
    assert np.allclose(np.sort(singles, axis=0), np.sort(marked, axis=0), atol=1e-6)


def test_drift_moves_the_images_as_the_shifts_say():
    series = series_of(2, drift=(3, 3), images=2, step=(0, 0))
    back, *_ = phase_cross_correlation(
        *(image[20:-20, 20:-20] for image in series.images), upsample_factor=20, normalization=None
    )
    assert series.shifts[0] == pytest.approx([0, 0])
    assert -back == pytest.approx(series.shifts[1], abs=0.3)


def test_one_image_is_the_first_of_a_series():
    single = series_of(images=1)
    assert single.images.shape == (1, 160, 128)
    assert single.defoci == pytest.approx([-4])


def test_the_movie_of_a_series_is_calibrated_and_says_its_defoci():
    movie = series_of().movie
    assert movie.n_frames == 3
    assert movie.pixel_size == 0.025
    assert movie.metadata["defoci"] == pytest.approx([-4, 0, 4])


def test_in_a_movie_only_the_events_change_the_species():
    settings = FocalSettings(**CLEAN | {"height": 200, "width": 200})
    film = draw_series_movie(
        settings, np.random.default_rng(1), n_series=4, lost=4, filled=2, hops=3
    )
    assert film.images_per_series == 3
    assert film.movie.n_frames == 12
    assert set(film.events["kind"]) == {"lost", "filled", "hop"}
    assert film.events["series"].between(1, 3).all()

    def lacking(index: int) -> int:
        kinds = film.series[index].vacancy_kinds
        return int((kinds == "S").sum() + 2 * (kinds == "2S").sum())

    for index in range(1, 4):
        table = film.events[film.events["series"] == index]
        n_lost, n_filled = ((table["kind"] == kind).sum() for kind in ("lost", "filled"))
        # A hop across the border of the image may bring a vacancy in, or take one out.
        crossing = (table["kind"] == "hop").sum()
        assert abs(lacking(index) - lacking(index - 1) - (n_lost - n_filled)) <= crossing


def test_a_movie_without_events_shows_the_same_sheet_all_the_time():
    settings = FocalSettings(**CLEAN)
    film = draw_series_movie(
        settings, np.random.default_rng(1), n_series=2, lost=0, filled=0, hops=0
    )
    assert film.events.empty
    first, second = film.series
    assert np.array_equal(first.species, second.species)
    assert not np.array_equal(first.images, second.images)


def test_kept_exit_waves_make_no_movie(tmp_path):
    with pytest.raises(ExitWaveError, match="do not change"):
        draw_series_movie(FocalSettings(exit_waves=tmp_path), np.random.default_rng(0))
