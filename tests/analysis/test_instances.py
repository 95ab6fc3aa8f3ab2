"""From probability maps to particles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.agreement import match_instances
from napari_insitu_tem.analysis.instances import (
    core_of,
    instances_from_probability,
    without_cut,
)
from napari_insitu_tem.simulate.particle_frames import ParticleFrameSettings, draw_frame


def discs(*centres: tuple[float, float], radius: float = 8, edge: int = 64) -> np.ndarray:
    y, x = np.mgrid[:edge, :edge]
    labels = np.zeros((edge, edge), np.int32)
    for number, (cy, cx) in enumerate(centres, start=1):
        labels[np.hypot(y - cy, x - cx) <= radius] = number
    return labels


def test_touching_particles_have_cores_apart():
    labels = discs((32, 20), (32, 36))
    _, pieces = ndimage.label(labels > 0)
    _, cores = ndimage.label(core_of(labels))
    assert (pieces, cores) == (1, 2)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_every_particle_has_a_core_and_cores_lie_within(seed):
    chosen = ParticleFrameSettings(edge=96, diameter=(8.0, 40.0))
    labels = draw_frame(chosen, np.random.default_rng(seed)).labels
    core = core_of(labels)
    assert not core[labels == 0].any()
    numbers = np.unique(labels[labels > 0])
    assert np.isin(numbers, labels[core]).all()


def test_a_particle_cut_by_the_border_has_its_core_at_the_border():
    labels = discs((0, 32), radius=14)
    assert core_of(labels)[0, 32]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_exact_maps_give_nearly_all_particles_back(seed):
    chosen = ParticleFrameSettings(
        edge=128, diameter=(10.0, 30.0), spread=(0.05, 0.15), shapes=("disc", "ellipse")
    )
    labels = draw_frame(chosen, np.random.default_rng(seed)).labels
    large = np.bincount(labels.ravel())
    labels[large[labels] < 40] = 0
    core = core_of(labels).astype(float)
    found = instances_from_probability((labels > 0).astype(float), core)
    truth = np.count_nonzero(np.unique(labels))
    assert len(match_instances(labels, found)) >= 0.9 * truth


def test_what_is_never_certain_or_too_small_is_left_out():
    labels = discs((16, 16), (48, 48))
    foreground = np.where(labels == 1, 0.95, np.where(labels == 2, 0.6, 0.05))
    core = core_of(labels) * foreground
    assert instances_from_probability(foreground, core).max() == 2
    assert instances_from_probability(foreground, core, certainty=0.7).max() == 1
    assert instances_from_probability(foreground, core, smallest_area=1000).max() == 0


def test_foreground_without_a_core_is_one_particle_where_it_is_connected():
    foreground = (discs((32, 20), (32, 36)) > 0).astype(float)
    assert instances_from_probability(foreground, np.zeros_like(foreground)).max() == 1
    assert instances_from_probability(foreground, None).max() == 2


def test_nothing_above_the_threshold_is_no_particle():
    nothing = np.full((20, 30), 0.4)
    found = instances_from_probability(nothing, nothing)
    assert found.shape == (20, 30)
    assert found.dtype == np.int32
    assert not found.any()


def test_particles_at_the_border_can_be_left_out():
    labels = discs((0, 20), (32, 32))
    kept = without_cut(labels)
    assert np.array_equal(kept > 0, labels == 2)
    assert kept.max() == 1


@pytest.mark.parametrize("scale", [1, 3])
def test_cores_do_not_depend_on_the_size_of_a_particle(scale):
    labels = np.kron(discs((32, 32)), np.ones((scale, scale), np.int32))
    share = np.count_nonzero(core_of(labels)) / np.count_nonzero(labels)
    assert share == pytest.approx(0.36, abs=0.06)
