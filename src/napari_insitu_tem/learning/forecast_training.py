"""Training a forecaster, as a recipe says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from napari_insitu_tem.analysis.forecast.baselines import BASELINES
from napari_insitu_tem.analysis.forecast.metrics import frame_metrics
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.forecast_clips import ClipDrawing, ClipPatches, unpacked
from napari_insitu_tem.learning.forecast_movies import ClipMovie, clip_movies, movies_of
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.loop import Report, Trained, TrainError, learn
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.learning.validation import Metric, Validation
from napari_insitu_tem.networks.forecaster import Forecaster

if TYPE_CHECKING:
    from napari_insitu_tem.learning.recipes import TrainRecipe

__all__ = ["Example", "ForecastTrainer", "train_on_clips", "train_on_movies"]

#: Baselines that are cheap enough for every training.
_CHEAP = ("last frame", "mean of given", "linear")
_CALIBRATED = 24  # clips


@dataclasses.dataclass(frozen=True, eq=False)
class Example:
    """A forecast of the training so far, to look at.

    Parameters
    ----------
    given, came, foreseen : (n, y, x) arrays
        In the network's values.
    """

    given: np.ndarray
    came: np.ndarray
    foreseen: np.ndarray


class ForecastTrainer(nn.Module):
    """A forecaster as the training loop sees it: packed clips in, frames as channels out.

    In training it gives what it predicts of a clip, going on from the true frames in some
    batches (teacher forcing); in validation what it foresees without them.

    Parameters
    ----------
    forecaster : Forecaster
        What is trained.
    clips : ForecastClips
        How clips are packed, and when teacher forcing ends.
    """

    def __init__(self, forecaster: Forecaster, clips: ForecastClips) -> None:
        super().__init__()
        self.forecaster, self._clips = forecaster, clips
        self.multiple = forecaster.multiple
        self._forced = 1.0 if clips.teacher_forcing > 0 else 0.0

    def at(self, done: float) -> None:
        """Be told which part of the training is done."""
        share = self._clips.teacher_forcing
        self._forced = max(0.0, 1 - done / share) if share > 0 else 0.0

    def penalty(self) -> Tensor | None:
        """Return the forecaster's penalty.

        The published loss is the sum over all predicted frames, and the loop's their mean, so
        the penalty is divided by their number as well.
        """
        penalty = self.forecaster.penalty()
        if penalty is None:
            return None
        plan = self._clips.plan
        return penalty / (plan.length - 1 if self.forecaster.warms_up else plan.wanted)

    def forward(self, packed: Tensor) -> Tensor:
        """Return answers (n, channels · frames, y, x): all frames first, then all spreads."""
        plan = self._clips.plan
        clip = packed.unflatten(1, (plan.length, -1))
        given = plan.given
        if self.training:
            forced = bool(torch.rand(()) < self._forced)
            answers = self.forecaster.every(clip, given, forced=forced)
        else:
            future = clip[:, given:, 1:]
            answers = self.forecaster(clip[:, :given], plan.wanted, future=future)
        return answers.transpose(1, 2).flatten(1, 2)


def train_on_clips(
    recipe: TrainRecipe,
    network: nn.Module,
    training: Any,
    validation: Any | None,
    job: Job,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a forecaster on the movies of a set; see `loop.train`.

    Parameters
    ----------
    recipe : TrainRecipe
        Patch, clips, and how.
    network : torch.nn.Module
        A `networks.forecaster.Forecaster`.
    training : TrainingSet
        Of movies, parts of which are set aside as the recipe's clips say.
    validation : TrainingSet, optional
        Not used: a forecast is judged on the same movies, later.
    job, on_report, checkpoint
        As for `loop.train`.
    """
    clips = clips_of(recipe)
    movies = clip_movies(
        movies_of(training), clips, patch=recipe.patch, job=job, seed=recipe.training.seed
    )
    return train_on_movies(recipe, network, movies, job, on_report, checkpoint)


def train_on_movies(
    recipe: TrainRecipe,
    network: nn.Module,
    movies: Sequence[ClipMovie],
    job: Job,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
    *,
    on_example: Callable[[Example], None] | None = None,
) -> Trained:
    """Train a forecaster on movies that are read already; see `train_on_clips`.

    Afterwards its spread is calibrated on the validation clips.

    Parameters
    ----------
    recipe, network, job, on_report, checkpoint
        As for `train_on_clips`.
    movies : sequence of ClipMovie
        What to learn from and to judge by.
    on_example : callable, optional
        Called with a forecast at each validation.
    """
    clips = clips_of(recipe)
    forecaster = _checked(network, recipe, clips)
    for note in sorted({movie.split.warning for movie in movies} - {""}):
        job.log(note)
    drawing = ClipDrawing(
        movies, clips, patch=recipe.patch, warm_up=forecaster.warms_up, seed=recipe.training.seed
    )
    cut = ClipPatches(movies, clips, patch=recipe.patch, count=recipe.training.validation_patches)
    patches = cut(job.check) if len(cut) else []
    held = None
    if patches:
        metrics = _metrics(patches, clips, on_example)
        held = Validation(lambda check: patches, output=lambda answers: answers, metrics=metrics)
    trainer = ForecastTrainer(forecaster, clips)
    trained = learn(
        trainer,
        drawing,
        held,
        recipe.training,
        job,
        patch=recipe.patch,
        on_report=on_report,
        checkpoint=checkpoint,
    )
    state = {name.removeprefix("forecaster."): each for name, each in trained.state.items()}
    if patches:
        calibration = _calibration(forecaster, state, patches[:: -(-len(patches) // _CALIBRATED)],
                                   clips)  # fmt: skip
        state["calibration"] = torch.from_numpy(calibration.astype(np.float32))
    return dataclasses.replace(trained, state=state)


def clips_of(recipe: TrainRecipe) -> ForecastClips:
    """Return how a recipe's clips are cut."""
    return recipe.clips or ForecastClips()


def _checked(network: nn.Module, recipe: TrainRecipe, clips: ForecastClips) -> Forecaster:
    if not isinstance(network, Forecaster):
        raise TrainError(
            f"The network '{recipe.network}' does not forecast. Take simvp, phydnet, convlstm or "
            "ensemble."
        )
    if network.in_channels != clips.given:
        raise TrainError(
            f"The network takes {network.in_channels} frames and the clips give {clips.given}; "
            "make in_channels (arguments) and given (clips) the same."
        )
    if (network.out_channels == 2) != (recipe.training.loss == "gaussian"):
        raise TrainError(
            "A network with the channels frame and spread learns with the loss 'gaussian', one "
            "with the frame alone with l2, l1 or ssim."
        )
    if network.auxiliary != (clips.auxiliary is not None):
        raise TrainError(
            "The network's argument 'auxiliary' must be 1 where the clips name a column of the "
            "holder's log, and 0 otherwise."
        )
    if network.head == "sigmoid" and clips.scaling != "min-max":
        raise TrainError(
            "A sigmoid cannot give frames of zero mean: take the scaling min-max, or the linear "
            "head."
        )
    return network


def _metrics(
    patches: list[Prepared], clips: ForecastClips, on_example: Callable[[Example], None] | None
) -> dict[str, Metric]:
    """Return what is measured at each validation: SSIM, and skill against simple baselines."""
    wanted = np.stack([patch[1] for patch in patches])
    known = [unpacked(patch[0], clips.plan.length)[: clips.given, 0] for patch in patches]
    steps = wanted.shape[1]
    data_range = float(np.subtract(*np.percentile(wanted, (99.9, 0.1)))) or 1.0
    simple = min(
        float(np.mean((np.stack([BASELINES[name](each, steps) for each in known]) - wanted) ** 2))
        for name in _CHEAP
    )

    def skill(answers: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> float:
        error = float(np.mean((answers[:, :steps] - targets) ** 2))
        return 1 - error / simple if simple > 0 else 0.0

    def ssim(answers: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> float:
        if on_example is not None:
            on_example(Example(known[0], targets[0], answers[0, :steps]))
        last = zip(answers[:, steps - 1], targets[:, -1], strict=True)
        return float(np.mean([frame_metrics(one, true, data_range)["ssim"] for one, true in last]))

    return {"skill": skill, "SSIM of the last frame": ssim}


def _calibration(
    forecaster: Forecaster, state: dict[str, Tensor], patches: list[Prepared], clips: ForecastClips
) -> np.ndarray:
    """Return what is to be added to the logarithm of the spread, step by step."""
    from napari_insitu_tem.analysis.forecast.calibration import spread_factors

    before = {name: each.detach().clone() for name, each in forecaster.state_dict().items()}
    device = next(forecaster.parameters()).device
    forecaster.load_state_dict(state)
    forecaster.eval()
    errors, spreads = [], []
    with torch.inference_mode():
        for everything, wanted, _ in patches:
            clip = torch.from_numpy(unpacked(everything, clips.plan.length)).to(device)[None]
            future = clip[:, clips.given :, 1:]
            answer = forecaster.uncalibrated(clip[:, : clips.given], len(wanted), future=future)
            found = answer[0].float().cpu().numpy()
            errors.append(wanted - found[:, 0])
            spreads.append(np.exp(found[:, 1]) if found.shape[1] == 2 else np.ones_like(wanted))
    forecaster.load_state_dict(before)
    factors = spread_factors(np.stack(errors), np.stack(spreads))
    count = forecaster.calibration.shape[0]
    steps = np.minimum(np.arange(count), len(factors) - 1)
    return np.log(np.maximum(factors[steps], 1e-6))
