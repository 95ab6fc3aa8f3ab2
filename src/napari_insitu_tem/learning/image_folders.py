"""A folder of noisy and clean images as a training set of a denoising network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.learning.image_pairs import ImagePair
from napari_insitu_tem.learning.pair_files import FilePair, Naming, find_pairs, frames_and_size
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.movie import CalibrationWarning

__all__ = ["FolderOfImagePairs"]

_CLEAN = Naming(
    given=("noisy", "low dose", "low-dose", "low_dose", "low", "input", "inputs", "raw"),
    wanted="clean|high[ _-]dose|high|targets?|truth|ground[ _-]truth|reference",
    what="clean image",
    example="clean",
)


class FolderOfImagePairs:
    """Noisy images with clean ones in a folder; a movie counts as its frames.

    Either the folder has the folders ``noisy`` and ``clean`` (or ``low dose`` and ``high dose``,
    ``input`` and ``target``), or every ``x.tif`` (``x_noisy.tif``) has its ``x_clean.tif`` beside
    it. A movie of noisy frames may have one clean image for all of them.

    Parameters
    ----------
    folder : path
        The folder.

    Raises
    ------
    SampleError
        Naming the file, when an image has no partner, sizes differ, or there is nothing to
        learn.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._frames: list[tuple[Any, Any, int, str]] = []
        recordings: list[int] = []
        for number, pair in enumerate(find_pairs(self.folder, _CLEAN), start=1):
            noisy, clean = _open(pair)
            count = noisy.shape[0]
            for index in range(count):
                name = pair.image.name + (f", frame {index}" if count > 1 else "")
                self._frames.append((noisy, clean, index, name))
            # Single pictures in a row may be neighbours of one recording.
            recordings += [number if count > 1 else 0] * count
        self.recordings = tuple(recordings)
        self.sample(0)

    def __len__(self) -> int:
        """Return the number of noisy frames."""
        return len(self._frames)

    def sample(self, index: int) -> ImagePair:
        """Read one frame and what it should be."""
        noisy, clean, frame, name = self._frames[index]
        wanted = clean[frame if clean.shape[0] > 1 else 0]
        return ImagePair(np.asarray(noisy[frame]), np.asarray(wanted), name=f"'{name}'")


def _open(pair: FilePair) -> tuple[Any, Any]:
    if len(pair.wanted) > 1:
        names = " and ".join(f"'{path.name}'" for path in pair.wanted)
        raise SampleError(f"The image '{pair.image.name}' has two clean ones: {names}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        noisy, clean = (read_movie(path).data for path in (pair.image, pair.wanted[0]))
    if clean.shape[1:] != noisy.shape[1:] or clean.shape[0] not in (1, noisy.shape[0]):
        raise SampleError(
            f"'{pair.image.name}' is {frames_and_size(noisy)} and '{pair.wanted[0].name}' is "
            f"{frames_and_size(clean)}; noisy and clean images must be of the same size."
        )
    return noisy, clean
