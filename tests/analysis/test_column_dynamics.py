import numpy as np
import pandas as pd
import pytest
from hopping_columns import hopping_columns
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.columns.continued import continued_places
from napari_insitu_tem.analysis.columns.counts import count_columns
from napari_insitu_tem.analysis.columns.distances import own_spacing, strong_sites
from napari_insitu_tem.analysis.columns.occupancy import Evidence, occupancy
from napari_insitu_tem.analysis.columns.rates import poisson_interval
from napari_insitu_tem.analysis.columns.shared_motion import follow, refine
from napari_insitu_tem.analysis.columns.site_levels import divide_contrast, known_medians
from napari_insitu_tem.analysis.columns.sites import assign, find_sites, surface_sites
from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.dynamics import DynamicsError, dynamics

QUIET = Job(on_progress=lambda progress: None)


def found_in(made, **options):
    return dynamics(
        made.movie, made.table, bright=options.pop("bright", True), spacing=made.spacing, job=QUIET
    )


def matched(found, made):
    """Return how many true hops were found, within two frames and half a spacing at both ends."""
    hops = found.events[found.events["kind"] == "hop"]
    number = 0
    for event in made.events.itertuples():
        near = np.abs(hops["frame"] - event.frame) <= 2
        for y, x, v, u in (("y", "x", event.y, event.x), ("from_y", "from_x", event.from_y,
                                                          event.from_x)):  # fmt: skip
            near &= np.hypot(hops[y] - v, hops[x] - u) < made.spacing / 2
        number += bool(near.any())
    return number


@pytest.mark.parametrize("seed", range(3))
def test_hops_are_found_with_their_times_and_sites(seed):
    made = hopping_columns(seed)
    found = found_in(made)
    assert matched(found, made) == len(made.events)
    assert len(found.events) == len(made.events)
    assert (found.events["confidence"] > 0.5).all() and found.events["surface"].all()


def test_dark_columns_are_followed_as_bright_ones_are():
    made = hopping_columns(0, bright=False)
    assert matched(found_in(made, bright=False), made) == len(made.events)


def test_a_site_that_is_never_found_is_hopped_to_where_the_lattice_goes_on():
    made = hopping_columns(0, hops=3)
    to = made.events.iloc[0]
    there = np.hypot(made.table["y"] - to["y"], made.table["x"] - to["x"]) < made.spacing / 2
    found = dynamics(made.movie, made.table[~there], bright=True, spacing=made.spacing, job=QUIET)
    assert matched(found, made) == len(made.events)


def test_a_lattice_goes_on_one_ring_beyond_its_edge():
    lattice = np.stack(np.mgrid[0:5, 0:5].reshape(2, -1), 1) * 10.0
    places = continued_places(lattice, 10.0, 5.5)
    assert len(places) == 20
    assert ((places == -10) | (places == 50)).any(1).all()
    assert not len(continued_places(lattice[:1], 10.0, 5.5))


@pytest.mark.parametrize("seed", range(3))
def test_a_movie_in_which_nothing_moves_has_no_events_though_columns_are_missed(seed):
    made = hopping_columns(seed, hops=0, missed=0.4, electrons=4)
    assert not len(found_in(made).events)


def test_drift_and_turning_make_no_events():
    still = hopping_columns(1, hops=0, drift=0.5)
    assert not len(found_in(still).events)
    turned = hopping_columns(2, turn=0.1, drift=0.2)
    found = found_in(turned)
    assert len(found.events) == len(turned.events)
    turn = found.motion["turn_deg"].to_numpy()
    assert turn[-9:].mean() - turn[:9].mean() == pytest.approx(np.degrees(0.09), abs=0.4)


def test_counts_hold_the_truth_within_their_errors():
    made = hopping_columns(0, hops=3)
    counts = found_in(made).counts
    truth = made.occupied.sum(1)
    assert np.abs(counts["columns"] - truth).mean() < 0.3
    assert np.allclose(counts["columns"], counts["surface_columns"] + counts["bulk_columns"])
    # 16 of the 36 columns of the block have all neighbours, and the few of its upper row above
    # which an adatom stays for half of the movie.
    assert 15.5 <= counts["bulk_columns"].mean() <= 20


def test_every_column_gets_at_most_one_site_and_every_site_one_column_a_frame():
    made = hopping_columns(0)
    table = found_in(made).table
    at = table[table["site"] > 0]
    assert not at.duplicated(["frame", "site"]).any()
    assert len(table) == len(made.table) and len(at) > 0.9 * len(table)


def test_rows_of_the_table_may_come_in_any_order():
    made = hopping_columns(0)
    mixed = made.table.sample(frac=1, random_state=0)
    again = dynamics(made.movie, mixed, bright=True, spacing=made.spacing, job=QUIET)
    pd.testing.assert_frame_equal(again.events, found_in(made).events)
    assert (again.table.index == mixed.index).all()


def test_published_tables_have_units_and_the_figures_can_be_drawn():
    from matplotlib.figure import Figure

    made = hopping_columns(0)
    movie = made.movie.replace(pixel_size=0.02, frame_time=0.5)
    found = dynamics(movie, made.table, bright=True, spacing=made.spacing, job=QUIET)
    tables = found.tables()
    assert {"time_s", "y_nm", "from_x_nm", "hop_length_nm"} <= set(tables["column_events"])
    assert "event_rate_per_s" in tables["column_rates"]
    assert np.allclose(tables["column_events"]["y_nm"], found.events["y"] * 0.02)
    for draw in found.drawings().values():
        drawn = draw(Figure().add_subplot())
        assert len(drawn.data)


def test_a_still_image_a_wrong_spacing_and_a_foreign_table_are_refused_in_plain_words():
    made = hopping_columns(0, n_frames=12, hops=1)
    with pytest.raises(DynamicsError, match="One frame shows no events"):
        dynamics(Movie(np.zeros((1, 9, 9))), made.table, bright=True, spacing=5, job=QUIET)
    with pytest.raises(DynamicsError, match="distance of nan px"):
        dynamics(made.movie, made.table, bright=True, spacing=float("nan"), job=QUIET)
    with pytest.raises(DynamicsError, match="another movie"):
        dynamics(made.movie.select(0, 5), made.table, bright=True, spacing=5, job=QUIET)
    empty = made.table.iloc[:0]
    with pytest.raises(DynamicsError, match="No place shows a column"):
        dynamics(made.movie, empty, bright=True, spacing=5, job=QUIET)


def test_following_can_be_cancelled():
    made = hopping_columns(0, n_frames=12, hops=1)
    job = Job(on_progress=lambda progress: None, is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        dynamics(made.movie, made.table, bright=True, spacing=made.spacing, job=job)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-2, 2), st.floats(-2, 2), st.floats(-0.05, 0.05))
def test_a_shift_and_turn_of_all_columns_is_recovered(seed, down, right, angle):
    rng = np.random.default_rng(seed)
    lattice = np.stack(np.mgrid[0:6, 0:6].reshape(2, -1), 1) * 10.0 + rng.normal(0, 0.5, (36, 2))
    cosine, sine = np.cos(angle), np.sin(angle)
    centre = lattice.mean(0)
    moved = (lattice - centre) @ np.array([[cosine, -sine], [sine, cosine]]).T + centre
    positions = [lattice, moved + [down, right]]
    motion = refine(follow(positions, 10.0), positions, lattice, 10.0)
    assert np.allclose(motion.to_sites(1, positions[1]), lattice, atol=1e-6)
    assert np.allclose(motion.to_frame(1, lattice), positions[1], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60))
def test_the_interval_of_a_count_holds_it_and_widens_with_it(count):
    low, high = poisson_interval(count)
    wider = poisson_interval(count, confidence=0.99)
    assert low <= count < high and wider[0] <= low and wider[1] >= high


def test_the_interval_of_no_events_is_that_of_the_rule_of_three():
    low, high = poisson_interval(0)
    assert low == 0 and high == pytest.approx(3.689, abs=0.001)


def test_sites_are_where_detections_come_again_and_again():
    rng = np.random.default_rng(0)
    truth = np.array([[20.0, 20.0], [20.0, 32.0], [33.0, 25.0]])
    points = [
        np.concatenate([truth + rng.normal(0, 0.8, truth.shape), rng.uniform(0, 80, (1, 2))])
        for _ in range(50)
    ]
    found = find_sites(points, 12.0)
    distance = np.hypot(*(found.positions[:, None] - truth[None]).transpose(2, 0, 1))
    assert (distance.min(0) < 0.5).all()
    # Noise comes twice within three frames here and there, but not often.
    assert len(found) <= 5 and np.count_nonzero(found.seen > 5) == 3
    assert (assign(truth, found.positions, 12.0) >= 0).all()


def test_the_outer_ring_of_a_square_lattice_is_its_surface():
    lattice = np.stack(np.mgrid[0:5, 0:5].reshape(2, -1), 1) * 10.0
    surface = surface_sites(lattice, np.ones(25, bool), 10.0).reshape(5, 5)
    assert not surface[1:-1, 1:-1].any() and surface.sum() == 16


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_error_of_a_count_is_that_of_independent_sites(seed):
    chance = np.random.default_rng(seed).random((3, 8)).astype(np.float32)
    table = count_columns(chance, np.arange(8) < 3, np.ones(8, int))
    assert np.allclose(table["columns"], chance.sum(1), atol=1e-5)
    assert np.allclose(table["columns_error"] ** 2, (chance * (1 - chance)).sum(1), atol=1e-5)


@pytest.mark.filterwarnings("error")
def test_a_site_that_no_frame_shows_leaves_no_gap_and_no_warning():
    levels = np.random.default_rng(3).normal(1, 0.1, (40, 6))
    levels[:, 2] = np.nan
    state = occupancy(Evidence(divide_contrast(levels), (0.0, 1.0)))
    assert all(np.isfinite(part).all() for part in (state.probability, state.empty, state.noise))
    assert np.isnan(known_medians(levels)).tolist() == [False, False, True, False, False, False]


def test_hops_are_measured_by_the_spacing_of_the_heavier_kind():
    steps = np.array([(i, j) for i in range(6) for j in range(6)], float)
    heavy, light = 12 * steps, 12 * steps + 6
    levels = np.concatenate([np.full((20, 36), 1.0), np.full((20, 36), 0.4)], axis=1)
    levels += np.random.default_rng(0).normal(0, 0.1, levels.shape)
    levels[:, 3] = np.nan
    strong = strong_sites(levels)
    assert strong[:36].sum() == 35 and not strong[36:].any()
    sites = np.concatenate([heavy, light])
    assert own_spacing(sites) < 10 and own_spacing(sites[strong]) == pytest.approx(13.2)
    assert own_spacing(sites[:5]) == 0 and not strong_sites(np.zeros((4, 3))).any()
