"""Training of variational autoencoders of windows, as a recipe says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from napari_insitu_tem.analysis.latent_statistics import active_latents
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.latent_frames import FrameSet
from napari_insitu_tem.learning.latent_loss import LATENT_METRICS, Autoencoding
from napari_insitu_tem.learning.latent_patches import LatticePatches, Scaling, held_patches
from napari_insitu_tem.learning.loop import Report, Trained, TrainError, learn
from napari_insitu_tem.learning.validation import Validation
from napari_insitu_tem.networks.patch_vae import WINDOW, WindowVAE

if TYPE_CHECKING:
    from napari_insitu_tem.learning.recipes import TrainRecipe

__all__ = ["train_latents", "variance_of_latents"]

_SCALINGS = ("frame", "window")
#: Windows of the training set that the variances of latents are found from.
_COUNTED, _AT_ONCE = 4096, 256


def train_latents(
    recipe: TrainRecipe,
    network: nn.Module,
    training: Any,
    validation: Any | None,
    job: Job,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a network to encode and reconstruct windows; see `loop.train`.

    In the end the latents are numbered by ascending variance on the training set, as Wang et
    al. do, and the variances become part of the network.

    Parameters
    ----------
    recipe : TrainRecipe
        Normalisation (``"frame"`` or ``"window"``), augmentation, and how.
    network : WindowVAE
        What is trained.
    training, validation : FrameSet
        What to learn from and to judge by.
    job, on_report, checkpoint
        As for `loop.train`.

    Raises
    ------
    TrainError
        When recipe and network do not fit; and as `loop.train`.
    """
    if not isinstance(network, WindowVAE):
        raise TrainError(
            f"The network '{recipe.network}' has no latent variables; a recipe with "
            'task = "latent" takes patchvae or patchvae-paper.'
        )
    if recipe.normalisation not in _SCALINGS or recipe.patch != WINDOW:
        raise TrainError(
            f"Latent variables are learnt from windows of {WINDOW} px (patch) with the "
            f"normalisation 'frame' or 'window', not from {recipe.patch} px with "
            f"'{recipe.normalisation}'."
        )
    if recipe.training.loss != "evidence":
        raise TrainError(
            f"Latent variables are learnt with the loss 'evidence', not '{recipe.training.loss}'."
        )
    settings, scaling = recipe.training, cast("Scaling", recipe.normalisation)
    drawing = LatticePatches(
        training,
        WINDOW,
        scaling,
        recipe.augmentation,
        settings.patches_per_frame,
        settings.seed,
    )
    held = None
    if validation is not None and len(validation):
        patches = held_patches(
            cast("FrameSet", validation), WINDOW, settings.validation_patches, scaling
        )
        held = Validation(patches, output=_as_it_is, metrics=LATENT_METRICS)
    trained = learn(
        Autoencoding(network, beta_steps=settings.beta_steps),
        drawing,
        held,
        settings,
        job,
        patch=WINDOW,
        on_report=on_report,
        checkpoint=checkpoint,
    )
    state = {
        name.removeprefix("network."): each
        for name, each in trained.state.items()
        if name.startswith("network.")
    }
    network.load_state_dict(state)
    variance = variance_of_latents(network, drawing, job)
    network.order_latents(variance)
    active = int(active_latents(variance.cpu().numpy()).sum())
    job.log(f"{active} of {network.latents} latent variables are active.")
    ordered = {
        name: each.detach().to("cpu", copy=True).contiguous()
        for name, each in network.state_dict().items()
    }
    return dataclasses.replace(trained, state=ordered)


@torch.no_grad()
def variance_of_latents(network: WindowVAE, drawing: LatticePatches, job: Job = Job()) -> Tensor:
    """Return the variance (latents,) of every latent's mean over the training set.

    Parameters
    ----------
    network : WindowVAE
        Trained.
    drawing : LatticePatches
        What it was trained on; its first windows count, 4096 of them.
    job : Job
        Unused but for cancel.
    """
    device = network.training_variance.device
    network.eval()
    means, waiting = [], []
    frames = max(1, min(_COUNTED // drawing.cuts, max(len(drawing.frames), 2)))
    for number in range(frames):
        job.check()
        waiting += [window for window, _, _ in drawing(number)]
        if len(waiting) >= _AT_ONCE or number == frames - 1:
            windows = torch.from_numpy(np.stack(waiting)).to(device)
            means.append(network.encode_mean(windows)[:, :, 0, 0].cpu())
            waiting = []
    return torch.cat(means).float().var(0, unbiased=False)


def _as_it_is(given: Tensor) -> Tensor:
    return given
