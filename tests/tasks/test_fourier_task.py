"""The Fourier checks task: courses, maps, units, and plain words when there is no lattice."""

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.io.export import export
from napari_insitu_tem.io.write import write_movie
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.lattice import LatticeMovieSettings, simulate_lattice
from napari_insitu_tem.tasks.fourier import FourierSettings, fourier

QUIET = Job(on_progress=lambda _: None, on_log=lambda _: None)
PAIR = "24,24 136,78; 24,82 136,136"


def made(change: str, **values):
    given = {"height": 160, "width": 160, "period": 10.0, "n_frames": 8, "dose": 20.0, **values}
    return simulate_lattice(LatticeMovieSettings(change=change, **given), QUIET)


@pytest.fixture(scope="module")
def pair():
    return made("pair")


@pytest.fixture(scope="module")
def checked(pair):
    return fourier(pair.movie, FourierSettings(regions=PAIR), QUIET)


def test_the_angle_between_two_grains_is_followed(pair, checked):
    angles = checked.angles
    assert angles["frame"].tolist() == list(range(8))
    assert angles["misorientation"].to_numpy() == pytest.approx(pair.misorientation, abs=0.4)
    assert angles["misorientation_error"].max() < 0.3
    one = checked.lattices[checked.lattices["region"] == 1]
    assert one["spacing"].to_numpy() == pytest.approx(10, rel=0.01)
    truth = pair.truth[pair.truth["region"] == 1]["angle"].to_numpy()
    off = (one["lattice_angle"].to_numpy() - truth + 45) % 90 - 45
    assert off == pytest.approx(0, abs=0.4)
    assert "13." in checked.message and "9." in checked.message


def test_each_grain_has_its_own_extent(pair, checked):
    labels = np.asarray(checked.extent.labels)
    truth = np.asarray(pair.regions)
    assert (labels == truth).mean() > 0.9
    area = checked.areas.groupby("region")["lattice_area"].mean()
    true_area = pair.truth.groupby("region")["area"].mean()
    assert area.to_numpy() == pytest.approx(true_area.to_numpy(), rel=0.1)


def test_tables_have_units_and_times(checked):
    tables = checked.tables()
    assert set(tables) == {
        "lattices", "pairs", "misorientation", "lattice_area", "lattice_change",
    }  # fmt: skip
    assert {"frame", "time_s", "lattice_angle_deg", "spacing_nm", "pair_ratio"} <= set(
        tables["lattices"]
    )
    assert tables["lattices"]["spacing_nm"].median() == pytest.approx(0.14, rel=0.01)
    assert "lattice_area_nm2" in tables["lattice_area"]
    plain = checked.replace(movie=checked.movie.replace(pixel_size=None, frame_time=None))
    assert "spacing_px" in plain.tables()["lattices"]
    assert "time_s" not in plain.tables()["pairs"]


def test_grown_and_shrunk_lattice_is_mapped():
    growing = made("growth", n_frames=12, height=200, width=200, travel=50.0, dose=100.0)
    found = fourier(growing.movie, FourierSettings(regions="60,85 140,115", ends=1), QUIET)
    truth, kind = growing.change(0, 11), np.asarray(found.change.labels[0])
    for each in (1, 2, 3):
        assert np.count_nonzero(kind == each) == pytest.approx(
            np.count_nonzero(truth == each), rel=0.12
        )
    row = found.changes.iloc[0]
    assert row["grown_area"] == np.count_nonzero(kind == 2)
    assert "grown" in found.message
    area = found.areas["lattice_area"].to_numpy()
    assert area == pytest.approx(growing.truth["area"].to_numpy(), rel=0.06)


def test_two_regions_in_one_lattice_share_its_extent():
    still = made("still", n_frames=4)
    found = fourier(still.movie, FourierSettings(regions=PAIR), QUIET)
    assert set(np.unique(np.asarray(found.extent.labels))) == {1}
    assert found.angles["misorientation"].abs().max() < 0.4


def test_regions_of_unlike_lattices_have_no_angle_and_that_is_said(quiet_job):
    one, other = made("still", n_frames=3), made("still", n_frames=3, period=14.0)
    left = np.arange(160) < 80
    both = np.where(left, np.asarray(one.movie.data), np.asarray(other.movie.data))
    found = fourier(Movie(both), FourierSettings(regions=PAIR, most=2), quiet_job)
    assert not len(found.angles) and "no spacing in common" in found.message


def test_without_fringes_it_says_so_and_what_to_do(quiet_job):
    noise = Movie(np.random.default_rng(1).poisson(20, (4, 96, 96)))
    with pytest.raises(FourierError, match="no lattice fringes"):
        fourier(noise, FourierSettings(), quiet_job)
    with pytest.raises(FourierError, match="same value"):
        fourier(Movie(np.full((2, 96, 96), 3.0)), FourierSettings(), quiet_job)


def test_a_blanked_frame_is_left_out_and_counted(quiet_job):
    still = made("still", n_frames=5)
    data = np.array(still.movie.data)
    data[2] = 100
    found = fourier(Movie(data), FourierSettings(), quiet_job)
    assert sorted(found.lattices["frame"]) == [0, 1, 3, 4]
    assert "1 of 5 frames" in found.message and "constant" in found.message


def test_averaging_over_frames_makes_angles_surer(pair, checked):
    more = fourier(pair.movie, FourierSettings(regions=PAIR, frames=5, extent=False), QUIET)
    stated = more.angles["misorientation_error"].median()
    assert stated < 0.7 * checked.angles["misorientation_error"].median()
    assert more.extent is None and more.images() == {} and not len(more.areas)


def test_bad_regions_are_refused_before_anything_runs(pair, quiet_job):
    with pytest.raises(SettingsError, match="is no region"):
        FourierSettings.from_dict({"regions": "1,2"})
    with pytest.raises(SettingsError, match="longest"):
        FourierSettings.from_dict({"longest": 3.0, "shortest": 4.0})
    with pytest.raises(FourierError, match="outside"):
        fourier(pair.movie, FourierSettings(regions="500,500 600,600"), quiet_job)
    with pytest.raises(FourierError, match="too small"):
        fourier(pair.movie, FourierSettings(regions="5,5 9,9"), quiet_job)


def test_it_stops_when_asked_to(pair):
    with pytest.raises(Cancelled):
        fourier(pair.movie, FourierSettings(), Job(is_cancelled=lambda: True))


def test_it_is_exported_and_a_command(tmp_path, pair, checked):
    names = {path.name for path in export(checked, tmp_path / "a", job=QUIET)}
    stem = "simulated_lattice_pair"
    wanted = {"lattices.csv", "misorientation.svg", "lattice_change.ome.tif", "lattice_area.csv"}
    found = {name.replace(" ", "_") for name in names}
    assert {f"{stem}_{each}" for each in wanted} <= found
    write_movie(pair.movie.select(0, 3), tmp_path / "pair.ome.tif", QUIET)
    from napari_insitu_tem.cli import app

    run = CliRunner().invoke(
        app,
        ["fourier", str(tmp_path / "pair.ome.tif"), "--regions", PAIR, "-o", str(tmp_path / "b")],
    )
    assert run.exit_code == 0, run.output
    assert (tmp_path / "b" / "pair_misorientation.csv").exists()
