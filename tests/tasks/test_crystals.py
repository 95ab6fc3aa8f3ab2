"""The crystals task: a row for every particle and frame, indices, notes, and plain words."""

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_insitu_tem import Job, Movie, Segmentation
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.io.export import export
from napari_insitu_tem.io.write import write_labels, write_movie
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.pipeline import Recipe
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.crystals import CrystalsSettings, crystals

QUIET = Job(on_progress=lambda _: None, on_log=lambda _: None)
PIXEL = 0.2039 / 8  # nm: gold's {200} have 8 px


@pytest.fixture(scope="module")
def seen() -> Segmentation:
    """Three frames: 1 turns by 2° a frame, 2 has one row of fringes and is cut, 3 has none."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:100, :200].astype(float)
    labels, frames = np.zeros((3, 100, 200), np.int32), []
    for frame in range(3):
        image = rng.normal(100, 1, (100, 200))
        for number, (column, radius, turns) in enumerate(
            (
                (50, 36, (10 + 2 * frame, 100 + 2 * frame)),
                (190, 30, (30,)),
                (120, 24, ()),
            ),
            start=1,
        ):
            inside = np.hypot(y - 50, x - column) < radius
            labels[frame][inside] = number
            for turn in turns:
                c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
                image += inside * 4 * np.cos(2 * np.pi * ((x - column) * c - (y - 50) * s) / 8)
        frames.append(image)
    movie = Movie(
        np.stack(frames).astype(np.float32), pixel_size=PIXEL, frame_time=0.5, name="gold"
    )
    return Segmentation(labels, movie)


@pytest.fixture(scope="module")
def found(seen):
    return crystals(seen, CrystalsSettings(lattice="Au", bragg=True, false_alarm=1e-5), QUIET)


def test_every_particle_has_a_row_in_every_frame(found):
    table = found.crystals
    assert len(table) == 9
    assert table.groupby("particle")["pairs"].first().tolist()[1:] == [1, 0]
    notes = table.groupby("particle")["note"].first()
    assert "one pair" in notes[2] and "No pair" in notes[3] and notes[1] == ""
    assert table.groupby("particle")["at_border"].all().tolist() == [False, True, False]
    assert table.groupby("particle")["interpretable"].all().tolist() == [True, False, False]
    places = table.groupby("particle")[["y", "x"]].mean()
    assert places.loc[1].tolist() == pytest.approx([50, 50], abs=0.1)
    assert places.loc[3].tolist() == pytest.approx([50, 120], abs=0.1)
    assert "show none" in found.message


def test_a_crystal_is_indexed_and_its_turning_followed(found):
    one = found.crystals[found.crystals["particle"] == 1]
    assert np.diff(one["orientation"]) == pytest.approx([2, 2], abs=0.3)
    assert one["evenness"].min() > 0.9
    assert {tuple(sorted(axis.strip("[]").split()))[-1] for axis in one["zone_axis"]} == {"1"}
    assert one["strain"].abs().max() < 0.01
    pairs = found.pairs[(found.pairs["particle"] == 1) & (found.pairs["pair"] <= 2)]
    for row in pairs.itertuples():
        assert sorted(map(abs, (row.h, row.k, row.l))) == [0, 0, 2]


def test_tables_have_units_and_times(found):
    tables = found.tables()
    assert {"time_s", "spacing_nm", "spacing_error_nm", "orientation_deg", "y_nm"} <= set(
        tables["crystals"]
    )
    assert {"fringe_angle_deg", "h", "k", "l", "amplitude"} <= set(tables["pairs"])
    first = tables["crystals"]["spacing_nm"].iloc[0]
    assert first == pytest.approx(0.2039, rel=0.005)
    plain = crystals(
        Segmentation(found.segmentation.labels, found.movie.replace(pixel_size=None)), job=QUIET
    )
    assert "spacing_px" in plain.tables()["pairs"] and "zone_axis" not in plain.crystals


def test_the_filtered_movie_shows_fringes_within_the_particles_alone(seen, found):
    filtered = np.asarray(found.filtered.data)
    labels = np.asarray(seen.labels)
    assert filtered.shape == labels.shape and not filtered[labels == 0].any()
    assert filtered[labels == 1].std() > 2 and not filtered[labels == 3].any()
    assert found.filtered.pixel_size == PIXEL


def test_a_wrong_lattice_is_said_not_to_fit(seen):
    wrong = crystals(seen, CrystalsSettings(lattice="CeO2"), QUIET)
    one = wrong.crystals[wrong.crystals["particle"] == 1]
    assert (one["zone_axis"] == "").all() and one["note"].str.contains("does not fit").all()
    assert wrong.pairs["h"].isna().all()


def test_lattice_constants_of_ones_own_do_as_well(seen):
    own = CrystalsSettings(lattice="parameters", a=0.4078, centring="F")
    assert (crystals(seen, own, QUIET).crystals["explained"].iloc[0]) == pytest.approx(1)


def test_a_cif_is_read_by_ase(seen, tmp_path):
    ase = pytest.importorskip("ase.build")
    from ase.io import write

    path = tmp_path / "gold.cif"
    write(str(path), ase.bulk("Au", "fcc", a=4.078, cubic=True))
    found = crystals(seen, CrystalsSettings(lattice="cif", cif=path), QUIET)
    assert found.crystals["explained"].iloc[0] == pytest.approx(1)
    with pytest.raises(FourierError, match="no file"):
        crystals(seen, CrystalsSettings(lattice="cif", cif=tmp_path / "none.cif"), QUIET)
    (tmp_path / "bad.cif").write_text("no crystal")
    with pytest.raises(FourierError, match="could not be read"):
        crystals(seen, CrystalsSettings(lattice="cif", cif=tmp_path / "bad.cif"), QUIET)


def test_bad_input_is_refused_in_plain_words(seen):
    with pytest.raises(FourierError, match="no particles"):
        crystals(Segmentation(np.zeros_like(seen.labels), seen.movie), job=QUIET)
    uncalibrated = Segmentation(seen.labels, seen.movie.replace(pixel_size=None))
    with pytest.raises(FourierError, match="no pixel size"):
        crystals(uncalibrated, CrystalsSettings(lattice="Au"), QUIET)
    for values, word in (
        ({"lattice": "parameters"}, "lattice constant a"),
        ({"lattice": "cif"}, "CIF"),
        ({"lattice": "unobtainium"}, "no known lattice"),
        ({"longest": 3.0, "shortest": 4.0}, "longest"),
    ):
        with pytest.raises(SettingsError, match=word):
            CrystalsSettings.from_dict(values)


def test_constant_particles_get_a_row_and_a_note(seen):
    flat = Segmentation(seen.labels, seen.movie.replace(data=np.full(seen.labels.shape, 5.0)))
    table = crystals(flat, job=QUIET).crystals
    assert len(table) == 9 and table["note"].str.contains("same value").all()


def test_it_can_be_cancelled(seen):
    with pytest.raises(Cancelled):
        crystals(seen, job=Job(on_progress=lambda _: None, is_cancelled=lambda: True))


def test_the_command_and_a_recipe_make_the_tables(seen, found, tmp_path):
    from napari_insitu_tem.cli import app

    movie = write_movie(seen.movie, tmp_path / "gold.ome.tif")
    masks = write_labels(seen, tmp_path / "masks.tif")
    arguments = ["crystals", str(movie), str(masks), "--lattice", "Au", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert any("crystals" in path.name for path in (tmp_path / "out").iterdir())
    files = export(found, tmp_path / "made", job=QUIET)
    assert {"crystals", "pairs"} <= {path.stem.rpartition(" ")[2] for path in files} or files
    recipe = '[[step]]\ntask = "segment"\n[[step]]\ntask = "crystals"\nlattice = "Au"\n'
    assert Recipe.from_toml(recipe).steps[1].settings.lattice == "Au"
