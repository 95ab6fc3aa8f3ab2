"""What a network is retrained on: corrected frames as it sees them, and some others in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.inference.views import View
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.retrain_samples import CorrectedFrame
from napari_insitu_tem.learning.retrain_settings import RetrainSettings
from napari_insitu_tem.learning.retrain_view import seen, views_nearby
from napari_insitu_tem.learning.samples import Sample, SampleError, TrainingSet
from napari_insitu_tem.models.card import ModelCard

__all__ = ["Listed", "Mixed", "frames_as_seen", "mixed_with_simulated", "simulated_of"]

#: Share of frames at other scales, and of inverted ones, among the corrected frames.
_NEARBY, _INVERTED = 0.2, 0.2
#: Edge (px) of what is looked at in search of size and polarity; and of a frame after it was
#: rescaled, for the sake of memory.
_SEARCHED, _LARGEST_SEEN = 640, 4096


def frames_as_seen(
    frames: Sequence[CorrectedFrame],
    view: View,
    *,
    likes: str,
    drop_edge: bool,
    other_scales: bool = True,
) -> list[tuple[TrainingSet, float]]:
    """Return corrected frames as a network is given them, and how often each kind is to come.

    Most are seen in the view that suits. Some are seen at half and twice its scale, and some
    inverted, where nothing is a particle, whatever stands out (the bright middle of a hollow
    particle, say). Those are what the network is given while size and polarity are searched
    for; without having seen them, it is easily taken for better there.

    Parameters
    ----------
    frames : sequence of CorrectedFrame
        To learn from.
    view : View
        At which size and polarity.
    likes : {"dark", "bright", "any"}
        The polarity that the network was trained for; with ``"any"`` nothing is inverted.
    drop_edge : bool
        Whether particles that the border cuts were left out of the masks; the border does not
        count then.
    other_scales : bool
        Whether the scale is searched for; not where it follows from the size of the pixels.
    """
    as_used, nearby, inverted = [], [], []

    def sample(
        frame: CorrectedFrame, other: View, words: str = "", *, empty: bool = False
    ) -> Sample:
        labels = np.zeros_like(frame.labels) if empty else frame.labels
        whole = Sample(frame.image, labels, name=f"frame {frame.index}{words}")
        found = seen(whole, other, likes=likes)
        border = round(other.diameter * other.scale)
        return without_border(found, border) if drop_edge else found

    for frame in frames:
        as_used.append(sample(frame.window(int(_LARGEST_SEEN / view.scale)), view))
        if not other_scales:
            continue
        part = frame.window(_SEARCHED)
        for other in views_nearby(view, part.image.shape, bright=view.bright):
            nearby.append(sample(part, other, ", other scale"))
        if likes != "any":
            for other in views_nearby(view, part.image.shape, bright=not view.bright):
                inverted.append(sample(part, other, ", inverted", empty=True))
    others = [(nearby, _NEARBY), (inverted, _INVERTED)]
    parts: list[tuple[TrainingSet, float]] = [
        (Listed(samples), share) for samples, share in others if samples
    ]
    return [(Listed(as_used), 1 - sum(share for _, share in parts)), *parts]


def mixed_with_simulated(
    parts: Sequence[tuple[TrainingSet, float]], card: ModelCard, settings: RetrainSettings, job: Job
) -> Mixed:
    """Return corrected frames with simulated ones of the network's first training in between."""
    simulated = simulated_of(card.training, settings.seed) if settings.simulated else None
    if simulated is None:
        if settings.simulated:
            job.log(
                f"'{card.name}' was not trained on a simulator, so only corrected frames are "
                "learnt from; it may forget other kinds of frames."
            )
        return Mixed(parts, seed=settings.seed)
    scaled = [(part, share * (1 - settings.simulated)) for part, share in parts]
    return Mixed([*scaled, (simulated, settings.simulated)], seed=settings.seed)


@dataclass(frozen=True)
class Listed:
    """Samples in memory, as they are."""

    samples: Sequence[Sample]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def sample(self, index: int) -> Sample:
        """Return one sample."""
        return self.samples[index]


class Mixed:
    """Samples of several sets in between each other.

    Parameters
    ----------
    parts : sequence of (TrainingSet, float)
        The sets, and how often a sample is one of theirs; numbers that add up to 1. Samples of
        one set come equally often.
    count : int
        Number of samples before they come again.
    seed : int
        Of the order.
    """

    def __init__(
        self, parts: Sequence[tuple[TrainingSet, float]], *, count: int = 10_000, seed: int = 0
    ) -> None:
        self._sets = [part for part, _ in parts]
        shares = np.array([share for _, share in parts])
        chance = np.random.default_rng((seed, 5))
        self._which = chance.choice(len(parts), count, p=shares / shares.sum())

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._which)

    def sample(self, index: int) -> Sample:
        """Return one sample."""
        chosen = self._sets[self._which[index]]
        return chosen.sample(index % len(chosen))


def without_border(sample: Sample, border: int) -> Sample:
    """Return a sample whose border does not count, where cut particles were left out of masks."""
    height, width = sample.image.shape
    valid = np.zeros((height, width), bool)
    valid[border : height - border, border : width - border] = True
    if sample.valid is not None:
        valid &= sample.valid
    return dataclasses.replace(sample, valid=valid)


def simulated_of(training: Mapping[str, Any], seed: int) -> TrainingSet | None:
    """Return the simulated frames that a model was trained on, as its card tells; None if not."""
    from napari_insitu_tem.learning.data_source import DataSource
    from napari_insitu_tem.settings import SettingsError

    if not isinstance(training.get("data"), Mapping):
        return None
    try:
        source = DataSource.from_dict(dict(training["data"]))
        return source.open(seed) if source.kind == "simulated" else None
    except (SampleError, SettingsError):
        return None  # a simulator that is not here any more
