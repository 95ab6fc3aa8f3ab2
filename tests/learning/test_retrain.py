"""Retraining: it learns from corrected frames only, judges by the one left out, keeps the old."""

import dataclasses

import numpy as np
import pytest
import torch

from napari_insitu_tem import Job, Movie, Segmentation
from napari_insitu_tem.cli import app
from napari_insitu_tem.inference.particles import Instances
from napari_insitu_tem.inference.views import View, maps_of
from napari_insitu_tem.io.corrections import Corrections, save_corrections
from napari_insitu_tem.io.write import write_labels, write_movie
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.learning import loop
from napari_insitu_tem.learning.recipes import RecipeError, find_recipe
from napari_insitu_tem.learning.retrain import RetrainSettings, retrain
from napari_insitu_tem.learning.retrain_mix import (
    Listed,
    Mixed,
    frames_as_seen,
    simulated_of,
    without_border,
)
from napari_insitu_tem.learning.retrain_samples import CorrectedFrame, corrected_of, split
from napari_insitu_tem.learning.retrain_view import (
    Segmented,
    how_segmented,
    seen,
    view_of,
    views_nearby,
)
from napari_insitu_tem.learning.samples import Sample, SampleError
from napari_insitu_tem.models import ModelCard, ModelError, building, list_models, save_model
from napari_insitu_tem.models import store as model_store
from napari_insitu_tem.networks import build_network
from napari_insitu_tem.provenance import Provenance, Step

ARGUMENTS = {"channels": [6, 8], "out_channels": 2}
QUICK = RetrainSettings(steps=3, simulated=0)
EDGE = 64


def frame_of_discs(rng, *, dark=True, hollow=False, radius=9.0):
    """Return a frame of three discs that do not touch, and its labels."""
    y, x = np.mgrid[:EDGE, :EDGE]
    labels = np.zeros((EDGE, EDGE), np.int32)
    image = np.full((EDGE, EDGE), 100.0)
    for number, (row, column) in enumerate(((16, 16), (18, 46), (46, 30)), start=1):
        distance = np.hypot(*(a - c - rng.uniform(-3, 3) for a, c in ((y, row), (x, column))))
        inside = distance < radius
        labels[inside] = number
        image[inside] += -40 if dark else 40
        if hollow:
            image[distance < 0.6 * radius] = 110 if dark else 90
    return rng.normal(image, 4).astype(np.float32), labels


def discs(count=3, *, corrected=None, provenance=None, seed=0, **values):
    """Return a segmentation whose corrected frames are right."""
    found = [frame_of_discs(np.random.default_rng((seed, i)), **values) for i in range(count)]
    movie = Movie(np.stack([image for image, _ in found]), name="discs")
    labels = np.stack([labels for _, labels in found])
    chosen = range(count) if corrected is None else corrected
    return Segmentation(labels, movie, frozenset(chosen), provenance=provenance)


def history(**settings):
    step = Step("segment", settings)
    return Provenance("discs", "0").then(step)


@pytest.fixture(autouse=True)
def particles(tmp_path, monkeypatch):
    """A store with a tiny network 'particles', which knows nothing."""
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(model_store, "SHIPPED", tmp_path / "shipped")
    building.forget_networks()
    torch.manual_seed(0)
    card = ModelCard(
        name="particles",
        task="segment",
        network="unet",
        arguments=ARGUMENTS,
        channels=("foreground", "core"),
        polarity="dark",
        trained_on="nothing.",
        training={"patch": 32},
    )
    return save_model(card, build_network("unet", ARGUMENTS).state_dict(), model_store.SHIPPED)


@pytest.fixture
def taught(monkeypatch):
    """Note what the training loop is given."""
    given = {}
    train = loop.train

    def listening(network, training, validation, *args, **values):
        given.update(training=training, validation=validation)
        return train(network, training, validation, *args, **values)

    monkeypatch.setattr(loop, "train", listening)
    return given


# -- which frames ----------------------------------------------------------------------------


def test_the_frame_left_out_is_never_learnt_from_nor_does_it_decide_when_to_stop(taught, quiet_job):
    segmentation = discs(5, corrected=(0, 2, 4))
    result = retrain(segmentation, QUICK, quiet_job)
    names = {taught["training"].sample(index).name for index in range(200)}
    kinds = ("", ", other scale", ", inverted")
    assert names == {f"frame {n}{kind}" for n in (0, 2) for kind in kinds}
    assert taught["validation"] is None
    assert result.left_out.index == 4
    assert result.trained_on == (0, 2)


def test_another_corrected_frame_can_be_left_out(quiet_job):
    result = retrain(discs(3), QUICK.model_copy(update={"left_out": 0}), quiet_job)
    assert (result.left_out.index, result.trained_on) == (0, (1, 2))
    with pytest.raises(SampleError, match=r"Frame 7 cannot be left out.*0, 1, 2"):
        split(corrected_of(discs(3)), 7)


def test_of_a_single_frame_one_half_is_learnt_from_and_the_other_judges(taught, quiet_job):
    segmentation = discs(2, corrected=(1,))
    result = retrain(segmentation, QUICK, quiet_job)
    assert (
        "left half is learnt from, and both networks are compared on its right half" in result.words
    )
    assert result.left_out.part == (slice(0, EDGE), slice(EDGE // 2, EDGE))
    half = result.left_out.labels
    assert np.array_equal(half, segmentation.labels[1][:, EDGE // 2 :])
    assert result.after.shape == half.shape


def test_an_empty_half_is_not_what_is_learnt_from():
    segmentation = discs(1)
    segmentation.labels[0, :, : EDGE // 2 + 5] = 0
    parts = split(corrected_of(segmentation))
    assert "right half is learnt from" in parts.words
    assert parts.training[0].labels.any()


def test_what_cannot_be_learnt_from_is_refused_in_plain_words():
    with pytest.raises(SampleError, match="No frame is corrected yet"):
        corrected_of(discs(2, corrected=()))
    with pytest.raises(SampleError, match="There is no frame 9: the movie's frames are 0 to 1"):
        corrected_of(discs(2, corrected=(0, 9)))
    nothing = discs(2)
    nothing.labels[:] = 0
    with pytest.raises(SampleError, match="all corrected frames are empty"):
        corrected_of(nothing)
    nothing.labels[1, 20:40, 20:40] = 1
    with pytest.raises(SampleError, match="Besides frame 1, which is left out"):
        split(corrected_of(nothing))


def test_painting_on_during_the_training_does_not_reach_what_is_learnt():
    segmentation = discs(2)
    (first, _) = corrected_of(segmentation)
    segmentation.labels[0] = 7
    assert 7 not in first.labels


# -- how they are seen -----------------------------------------------------------------------


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("hollow", [True, False])
def test_masks_tell_size_and_polarity_even_of_hollow_particles(rng, dark, hollow):
    image, labels = frame_of_discs(rng, dark=dark, hollow=hollow)
    view = view_of([image], [labels])
    assert view.bright != dark
    assert view.diameter == pytest.approx(18, rel=0.1)


def test_what_the_user_gave_counts_more_than_what_masks_tell(rng):
    image, labels = frame_of_discs(rng)
    view = view_of([image], [labels], Segmented(bright=True, diameter=96.0))
    assert (view.bright, view.diameter, view.scale) == (True, 96.0, 0.75)


@pytest.mark.parametrize(
    "view", [View(1.0, False, 18.0), View(0.5, True, 60.0), View(2.0, True, 7.0)]
)
def test_frames_are_learnt_from_just_as_they_are_given_to_the_network(rng, view):
    image, labels = frame_of_discs(rng)
    given = []

    def predict(frame):
        given.append(frame)
        return np.zeros((2, *frame.shape), np.float32)

    maps_of(image, view, predict, likes="dark")
    sample = seen(Sample(image, labels), view, likes="dark")
    assert np.array_equal(sample.image, given[0])
    assert sample.labels.shape[1:] == sample.image.shape
    share = (sample.labels[0] > 0).mean() / (labels > 0).mean()
    assert share == pytest.approx(1, abs=0.03)
    inside = sample.image[sample.labels[0] > 0].mean()
    assert (inside > sample.image.mean()) == view.bright  # these are dark, and inverted if not


def test_frames_are_also_seen_as_in_the_search_for_size_and_polarity(rng):
    image, labels = frame_of_discs(rng)
    frame = CorrectedFrame(3, image, labels, (slice(0, EDGE), slice(0, EDGE)))
    view = View(1.0, False, 18.0)
    as_used, nearby, inverted = (
        [part.sample(index) for index in range(len(part))]
        for part, _ in frames_as_seen([frame], view, likes="dark", drop_edge=False)
    )
    assert [each.image.shape[0] for each in as_used] == [EDGE]
    assert [each.image.shape[0] for each in nearby] == [EDGE * 2]  # half would be too small
    assert [each.image.shape[0] for each in inverted] == [EDGE, EDGE * 2]
    assert np.array_equal(inverted[0].image, -as_used[0].image)
    assert not any(each.labels.any() for each in inverted)
    assert all(each.labels.max() == 3 for each in as_used + nearby)
    parts = frames_as_seen([frame], view, likes="any", drop_edge=False)
    assert len(parts) == 2
    assert sum(share for _, share in parts) == pytest.approx(1)


def test_of_a_large_frame_a_window_in_the_midst_of_its_particles_is_taken():
    labels = np.zeros((900, 300), np.int32)
    labels[700:720, 40:60] = 5
    frame = CorrectedFrame(0, labels.astype(np.float32), labels, (slice(10, 910), slice(0, 300)))
    part = frame.window(200)
    assert part.image.shape == part.labels.shape == (200, 200)
    assert (part.labels == 5).sum() == 400
    assert np.array_equal(part.labels, labels[part.part[0].start - 10 :, :][:200, :200])
    assert frame.window(900) is frame
    empty = CorrectedFrame(0, labels * 0.0, labels * 0, (slice(0, 900), slice(0, 300)))
    assert empty.window(200).image.shape == (200, 200)


@pytest.mark.parametrize(
    ("view", "scales"),
    [
        (View(1.0, True, 20.0), [0.5, 2.0]),
        (View(1.4, True, 10.0), [0.7]),  # twice is more than any search tries
        (View(1.0, True, 12.0), [2.0]),  # at half, particles could not be made out
    ],
)
def test_other_scales_are_those_that_a_search_tries(view, scales):
    assert [each.scale for each in views_nearby(view, (256, 256), bright=True)] == scales


def test_pixels_that_are_not_numbers_do_not_count(rng):
    image, labels = frame_of_discs(rng)
    image[:10] = np.nan
    sample = seen(Sample(image, labels), View(1.0, False, 18.0), likes="dark")
    assert not sample.valid[:10].any()
    assert sample.valid[10:].all()


def test_where_cut_particles_were_left_out_the_border_does_not_count(taught, rng, quiet_job):
    sample = without_border(Sample(*frame_of_discs(rng)), 6)
    assert sample.valid.sum() == (EDGE - 12) ** 2
    made = history(model="particles", drop_edge=True)
    retrain(discs(2, provenance=made), QUICK, quiet_job)
    learnt = (taught["training"].sample(index) for index in range(50))
    assert not any(each.valid[0].any() for each in learnt)


def test_the_history_says_which_network_and_settings_made_the_masks():
    made = history(model="mine", polarity="dark", diameter=30.0, probability=0.3, split=0.5)
    how = how_segmented(discs(1, provenance=made))
    assert (how.model, how.bright, how.diameter) == ("mine", False, 30.0)
    assert how.instances == Instances(threshold=0.3, split=0.5)
    classical = history(model="classical", polarity="auto", split=0.1)
    assert how_segmented(discs(1, provenance=classical)) == Segmented()
    assert how_segmented(discs(1)) == Segmented()


# -- learning --------------------------------------------------------------------------------


def test_it_gets_better_on_the_frame_left_out_and_the_old_network_stays_as_it_was(
    particles, quiet_job
):
    weights = (particles.folder / "weights.safetensors").read_bytes()
    settings = RetrainSettings(steps=60, simulated=0, learning_rate=0.02)
    result = retrain(discs(4), settings, quiet_job)
    assert result.scores_before["f1"] < 0.3
    assert result.scores_after["f1"] > 0.6
    assert result.scores_after["foreground_iou"] > result.scores_before["foreground_iou"] + 0.3
    assert (particles.folder / "weights.safetensors").read_bytes() == weights
    ready = particles.load().state_dict()  # the one that is shared by all who run it
    assert all(torch.equal(ready[name], each) for name, each in particles.state().items())


def test_batch_statistics_stay_those_of_the_old_network(particles, quiet_job):
    state = retrain(discs(2), QUICK, quiet_job).trained.state
    before = particles.state()
    statistics = [name for name in state if "running" in name]
    assert statistics
    assert all(torch.equal(state[name], before[name]) for name in statistics)
    assert not all(torch.equal(state[name], before[name]) for name in state)


def test_enough_ends_it_with_what_was_learnt_and_cancel_with_nothing(quiet_job):
    reports = []
    settings = RetrainSettings(steps=100_000, simulated=0)
    result = retrain(
        discs(2), settings, quiet_job, on_report=reports.append, enough=lambda: len(reports) > 0
    )
    assert result.trained.stopped == "cancelled"
    assert result.trained.best.step < 1000
    assert result.after.shape == (EDGE, EDGE)
    seen_reports = []
    job = Job(on_progress=lambda _: None, is_cancelled=lambda: len(seen_reports) > 0)
    with pytest.raises(Cancelled):
        retrain(discs(2), settings, job, on_report=seen_reports.append)


def test_a_network_for_something_else_or_none_at_all_is_refused(particles, quiet_job):
    card = particles.card.model_copy(
        update={"name": "other", "task": "layers", "channels": ("layer 1", "core 1")}
    )
    save_model(card, particles.state())
    with pytest.raises(ModelError, match="for layers, not for segment"):
        retrain(discs(2), QUICK.model_copy(update={"model": "other"}), quiet_job)
    with pytest.raises(ModelError, match="There is no model 'gone'"):
        retrain(discs(2, provenance=history(model="gone")), QUICK, quiet_job)


# -- simulated frames in between -------------------------------------------------------------


class Simulated:
    """A training set of constant frames."""

    def __len__(self):
        return 50

    def sample(self, index):
        return Sample(np.ones((8, 8)), np.zeros((8, 8), int), name="simulated")


def test_simulated_frames_have_the_share_asked_for_and_corrected_ones_come_equally_often(rng):
    corrected = [Sample(*frame_of_discs(rng), name=name) for name in "ab"]
    parts = [(Simulated(), 0.25), (Listed(corrected), 0.75)]
    mixed = Mixed(parts, count=2000)
    names = [mixed.sample(index).name for index in range(len(mixed))]
    assert names.count("simulated") / len(names) == pytest.approx(0.25, abs=0.03)
    assert names.count("a") / names.count("b") == pytest.approx(1, abs=0.15)
    again = Mixed(parts, count=2000)
    assert names == [again.sample(index).name for index in range(len(again))]


def test_the_card_of_the_start_says_what_to_mix_in():
    drawn = simulated_of({"data": {"simulator": "particles", "settings": {"edge": 64}}}, 0)
    assert drawn.sample(0).image.shape == (64, 64)
    for nothing in ({}, {"data": {"kind": "folder", "folder": "x"}}, {"data": {"simulator": "?"}}):
        assert simulated_of(nothing, 0) is None


def test_it_says_when_there_is_nothing_to_mix_in(quiet_job):
    said = []
    retrain(discs(2), RetrainSettings(steps=1), dataclasses.replace(quiet_job, on_log=said.append))
    assert any("was not trained on a simulator" in words for words in said)


# -- keeping it ------------------------------------------------------------------------------


def test_the_new_card_says_where_it_is_from_and_how_good_it_was_before_and_after(
    particles, quiet_job
):
    result = retrain(discs(3), QUICK, quiet_job)
    model = result.save("mine")
    card = model.card
    assert (card.name, card.parent, card.channels) == ("mine", "particles", particles.card.channels)
    assert "corrected frames of 'discs': 0, 1" in card.trained_on
    measures = {row["measure"]: row for row in card.quality}
    assert measures["F1@0.5"]["value"] == pytest.approx(result.scores_after["f1"], abs=1e-4)
    assert measures["F1@0.5"]["baseline"] == pytest.approx(result.scores_before["f1"], abs=1e-4)
    assert "frame 2 (left out)" in measures["F1@0.5"]["data"]
    assert card.training["patch"] == 32  # for the next time
    state = model.state()
    assert all(torch.equal(state[name], each) for name, each in result.trained.state.items())
    with pytest.raises(RecipeError, match="Retrain again from 'particles'"):
        find_recipe("mine")


def test_no_other_network_is_ever_replaced(particles, quiet_job):
    result = retrain(discs(2), QUICK, quiet_job)
    assert result.proposed_name() == "particles-discs"
    with pytest.raises(ModelError, match="ships with the package"):
        result.save("particles")
    result.save("particles-discs")
    assert result.proposed_name() == "particles-discs-2"
    with pytest.raises(ModelError, match="already"):
        result.save("particles-discs")


# -- by command ------------------------------------------------------------------------------


@pytest.fixture
def run():
    from typer.testing import CliRunner

    def run(*arguments):
        return CliRunner().invoke(app, ["retrain", *map(str, arguments), "--device", "cpu"])

    return run


def test_the_command_retrains_and_says_before_and_after(tmp_path, run):
    segmentation = discs(3)
    movie, masks = tmp_path / "discs.ome.tif", tmp_path / "masks.ome.tif"
    write_movie(segmentation.movie, movie)
    write_labels(segmentation.replace(corrected=frozenset()), masks)
    done = run(movie, masks, "--corrected", "0,2", "--name", "new", "--steps", 2)
    assert done.exit_code == 0, done.output
    assert "Frame 2 is not learnt from" in done.output
    assert "F1" in done.output
    assert "insitu-tem segment" in done.output
    assert "--model new --polarity dark" in done.output
    assert [model.name for model in list_models()] == ["particles", "new"]


def test_the_command_takes_saved_corrections(tmp_path, run):
    segmentation = discs(3, corrected=(0, 1))
    movie, path = tmp_path / "discs.ome.tif", tmp_path / "x.corrections.tif"
    write_movie(segmentation.movie, movie)
    save_corrections(dataclasses.replace(Corrections.of(segmentation), fingerprint=""), path)
    done = run(movie, path, "--name", "new", "--steps", 1)
    assert done.exit_code == 0, done.output
    assert "Frame 1 is not learnt from" in done.output


def test_the_command_says_in_a_line_what_is_wrong(tmp_path, run, particles):
    segmentation = discs(2)
    movie, masks = tmp_path / "discs.ome.tif", tmp_path / "masks.ome.tif"
    write_movie(segmentation.movie, movie)
    write_labels(segmentation.replace(corrected=frozenset()), masks)
    for arguments, words in (
        ((), "No frame is corrected yet"),
        (("--corrected", "0;1"), "a list of frame numbers such as 0,5,9"),
        (("--corrected", "0,5"), "There is no frame 5"),
        (("--corrected", "0,1", "--left-out", "7"), "Frame 7 cannot be left out"),
        (("--corrected", "0,1", "--name", "particles"), "ships with the package"),
        (("--corrected", "0,1", "--model", "gone"), "There is no model 'gone'"),
        (("--corrected", "0,1", "--minutes", "0"), "Time (minutes)"),
    ):
        done = run(movie, masks, *arguments)
        assert done.exit_code == 1, (arguments, done.output)
        assert words in done.output
        assert len(done.output.strip().splitlines()) == 1, done.output
