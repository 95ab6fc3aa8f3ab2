"""Overlapping particles come apart into layers that stay the same."""

import numpy as np
import pytest

import separating
from napari_insitu_tem import Cancelled, Job, Recipe, SettingsError, run_recipe
from napari_insitu_tem.analysis.layer_moves import MoveError
from napari_insitu_tem.io.export import export
from napari_insitu_tem.io.labels import read_labels
from napari_insitu_tem.tasks.separate import (
    SeparateSettings,
    move_particles,
    propose_settings,
    separate,
)
from napari_insitu_tem.tasks.track import TrackSettings, track
from separating import SIDE, install, movie, squares, truth

KNOWN = SeparateSettings(diameter=18, polarity="dark")


def quiet(**values):
    return Job(on_progress=lambda _: None, on_log=lambda _: None, device="cpu", **values)


@pytest.fixture(autouse=True)
def network(monkeypatch):
    return install(monkeypatch)


def test_overlapping_particles_are_whole_in_their_own_layers():
    layers = separate(movie(), KNOWN, quiet())
    assert layers.names == ("layer 1", "layer 2") and layers.n_layers == 2
    for t in range(6):
        for labels, places in zip(layers.labels, truth(t), strict=True):
            assert np.array_equal(np.asarray(labels[t]) > 0, squares(places))
            assert len(np.unique(labels[t])) == len(places) + 1
    table = layers.particles
    assert sorted(table["particle"].unique()) == [1, 2, 3, 4, 5]
    assert (table.groupby("particle")["layer"].nunique() == 1).all()
    assert table["area"].eq(SIDE**2).all()
    alone = table[table["covered"] == 0]
    assert alone["particle"].nunique() == 1 and np.allclose(alone[["y", "x"]], [27.5, 107.5])


def test_a_particle_keeps_its_layer_where_the_network_confuses_the_layers():
    layers = separate(movie(swapped=(2, 4)), KNOWN, quiet())
    for t in range(6):
        for labels, places in zip(layers.labels, truth(t), strict=True):
            assert np.array_equal(np.asarray(labels[t]) > 0, squares(places))
    assert sorted(layers.particles["particle"].unique()) == [1, 2, 3, 4, 5]


def test_as_classes_every_frame_is_as_the_network_sees_it():
    settings = KNOWN.model_copy(update={"kind": "classes"})
    layers = separate(movie(swapped=(2,)), settings, quiet())
    first, second = truth(2)
    assert np.array_equal(np.asarray(layers.labels[0][2]) > 0, squares(second))
    assert np.array_equal(np.asarray(layers.labels[1][2]) > 0, squares(first))


def test_channels_of_classes_give_the_names_and_need_no_cores(monkeypatch):
    class Classes(separating.LevelReader):
        def forward(self, images):
            return super().forward(images)[:, [0, 2]]

    install(monkeypatch, channels=("core", "shell"), network=Classes)
    layers = separate(movie(n_frames=2), KNOWN, quiet())
    assert layers.names == ("core", "shell")
    assert np.array_equal(np.asarray(layers.labels[1][0]) > 0, squares(truth(0)[1]))


def test_size_and_polarity_are_found_from_the_movie():
    found = propose_settings(movie(n_frames=2), SeparateSettings(), quiet())
    assert found.polarity == "dark" and 12 < found.diameter < 26
    alone = separate(movie(n_frames=1), SeparateSettings(), quiet())
    assert len(alone.particles) == 5


def test_a_particle_moved_by_hand_is_in_the_other_layer_and_comes_back():
    layers = separate(movie(), KNOWN, quiet())
    lonely = int(layers.labels[1][0][27, 107])
    moved = move_particles(layers, ((lonely, 1, 3),))
    for t in range(6):
        assert (moved.labels[0][t][27, 107] == lonely) == (t >= 3)
        assert (moved.labels[1][t][27, 107] == lonely) == (t < 3)
    assert moved.particles.set_index(["particle", "frame"])["layer"][lonely].tolist() == [
        2, 2, 2, 1, 1, 1,
    ]  # fmt: skip
    assert moved.provenance.steps[-1].settings["flips"] == [[lonely, 1, 3]]
    # The same settings make the same result again.
    again = separate(movie(), KNOWN.model_copy(update={"flips": ((lonely, 1, 3),)}), quiet())
    for one, other in zip(moved.labels, again.labels, strict=True):
        assert np.array_equal(one[:], other[:])
    back = move_particles(moved, ((lonely, 2),))
    for one, other in zip(layers.labels, back.labels, strict=True):
        assert np.array_equal(one[:], other[:])
    with pytest.raises(MoveError, match="no particle 99"):
        move_particles(layers, ((99, 1),))


def test_every_layer_goes_into_track_like_any_masks():
    layers = separate(movie(), KNOWN, quiet())
    second = layers.layer(2)
    tracks = track(second, TrackSettings(min_length=1), quiet())
    assert tracks.particles["track"].nunique() == 3
    assert "orientation" in tracks.particles
    assert second.movie.name == "squares layer 2"
    # The history says which layer it is.
    steps = tracks.provenance.steps
    assert [step.task for step in steps] == ["separate", "track"]
    assert steps[0].settings["go_on_with"] == 2
    assert steps[0].models == {"layers": "ab" * 32}


def test_a_recipe_goes_on_with_the_layer_that_it_names():
    recipe = Recipe.from_toml(
        '[[step]]\ntask = "separate"\ndiameter = 18\npolarity = "dark"\ngo_on_with = 2\n'
        'flips = [[1, 2]]\n[[step]]\ntask = "track"\nmin_length = 1\n'
    )
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    results = [result for _, result in run_recipe(recipe, movie(), quiet())]
    assert results[1].particles["track"].nunique() == 4
    again = Recipe.from_provenance(results[1].provenance)
    assert again.steps[0].settings.go_on_with == 2


def test_layers_are_exported_as_one_masks_file_each(tmp_path):
    layers = separate(movie(n_frames=2), KNOWN, quiet())
    files = {path.name for path in export(layers, tmp_path, job=quiet())}
    assert {
        "squares_layer_1_masks.ome.tif",
        "squares_layer_2_masks.ome.tif",
        "squares_layer_1.mp4",
        "squares_particles.csv",
    } <= files
    labels, _ = read_labels(tmp_path / "squares_layer_2_masks.ome.tif")
    assert np.array_equal(np.asarray(labels[1]), np.asarray(layers.labels[1][1]))
    header = (tmp_path / "squares_particles.csv").read_text().splitlines()[0]
    assert header == "frame,particle,layer,y_nm,x_nm,area_nm2,certainty,covered"


def test_the_command_writes_a_masks_file_for_every_layer(tmp_path):
    from typer.testing import CliRunner

    from napari_insitu_tem.cli import app
    from napari_insitu_tem.io.write import write_movie

    path = write_movie(movie(n_frames=2), tmp_path / "squares.ome.tif", quiet())
    options = ["--diameter", "18", "--polarity", "dark", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["separate", str(path), *options])
    assert done.exit_code == 0, done.output
    written = {file.name for file in (tmp_path / "out").iterdir()}
    assert {f"squares_layer_{n}_masks.ome.tif" for n in (1, 2)} <= written
    wrong = CliRunner().invoke(app, ["separate", str(path), *options, "--go-on-with", "5"])
    assert wrong.exit_code == 1 and "There is no layer 5" in wrong.output


def test_nothing_to_see_gives_empty_layers():
    flat = movie(n_frames=2)
    flat = flat.replace(data=np.full(flat.data.shape, 100, np.float32))
    layers = separate(flat, SeparateSettings(), quiet())
    assert len(layers.particles) == 0
    assert not any(np.asarray(labels[t]).any() for labels in layers.labels for t in range(2))


def test_cancel_ends_it_between_frames():
    with pytest.raises(Cancelled):
        separate(movie(), KNOWN, quiet(is_cancelled=lambda: True))


def test_settings_that_cannot_be_are_refused_in_plain_words():
    with pytest.raises(SettingsError, match=r"\[particle, layer\]"):
        SeparateSettings.from_dict({"flips": [[1]]})
    with pytest.raises(SettingsError, match="has 2 \\(layer 1, layer 2\\)"):
        separate(movie(n_frames=1), KNOWN.model_copy(update={"go_on_with": 3}), quiet())
