"""From samples to what a network takes: standardised patches, targets and weights."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.analysis.standardise import standardise
from napari_insitu_tem.learning.augment import AugmentSettings, cut, vary_intensity
from napari_insitu_tem.learning.samples import Sample, TrainingSet
from napari_insitu_tem.learning.targets import targets

__all__ = ["Drawing", "Draws", "Prepared", "assemble", "standardised"]

#: A training patch: images (n, y, x) float32, targets (c, y, x) and weights (1, y, x); maps of
#: particles are uint8 and wait in little memory that way.
Prepared = tuple[np.ndarray, np.ndarray, np.ndarray]


class Draws(Protocol):
    """Cuts training patches out of frame number 0, 1, 2, …, `cuts` at a time."""

    @property
    def cuts(self) -> int:
        """Patches cut from a frame each time it comes."""
        ...

    @property
    def in_processes(self) -> bool:
        """Whether processes of their own should draw."""
        ...

    def __call__(self, number: int) -> list[Prepared]:
        """Return the patches of a frame."""
        ...


@dataclass(frozen=True)
class Drawing:
    """Cuts training patches out of frame number 0, 1, 2, …; can be sent to another process.

    Parameters
    ----------
    samples : TrainingSet
        Where frames come from. Every frame comes once before any comes again.
    channels : tuple of str
        What the network's output channels mean.
    patch : int
        Edge of a patch, px.
    augmentation : AugmentSettings
        How patches are varied.
    cuts : int
        Patches cut from a frame each time it comes.
    seed : int
        The patches of frame `number` are cut with a generator made from (seed, number).
    """

    samples: TrainingSet
    channels: tuple[str, ...]
    patch: int
    augmentation: AugmentSettings
    cuts: int = 1
    seed: int = 0

    def __call__(self, number: int) -> list[Prepared]:
        """Return the patches of a frame."""
        rng = np.random.default_rng((self.seed, 1, number))
        frame = standardised(self.samples.sample(self._index(number)))
        return [self._patch(frame, rng) for _ in range(self.cuts)]

    @property
    def in_processes(self) -> bool:
        """Whether processes of their own should draw: simulating takes the processor's time."""
        return hasattr(self.samples, "draw")

    def _patch(self, frame: Sample, rng: np.random.Generator) -> Prepared:
        piece = cut(frame, self.patch, self.augmentation, rng)
        image = vary_intensity(piece.image, self.augmentation, rng)
        return assemble(dataclasses.replace(piece, image=image), self.channels)

    def _index(self, number: int) -> int:
        """Return which sample comes as number so and so: a new order each time around."""
        turn, place = divmod(number, len(self.samples))
        if turn == 0 and hasattr(self.samples, "draw"):
            return place  # simulated: they have no order that could matter
        return int(_order(self.seed, turn, len(self.samples))[place])


@functools.lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, 0, turn)).permutation(count)


def standardised(frame: Sample) -> Sample:
    """Return a whole frame with its image as networks take it; the same as when they are used."""
    return dataclasses.replace(frame, image=standardise(frame.image))


def assemble(piece: Sample, channels: tuple[str, ...]) -> Prepared:
    """Return a standardised patch as image, targets and weights."""
    valid = np.ones(piece.image.shape, bool) if piece.valid is None else piece.valid
    return (
        piece.image[np.newaxis],
        np.asarray(targets(piece.labels, channels)).astype(np.uint8),
        valid[np.newaxis].astype(np.uint8),
    )
