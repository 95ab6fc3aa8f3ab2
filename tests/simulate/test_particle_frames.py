"""Training frames of particles: what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.particle_frames import ParticleFrameSettings, draw_frame
from napari_insitu_tem.simulate.particle_frames.arrangement import place
from napari_insitu_tem.simulate.particle_frames.outlines import draw_outline, project

SHAPES = ("disc", "ellipse", "polygon", "rod", "irregular")


def test_the_same_seed_draws_the_same_frame_and_another_one_another():
    chosen = ParticleFrameSettings(edge=64)
    one, same, other = (draw_frame(chosen, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one.image, same.image)
    assert np.array_equal(one.labels, same.labels)
    assert not np.array_equal(one.image, other.image)


def test_particles_are_darker_than_their_surroundings_where_they_can_be_seen():
    chosen = ParticleFrameSettings(
        edge=96,
        diameter=(16.0, 16.0),
        visibility=(200.0, 200.0),
        film=(0.0, 0.0),
        structures=(0.0, 0.0),
        illumination=(0.0, 0.0),
        distractors=(0.0, 0.0),
        empty=0.0,
    )
    differences = []
    for seed in range(12):
        frame = draw_frame(chosen, np.random.default_rng(seed))
        inside = frame.labels > 0
        if inside.any() and not inside.all():
            difference = frame.image[inside].mean() - frame.image[~inside].mean()
            differences.append(difference / frame.image.std())
    assert len(differences) > 8
    assert max(differences) < -0.5


def test_an_empty_frame_has_no_labels():
    chosen = ParticleFrameSettings(edge=64, empty=1.0)
    frame = draw_frame(chosen, np.random.default_rng(0))
    assert not frame.labels.any()
    assert frame.image.std() > 0


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 1000), diameter=st.floats(12, 40))
@settings(max_examples=15, deadline=None)
def test_an_outline_covers_the_area_of_a_disc_of_its_diameter(shape, seed, diameter):
    outline = draw_outline(shape, diameter, np.random.default_rng(seed))
    _, coverage, _ = project(outline, (100.3, 99.8), 200, "flat")
    assert coverage.sum() == pytest.approx(np.pi / 4 * diameter**2, rel=0.06)


def test_thickness_is_largest_in_the_middle_and_nothing_outside():
    outline = draw_outline("disc", 30, np.random.default_rng(0))
    window, coverage, thickness = project(outline, (50.0, 50.0), 100, "ball")
    middle = 50 - window[0].start
    assert thickness[middle, middle] == pytest.approx(1, abs=0.01)
    assert thickness[coverage == 0].max() == 0
    assert project(outline, (-40.0, 50.0), 100, "ball") is None


@pytest.mark.parametrize("arrangement", ["scattered", "touching", "clusters", "lattice", "few"])
def test_particles_overlap_little_however_they_are_arranged(arrangement):
    centres, radii = place(arrangement, 8.0, 0.1, 0.3, 160, np.random.default_rng(5))
    assert len(centres) == len(radii) > 0
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    touching = radii[:, None] + radii[None]
    np.fill_diagonal(apart, np.inf)
    assert (apart / touching).min() > 0.7


def test_impossible_ranges_are_refused_in_one_sentence():
    with pytest.raises(SettingsError, match="no range"):
        ParticleFrameSettings.from_dict({"diameter": (20.0, 10.0)})
    with pytest.raises(SettingsError, match="3 px"):
        ParticleFrameSettings.from_dict({"diameter": (1.0, 10.0)})
