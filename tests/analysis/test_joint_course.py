import itertools

import numpy as np
import pytest

from napari_insitu_tem.analysis.columns.hops import find_events
from napari_insitu_tem.analysis.columns.joint_course import joint_course
from napari_insitu_tem.analysis.columns.moves import Moves, clusters, moves_between
from napari_insitu_tem.job import Cancelled


def favour_of(full, evidence):
    """Return what frames say that all speak for the truth with the same evidence."""
    return np.where(full, evidence, -evidence).astype(float)


def course_of(sites, favour, first):
    moves = moves_between(np.array(sites, float), 1.0)
    course = joint_course(favour, np.array(first, float), moves)
    return course, find_events(course.moved, moves)


def through_all_states(favour, moves):
    """Return the probabilities (t, s) and (t, m) by going through all states."""
    n_frames, n_sites = favour.shape
    states = np.array(list(itertools.product([False, True], repeat=n_sites)))
    number = {tuple(state): index for index, state in enumerate(states.tolist())}
    steps = []
    for move, (left, taken) in enumerate(zip(moves.left, moves.taken, strict=True)):
        for index, state in enumerate(states):
            if (left < 0 or state[left]) and (taken < 0 or not state[taken]):
                after = state.copy()
                after[[site for site in (left,) if site >= 0]] = False
                after[[site for site in (taken,) if site >= 0]] = True
                steps.append((index, number[tuple(after.tolist())], move))
    chance = np.eye(len(states))
    for before, after, move in steps:
        chance[before, after] += np.exp(moves.chance[move])
    says = np.exp(favour @ states.T)
    forward, later = np.zeros((2, n_frames, len(states)))
    forward[0], later[-1] = says[0], 1
    for t in range(1, n_frames):
        forward[t] = forward[t - 1] @ chance * says[t]
    for t in range(n_frames - 2, -1, -1):
        later[t] = chance @ (later[t + 1] * says[t + 1])
    total = forward[-1].sum()
    moved = np.zeros((n_frames, len(moves.left)))
    for t in range(1, n_frames):
        for before, after, move in steps:
            way = forward[t - 1, before] * np.exp(moves.chance[move]) * says[t, after]
            moved[t, move] += way * later[t, after] / total
    return (forward * later) @ states / total, moved


@pytest.mark.parametrize("seed", range(4))
def test_the_kept_states_give_the_probabilities_of_all_states(seed):
    rng = np.random.default_rng(seed)
    moves = moves_between(np.array([[0.0, 0], [0, 1], [1, 0], [1.5, 1.5]]), 1.0)
    favour = rng.normal(0, 3, (12, 4))
    course = joint_course(favour, np.full(4, 0.5), moves)
    probability, moved = through_all_states(favour, moves)
    assert np.allclose(course.probability, probability, atol=1e-4)
    assert np.allclose(course.moved, moved, atol=1e-4)


def test_leaving_and_coming_back_needs_the_evidence_of_both_sites():
    away = (np.arange(40) >= 20) & (np.arange(40) < 24)
    both = favour_of(np.stack([~away, away], 1), 2.5)
    course, events = course_of([[0, 0], [0, 1]], both, [1, 0])
    assert [(each.frame, each.left, each.taken) for each in events] == [(20, 0, 1), (24, 1, 0)]
    assert all(each.confidence > 0.9 for each in events)
    assert (course.probability[away, 1] > 0.9).all()
    one = both.copy()
    one[away, 1] = 0
    course, events = course_of([[0, 0], [0, 1]], one, [1, 0])
    assert not events and (course.probability[:, 0] > 0.5).all()


def test_a_hop_is_one_event_though_its_sites_seem_to_change_some_frames_apart():
    frames = np.arange(40)
    favour = favour_of(np.stack([frames < 19, frames >= 22], 1), 4.0)
    favour[19:22] *= 0.2
    _, (event,) = course_of([[0, 0], [0, 1.2]], favour, [1, 0])
    assert (event.left, event.taken) == (0, 1) and 19 <= event.frame <= 22


def test_a_column_that_comes_from_nowhere_needs_more_evidence_than_one_that_hops():
    late = np.arange(40)[:, None] >= 36
    assert not course_of([[0, 0]], favour_of(late, 2.0), [0])[1]
    (event,) = course_of([[0, 0]], favour_of(late, 4.0), [0])[1]
    assert (event.frame, event.left, event.taken) == (36, -1, 0)
    hop = favour_of(np.concatenate([late, ~late], 1), 2.0)
    (event,) = course_of([[0, 0], [0, 1]], hop, [0, 1])[1]
    assert (event.frame, event.left, event.taken) == (36, 1, 0)


def test_a_column_hops_to_the_site_that_the_frames_favour_through_one_between():
    frames = np.arange(60)
    full = np.stack([frames < 20, (frames >= 20) & (frames < 40), frames >= 40], 1)
    rng = np.random.default_rng(0)
    favour = favour_of(full, 2.0) + rng.normal(0, 2, full.shape)
    _, events = course_of([[0, 0], [0, 1], [0, 2]], favour, [1, 0, 0])
    assert [(each.left, each.taken) for each in events] == [(0, 1), (1, 2)]
    assert np.abs(np.array([each.frame for each in events]) - [20, 40]).max() <= 2


def test_frames_that_say_nothing_leave_everything_as_it_was():
    favour = np.zeros((30, 2))
    favour[:5] = [5, -5]
    course, events = course_of([[0, 0], [0, 1]], favour, [1, 0])
    assert not events
    assert course.probability[10, 0] > 0.9 > 0.1 > course.probability[10, 1]


def test_a_long_course_can_be_stopped_between_frames():
    sites, calls = np.array([[0.0, 0.0], [0.0, 1.0]]), []

    def check():
        calls.append(1)
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        joint_course(np.zeros((50, 2)), np.array([1.0, 0.0]), moves_between(sites, 1), check=check)
    assert len(calls) == 3


def test_sites_that_no_hop_connects_are_clusters_of_their_own():
    sites = np.array([[0.0, 0], [0, 2], [0, 4], [0, 8], [0, 9]])
    assert [each.tolist() for each in clusters(sites, 1.0)] == [[0, 1, 2], [3, 4]]
    assert not clusters(np.zeros((0, 2)), 1.0)


def test_an_event_has_the_likeliest_frame_and_the_probability_of_those_around_it():
    moves = Moves(np.array([0, -1]), np.array([1, 0]), np.zeros(2))
    moved = np.zeros((40, 2))
    moved[9:12, 0] = 0.2, 0.5, 0.2
    moved[[25, 30], 0] = 0.9
    moved[18, 1] = 0.4
    first, second, third = find_events(moved, moves)
    assert (first.frame, first.left, first.taken) == (10, 0, 1)
    assert first.confidence == pytest.approx(0.9)
    assert (second.frame, third.frame) == (25, 30)
    assert first.of(np.array([7, 4])).taken == 4
