"""Which file holds a layer's corrections: a step in its provenance, so that recipes have it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from napari.layers import Layer

from napari_insitu_tem.gui.layers import KEY, result_of
from napari_insitu_tem.provenance import Step
from napari_insitu_tem.results import Segmentation

__all__ = ["note_file", "noted_step", "unsaved_corrections", "with_step"]


def noted_step(layer: Layer) -> Step | None:
    """Return the step that applies the corrections in a layer's history, or None."""
    # Not `history()`: that may read frames, for a fingerprint that is not needed here.
    provenance = getattr(result_of(layer), "provenance", None)
    steps = provenance.steps if provenance is not None else ()
    return next((step for step in reversed(steps) if step.task == "correct"), None)


def note_file(layer: Layer, path: Path | None) -> None:
    """Write into a masks layer's history which file holds its corrections; None: no file does."""
    shown = result_of(layer)
    if not isinstance(shown, Segmentation) or (path is None and noted_step(layer) is None):
        return
    step = None
    if path is not None:
        step = Step("correct", {"corrections": str(path), "any_recording": False})
    layer.metadata = {**layer.metadata, KEY: with_step(shown, step)}


def with_step(segmentation: Segmentation, step: Step | None) -> Segmentation:
    """Return masks whose history has this step, and no other, for corrections."""
    history = segmentation.history()
    others = tuple(other for other in history.steps if other.task != "correct")
    history = dataclasses.replace(history, steps=others)
    return segmentation.replace(provenance=history.then(step) if step else history)


def unsaved_corrections(layer: Layer) -> bool:
    """Return whether a layer rests on corrections by hand that are in no file yet.

    A recipe made of its history lacks them then.
    """
    shown = result_of(layer)
    segmentation = getattr(shown, "segmentation", shown)
    corrected = layer.metadata.get("corrected", getattr(segmentation, "corrected", ()))
    return bool(corrected) and noted_step(layer) is None
