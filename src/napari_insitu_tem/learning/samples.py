"""Training samples: an image with its labels, and sets of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

__all__ = [
    "PairsFromArrays",
    "Sample",
    "SampleError",
    "SimulatedSet",
    "TrainingSet",
    "check_labels",
    "note_of",
]


class SampleError(ValueError):
    """Images and labels cannot be learnt from; one plain sentence says which and why."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A frame and what is to be found in it.

    Parameters
    ----------
    image : (y, x) float32 array
        Intensities, in any unit.
    labels : (n_layers, y, x) int32 array
        One number a particle, 0 for background; one layer for ordinary segmentation. A
        (y, x) array is taken as one layer.
    valid : (y, x) bool array, optional
        Pixels whose label is known; all of them when left out. The others are ignored.
        Pixels that are not numbers never count, and are set to the median of the rest.
    name : str
        What to call it in messages.

    Raises
    ------
    SampleError
        When sizes differ, labels are not whole numbers, or no pixel is a number.
    """

    image: np.ndarray
    labels: np.ndarray
    valid: np.ndarray | None = None
    name: str = "the image"
    #: Number of pixels that were not numbers.
    not_numbers: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        image, labels = np.asarray(self.image), np.asarray(self.labels)
        labels = labels[np.newaxis] if labels.ndim == 2 else labels
        if image.ndim != 2 or labels.ndim != 3 or 0 in image.shape or 0 in labels.shape:
            raise SampleError(
                f"{self.name}: an image is (y, x) and its labels (layers, y, x), not "
                f"{image.shape} and {labels.shape}."
            )
        if image.shape != labels.shape[1:]:
            raise SampleError(
                f"{self.name}: the image is {_size(image)} px and its labels {_size(labels)} px; "
                "they must be of the same size."
            )
        if labels.dtype.kind not in "uib":
            raise SampleError(
                f"{self.name}: its labels are {labels.dtype}, and labels are whole numbers."
            )
        valid = None if self.valid is None else np.asarray(self.valid, bool)
        if valid is not None and valid.shape != image.shape:
            raise SampleError(
                f"{self.name}: the image is {_size(image)} px and its valid pixels "
                f"{_size(valid)} px; they must be of the same size."
            )
        image = image.astype(np.float32, copy=False)
        finite = np.isfinite(image)
        if not finite.all():
            if not finite.any():
                raise SampleError(
                    f"{self.name}: no pixel of the image is a number (all are NaN or infinite)."
                )
            image = np.where(finite, image, np.median(image[finite]).astype(np.float32))
            valid = finite if valid is None else valid & finite
            object.__setattr__(self, "not_numbers", int((~finite).sum()))
        object.__setattr__(self, "image", image)
        object.__setattr__(self, "labels", labels.astype(np.int32, copy=False))
        object.__setattr__(self, "valid", valid)


class TrainingSet(Protocol):
    """Samples that can be drawn again: the same index gives the same sample."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def sample(self, index: int) -> Sample:
        """Return one sample."""
        ...


class PairsFromArrays:
    """Images and labels in memory, one pair a frame.

    Parameters
    ----------
    images : (n, y, x) array, or sequence of (y, x) arrays
        Frames.
    labels : (n, y, x) or (n, n_layers, y, x) array, or a sequence of such
        Their labels.
    valid : (n, y, x) bool array, or sequence, optional
        Pixels that count.
    recordings : sequence of int, optional
        Which recording each frame is from; all are of one when left out.
    name : str
        What to call them in messages.

    Raises
    ------
    SampleError
        When they do not fit each other, or hold nothing to learn.
    """

    def __init__(
        self,
        images: Sequence[Any] | np.ndarray,
        labels: Sequence[Any] | np.ndarray,
        valid: Sequence[Any] | np.ndarray | None = None,
        *,
        recordings: Sequence[int] | None = None,
        name: str = "frame",
    ) -> None:
        if len(images) != len(labels) or (valid is not None and len(valid) != len(images)):
            raise SampleError(
                f"There are {len(images)} images and {len(labels)} labels; every image needs its "
                "own."
            )
        if not len(images):
            raise SampleError("There are no images to learn from.")
        self._samples = [
            Sample(
                np.asarray(images[index]),
                np.asarray(labels[index]),
                None if valid is None else np.asarray(valid[index]),
                f"{name} {index}",
            )
            for index in range(len(images))
        ]
        self.notes = [note for sample in self._samples if (note := note_of(sample))]
        self.recordings = tuple(recordings) if recordings is not None else (0,) * len(images)
        check_labels(self)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._samples)

    def sample(self, index: int) -> Sample:
        """Return one frame."""
        return self._samples[index]


@dataclass(frozen=True)
class SimulatedSet:
    """Samples from a simulator.

    Parameters
    ----------
    draw : callable
        ``(rng) -> sample``, a `Sample` or what else is learnt from. Where it can be pickled,
        several processes draw at once.
    count : int
        Number of different samples.
    seed : int
        Sample `index` is drawn with a generator made from (seed, index), so that it is the
        same whenever and wherever it is drawn.
    """

    draw: Callable[[np.random.Generator], Any]
    count: int
    seed: int = 0

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.count

    def sample(self, index: int) -> Any:
        """Draw a sample."""
        if not 0 <= index < self.count:
            raise IndexError(f"There is no sample {index} of {self.count}.")
        return self.draw(np.random.default_rng((self.seed, index)))


def check_labels(whole: TrainingSet) -> None:
    """Raise `SampleError` when the labels of all samples together leave nothing to learn."""
    some = every = False
    for index in range(len(whole)):
        sample = whole.sample(index)
        marked = sample.labels.max(axis=0) > 0
        counted = marked if sample.valid is None else marked[sample.valid]
        if not counted.size:
            continue
        some, every = some or bool(counted.any()), every or bool((~counted).any())
        if some and every:
            return
    if some:
        raise SampleError(
            "Every pixel of every label image is marked as particle, so there is no background "
            "to learn; background must be 0."
        )
    if every:
        raise SampleError("All label images are empty, so there is no particle to learn from.")
    raise SampleError("No pixel of the training images counts; mark some as valid.")


def note_of(sample: Sample) -> str:
    """Return a word on pixels that are not numbers; nothing when all are."""
    if not sample.not_numbers:
        return ""
    return (
        f"{sample.name}: {sample.not_numbers} pixels are not numbers (NaN or infinite); they are "
        "ignored."
    )


def _size(array: np.ndarray) -> str:
    return f"{array.shape[-2]} × {array.shape[-1]}"
