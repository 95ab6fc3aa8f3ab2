"""Retrain: a network learns from the frames that were corrected by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.agreement import instance_scores
from napari_insitu_tem.inference.views import View, scale_for_pixels
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.retrain_mix import frames_as_seen, mixed_with_simulated
from napari_insitu_tem.learning.retrain_samples import CorrectedFrame, Split, corrected_of, split
from napari_insitu_tem.learning.retrain_settings import RetrainSettings
from napari_insitu_tem.learning.retrain_view import Segmented, how_segmented, view_of
from napari_insitu_tem.learning.retrained import Retrained
from napari_insitu_tem.learning.settings import Report, TrainSettings
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.store import Model, get_model
from napari_insitu_tem.results import Segmentation

if TYPE_CHECKING:
    import torch

    from napari_insitu_tem.learning.loop import Trained

__all__ = ["RetrainSettings", "Retrained", "retrain"]

_PATCH = 128
#: Retraining varies frames more than training on a simulator does: there are only a few.
_AUGMENTATION = AugmentSettings(
    rotation=45.0, scale=1.3, resampled=0.6, contrast=0.35, gamma=1.4, blur=0.8, noise=0.4
)


def retrain(
    segmentation: Segmentation,
    settings: RetrainSettings = RetrainSettings(),
    job: Job = Job(),
    *,
    on_report: Callable[[Report], None] | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Retrained:
    """Retrain a network on the corrected frames of a segmentation.

    It starts from the network that made the masks, and sees the corrected frames just as it does
    when it segments: at the same size and polarity. Batch statistics stay frozen, since a few
    frames say little of them; simulated frames of the first training are mixed in; frames that
    were not corrected are not looked at. One corrected frame is left out: the training does not
    see it, nor is anything (such as when to stop) chosen by it, so the comparison on it is fair.

    Parameters
    ----------
    segmentation : Segmentation
        Masks with corrected frames; not modified.
    settings : RetrainSettings
        How.
    job : Job
        Progress, cancel (nothing is kept) and device.
    on_report : callable, optional
        Called with a `Report` about once a second.
    enough : callable, optional
        Asked at every step; True ends the training with the weights so far.

    Returns
    -------
    Retrained
        The new network, and before and after; `Retrained.save` keeps it.

    Raises
    ------
    SampleError
        When no frame is corrected, or nothing can be learnt from them.
    ModelError
        When the network to start from is not there, damaged, or not for segmentation.
    Cancelled
        When the job is cancelled, or it was enough before the first step.
    """
    from napari_insitu_tem.inference.devices import pick_device

    how = how_segmented(segmentation)
    model = get_model(settings.model or how.model).expect(task="segment")
    parts = split(corrected_of(segmentation), settings.left_out)
    job.log(parts.words)
    # From what is learnt from: nothing is decided by the frame that is left out.
    known = parts.training
    scale = scale_for_pixels(segmentation.movie.pixel_size, model.card.pixel_size, model.name)
    view = view_of([each.image for each in known], [each.labels for each in known], how, scale)
    device = pick_device(job.device)
    old = model.load(device)
    before = _found(old, parts.left_out, view, model.card, how, device, job)
    trained = _train(model, parts, view, how, settings, job, on_report, enough)
    job.check()
    after = _found(
        _network(model, trained.state, device), parts.left_out, view, model.card, how, device, job
    )
    truth = parts.left_out.labels
    return Retrained(
        parent=model,
        trained=trained,
        view=view,
        trained_on=tuple(frame.index for frame in parts.training),
        left_out=parts.left_out,
        words=parts.words,
        before=before,
        after=after,
        scores_before=instance_scores(truth, before),
        scores_after=instance_scores(truth, after),
        settings=settings,
        movie=segmentation.movie.name,
    )


def _train(
    model: Model,
    parts: Split,
    view: View,
    how: Segmented,
    settings: RetrainSettings,
    job: Job,
    on_report: Callable[[Report], None] | None,
    enough: Callable[[], bool],
) -> Trained:
    from napari_insitu_tem.learning.loop import train

    card = model.card
    network = _network(model, model.state(), None)
    multiple = int(getattr(network, "multiple", 1))
    patch = max(1, int(card.training.get("patch", _PATCH)) // multiple) * multiple
    frames = frames_as_seen(
        parts.training,
        view,
        likes=card.polarity,
        drop_edge=how.instances.drop_edge,
        other_scales=card.pixel_size is None,
    )
    # A frame that is made smaller is smoother than the simulated ones are; so weaker, too.
    as_used = frames[0][0]
    deviation = float(np.mean([as_used.sample(i).image.std() for i in range(len(as_used))]))
    contrast = min(1.0, max(_AUGMENTATION.contrast, 1.2 * abs(1 - deviation)))
    cancelled = job.is_cancelled
    training_job = dataclasses.replace(
        job, is_cancelled=lambda: enough() or (cancelled is not None and cancelled())
    )
    return train(
        network,
        mixed_with_simulated(frames, card, settings, job),
        None,  # stopping by the frame that was left out would make its figures worthless
        TrainSettings(
            minutes=settings.minutes,
            steps=settings.steps,
            batch_size=8,
            patches_per_frame=8,
            learning_rate=settings.learning_rate,
            warm_up=0.1,
            ema_decay=0.99,
            freeze_batch_statistics=True,
            seed=settings.seed,
        ),
        training_job,
        channels=card.channels,
        patch=patch,
        augmentation=_AUGMENTATION.model_copy(update={"contrast": contrast}),
        on_report=on_report,
    )


def _network(
    model: Model, state: dict[str, torch.Tensor], device: torch.device | None
) -> torch.nn.Module:
    """Return a network of one's own with these weights; in eval mode if a device is given."""
    from napari_insitu_tem.networks import build_network

    network = build_network(model.card.network, model.card.arguments)
    network.load_state_dict(state)
    return network if device is None else network.to(device).eval().requires_grad_(False)


def _found(
    network: Any,
    frame: CorrectedFrame,
    view: View,
    card: ModelCard,
    how: Segmented,
    device: Any,
    job: Job,
) -> np.ndarray:
    """Return what a network finds in a frame."""
    from napari_insitu_tem.inference.particles import ParticleFinder

    finder = ParticleFinder(network, likes=card.polarity, device=device, instances=how.instances)
    maps = finder.maps(frame.image, view, job)
    return how.instances.label(maps, view.smallest_area, job)
