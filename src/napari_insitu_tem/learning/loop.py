"""The training loop, on accelerate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from torch import nn

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.average import frozen_batch_statistics
from napari_insitu_tem.learning.machine import Machine
from napari_insitu_tem.learning.prepare import Drawing, Draws
from napari_insitu_tem.learning.run import Run, Trained, TrainError
from napari_insitu_tem.learning.samples import TrainingSet
from napari_insitu_tem.learning.settings import Report, TrainSettings
from napari_insitu_tem.learning.validation import METRICS, LabelPatches, Metric, Validation

__all__ = ["Report", "TrainError", "TrainSettings", "Trained", "learn", "train"]


def train(
    network: nn.Module,
    training: TrainingSet,
    validation: TrainingSet | None,
    settings: TrainSettings = TrainSettings(),
    job: Job = Job(),
    *,
    channels: tuple[str, ...],
    patch: int,
    augmentation: AugmentSettings = AugmentSettings(),
    metrics: Mapping[str, Metric] = METRICS,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a network.

    AdamW, warm-up and cosine, gradient clipping; the exponential average of the weights is
    what is validated and kept. Several graphics cards or machines work together when started
    by ``accelerate launch``. Same network, sets, settings and device give the same result,
    except where `TrainSettings.minutes` sets the pace.

    Parameters
    ----------
    network : torch.nn.Module
        From `networks.build_network`; trained in place.
    training : TrainingSet
        What to learn from.
    validation : TrainingSet, optional
        What to judge by. Without it the last weights are kept.
    settings : TrainSettings
        How.
    job : Job
        Progress and cancel; a cancelled training returns the best so far.
    channels : tuple of str
        What the network's output channels mean; see `learning.targets`.
    patch : int
        Edge of the patches it is trained on, px.
    augmentation : AugmentSettings
        How patches are varied.
    metrics : mapping
        What else to measure at each validation.
    on_report : callable, optional
        Called with a `Report` about once a second and after each validation.
    checkpoint : path, optional
        Folder to keep the state in at each validation, and to go on from with
        `TrainSettings.resume`.

    Returns
    -------
    Trained
        The best weights, and the history.

    Raises
    ------
    TrainError
        When the loss is no longer a number, or network, sets and settings do not fit.
    Cancelled
        When cancelled before there was anything to keep.
    """
    if len(training) == 0:
        raise TrainError("The training set is empty, so there is nothing to learn from.")
    drawing = Drawing(
        training, channels, patch, augmentation, settings.patches_per_frame, settings.seed
    )
    held = None
    if validation is not None and len(validation):
        cut = LabelPatches(validation, channels, patch, settings.validation_patches)
        held = Validation(cut, metrics=metrics)
    return learn(
        network,
        drawing,
        held,
        settings,
        job,
        patch=patch,
        on_report=on_report,
        checkpoint=checkpoint,
    )


def learn(
    network: nn.Module,
    drawing: Draws,
    validation: Validation | None,
    settings: TrainSettings = TrainSettings(),
    job: Job = Job(),
    *,
    patch: int,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a network on patches of whatever kind; see `train`.

    Parameters
    ----------
    network : torch.nn.Module
        Trained in place.
    drawing : callable
        Cuts patches, see `learning.prepare.Draws`.
    validation : Validation, optional
        Without it the last weights are kept.
    settings, job, patch, on_report, checkpoint
        As for `train`.

    Returns
    -------
    Trained
        The best weights, and the history.

    Raises
    ------
    TrainError, Cancelled
        As for `train`.
    """
    multiple = int(getattr(network, "multiple", 1))
    if patch % multiple:
        raise TrainError(
            f"Patches of {patch} px do not fit this network: their edge must be a multiple of "
            f"{multiple} px."
        )
    with ExitStack() as stack:
        machine = stack.enter_context(Machine.begin(job.device, settings.mixed_precision))
        if settings.freeze_batch_statistics:
            stack.enter_context(frozen_batch_statistics(network))
        run = Run(network, drawing, validation, settings, job, machine, on_report, checkpoint)
        return run.go()
