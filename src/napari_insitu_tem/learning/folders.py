"""A folder of images and labels as a training set."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from napari_insitu_tem.io.labels import read_labels
from napari_insitu_tem.io.read import SUFFIXES, read_movie
from napari_insitu_tem.learning.samples import (
    Sample,
    SampleError,
    check_labels,
    note_of,
)
from napari_insitu_tem.movie import CalibrationWarning

__all__ = ["FolderOfPairs", "find_pairs"]

_IMAGES = ("images", "image", "frames", "movies", "raw")
_LABELS = re.compile(r"(?:labels?|masks?)(?:[ _-]?(\d+))?", re.IGNORECASE)
_ENDING = re.compile(r"(.+?)[ _-](?:labels?|masks?)(?:[ _-]?(\d+))?", re.IGNORECASE)
_KEPT_BYTES = 1e9  # frames are kept in memory up to this much


@dataclass(frozen=True)
class Pair:
    """An image (or movie) file, and its labels: one file a layer."""

    image: Path
    labels: tuple[Path, ...]


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
        for number, pair in enumerate(find_pairs(self.folder), start=1):
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


def find_pairs(folder: Path) -> list[Pair]:
    """Return which image goes with which labels; see `FolderOfPairs`."""
    if not folder.is_dir():
        raise SampleError(f"There is no folder '{folder}'.")
    places = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    image_places = [places[name] for name in _IMAGES if name in places]
    label_places = sorted(
        (path for name, path in places.items() if _LABELS.fullmatch(name)),
        key=lambda path: _natural(path.name),
    )
    if image_places and label_places:
        pairs = _across(_files(image_places[0]), [_files(place) for place in label_places])
    else:
        pairs = _beside(_files(folder))
    if not pairs:
        raise SampleError(
            f"No pairs of image and labels were found in '{folder.name}': it needs the folders "
            "'images' and 'labels', or to every x.tif an x_labels.tif."
        )
    return pairs


def _across(images: list[Path], layers: list[list[Path]]) -> list[Pair]:
    """Pair files of different folders, by name or else by order."""
    named = [{_core(path): path for path in files} for files in layers]
    stems = [path.stem for path in images]
    if any(stem in layer for layer in named for stem in stems):
        found = []
        for image in images:
            for layer, files in zip(named, layers, strict=True):
                if image.stem not in layer:
                    where = files[0].parent.name if files else "labels"
                    raise SampleError(f"The image '{image.name}' has no labels in '{where}'.")
            found.append(Pair(image, tuple(layer[image.stem] for layer in named)))
        return found
    for files in layers:
        if len(files) != len(images):
            lone = images[len(files)] if len(files) < len(images) else files[len(images)]
            raise SampleError(
                f"There are {len(images)} images and {len(files)} label files whose names do not "
                f"agree; '{lone.name}' is left over."
            )
    return [Pair(image, tuple(rest)) for image, *rest in zip(images, *layers, strict=True)]


def _beside(files: list[Path]) -> list[Pair]:
    """Pair files of one folder by the ending of the labels' names."""
    labels: dict[str, list[Path]] = {}
    images = []
    for path in files:
        match = _ENDING.fullmatch(path.stem)
        if match:
            labels.setdefault(match[1], []).append(path)
        else:
            images.append(path)
    if not labels:
        return []
    for image in images:
        if image.stem not in labels:
            raise SampleError(
                f"The image '{image.name}' has no labels ('{image.stem}_labels.tif') beside it."
            )
    return [Pair(image, tuple(labels[image.stem])) for image in images]


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder that can be opened, in natural order."""
    known = [
        path
        for path in folder.iterdir()
        if path.suffix.lower().lstrip(".") in SUFFIXES and not path.name.startswith(".")
    ]
    return sorted(known, key=lambda path: _natural(path.name))


def _natural(name: str) -> list[Any]:
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", name)]


def _core(path: Path) -> str:
    """Return what the labels are called without ``_labels``."""
    match = _ENDING.fullmatch(path.stem)
    return match[1] if match else path.stem


def _open(pair: Pair) -> tuple[Any, list[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        image = read_movie(pair.image).data
        layers = [read_labels(path)[0] for path in pair.labels]
    for path, layer in zip(pair.labels, layers, strict=True):
        if layer.shape != image.shape:
            raise SampleError(
                f"'{pair.image.name}' is {_shape(image)} and '{path.name}' is {_shape(layer)}; "
                "image and labels must be of the same size."
            )
    return image, layers


def _shape(data: Any) -> str:
    count, height, width = data.shape
    frames = f"{count} frames of " if count > 1 else ""
    return f"{frames}{height} × {width} px"


def _instances(labels: np.ndarray) -> np.ndarray:
    """Divide a mask of one value into its connected parts; leave other labels as they are."""
    values = np.unique(labels)
    if np.count_nonzero(values) == 1:
        return ndimage.label(labels != 0)[0].astype(np.int32)
    return labels.astype(np.int32)
