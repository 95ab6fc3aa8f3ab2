"""Measures of identity, on cases that can be counted by hand."""

import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem.analysis.identity import (
    EventScore,
    angle_errors,
    graph_events,
    score_events,
    score_identity,
)


def two_particles(frames=10):
    rows = [
        {"frame": t, "particle": n, "y": 20.0 * n, "x": float(t), "orientation": 30.0,
         "symmetry": 4, "area": 100.0}
        for t in range(frames)
        for n in (1, 2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def as_tracks(truth):
    return truth.rename(columns={"particle": "track"})


def test_perfect_tracks_score_one():
    truth = two_particles()
    score = score_identity(truth, as_tracks(truth))
    assert (score.idf1, score.switches, score.centroid_rmse, score.orientation_rmse) == (1, 0, 0, 0)


def test_a_swap_halfway_costs_half_the_identities_and_is_two_switches():
    truth = two_particles()
    found = as_tracks(truth)
    late = found["frame"] >= 5
    found.loc[late, "track"] = 3 - found.loc[late, "track"]
    score = score_identity(truth, found)
    assert score.idf1 == pytest.approx(0.5) and score.switches == 2
    assert score.detection_f1 == 1


def test_missing_and_false_particles_cost_as_an_f1_says():
    truth = two_particles()
    found = as_tracks(truth)[:-4]
    false = found[:2].assign(y=500.0, track=9)
    score = score_identity(truth, pd.concat([found, false]))
    assert score.idf1 == pytest.approx(2 * 16 / (20 + 18))


def test_angles_are_compared_modulo_the_symmetry_and_places_by_distance():
    truth = two_particles()
    found = as_tracks(truth)
    found["orientation"] += 90 * np.arange(len(found)) + 2
    found["x"] += 0.3
    found["y"] -= 0.4
    score = score_identity(truth, found)
    assert score.orientation_rmse == pytest.approx(2)
    assert score.centroid_rmse == pytest.approx(0.5)


def test_angle_errors_are_the_smallest_turn():
    np.testing.assert_allclose(
        angle_errors(np.array([89.0, 1, 45]), np.array([1.0, 89, 0]), 4), [-2, 2, -45]
    )


def test_one_mask_over_two_touching_particles_is_neither():
    truth = pd.DataFrame(
        {"frame": 0, "particle": [1, 2], "y": [0.0, 24.0], "x": 0.0, "area": 576.0}
    )
    found = pd.DataFrame({"frame": [0], "track": [1], "y": [12.0], "x": [0.0]})
    assert score_identity(truth, found).detection_f1 == 0


def test_nothing_found_scores_nothing():
    truth = two_particles()
    score = score_identity(truth, as_tracks(truth)[:0])
    assert score.idf1 == 0 and np.isnan(score.centroid_rmse)


def test_events_are_matched_by_kind_time_and_place():
    at = {"kind": "merge", "at": (10.0, 10.0)}
    true = [{"frame": 20, **at}, {"frame": 60, **at}]
    found = [
        {"frame": 22, **at},
        {"frame": 60, "kind": "split", "at": (10.0, 10.0)},
        {"frame": 60, "kind": "merge", "at": (90.0, 10.0)},
    ]
    assert score_events(found, true, frames=3, reach=20) == EventScore(3, 2, 1)
    assert EventScore(3, 2, 1).f1 == pytest.approx(0.4)
    assert score_events([], []).f1 == 1 and score_events([], true).f1 == 0


def test_a_graph_says_where_and_when():
    rows = [
        (1, 0, 5.0),
        (1, 1, 5.0),
        (2, 0, 9.0),
        (2, 1, 9.0),
        (3, 2, 7.0),
        (4, 3, 6.0),
        (5, 3, 8.0),
    ]
    table = pd.DataFrame(rows, columns=["track", "frame", "y"]).assign(x=1.0)
    events = graph_events(table, {3: [1, 2], 4: [3], 5: [3]})
    assert events == [
        {"frame": 2, "kind": "merge", "at": (7.0, 1.0)},
        {"frame": 3, "kind": "split", "at": (7.0, 1.0)},
    ]
