import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem import Cancelled, Job, units
from napari_insitu_tem.tasks.measure import MeasureSettings, measure
from walks import brownian, table_of, tracking_of


@pytest.fixture
def cubes(rng):
    """30 growing, turning particles for 120 frames."""
    positions = brownian(rng, tracks=30, frames=120, diffusion=0.4, noise=0.3)
    positions += rng.uniform(60, 340, (30, 1, 2))
    angles = brownian(rng, tracks=30, frames=120, diffusion=5, noise=1.5, dimensions=1)
    diameter = 20 + 0.05 * np.arange(120) + rng.normal(0, 0.3, (30, 120))
    return table_of(positions, angles, diameter=diameter)


def test_everything_published_has_its_unit(cubes, quiet_job):
    found = measure(tracking_of(cubes, pixel_size=0.5, frame_time=0.1), job=quiet_job)
    tracks = units.publish(found.tracks, 0.5, 0.1)
    pair = tracks[["diffusion_nm2_per_s", "rotational_diffusion_deg2_per_s"]].mean()
    assert pair.iloc[0] == pytest.approx(0.4 * 0.5**2 / 0.1, rel=0.15)
    assert pair.iloc[1] == pytest.approx(5 / 0.1, rel=0.15)
    assert tracks["growth_rate_nm_per_s"].mean() == pytest.approx(0.05 * 0.5 / 0.1, rel=0.05)
    assert tracks["angular_noise_deg"].mean() == pytest.approx(1.5, rel=0.15)
    msd = units.publish(found.curves["msd"], 0.5, 0.1)
    assert list(msd)[:3] == ["lag_s", "msd_nm2", "msd_error_nm2"]
    assert list(units.publish(found.curves["rdf"], 0.5, 0.1))[:2] == ["r_nm", "g"]
    frames = units.publish(found.frames, 0.5, 0.1)
    assert {"time_s", "mean_diameter_nm", "density_per_nm2"} <= set(frames)
    assert units.axis_label("rotational_diffusion", 0.5, 0.1).endswith("(deg² s⁻¹)")


def test_an_uncalibrated_movie_is_measured_in_pixels_and_frames(cubes, quiet_job):
    found = measure(tracking_of(cubes), job=quiet_job)
    tracks = units.publish(found.tracks, None, None)
    assert {"diffusion_px2_per_frame", "growth_rate_px_per_frame"} <= set(tracks)
    assert "time_s" not in found.frames


def test_calibration_scales_what_is_published_and_nothing_else(cubes, quiet_job):
    plain = measure(tracking_of(cubes), job=quiet_job)
    fine = measure(tracking_of(cubes, pixel_size=0.1, frame_time=2.0), job=quiet_job)
    pd.testing.assert_frame_equal(plain.tracks, fine.tracks)


def test_estimators_agree_and_a_known_exposure_is_passed_on(cubes, quiet_job):
    tracking = tracking_of(cubes)
    one = measure(tracking, MeasureSettings(estimator="covariance"), quiet_job)
    other = measure(tracking, MeasureSettings(exposure=0.0), quiet_job)
    values = [found.curves["ensemble"].iloc[0] for found in (one, other)]
    assert values[0]["diffusion"] == pytest.approx(values[1]["diffusion"], rel=0.1)
    assert values[1]["localisation_noise"] < values[0]["localisation_noise"]


def test_common_drift_is_removed_on_request(rng, quiet_job):
    positions = brownian(rng, tracks=30, frames=100, diffusion=0.1)
    positions += rng.uniform(50, 150, (30, 1, 2)) + 1.5 * np.arange(100)[:, None]
    tracking = tracking_of(table_of(positions))
    kept = measure(tracking, MeasureSettings(), quiet_job).curves["ensemble"].iloc[0]
    removed = measure(tracking, MeasureSettings(remove_drift=True), quiet_job)
    assert kept["exponent"] > 1.5
    assert removed.curves["ensemble"].iloc[0]["diffusion"] == pytest.approx(0.1, rel=0.1)


def test_frames_count_cover_and_stand_beside_the_holders_log(cubes, quiet_job):
    log = pd.DataFrame({"temperature_C": np.linspace(20, 800, 121)})
    found = measure(tracking_of(cubes, frames=121, frame_time=0.5), job=quiet_job)
    assert list(found.frames["count"][[0, 120]]) == [30, 0]
    tracking = tracking_of(cubes, frames=121)
    movie = tracking.movie.replace(frames=log)
    tracking = tracking.replace(segmentation=tracking.segmentation.replace(movie=movie))
    frames = measure(tracking, job=quiet_job).frames
    assert frames["temperature_C"].iloc[-1] == 800
    area = cubes.loc[cubes["frame"] == 0, "area"].sum()
    assert frames["coverage"][0] == pytest.approx(area / 400**2)
    assert np.isnan(frames["mean_diameter"][120])


def test_particles_cut_by_the_edge_do_not_count_for_sizes_and_growth(cubes, quiet_job):
    cut = cubes["frame"] > 60
    cubes.loc[cut, "touches_edge"] = True
    cubes.loc[cut, "equivalent_diameter"] = 5.0
    found = measure(tracking_of(cubes), job=quiet_job)
    assert found.tracks["growth_rate"].mean() == pytest.approx(0.05, rel=0.1)
    assert np.isnan(found.frames["mean_diameter"][61])
    assert found.tracks["mean_diameter"].min() > 20
    assert found.frames["count"][61] == 30


def test_particles_of_a_lattice_get_their_order(rng, quiet_job):
    y, x = np.mgrid[20:400:20, 20:400:20]
    sites = np.stack([y.ravel(), x.ravel()], axis=1)[:, None]
    positions = sites + rng.normal(0, 0.5, (sites.shape[0], 12, 2))
    found = measure(tracking_of(table_of(positions)), job=quiet_job)
    assert found.frames["psi4"].mean() > 0.9
    assert found.frames["neighbours"].mean() == pytest.approx(4, abs=0.1)
    assert found.tracks["rms_displacement"].mean() == pytest.approx(0.5 * np.sqrt(2), rel=0.1)
    assert found.tracks["lindemann_ratio"].mean() == pytest.approx(0.7 / 20, rel=0.15)
    assert {"psi4", "psi6", "neighbours"} <= set(found.tracking.particles)
    rdf = found.curves["rdf"].query("r < 25")
    assert rdf["r"][rdf["g"].idxmax()] == pytest.approx(20, abs=1.5)


def test_few_pairs_get_few_bins_and_a_wish_is_granted(cubes, quiet_job):
    few = cubes[cubes["track"] <= 3]
    assert len(measure(tracking_of(few), job=quiet_job).curves["rdf"]) == 20
    assert len(measure(tracking_of(cubes), job=quiet_job).curves["rdf"]) == 100
    wished = measure(tracking_of(few), MeasureSettings(pair_bins=40, pair_range=80), quiet_job)
    assert len(wished.curves["rdf"]) == 40
    assert wished.curves["rdf"]["r"].iloc[-1] == pytest.approx(79)


@pytest.mark.parametrize("rows", [0, 1, 3, 9])
def test_hardly_any_data_gives_tables_with_gaps_not_an_error(cubes, quiet_job, rows):
    few = cubes[cubes["track"] == 1].iloc[:rows]
    messages = []
    job = Job(on_progress=lambda progress: None, on_log=messages.append)
    found = measure(tracking_of(few, frames=10), job=job)
    assert len(found.tracks) == min(rows, 1)
    assert len(found.frames) == 10
    assert "diffusion" in found.tracks
    assert bool(messages) == (0 < rows < 9)


def test_short_tracks_are_fitted_by_their_diffusion_alone(cubes, quiet_job):
    found = measure(tracking_of(cubes[cubes["frame"] < 12]), job=quiet_job)
    row, msd = found.curves["ensemble"].iloc[0], found.curves["msd"]
    assert np.isnan(row["exponent"])
    assert np.diff(msd["msd_fit"]) == pytest.approx(4 * row["diffusion"])
    assert msd["msd_fit"].iloc[0] == pytest.approx(msd["msd"].iloc[0], rel=0.1)


def test_inputs_are_left_alone_and_the_result_knows_where_it_comes_from(cubes, quiet_job):
    before = cubes.copy()
    found = measure(tracking_of(cubes), job=quiet_job)
    pd.testing.assert_frame_equal(cubes, before)
    assert found.provenance.steps[-1].task == "measure"


def test_a_cancel_stops_it(cubes):
    asked = iter([False] * 5 + [True] * 1000)
    job = Job(on_progress=lambda progress: None, is_cancelled=lambda: next(asked))
    with pytest.raises(Cancelled):
        measure(tracking_of(cubes), job=job)
