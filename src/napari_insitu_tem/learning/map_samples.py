"""Training samples whose target maps are ready: one or several images, one map a channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.analysis.standardise import standardise
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.learning.validation import side_by_side, spread

__all__ = ["MapDrawing", "MapPatches", "MapSample", "MapSet", "spots"]


@dataclass(frozen=True, eq=False)
class MapSample:
    """Images of one field and what a network is to answer at every pixel.

    Parameters
    ----------
    image : (n, y, x) float32 array
        What the network is given, such as a focal series; a (y, x) array is taken as one image.
    maps : (c, y, x) float32 array
        What it is to answer, 0 to 1, one map a channel of the recipe; a (y, x) array is one.
    valid : (y, x) bool array, optional
        Pixels that count; all of them when left out.
    name : str
        What to call it in messages.

    Raises
    ------
    SampleError
        When sizes differ, a pixel is not a number, or a map leaves 0 … 1.
    """

    image: np.ndarray
    maps: np.ndarray
    valid: np.ndarray | None = None
    name: str = "the sample"

    def __post_init__(self) -> None:
        image, maps = (np.asarray(each, np.float32) for each in (self.image, self.maps))
        image, maps = (each[np.newaxis] if each.ndim == 2 else each for each in (image, maps))
        sizes_agree = image.ndim == maps.ndim == 3 and image.shape[1:] == maps.shape[1:]
        if not sizes_agree or 0 in image.shape or 0 in maps.shape:
            raise SampleError(
                f"{self.name}: images are (n, y, x) and maps (channels, y, x) of the same size, "
                f"not {image.shape} and {maps.shape}."
            )
        if not (np.isfinite(image).all() and np.isfinite(maps).all()):
            raise SampleError(f"{self.name}: some pixels are not numbers (NaN or infinite).")
        if maps.min() < 0 or maps.max() > 1:
            raise SampleError(f"{self.name}: its maps must lie between 0 and 1.")
        valid = np.ones(image.shape[1:], bool) if self.valid is None else np.asarray(self.valid)
        if valid.shape != image.shape[1:]:
            raise SampleError(
                f"{self.name}: its valid pixels are {valid.shape} and its images "
                f"{image.shape[1:]}; they must be of the same size."
            )
        object.__setattr__(self, "image", image)
        object.__setattr__(self, "maps", maps)
        object.__setattr__(self, "valid", valid.astype(bool))


class MapSet(Protocol):
    """Samples that can be had again: the same index gives the same sample or samples."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def sample(self, index: int) -> MapSample:
        """Return one sample."""
        ...


@dataclass(frozen=True)
class MapDrawing:
    """Cuts training patches out of sample number 0, 1, 2, …; can be sent to another process.

    Every image is standardised as a whole, as when the network is used; patches are mirrored and
    turned by quarter turns.

    Parameters
    ----------
    samples : MapSet
        Where images and maps come from.
    patch : int
        Edge of a patch, px.
    cuts : int
        Patches cut from a sample each time it comes.
    seed : int
        The patches of sample `number` are cut with a generator made from (seed, number).
    """

    samples: MapSet
    patch: int
    cuts: int = 1
    seed: int = 0

    @property
    def in_processes(self) -> bool:
        """Whether processes of their own should draw: simulating takes the processor's time."""
        return hasattr(self.samples, "draw")

    def __call__(self, number: int) -> list[Prepared]:
        """Return the patches of a sample."""
        rng = np.random.default_rng((self.seed, 1, number))
        whole = _prepared(self.samples.sample(self._index(number)), self.patch)
        return [self._patch(whole, rng) for _ in range(self.cuts)]

    def _patch(self, whole: Prepared, rng: np.random.Generator) -> Prepared:
        y, x = (int(rng.integers(size - self.patch + 1)) for size in whole[0].shape[1:])
        turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
        image, maps, weights = (
            _turned(part, turns, mirror) for part in _window(whole, y, x, self.patch)
        )
        return image, maps, weights

    def _index(self, number: int) -> int:
        turn, place = divmod(number, len(self.samples))
        if turn == 0:
            return place
        order = np.random.default_rng((self.seed, 0, turn)).permutation(len(self.samples))
        return int(order[place])


class MapPatches:
    """Patches of samples that were set aside, cut side by side.

    Parameters
    ----------
    samples : MapSet
        The validation set.
    patch : int
        Edge of a patch, px.
    count : int
        Largest number of patches; they are spread over all samples.
    """

    def __init__(self, samples: MapSet, patch: int, count: int) -> None:
        self._samples, self._patch, self._count = samples, patch, count

    def __call__(self, check: Callable[[], None] = lambda: None) -> list[Prepared]:
        """Cut the patches."""
        patches: list[Prepared] = []
        chosen = spread(len(self._samples), self._count)
        share = max(1, self._count // len(chosen))
        for index in chosen:
            check()
            whole = _prepared(self._samples.sample(int(index)), self._patch)
            corners = side_by_side(whole[0].shape[1:], self._patch)
            for place in spread(len(corners), share):
                y, x = corners[place]
                patches.append(_window(whole, y, x, self._patch))
        return patches


def spots(positions: np.ndarray, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Return a map with a Gaussian of height 1 at every position.

    Where two overlap, the map has the higher of both, so that each keeps its own maximum.

    Parameters
    ----------
    positions : (n, 2) array
        (y, x) in px; those outside may reach into the map.
    shape : (int, int)
        Of the map.
    sigma : float
        Standard deviation, px.

    Returns
    -------
    (y, x) float32 array
    """
    answer = np.zeros(shape, np.float32)
    reach = int(np.ceil(4 * sigma))
    for y, x in np.asarray(positions, float).reshape(-1, 2):
        low = max(round(y) - reach, 0), max(round(x) - reach, 0)
        high = min(round(y) + reach + 1, shape[0]), min(round(x) + reach + 1, shape[1])
        if low[0] >= high[0] or low[1] >= high[1]:
            continue
        rows = np.exp(-0.5 * ((np.arange(low[0], high[0]) - y) / sigma) ** 2)
        columns = np.exp(-0.5 * ((np.arange(low[1], high[1]) - x) / sigma) ** 2)
        part = answer[low[0] : high[0], low[1] : high[1]]
        np.maximum(part, np.outer(rows, columns), out=part, casting="same_kind")
    return answer


def _prepared(sample: MapSample, edge: int) -> Prepared:
    """Return standardised images, maps and weights of at least `edge` px each way."""
    assert sample.valid is not None
    image = np.stack([standardise(each) for each in sample.image])
    lacking = [max(0, edge - size) for size in image.shape[1:]]
    weights = sample.valid[np.newaxis].astype(np.uint8)
    if not any(lacking):
        return image, sample.maps, weights
    widths = [(0, 0), *((lack // 2, lack - lack // 2) for lack in lacking)]
    mirrored = (np.pad(part, widths, mode="symmetric") for part in (image, sample.maps))
    return *mirrored, np.pad(weights, widths)  # type: ignore[return-value]  # both are arrays


def _window(whole: Prepared, y: int, x: int, edge: int) -> Prepared:
    image, maps, weights = (
        np.ascontiguousarray(part[:, y : y + edge, x : x + edge]) for part in whole
    )
    return image, maps, weights


def _turned(array: np.ndarray, turns: int, mirror: bool) -> np.ndarray:
    turned = np.rot90(array, turns, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if mirror else turned)
