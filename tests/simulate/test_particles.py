import numpy as np
import pytest

from napari_insitu_tem import Cancelled, Job, SettingsError
from napari_insitu_tem.simulate.contact import gaps
from napari_insitu_tem.simulate.particles import (
    ParticleMovieSettings,
    ParticleScene,
    simulate_particles,
    simulate_particles_lazily,
)
from napari_insitu_tem.simulate.shapes import vertices

SMALL = {"height": 160, "width": 200, "particles": 8, "n_frames": 12, "size": 16.0}
STILL = {"drift": 0.0, "jitter": 0.0, "grain": 0.0, "illumination": 0.0}


def simulate(seed=0, **changes):
    settings = ParticleMovieSettings(**{**SMALL, **changes})
    return simulate_particles(settings, Job(on_progress=lambda p: None, seed=seed, workers=1))


def steps(poses, columns):
    poses = poses.sort_values(["particle", "frame"])
    return poses.groupby("particle")[columns].diff().dropna()


@pytest.mark.parametrize("shape", ["cube", "rod", "prism", "hexagon", "sphere", "mixed"])
def test_masks_have_the_area_the_place_and_the_numbers_of_the_true_table(shape):
    simulated = simulate(shape=shape, size=24.0, size_spread=0.1)
    errors = []
    for frame, table in simulated.poses.groupby("frame"):
        labels = simulated.labels[frame]
        areas = np.bincount(labels.ravel())
        assert set(np.flatnonzero(areas)) - {0} == set(table["particle"])
        for row in table.itertuples():
            assert areas[row.particle] == pytest.approx(row.area, rel=0.08)
            y, x = np.nonzero(labels == row.particle)
            errors.append(np.hypot(y.mean() - row.y, x.mean() - row.x))
    # A whole-pixel mask of a cube along the axes may be half a pixel off on either axis.
    assert max(errors) < 0.71
    assert np.mean(errors) < 0.15
    assert simulated.poses["inside"].all()


def test_free_particles_diffuse_as_they_are_told_to():
    # Far from each other, most steps are free; 20 particles x 400 steps x 2 axes: 1.1 %.
    settings = ParticleMovieSettings(
        height=1024, width=1024, particles=20, size=12.0, n_frames=400, diffusion=2.0,
        rotational_diffusion=9.0,
    )  # fmt: skip
    poses = ParticleScene(settings, seed=3).poses()
    moved = steps(poses, ["y_sample", "x_sample", "orientation"])
    translational = (moved["y_sample"] ** 2 + moved["x_sample"] ** 2).mean() / 4
    assert translational == pytest.approx(2.0, rel=0.06)
    assert (moved["orientation"] ** 2).mean() / 2 == pytest.approx(9.0, rel=0.06)


def test_particles_never_overlap_and_stay_in_view():
    settings = ParticleMovieSettings(
        height=200, width=200, particles=25, size=20.0, size_spread=0.2, n_frames=60, diffusion=4.0,
        drift=0.2,
    )  # fmt: skip
    scene = ParticleScene(settings)
    moved = scene.trajectories
    first, second = np.triu_indices(25, 1)
    touching = 0
    for frame in range(0, 60, 3):
        corners = np.stack(
            [
                vertices(
                    "cube", moved.size[frame, b], moved.centre[frame, b], moved.angle[frame, b]
                )
                for b in range(25)
            ]
        )
        gap = gaps(corners[first], corners[second])
        assert gap.min() > -1e-6
        touching += int((gap < 1).sum())
        in_image = corners + scene.drift[frame]
        assert in_image.min() >= -0.5
        assert in_image.max() <= 199.5
    assert touching > 0


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, again, other = simulate(seed=1), simulate(seed=1), simulate(seed=2)
    assert first.movie.data.tobytes() == again.movie.data.tobytes()
    assert first.labels.tobytes() == again.labels.tobytes()
    assert first.movie.data.tobytes() != other.movie.data.tobytes()


def test_a_lazy_movie_is_the_stored_one():
    stored = simulate(shape="mixed")
    lazy = simulate_particles_lazily(ParticleMovieSettings(**{**SMALL, "shape": "mixed"}))
    assert lazy.movie.data.chunks[0] == (1,) * SMALL["n_frames"]
    np.testing.assert_array_equal(lazy.movie.frame(7), stored.movie.frame(7))
    np.testing.assert_array_equal(np.asarray(lazy.labels[7]), stored.labels[7])


def test_positions_in_the_image_are_those_in_the_sample_plus_the_drift():
    simulated = simulate(drift=0.3, jitter=0.4, n_frames=30)
    shift = simulated.drift[simulated.poses["frame"]]
    np.testing.assert_allclose(simulated.poses["y"], simulated.poses["y_sample"] + shift[:, 0])
    np.testing.assert_allclose(simulated.poses["x"], simulated.poses["x_sample"] + shift[:, 1])
    assert np.all(simulated.drift[0] == 0)
    assert simulated.drift.std() > 0.3


def test_the_ground_and_a_cube_transmit_by_beer_and_lambert():
    settings = ParticleMovieSettings(**{**SMALL, **STILL, "size_spread": 0.0, "dose": 2.0})
    scene = ParticleScene(settings)
    electrons, labels = scene.expected_electrons(0), scene.label_image(0)
    cell = np.exp(-150 / 185 - 100 / 144)
    assert electrons[0, 0] == pytest.approx(2.0 * 100 * cell)
    inner = scene.poses().iloc[0]
    y, x = round(inner["y"]), round(inner["x"])
    assert labels[y, x] == inner["particle"]
    assert electrons[y, x] == pytest.approx(2.0 * 100 * cell * np.exp(-16 / 40))
    # What all of them remove is the sum of their areas times what one of them removes.
    removed = (1 - electrons / electrons[0, 0]).sum() / (1 - np.exp(-16 / 40))
    assert removed == pytest.approx(8 * 16**2, rel=0.005)


def test_particles_are_dark_in_bright_field_and_bright_in_dark_field():
    for contrast, darker in (("bright field", True), ("dark field", False)):
        simulated = simulate(contrast=contrast, n_frames=1)
        frame, inside = simulated.movie.frame(0), simulated.labels[0] > 0
        assert (frame[inside].mean() < frame[~inside].mean()) == darker


def test_noise_follows_the_dose():
    flat = {**STILL, "mtf_c2": 1e6, "readout_noise": 0.0, "gain": 1.0, "offset": 0.0, "n_frames": 1}
    for dose in (1.0, 8.0):
        simulated = simulate(dose=dose, **flat)
        ground = simulated.movie.frame(0)[simulated.labels[0] == 0].astype(float)
        # Edge pixels hold a part of a particle; the median and quartiles do not see them.
        low, middle, high = np.percentile(ground, [15.87, 50, 84.13])
        expected = dose * 100 * np.exp(-150 / 185 - 100 / 144)
        assert middle == pytest.approx(expected, rel=0.05)
        assert (high - low) / 2 == pytest.approx(np.sqrt(expected), rel=0.12)


def test_uneven_illumination_goes_as_deep_as_it_says():
    scene = ParticleScene(ParticleMovieSettings(**{**SMALL, **STILL, "illumination": 0.4}))
    ground = scene.expected_electrons(0)[scene.label_image(0) == 0]
    assert ground.min() / ground.max() < 0.65
    even = ParticleScene(ParticleMovieSettings(**{**SMALL, **STILL}))
    assert np.percentile(even.expected_electrons(0), 30) == even.expected_electrons(0).max()


@pytest.mark.parametrize(("joining", "splitting"), [("aligned", 0.1), ("coalescence", 0.0)])
def test_events_agree_with_the_masks_and_the_table(joining, splitting):
    simulated = simulate(
        particles=30, n_frames=60, diffusion=4.0, joining=joining, clearance=1.0,
        joining_probability=1.0, splitting_probability=splitting,
    )  # fmt: skip
    events = simulated.events
    assert (events["kind"] == "merge").sum() > 3
    if splitting:
        assert (events["kind"] == "split").sum() > 3
    lives = simulated.poses.groupby("particle")["frame"].agg(["min", "max", "count"])
    assert (lives["max"] - lives["min"] + 1 == lives["count"]).all()
    for event in events.itertuples():
        assert (len(event.parents), len(event.children)) == (
            (2, 1) if event.kind == "merge" else (1, 2)
        )
        assert all(lives.loc[parent, "max"] == event.frame - 1 for parent in event.parents)
        assert all(lives.loc[child, "min"] == event.frame for child in event.children)
        before = np.isin(simulated.labels[event.frame - 1], event.parents)
        after = np.isin(simulated.labels[event.frame], event.children)
        assert after.sum() == pytest.approx(before.sum(), rel=0.1)
        assert (before & after).sum() > 0.3 * before.sum()
    assert simulated.graph == {
        child: list(event.parents) for event in events.itertuples() for child in event.children
    }


def test_growth_changes_the_size_at_its_rate():
    simulated = simulate(growth=0.25, size_spread=0.0, n_frames=20, particles=5)
    last = simulated.poses[simulated.poses["frame"] == 19]
    np.testing.assert_allclose(last["size"], 16 + 19 * 0.25)
    areas = np.bincount(simulated.labels[19].ravel())[1:]
    np.testing.assert_allclose(areas[areas > 0], (16 + 19 * 0.25) ** 2, rtol=0.08)


def test_what_is_etched_away_is_gone():
    simulated = simulate(growth=-1.0, size_spread=0.0, n_frames=20, particles=5)
    assert simulated.poses["frame"].max() == 13
    assert not np.asarray(simulated.labels[19]).any()


def test_a_particle_that_comes_back_into_an_open_view_is_a_new_one():
    simulated = simulate(edges="open", n_frames=80, diffusion=16.0, particles=20)
    lives = simulated.poses.groupby("particle")["frame"].agg(["min", "max", "count"])
    assert (lives["max"] - lives["min"] + 1 == lives["count"]).all()
    assert len(lives) > 20
    for frame in (0, 40, 79):
        there = simulated.poses.loc[simulated.poses["frame"] == frame, "particle"]
        assert set(np.unique(simulated.labels[frame])) - {0} == set(there)


def test_attraction_keeps_touching_particles_together():
    crowded = {"particles": 20, "n_frames": 80, "diffusion": 2.0}
    free = ParticleScene(ParticleMovieSettings(**{**SMALL, **crowded}))
    bound = ParticleScene(ParticleMovieSettings(**{**SMALL, **crowded, "attraction": 5.0}))

    def nearest(scene):
        from scipy.spatial import cKDTree

        centre = scene.trajectories.centre[-20:]
        return np.mean([cKDTree(points).query(points, k=2)[0][:, 1].mean() for points in centre])

    assert nearest(bound) < nearest(free)


def test_distractors_darken_the_image_but_are_not_in_the_masks():
    plain = ParticleScene(ParticleMovieSettings(**SMALL))
    crowded = ParticleScene(ParticleMovieSettings(**SMALL, distractors=10))
    np.testing.assert_array_equal(plain.label_image(0), crowded.label_image(0))
    assert crowded.expected_electrons(0).sum() < plain.expected_electrons(0).sum()


def test_too_many_particles_are_refused_in_plain_words():
    with pytest.raises(SettingsError, match="do not fit"):
        ParticleScene(ParticleMovieSettings(**{**SMALL, "particles": 150, "size": 40.0}))


def test_a_cancel_ends_the_simulation():
    with pytest.raises(Cancelled):
        simulate_particles(
            ParticleMovieSettings(**SMALL),
            Job(on_progress=lambda p: None, is_cancelled=lambda: True),
        )
