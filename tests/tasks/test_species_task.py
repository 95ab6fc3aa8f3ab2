"""The species task: series to tables, and plain words for what cannot be read."""

import numpy as np
import pytest

import focal_sheets as fs
from napari_insitu_tem import Movie
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.species import SpeciesError, SpeciesSettings, species
from species_stub import PerfectNetwork

QUICK = SpeciesSettings(check_order=False)


def recorded(seeds=(0,), shifts=None, **options):
    """A movie of focal series of sheets, and the sheets."""
    sheets = [fs.sheet(seed=seed) for seed in seeds]
    frames = np.concatenate([fs.images(each, shifts=shifts, seed=9) for each in sheets])
    movie = Movie(frames, **{"pixel_size": 0.025, "frame_time": 2.0, "name": "sheet", **options})
    return movie, sheets


@pytest.fixture
def perfect(monkeypatch):
    def install(sheets, **options):
        return PerfectNetwork([fs.class_maps(each) for each in sheets], **options).install(
            monkeypatch
        )

    return install


def inside(truth, kind, margin=5):
    return sum(
        each == kind and margin <= min(y, x) and max(y, x) <= 255 - margin
        for y, x, each in truth.vacancies
    )


def test_a_series_becomes_tables_with_units(perfect, quiet_job):
    movie, (truth,) = recorded()
    perfect([truth])
    found = species(movie, QUICK, quiet_job)
    tables = found.tables()
    columns, vacancies, counts = (tables[name] for name in ("columns", "vacancies", "counts"))
    assert {"series", "time_s", "y_nm", "x_nm", "species", "confidence"} <= set(columns)
    assert counts["lattice_constant_nm"].iloc[0] == pytest.approx(0.316, rel=2e-3)
    assert counts["Mo"].iloc[0] == (columns["species"] == "Mo").sum()
    for kind in ("S", "2S", "Mo"):
        got = int((vacancies["kind"] == kind).sum())
        assert got == counts[f"vacancies_{kind}"].iloc[0]
        assert abs(got - inside(truth, kind)) <= 2
    assert (found.columns["confidence"] > 0.9).all()
    assert len(found.shifts) == 3 and "Vacancies:" in found.message
    assert found.provenance.steps[-1].task == "species"
    assert set(found.images()) == {"map_Mo", "map_2S", "map_S"}


def test_positions_are_those_in_the_first_image(perfect, quiet_job):
    from scipy.spatial import cKDTree

    truth = fs.sheet(seed=3, missing=0.05)
    shifts = np.array([(0, 0), (2.4, -3.1), (-2.2, 1.3)])
    movie = Movie(fs.images(truth, shifts=shifts), pixel_size=0.025)
    # Cut to what all images show, maps begin 3 rows and 4 columns further on.
    stub = perfect([truth])
    stub.given = [np.ascontiguousarray(fs.class_maps(truth)[:, 3:, 4:])]
    found = species(movie, QUICK, quiet_job)
    assert found.shifts[["shift_y", "shift_x"]].to_numpy() == pytest.approx(shifts, abs=0.25)
    distance, _ = cKDTree(truth.positions).query(found.columns[["y", "x"]].to_numpy())
    assert np.median(distance) < 0.2


def test_a_movie_of_series_links_its_vacancies(perfect, quiet_job):
    movie, sheets = recorded(seeds=(1, 1))
    perfect(sheets)
    found = species(movie, QUICK, quiet_job)
    assert found.n_series == 2
    one, two = (found.vacancies[found.vacancies["series"] == at]["vacancy"] for at in (0, 1))
    assert set(one) == set(two) and one.is_unique
    assert found.maps["Mo"].frame_time == 6.0 and found.maps["Mo"].n_frames == 2
    drawn = found.drawings()["vacancies"]
    from matplotlib.figure import Figure

    assert len(drawn(Figure().add_subplot()).frame_x) == 2


def test_a_series_that_cannot_be_read_is_left_out_and_said(perfect, quiet_job):
    movie, sheets = recorded(seeds=(1, 2))
    movie.data[4] = 7
    perfect(sheets)
    found = species(movie, QUICK, quiet_job)
    assert found.counts["series"].tolist() == [0]
    assert "1 series could not be read. Frame 4 is constant" in found.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:2], "focal series has 3 images"),
        (lambda data: np.concatenate([data, data[:1]]), "no whole number of focal series"),
        (lambda data: np.ones_like(data), "Frame 0 is constant"),
        (lambda data: np.minimum(data, np.percentile(data, 50)), "saturated"),
        (lambda data: data[:, :30, :30], "only 30 x 30"),
    ],
)
def test_what_is_no_focal_series_is_refused_in_plain_words(perfect, quiet_job, change, words):
    movie, sheets = recorded()
    perfect(sheets)
    with pytest.raises(SpeciesError, match=words):
        species(movie.replace(data=change(movie.data)), QUICK, quiet_job)


def test_maps_without_a_sheet_are_refused_in_plain_words(perfect, quiet_job):
    movie, sheets = recorded()
    perfect(sheets).given = [np.zeros((3, 256, 256), np.float32)]
    with pytest.raises(SpeciesError, match="Only 0 columns"):
        species(movie, QUICK, quiet_job)


def test_images_are_chosen_by_their_numbers(perfect, quiet_job):
    movie, sheets = recorded()
    perfect(sheets, images=1)
    found = species(movie, SpeciesSettings(images=3, use="1"), quiet_job)
    assert found.images_per_series == 3 and found.n_series == 1
    with pytest.raises(SpeciesError, match="takes 1 image of a series, but 2 are given"):
        species(movie, SpeciesSettings(images=3, use="1,2"), quiet_job)
    assert species(movie, SpeciesSettings(images=1), quiet_job).n_series == 3


@pytest.mark.parametrize("values", [{"use": "one"}, {"use": "0,1"}, {"use": "1,1"},
                                    {"images": 3, "use": "1,2,4"}])  # fmt: skip
def test_numbers_of_images_that_cannot_be_are_refused(values):
    with pytest.raises(SettingsError):
        SpeciesSettings.from_dict(values)


def test_the_right_order_brings_no_warning(perfect, quiet_job):
    movie, sheets = recorded()
    perfect(sheets)
    found = species(movie, SpeciesSettings(), quiet_job)
    assert found.warning == "" and found.message.startswith("Columns")


def test_a_series_turned_round_is_said_and_not_put_right(perfect, quiet_job):
    movie, sheets = recorded(seeds=(1, 2))
    turned = movie.replace(data=np.concatenate([movie.data[2::-1], movie.data[3:]]))
    perfect(sheets)
    found = species(turned, SpeciesSettings(), quiet_job)
    assert found.message.startswith(found.warning)
    assert "1 of 2 series (first: 0) seem to be in the wrong order" in found.warning
    assert "write 3,2,1 under 'Images used'" in found.warning
    assert "invert the images" in found.warning
    assert not species(movie, SpeciesSettings(), quiet_job).warning
    put_right = species(
        movie.replace(data=movie.data[2::-1]), SpeciesSettings(use="3,2,1"), quiet_job
    )
    assert put_right.warning == ""


def test_neighbours_swapped_are_named_with_the_order_that_puts_them_right(perfect, quiet_job):
    movie, sheets = recorded()
    perfect(sheets)
    swapped = movie.replace(data=movie.data[[1, 2, 0]])
    found = species(swapped, SpeciesSettings(), quiet_job)
    assert "write 3,1,2 under" in found.warning and "invert" not in found.warning


def test_a_single_image_with_dark_atoms_is_doubted(perfect, quiet_job):
    movie, sheets = recorded()
    perfect(sheets, images=1)
    settings = SpeciesSettings(images=3, use="3")
    assert "Atoms look dark" in species(movie, settings, quiet_job).warning


def test_a_wrong_order_is_said_also_where_no_lattice_is_found(perfect, quiet_job):
    movie, sheets = recorded()
    perfect(sheets).given = [np.zeros((3, 256, 256), np.float32)]
    with pytest.raises(SpeciesError, match="wrong order.*Only 0 columns"):
        species(movie.replace(data=movie.data[::-1]), SpeciesSettings(), quiet_job)


def test_too_few_electrons_are_said_by_dose_or_else_by_confidence(perfect, quiet_job):
    movie, sheets = recorded(dose=60.0)
    perfect(sheets)
    message = species(movie, QUICK, quiet_job).message
    assert "With 60 e/Å² an image (less than 200) numbers of vacancies" in message
    for dose in (400.0, None):
        assert "e/Å²" not in species(movie.replace(dose=dose), QUICK, quiet_job).message
    perfect(sheets).given = [fs.class_maps(sheets[0], confusion=0.75, noise=0.1)]
    unsure = species(movie.replace(dose=None), QUICK, quiet_job).message
    assert "unsure of the sulphur columns" in unsure and "too high" in unsure


def test_a_movie_without_a_pixel_size_is_refused(quiet_job):
    movie, _ = recorded(pixel_size=None)
    with pytest.raises(ValueError, match="pixel size under Calibrate"):
        species(movie, SpeciesSettings(), quiet_job)
