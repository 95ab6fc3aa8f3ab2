"""The training loop: it learns, keeps the best, goes on where it stood, and can be stopped."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn
from toy_frames import CHANNELS, Draw, pairs, tiny_network

from napari_insitu_tem import Job
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.checkpoints import Checkpoint, CheckpointError
from napari_insitu_tem.learning.loop import TrainError, TrainSettings, train
from napari_insitu_tem.learning.losses import loss_function
from napari_insitu_tem.learning.samples import PairsFromArrays, SimulatedSet
from napari_insitu_tem.learning.validation import LabelPatches, Validation

QUICK = {"batch_size": 4, "workers": 0, "mixed_precision": "no", "learning_rate": 1e-2}


def settings(**values):
    return TrainSettings(**{**QUICK, "steps": 20, "validate_every": 5, **values})


@pytest.fixture
def training():
    return PairsFromArrays(*pairs(6))


@pytest.fixture
def validation():
    return PairsFromArrays(*pairs(3, seed=1))


@pytest.fixture
def learn(training, validation, quiet_job):
    """Train a tiny network on toy frames."""

    def run(network=None, job=quiet_job, held=validation, samples=training, **values):
        keywords = {
            key: values.pop(key) for key in ("checkpoint", "on_report", "metrics") if key in values
        }
        return train(
            network or tiny_network(),
            samples,
            held,
            settings(**values),
            job,
            channels=CHANNELS,
            patch=32,
            augmentation=AugmentSettings(),
            **keywords,
        )

    return run


def stop_after(reports):
    """Return a job that is cancelled after so many reports, and what to report to."""
    seen = []
    job = Job(on_progress=lambda _: None, is_cancelled=lambda: len(seen) >= reports)
    return job, seen.append


def test_the_loss_goes_down_and_the_network_beats_all_background(learn):
    result = learn(steps=80, validate_every=20)
    losses = [report.validation_loss for report in result.history if report.validation_loss]
    assert losses[-1] < 0.6 * losses[0]
    assert result.stopped == "finished"
    # All background has an IoU of 0.
    assert result.best.metrics["foreground IoU"] > 0.75


def test_the_weights_that_come_back_are_those_of_the_best_validation(learn, validation):
    result = learn(steps=30)
    losses = [report.validation_loss for report in result.history if report.validation_loss]
    assert result.best.validation_loss == min(losses)
    network = tiny_network()
    network.load_state_dict(result.state)
    cut = LabelPatches(validation, CHANNELS, 32, TrainSettings().validation_patches)
    held = Validation(cut)
    loss, _ = held.measure(
        network.eval(),
        loss=loss_function("bce+dice"),
        batch_size=4,
        autocast=lambda: torch.autocast("cpu", enabled=False),
        device=torch.device("cpu"),
        check=lambda: None,
    )
    assert loss == pytest.approx(result.best.validation_loss, rel=1e-4)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(learn):
    first, again, other = (learn(seed=seed, steps=6) for seed in (0, 0, 1))
    for name, tensor in first.state.items():
        assert torch.equal(tensor, again.state[name])
    assert not torch.equal(first.state["0.weight"], other.state["0.weight"])


def test_helpers_that_draw_ahead_do_not_change_the_result(learn):
    plain, helped = learn(steps=4), learn(steps=4, workers=2)
    for name, tensor in plain.state.items():
        assert torch.equal(tensor, helped.state[name])


def test_simulated_samples_are_drawn_in_other_processes(learn):
    result = learn(samples=SimulatedSet(Draw(), 100), workers=1, steps=4)
    assert result.best.step == 4


@pytest.mark.parametrize("dropout", [0.3])
def test_a_training_that_goes_on_ends_like_one_that_was_never_interrupted(learn, tmp_path, dropout):
    whole = learn(tiny_network(dropout=dropout), steps=16, validate_every=4)
    job, report = stop_after(2)
    part = learn(
        tiny_network(dropout=dropout),
        job,
        steps=16,
        validate_every=4,
        on_report=report,
        checkpoint=tmp_path / "checkpoint",
    )
    assert part.stopped == "cancelled"
    rest = learn(
        tiny_network(seed=9, dropout=dropout),
        steps=16,
        validate_every=4,
        resume=True,
        checkpoint=tmp_path / "checkpoint",
    )
    for name, tensor in whole.state.items():
        torch.testing.assert_close(rest.state[name], tensor, rtol=1e-5, atol=1e-6)
    assert [r.step for r in rest.history] == [r.step for r in whole.history]
    assert rest.history[-1].seconds > part.history[-1].seconds


def test_a_checkpoint_holds_no_pickle_and_a_damaged_one_is_said(learn, tmp_path):
    folder = tmp_path / "checkpoint"
    learn(steps=5, checkpoint=folder)
    assert sorted(path.name for path in folder.iterdir()) == ["state.json", "state.safetensors"]
    whole = (folder / "state.safetensors").read_bytes()
    (folder / "state.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        learn(resume=True, checkpoint=folder)
    with pytest.raises(CheckpointError, match="no training to go on with"):
        learn(resume=True, checkpoint=tmp_path / "nowhere")
    (folder / "state.safetensors").write_bytes(whole)
    with pytest.raises(CheckpointError, match="another network"):
        learn(tiny_network(out_channels=3), resume=True, checkpoint=folder)
    assert Checkpoint.read(folder).facts["step"] == 5


def test_a_cancelled_training_gives_the_best_so_far(learn):
    job, report = stop_after(3)
    result = learn(job=job, steps=1000, on_report=report)
    assert result.stopped == "cancelled"
    assert result.best.step in (5, 10, 15)
    assert result.history[-1].step < 30
    tiny_network().load_state_dict(result.state)


def test_a_training_cancelled_before_the_first_validation_gives_nothing(learn):
    steps = []
    job = Job(
        on_progress=lambda _: None, is_cancelled=lambda: steps.append(0) is None and len(steps) > 9
    )
    with pytest.raises(Cancelled):
        learn(job=job, steps=1000, validate_every=500)


def test_a_training_without_validation_keeps_the_last_weights(learn):
    result = learn(held=None, steps=7)
    assert result.best.step == 7
    assert result.best.validation_loss is None
    job = Job(on_progress=lambda _: None, is_cancelled=iter([False] * 20 + [True] * 99).__next__)
    assert learn(held=None, job=job, steps=1000).stopped == "cancelled"


def test_a_training_that_gets_no_better_ends_early(learn):
    calls = []

    def metric(*_):
        calls.append(0)
        return 0.0

    # A learning rate of nearly nothing: no validation is better than the first, by much.
    result = learn(
        tiny_network(), steps=1000, learning_rate=1e-12, patience=3, metrics={"calls": metric}
    )
    assert result.stopped == "early"
    assert result.best.step + 3 * 5 == result.history[-1].step
    assert len(calls) == result.history[-1].step // 5


def test_a_training_ends_when_its_time_is_up(learn):
    result = learn(minutes=0.01, steps=1_000_000, validate_every=1_000_000)
    assert result.stopped == "finished"
    assert 0.6 <= result.best.seconds < 6
    assert result.best.step < 1_000_000
    assert result.history[-1].learning_rate < 1e-4


def test_a_loss_that_is_no_number_ends_the_training_in_plain_words(learn):
    network = tiny_network()
    with torch.no_grad():
        network[0].weight[0] = math.nan
    with pytest.raises(TrainError, match="no longer a number at step 1; lower the learning rate"):
        learn(network)


def test_patches_that_do_not_fit_the_network_are_refused(learn):
    network = tiny_network()
    network.multiple = 64
    with pytest.raises(TrainError, match="must be a multiple of 64 px"):
        learn(network)


def test_an_empty_set_is_refused(learn):
    with pytest.raises(TrainError, match="nothing to learn"):
        learn(samples=SimulatedSet(Draw(), 0))


def test_ignored_pixels_do_not_change_what_is_learnt(learn):
    images, labels = pairs(3)
    valid = [np.ones((40, 40), bool) for _ in images]
    nonsense = [label.copy() for label in labels]
    for mask, label in zip(valid, nonsense, strict=True):
        mask[:, 25:] = False
        label[:, 25:] = 7  # whole columns of a particle that is none
    # The core map of a particle at the edge of what is ignored sees a little beyond it.
    plain = learn(samples=PairsFromArrays(images, [_blank(label) for label in labels], valid))
    wrong = learn(samples=PairsFromArrays(images, [_blank(label, 7) for label in labels], valid))
    for name, tensor in plain.state.items():
        torch.testing.assert_close(wrong.state[name], tensor)


def _blank(labels, value=0):
    """Return labels that end before the ignored columns, and are `value` within them."""
    out = labels.copy()
    out[:, 22:] = 0
    out[:, 28:] = value
    return out


def test_frozen_batch_statistics_stay_and_the_rest_learns(learn):
    network = tiny_network()
    network[1].running_mean.fill_(0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    result = learn(network, freeze_batch_statistics=True, steps=5)
    for name in ("1.running_mean", "1.running_var", "4.running_mean", "1.num_batches_tracked"):
        assert torch.equal(result.state[name], before[name]), name
        assert torch.equal(network.state_dict()[name], before[name]), name
    assert not torch.equal(result.state["0.weight"], before["0.weight"])
    assert not torch.equal(result.state["1.weight"], before["1.weight"])
    network.train()
    assert network[1].training


def test_reports_say_where_the_training_stands(learn):
    reports = []
    learn(steps=10, on_report=reports.append)
    assert [report.step for report in reports] == [5, 10]
    assert all(math.isfinite(report.train_loss) for report in reports)
    assert reports[0].seconds_left > 0
    assert reports[-1].seconds_left == 0
    assert reports[-1].learning_rate < reports[0].learning_rate
    assert set(reports[0].metrics) == {"foreground IoU"}


def test_progress_ends_at_all_of_it(training, validation):
    seen = []
    train(
        tiny_network(),
        training,
        validation,
        settings(steps=3),
        Job(on_progress=seen.append),
        channels=CHANNELS,
        patch=32,
    )
    assert seen[-1].done == seen[-1].total == 1000
    assert seen[-1].description == "Training"


@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="this processor has no bfloat16"
)
def test_a_training_in_sixteen_bits_learns_as_well(learn):
    result = learn(steps=60, validate_every=20, mixed_precision="auto")
    assert result.best.metrics["foreground IoU"] > 0.7
    assert result.state["0.weight"].dtype == torch.float32


def test_a_second_training_may_choose_another_precision(learn):
    learn(steps=2, mixed_precision="bf16")
    learn(steps=2, mixed_precision="no")
    with pytest.raises(ValueError, match="NVIDIA cards only"):
        learn(mixed_precision="fp16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has such a device")
def test_a_device_that_is_not_there_is_refused(learn):
    job = Job(on_progress=lambda _: None, device="cuda")
    with pytest.raises(ValueError, match="no device 'cuda'"):
        learn(job=job)


def test_networks_without_batch_normalisation_train_too(learn):
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    result = learn(network, steps=3, freeze_batch_statistics=True)
    assert dataclasses.is_dataclass(result)
