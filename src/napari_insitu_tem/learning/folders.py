"""A folder of images and labels as a training set."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from napari_insitu_tem.io.labels import read_labels
from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.learning.pair_files import FilePair, Naming, find_pairs, frames_and_size
from napari_insitu_tem.learning.samples import (
    Sample,
    SampleError,
    check_labels,
    note_of,
)
from napari_insitu_tem.movie import CalibrationWarning

__all__ = ["FolderOfPairs"]

_LABELLED = Naming(
    given=("images", "image", "frames", "movies", "raw"),
    wanted="labels?|masks?",
    what="labels",
    example="labels",
)
_KEPT_BYTES = 1e9  # frames are kept in memory up to this much


class FolderOfPairs:
    """Images with labels in a folder; a movie counts as its frames.

    Either the folder has the folders ``images`` and ``labels`` (or ``masks``; or ``labels 1``,
    ``labels 2`` … for several layers), or every ``x.tif`` has its ``x_labels.tif`` (or
    ``x_mask.png``) beside it. Files of two folders belong together by name, or by their order
    (1, 2, … 10) when no names agree. A mask of one value is divided into its connected parts.

    Parameters
    ----------
    folder : path
        The folder.

    Raises
    ------
    SampleError
        Naming the file, when an image has no labels, sizes differ, labels are not whole
        numbers, or there is nothing to learn.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._frames: list[tuple[Any, list[Any], int, str]] = []
        recordings: list[int] = []
        for number, pair in enumerate(find_pairs(self.folder, _LABELLED), start=1):
            image, labels = _open(pair)
            count = image.shape[0]
            for index in range(count):
                name = pair.image.name + (f", frame {index}" if count > 1 else "")
                self._frames.append((image, labels, index, name))
            # Single pictures in a row may be neighbours of one recording.
            recordings += [number if count > 1 else 0] * count
        self.recordings = tuple(recordings)
        height_width = sum(image.shape[1] * image.shape[2] * 9 for image, *_ in self._frames)
        self._kept: dict[int, Sample] | None = {} if height_width <= _KEPT_BYTES else None
        self.notes: list[str] = []
        if self._kept is not None:
            for index in range(len(self)):  # so that what is wrong is said at once
                self.sample(index)
        check_labels(self)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    def sample(self, index: int) -> Sample:
        """Read one frame."""
        if self._kept is not None and index in self._kept:
            return self._kept[index]
        image, layers, frame, name = self._frames[index]
        labels = np.stack([_instances(np.asarray(layer[frame])) for layer in layers])
        sample = Sample(np.asarray(image[frame]), labels, name=f"'{name}'")
        note = note_of(sample)
        if note and note not in self.notes:
            self.notes.append(note)
        if self._kept is not None:
            self._kept[index] = sample
        return sample


def _open(pair: FilePair) -> tuple[Any, list[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        image = read_movie(pair.image).data
        layers = [read_labels(path)[0] for path in pair.wanted]
    for path, layer in zip(pair.wanted, layers, strict=True):
        if layer.shape != image.shape:
            raise SampleError(
                f"'{pair.image.name}' is {frames_and_size(image)} and '{path.name}' is "
                f"{frames_and_size(layer)}; image and labels must be of the same size."
            )
    return image, layers


def _instances(labels: np.ndarray) -> np.ndarray:
    """Divide a mask of one value into its connected parts; leave other labels as they are."""
    values = np.unique(labels)
    if np.count_nonzero(values) == 1:
        return ndimage.label(labels != 0)[0].astype(np.int32)
    return labels.astype(np.int32)
