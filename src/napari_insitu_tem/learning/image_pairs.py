"""Pairs of a noisy image (or a few frames) and a clean one to learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.analysis.normalise import NORMALISATIONS, MovieScale
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.learning.validation import side_by_side, spread

__all__ = ["ImagePair", "PairDrawing", "PairPatches", "PairSet"]


@dataclass(frozen=True, eq=False)
class ImagePair:
    """A noisy image and what it should be.

    Parameters
    ----------
    noisy : (n, y, x) float32 array
        Consecutive frames; a (y, x) array is taken as one.
    clean : (y, x) float32 array
        What the frame in the middle should be.
    name : str
        What to call it in messages.

    Raises
    ------
    SampleError
        When sizes differ, or a pixel is not a number.
    """

    noisy: np.ndarray
    clean: np.ndarray
    name: str = "the pair"

    def __post_init__(self) -> None:
        noisy, clean = (np.asarray(each, np.float32) for each in (self.noisy, self.clean))
        noisy = noisy[np.newaxis] if noisy.ndim == 2 else noisy
        if noisy.ndim != 3 or clean.ndim != 2 or noisy.shape[1:] != clean.shape:
            raise SampleError(
                f"{self.name}: the noisy image is {_size(noisy)} px and the clean one "
                f"{_size(clean)} px; they must be of the same size."
            )
        if not (np.isfinite(noisy).all() and np.isfinite(clean).all()):
            raise SampleError(f"{self.name}: some pixels are not numbers (NaN or infinite).")
        object.__setattr__(self, "noisy", noisy)
        object.__setattr__(self, "clean", clean)


class PairSet(Protocol):
    """Pairs that can be had again: the same index gives the same pair."""

    def __len__(self) -> int:
        """Return the number of pairs."""
        ...

    def sample(self, index: int) -> ImagePair:
        """Return one pair."""
        ...


@dataclass(frozen=True)
class PairDrawing:
    """Cuts training patches out of pair number 0, 1, 2, …; can be sent to another process.

    Parameters
    ----------
    pairs : PairSet
        Every pair comes once before any comes again.
    patch : int
        Edge of a patch, px.
    normalisation : str
        One of `analysis.normalise.NORMALISATIONS`.
    mosaics : float
        Share of the patches that are put together from four, as half of Katsuno et al.'s are.
    cuts : int
        Patches cut from a pair each time it comes.
    seed : int
        The patches of pair `number` are cut with a generator made from (seed, number).
    """

    pairs: PairSet
    patch: int
    normalisation: str = "standard"
    mosaics: float = 0.0
    cuts: int = 1
    seed: int = 0

    @property
    def in_processes(self) -> bool:
        """Whether processes of their own should draw: simulating takes the processor's time."""
        return hasattr(self.pairs, "draw")

    def __call__(self, number: int) -> list[Prepared]:
        """Return the patches of a pair."""
        rng = np.random.default_rng((self.seed, 1, number))
        whole = normalised(self.pairs.sample(self._index(number)), self.normalisation)
        return [self._patch(whole, rng) for _ in range(self.cuts)]

    def _patch(self, whole: np.ndarray, rng: np.random.Generator) -> Prepared:
        if rng.random() >= self.mosaics:
            return prepared(_turned(_cut(whole, self.patch, rng), rng))
        quarters = [_turned(_cut(whole, self.patch // 2, rng), rng) for _ in range(4)]
        return prepared(_mosaic(quarters))

    def _index(self, number: int) -> int:
        turn, place = divmod(number, len(self.pairs))
        if turn == 0:
            return place
        return int(np.random.default_rng((self.seed, 0, turn)).permutation(len(self.pairs))[place])


class PairPatches:
    """Patches of pairs that were set aside, cut side by side.

    Parameters
    ----------
    pairs : PairSet
        The validation set.
    patch : int
        Edge of a patch, px.
    count : int
        Largest number of patches; they are spread over all pairs.
    normalisation : str
        As for the training.
    """

    def __init__(self, pairs: PairSet, patch: int, count: int, normalisation: str) -> None:
        self._pairs, self._patch, self._count = pairs, patch, count
        self._normalisation = normalisation

    def __call__(self, check: Callable[[], None] = lambda: None) -> list[Prepared]:
        """Cut the patches."""
        patches: list[Prepared] = []
        chosen = spread(len(self._pairs), self._count)
        share = max(1, self._count // len(chosen))
        for index in chosen:
            check()
            whole = _padded(
                normalised(self._pairs.sample(int(index)), self._normalisation), self._patch
            )
            corners = side_by_side(whole.shape[1:], self._patch)
            for place in spread(len(corners), share):
                y, x = corners[place]
                patches.append(prepared(whole[:, y : y + self._patch, x : x + self._patch]))
        return patches


def normalised(pair: ImagePair, normalisation: str) -> np.ndarray:
    """Return noisy frames and, last, the clean one as a network takes and gives them."""
    if normalisation == "movie":
        scale = MovieScale.of(pair.noisy)
        return np.concatenate([scale.prepare(pair.noisy), scale.prepare(pair.clean)[np.newaxis]])
    given, wanted = NORMALISATIONS[normalisation].pair(pair.noisy[0], pair.clean)
    return np.stack([given, wanted])


def prepared(both: np.ndarray) -> Prepared:
    """Return a patch (n + 1, y, x) as what is given, what is wanted, and what counts."""
    weights = np.ones((1, *both.shape[1:]), np.uint8)
    return np.ascontiguousarray(both[:-1]), np.ascontiguousarray(both[-1:]), weights


def _cut(whole: np.ndarray, edge: int, rng: np.random.Generator) -> np.ndarray:
    whole = _padded(whole, edge)
    y, x = (int(rng.integers(size - edge + 1)) for size in whole.shape[1:])
    return whole[:, y : y + edge, x : x + edge]


def _turned(both: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.integers(2):
        both = both[:, :, ::-1]
    return np.rot90(both, int(rng.integers(4)), (1, 2))


def _mosaic(quarters: list[np.ndarray]) -> np.ndarray:
    upper, lower = (np.concatenate(quarters[first : first + 2], axis=2) for first in (0, 2))
    return np.concatenate([upper, lower], axis=1)


def _padded(whole: np.ndarray, edge: int) -> np.ndarray:
    lacking = [(0, max(0, edge - size)) for size in whole.shape[1:]]
    return np.pad(whole, [(0, 0), *lacking], mode="symmetric") if any(map(max, lacking)) else whole


def _size(array: np.ndarray) -> str:
    return " × ".join(str(size) for size in array.shape)
