"""Make a model from its recipe: train the network, write card, weights and history."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.forecast_training import train_on_clips
from napari_insitu_tem.learning.latent_training import train_latents
from napari_insitu_tem.learning.loop import Trained, TrainError, train
from napari_insitu_tem.learning.map_training import train_on_maps
from napari_insitu_tem.learning.pair_training import train_on_pairs
from napari_insitu_tem.learning.recipes import TrainRecipe, shipped_recipes
from napari_insitu_tem.learning.samples import TrainingSet
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.store import Model, get_model, list_broken, list_models, save_model
from napari_insitu_tem.networks import build_network

__all__ = ["Made", "HISTORY", "card_of", "first_network", "make_model", "write_history"]

#: What the table of losses beside a model is called.
HISTORY = "history.csv"
#: How tasks learn; all others from frames with labels.
_WAYS = {
    "columns": train_on_maps,
    "denoise": train_on_pairs,
    "forecast": train_on_clips,
    "latent": train_latents,
    "species": train_on_maps,
}


@dataclass(frozen=True)
class Made:
    """A model and how its training went."""

    model: Model
    trained: Trained


def make_model(
    recipe: TrainRecipe,
    job: Job = Job(),
    *,
    sets: tuple[TrainingSet, TrainingSet | None] | None = None,
    folder: Path | None = None,
    checkpoint: Path | None = None,
    on_report: Callable[[Report], None] | None = None,
    replace: bool = False,
) -> Made | None:
    """Train a network as a recipe says, and save it as a model.

    Parameters
    ----------
    recipe : TrainRecipe
        What to make.
    job : Job
        Progress, cancel, device.
    sets : (TrainingSet, TrainingSet or None), optional
        What to learn from and to judge by, instead of the recipe's data.
    folder : path, optional
        Where the model's folder shall lie; the user's store by default.
    checkpoint : path, optional
        Where the state is kept while it trains.
    on_report : callable, optional
        Called with every `Report`.
    replace : bool
        Take the place of a model of the same name.

    Returns
    -------
    Made, optional
        The model; the one so far when cancelled after a validation. None on all but the first
        of several machines, since that one saves it.

    Raises
    ------
    ValueError
        In plain words, when recipe, data and network do not fit, or the name is taken.
    """
    card_of(recipe, None)  # a wrong name shall not cost a training
    network = first_network(recipe)
    training, validation = recipe.sets() if sets is None else sets
    for note in getattr(training, "notes", ()):
        job.log(note)
    teach = _WAYS.get(recipe.task, _train_on_labels)
    trained = teach(recipe, network, training, validation, job, on_report, checkpoint)
    if not trained.main:
        return None
    card = card_of(recipe, trained)
    model = save_model(card, trained.state, folder, half=recipe.half, replace=replace)
    write_history(trained, model.folder / HISTORY)
    return Made(model, trained)


def _train_on_labels(
    recipe: TrainRecipe,
    network: nn.Module,
    training: TrainingSet,
    validation: TrainingSet | None,
    job: Job,
    on_report: Callable[[Report], None] | None,
    checkpoint: Path | None,
) -> Trained:
    return train(
        network,
        training,
        validation,
        recipe.training,
        job,
        channels=recipe.channels,
        patch=recipe.patch,
        augmentation=recipe.augmentation,
        on_report=on_report,
        checkpoint=checkpoint,
    )


def first_network(recipe: TrainRecipe) -> nn.Module:
    """Return the network to train: fresh, or with the weights of the model to start from."""
    import torch

    torch.manual_seed(recipe.training.seed)
    arguments = {**recipe.arguments, "out_channels": len(recipe.channels)}
    network = build_network(recipe.network, arguments)
    if recipe.start_from:
        parent = _parent(recipe.start_from)
        same = parent.card.network == recipe.network and parent.card.channels == recipe.channels
        if not same:
            raise TrainError(
                f"The model '{parent.name}' is another network ({parent.card.network}; "
                f"{', '.join(parent.card.channels)}) than the recipe's ({recipe.network}; "
                f"{', '.join(recipe.channels)}), so it cannot be the start."
            )
        try:
            network.load_state_dict(parent.state())
        except RuntimeError:
            raise TrainError(
                f"The model '{parent.name}' has other arguments than the recipe's network, so it "
                "cannot be the start."
            ) from None
    return network


def _parent(name: str) -> Model:
    """Return the model to start from; says how to make it, where a shipped recipe does."""
    there = {model.name for model in list_models()} | {broken.name for broken in list_broken()}
    if name not in there and name in shipped_recipes():
        raise TrainError(
            f"This training starts from the model '{name}', which has not been trained yet. "
            f"Train it first: insitu-tem train {name}"
        )
    return get_model(name)


def card_of(recipe: TrainRecipe, trained: Trained | None) -> ModelCard:
    """Return the card of a model made from a recipe."""
    quality = []
    if trained is not None and trained.best.validation_loss is not None:
        measured = {"validation loss": trained.best.validation_loss, **trained.best.metrics}
        quality = [
            {"data": "validation set", "measure": measure, "value": round(value, 4)}
            for measure, value in measured.items()
        ]
    training = recipe.to_dict()
    return ModelCard.from_dict(
        {
            "name": recipe.name,
            "title": recipe.title,
            "description": recipe.description,
            "task": recipe.task,
            "network": recipe.network,
            "arguments": {**recipe.arguments, "out_channels": len(recipe.channels)},
            "channels": recipe.channels,
            "normalisation": recipe.normalisation,
            "polarity": recipe.polarity,
            "diameters": recipe.diameters,
            "pixel_size": recipe.pixel_size,
            "trained_on": recipe.trained_on,
            "training": training,
            "quality": tuple(quality),
            "parent": recipe.start_from,
            "licence": recipe.licence,
            "version": recipe.version,
        }
    )


def write_history(trained: Trained, path: Path) -> None:
    """Write every report as a row of a CSV file."""
    names = sorted({name for report in trained.history for name in report.metrics})
    columns = ["step", "seconds", "learning_rate", "train_loss", "validation_loss", *names]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([column.replace(" ", "_") for column in columns])
        for report in trained.history:
            row = {**report.to_dict(), **report.metrics}
            writer.writerow(["" if row.get(each) is None else row[each] for each in columns])
