"""Separate layers: particles that overlap in projection come apart, layer by layer."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import field_validator

from napari_insitu_tem.analysis.layer_channels import layers_of
from napari_insitu_tem.analysis.layer_frames import LayerFrames, LayerPlan, layer_labels
from napari_insitu_tem.analysis.layer_moves import Move, MoveError, apply_moves, check_move
from napari_insitu_tem.analysis.layer_tracks import (
    follow_in_layers,
    particle_table,
    vote,
    without_time,
)
from napari_insitu_tem.analysis.sampling import picture_of, sample_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Layers
from napari_insitu_tem.settings import Settings, SettingsError, setting
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.units import Quantity, register

if TYPE_CHECKING:
    from napari_insitu_tem.analysis.layer_instances import LayerParticles
    from napari_insitu_tem.inference.layers import LayerFinder
    from napari_insitu_tem.inference.views import View

__all__ = ["SeparateSettings", "move_particles", "propose_settings", "separate"]

register(certainty=Quantity("Certainty"), covered=Quantity("Part covered by others"))


class SeparateSettings(Settings):
    """How overlapping particles are separated."""

    model: str = setting(
        "layers",
        title="Model",
        description="The network that separates. 'layers' ships with the plugin and takes two "
        "overlapping layers apart; networks that you trained on labels of your own may have any "
        "number of layers or classes.",
        choices_from="napari_insitu_tem.models.choices:layer_models",
    )
    diameter: float | None = setting(
        None,
        title="Diameter",
        description="Typical diameter of a particle. Automatic finds it from a few frames.",
        unit="px",
        ge=2,
        le=4096,
        step=1,
    )
    polarity: Literal["auto", "dark", "bright"] = setting(
        "auto",
        title="Particles are",
        description="Darker or brighter than their background; auto finds out.",
    )
    kind: Literal["auto", "layers", "classes"] = setting(
        "auto",
        title="Channels are",
        description="Layers: a particle keeps its layer through the movie, and particles that "
        "overlap are in different ones. Classes (core and shell, particle and ligand): every "
        "frame is taken as the network sees it. Auto asks the model's card.",
    )
    threshold: float = setting(
        0.5,
        title="Threshold",
        description="Probability above which a pixel belongs to a layer.",
        ge=0.05,
        le=0.95,
        step=0.05,
    )
    memory: int = setting(
        5,
        title="Longest gap",
        description="For how many frames a particle may be missing and still be the same.",
        unit="frames",
        ge=0,
        le=100,
        advanced=True,
        shown_when={"kind": ("auto", "layers")},
    )
    smallest_diameter: float | None = setting(
        None,
        title="Smallest particle",
        description="Particles with a smaller equivalent diameter are left out; automatic is a "
        "quarter of the typical diameter.",
        unit="px",
        ge=0,
        le=4096,
        step=1,
        advanced=True,
    )
    largest_overlap: float = setting(
        0.8,
        title="Largest overlap",
        description="Where more than this part of a particle lies under one of another layer, "
        "they are taken for one particle that was found twice.",
        ge=0,
        le=1,
        step=0.05,
        advanced=True,
        shown_when={"kind": ("auto", "layers")},
    )
    go_on_with: int = setting(
        1,
        title="Go on with layer",
        description="The layer that the next steps of a recipe work on.",
        ge=1,
        le=64,
        advanced=True,
    )
    flips: tuple[tuple[int, ...], ...] = setting(
        (),
        title="Moved by hand",
        description="In order: [7, 2] puts particle 7 into layer 2, [7, 2, 30] from frame 30 on, "
        "[7, 2, 30, 34] in frames 30 to 34.",
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network."""
        return (self.model,)

    @field_validator("flips")
    @classmethod
    def _known(cls, flips: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        return tuple(check_move(move) for move in flips)


def propose_settings(
    movie: Movie, settings: SeparateSettings = SeparateSettings(), job: Job = Job()
) -> SeparateSettings:
    """Fill in size and polarity from a few frames of the movie; what is given is kept.

    Raises
    ------
    MovieError, ModelError
        As for `separate`.
    """
    _, view = _finder(movie, settings, picture_of(movie), job)
    smallest = settings.smallest_diameter or 2 * math.sqrt(view.smallest_area / math.pi)
    return settings.model_copy(
        update={
            "polarity": "bright" if view.bright else "dark",
            "diameter": round(view.diameter, 1),
            "smallest_diameter": round(smallest, 2),
        }
    )


@task(title="Separate layers", result="layers", previews=True, propose=propose_settings)
def separate(
    movie: Movie, settings: SeparateSettings = SeparateSettings(), job: Job = Job()
) -> Layers:
    """Take particles that overlap in projection apart, into layers or classes.

    A network with one output a layer sees every frame; cores split particles that touch in
    one layer. The particles of all layers are followed together, and each is in one layer
    throughout: the one that its frames vote for, where overlapping particles are never in the
    same (Qian et al. separate layers by two output channels of a U-Net; that a particle keeps
    its layer is ours).

    Parameters
    ----------
    movie : Movie
        What to separate.
    settings : SeparateSettings
        See there; the defaults need no tuning.
    job : Job
        Progress, cancel and device.

    Returns
    -------
    Layers
        One label image a layer and frame; where particles overlap, both layers have theirs.

    Raises
    ------
    MovieError
        When the frames are smaller than 16 pixels.
    ModelError
        When there is no such model, or it is damaged or not made for this.
    MoveError
        When a particle that is moved by hand is not there.
    """
    job.check()
    picture = picture_of(movie)
    finder, view = _finder(movie, settings, picture, job)
    names = tuple(layer.name for layer in finder.layers)
    if settings.go_on_with > len(names):
        raise SettingsError(
            f"There is no layer {settings.go_on_with} to go on with: the model "
            f"'{settings.model}' has {len(names)} ({', '.join(names)})."
        )
    job.log(view.words)
    found, frames = finder.separate(movie, view, picture, job)
    if _are_layers(settings, names):
        numbers = follow_in_layers(frames, memory=settings.memory, job=job)
        plan = vote(frames, numbers)
        _say_what_moved(frames, plan, job)
    else:
        plan = without_time(frames)
    labels = layer_labels(found, len(names), plan)
    layers = Layers(labels, movie, names, particle_table(frames, plan))
    return _moved(layers, settings.flips)


def move_particles(layers: Layers, moves: tuple[Move, ...]) -> Layers:
    """Move particles to other layers, as `SeparateSettings.flips` does; nothing is computed anew.

    Parameters
    ----------
    layers : Layers
        From `separate`; not modified.
    moves : tuple of tuples
        See `analysis.layer_moves`; they come after those that were made before.

    Raises
    ------
    MoveError
        When there is no such particle or layer, or not in these frames.
    """
    moved = _moved(layers, moves)
    history = layers.provenance
    if history is None or not moves:
        return moved
    step = history.steps[-1]
    flips = [*step.settings.get("flips", ()), *(list(move) for move in moves)]
    step = dataclasses.replace(step, settings={**step.settings, "flips": flips})
    return moved.replace(provenance=dataclasses.replace(history, steps=(*history.steps[:-1], step)))


def _moved(layers: Layers, moves: tuple[Move, ...]) -> Layers:
    if not moves:
        return layers
    frames = getattr(layers.labels[0], "base", None)
    if not isinstance(frames, LayerFrames):
        raise MoveError("Only the layers that Separate made can be changed particle by particle.")
    plan, table = apply_moves(frames.plan, layers.particles, moves, n_layers=layers.n_layers)
    return layers.replace(labels=layer_labels(frames.found, layers.n_layers, plan), particles=table)


def _are_layers(settings: SeparateSettings, names: tuple[str, ...]) -> bool:
    if settings.kind != "auto":
        return settings.kind == "layers"
    return all(name.startswith("layer") for name in names)


def _finder(
    movie: Movie, settings: SeparateSettings, picture: tuple[slice, slice], job: Job
) -> tuple[LayerFinder, View]:
    """Return the network of the settings, and how it sees the movie best."""
    from napari_insitu_tem.inference.devices import pick_device
    from napari_insitu_tem.inference.layers import LayerFinder
    from napari_insitu_tem.inference.views import scale_for_pixels
    from napari_insitu_tem.models.store import get_model

    model = get_model(settings.model).expect(task="layers")
    scale = scale_for_pixels(movie.pixel_size, model.card.pixel_size, model.name)
    device = pick_device(job.device)
    names = tuple(layer.name for layer in layers_of(model.card.channels))
    finder = LayerFinder(
        model.load(device),
        model.card.channels,
        likes=model.card.polarity,
        device=device,
        threshold=settings.threshold,
        smallest_diameter=settings.smallest_diameter,
        largest_overlap=settings.largest_overlap if _are_layers(settings, names) else 1.0,
    )
    view = finder.view(
        sample_frames(movie, picture),
        bright={"auto": None, "dark": False, "bright": True}[settings.polarity],
        diameter=settings.diameter,
        scale=scale,
        job=job,
    )
    return finder, view


def _say_what_moved(frames: list[LayerParticles], plan: LayerPlan, job: Job) -> None:
    pairs = zip(plan.layer, frames, strict=True)
    moved = sum(int(np.count_nonzero(now != frame.layer)) for now, frame in pairs)
    if moved:
        job.log(
            f"{moved} of {sum(map(len, frames))} masks were moved to the layer that their "
            "particle has in most frames, or that overlaps leave for it."
        )
