"""Suspicious frames: what was made wrong is found, and what is fine is not."""

import numpy as np

from napari_insitu_tem.analysis.suspicion import label_areas, rank_suspicious, sudden_changes


def steady(rng, n_frames=60, n_particles=20):
    """Areas of tracked particles that grow slowly and are measured with 2 % noise."""
    sizes = rng.uniform(300, 900, n_particles)
    return [
        {
            label: int(size * (1 + 0.003 * frame) * (1 + 0.02 * rng.standard_normal()))
            for label, size in enumerate(sizes, start=1)
        }
        for frame in range(n_frames)
    ]


def test_areas_are_counted_by_label():
    labels = np.zeros((9, 9), np.int32)
    labels[:2, :3], labels[5, 5] = 4, 2_000_000_000
    assert label_areas(labels) == {4: 6, 2_000_000_000: 1}
    assert label_areas(np.zeros((4, 4), np.int32)) == {}


def test_a_steady_recording_is_not_suspicious(rng):
    assert rank_suspicious(steady(rng), tracked=True) == []
    assert rank_suspicious([]) == []


def test_a_particle_that_loses_half_its_mask_in_one_frame_is_found_once_and_named(rng):
    areas = steady(rng)
    areas[31][7] //= 2
    (found,) = rank_suspicious(areas, tracked=True)
    assert (found.frame, found.label) == (31, 7)
    assert "article 7 shrinks by" in found.reason


def test_a_frame_with_missing_particles_is_found_and_the_next_is_not(rng):
    areas = steady(rng)
    for label in (1, 2, 3, 4):
        del areas[40][label]
    worst, *others = rank_suspicious(areas)
    assert worst.frame == 40
    assert "16 particles instead of 20" in worst.reason
    assert others == []


def test_a_wrong_first_frame_is_blamed_and_not_the_second(rng):
    areas = steady(rng)
    areas[0] = {1: 50}
    assert rank_suspicious(areas)[0].frame == 0


def test_a_lasting_change_is_found_where_it_begins(rng):
    values = np.concatenate([np.full(20, 100.0), np.full(20, 150.0)]) + rng.normal(0, 1, 40)
    scores = sudden_changes(values, relative_floor=0.02, floor=1)
    assert np.flatnonzero(np.abs(scores) > 5).tolist() == [20]


def test_new_crumbs_are_found_with_and_without_tracks(rng):
    for tracked in (True, False):
        areas = steady(rng)
        for frame in range(25, 60):
            areas[frame][99] = 4
        found = rank_suspicious(areas, tracked=tracked)
        assert [s.frame for s in found] == [25]
        assert "tiny new particle" in found[0].reason
        assert found[0].label == 99


def test_the_worst_frame_comes_first(rng):
    areas = steady(rng)
    areas[10][3] = int(areas[10][3] * 0.7)
    areas[50] = {1: areas[50][1]}
    found = rank_suspicious(areas, tracked=True)
    assert [s.frame for s in found] == [50, 10]
    assert found[0].score > found[1].score
