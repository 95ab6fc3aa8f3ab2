"""A retrained network beside the one it came from, until it is kept or discarded."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.learning.retrain_samples import CorrectedFrame
from napari_insitu_tem.learning.retrain_settings import RetrainSettings
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.store import Model, free_name, save_model

if TYPE_CHECKING:
    from napari_insitu_tem.inference.views import View
    from napari_insitu_tem.learning.loop import Trained

__all__ = ["Retrained"]


@dataclass(frozen=True, eq=False)
class Retrained:
    """A retrained network, not saved yet, beside the one it came from.

    Parameters
    ----------
    parent : Model
        The network that was started from; unchanged.
    trained : Trained
        The new weights, and how the training went.
    view : View
        At which size and polarity both networks saw the frames.
    trained_on : tuple of int
        Frames that were learnt from.
    left_out : CorrectedFrame
        The frame (or part of it) that was not, with its corrected labels.
    words : str
        What was left out, in a sentence.
    before, after : (y, x) int32 arrays
        What the old and the new network find in it.
    scores_before, scores_after : dict
        Agreement with the corrected labels; see `analysis.agreement.instance_scores`.
    settings : RetrainSettings
        How it was retrained.
    movie : str
        Name of the movie.
    """

    parent: Model
    trained: Trained
    view: View
    trained_on: tuple[int, ...]
    left_out: CorrectedFrame
    words: str
    before: np.ndarray
    after: np.ndarray
    scores_before: dict[str, float]
    scores_after: dict[str, float]
    settings: RetrainSettings
    movie: str

    def summary(self) -> str:
        """Return the comparison in a sentence or two."""
        parts = [
            f"{words} {self.scores_before[key]:.2f} → {self.scores_after[key]:.2f}"
            for words, key in (("F1", "f1"), ("IoU", "foreground_iou"))
        ]
        return f"{self.words} On it: {', '.join(parts)}."

    def proposed_name(self) -> str:
        """Return a free name that says where the new network is from."""
        parent = self.parent.name
        movie = re.sub(r"[^A-Za-z0-9]+", "-", self.movie).strip("-").lower()
        return free_name(parent if not movie or movie in parent else f"{parent}-{movie}"[:60])

    def card(self, name: str) -> ModelCard:
        """Return the card of the new model under a name."""
        old = self.parent.card
        data = f"{self.movie}, frame {self.left_out.index} (left out)"
        quality = tuple(
            {
                "data": data,
                "measure": measure,
                "value": round(self.scores_after[key], 4),
                "baseline": round(self.scores_before[key], 4),
            }
            for measure, key in (("F1@0.5", "f1"), ("foreground IoU", "foreground_iou"))
        )
        frames = ", ".join(str(frame) for frame in self.trained_on)
        training: dict[str, Any] = {
            "retrain": {
                "start_from": self.parent.identity,
                "settings": self.settings.to_dict(),
                "frames": list(self.trained_on),
                "left_out": self.left_out.index,
                "view": dataclasses.asdict(self.view),
                "steps": self.trained.best.step,
                "seconds": round(self.trained.best.seconds, 1),
            }
        }
        # What the first training drew from goes along, so that the next one can mix it in, too.
        training |= {key: old.training[key] for key in ("data", "patch") if key in old.training}
        changes = {
            "name": name,
            "title": f"{old.title or old.name}, retrained",
            "trained_on": f"{old.trained_on.rstrip()} Then on corrected frames of "
            f"'{self.movie}': {frames}.",
            "training": training,
            "quality": quality,
            "parent": old.name,
            "version": "1",
            "sha256": "",
        }
        return ModelCard.from_dict({**old.model_dump(exclude={"created"}), **changes})

    def save(self, name: str, folder: Path | None = None, *, replace: bool = False) -> Model:
        """Keep the new network under a name, in the user's store unless a folder is given.

        Raises
        ------
        ModelError
            When the name is taken or not allowed, or nothing can be written there.
        """
        return save_model(self.card(name), self.trained.state, folder, replace=replace)
