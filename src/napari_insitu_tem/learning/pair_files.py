"""Which files of a folder belong together: an image, and what is to be learnt from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_insitu_tem.io.read import SUFFIXES
from napari_insitu_tem.learning.samples import SampleError

__all__ = ["FilePair", "Naming", "find_pairs", "frames_and_size"]


@dataclass(frozen=True)
class Naming:
    """What the files and folders of pairs are called.

    Parameters
    ----------
    given : tuple of str
        Names that the folder of images may have, in lower case.
    wanted : str
        Regular expression of what the others are called: the folder's name, or, after the
        image's name and ``_``, the file's. A number may follow (``labels 2``).
    what : str
        The others, in messages.
    example : str
        Name of the folder, or ending of a file, to propose.
    """

    given: tuple[str, ...]
    wanted: str
    what: str
    example: str

    def folder(self, name: str) -> bool:
        """Whether a folder of this name holds what is wanted."""
        return bool(re.fullmatch(rf"(?:{self.wanted})(?:[ _-]?\d+)?", name, re.IGNORECASE))

    def core(self, stem: str) -> str | None:
        """Return the image's name in that of what is wanted; None if it is no such name."""
        pattern = rf"(.+?)[ _-](?:{self.wanted})(?:[ _-]?(?:\d+))?"
        match = re.fullmatch(pattern, stem, re.IGNORECASE)
        return match[1] if match else None


@dataclass(frozen=True)
class FilePair:
    """An image (or movie) file, and what belongs to it: labels may be one file a layer."""

    image: Path
    wanted: tuple[Path, ...]


def find_pairs(folder: Path, naming: Naming) -> list[FilePair]:
    """Return which files of a folder belong together.

    Parameters
    ----------
    folder : path
        With two folders of images and of what is wanted, or with both side by side.
    naming : Naming
        What they are called.

    Raises
    ------
    SampleError
        When there are none, or one has no partner.
    """
    if not folder.is_dir():
        raise SampleError(f"There is no folder '{folder}'.")
    places = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    given = [places[name] for name in naming.given if name in places]
    wanted = sorted(
        (path for name, path in places.items() if naming.folder(name)),
        key=lambda path: _natural(path.name),
    )
    if given and wanted:
        pairs = _across(_files(given[0]), [_files(place) for place in wanted], naming)
    else:
        pairs = _beside(_files(folder), naming)
    if not pairs:
        raise SampleError(
            f"No pairs of image and {naming.what} were found in '{folder.name}': it needs the "
            f"folders '{naming.given[0]}' and '{naming.example}', or to every x.tif an "
            f"x_{naming.example}.tif."
        )
    return pairs


def frames_and_size(data: Any) -> str:
    """Return the size of a movie in words."""
    count, height, width = data.shape
    frames = f"{count} frames of " if count > 1 else ""
    return f"{frames}{height} × {width} px"


def _across(images: list[Path], layers: list[list[Path]], naming: Naming) -> list[FilePair]:
    """Pair files of different folders, by name or else by order."""
    named = [{naming.core(path.stem) or path.stem: path for path in files} for files in layers]
    stems = [path.stem for path in images]
    if any(stem in layer for layer in named for stem in stems):
        found = []
        for image in images:
            for layer, files in zip(named, layers, strict=True):
                if image.stem not in layer:
                    where = files[0].parent.name if files else naming.example
                    raise SampleError(
                        f"The image '{image.name}' has no {naming.what} in '{where}'."
                    )
            found.append(FilePair(image, tuple(layer[image.stem] for layer in named)))
        return found
    for files in layers:
        if len(files) != len(images):
            lone = images[len(files)] if len(files) < len(images) else files[len(images)]
            raise SampleError(
                f"There are {len(images)} images and {len(files)} files of {naming.what} whose "
                f"names do not agree; '{lone.name}' is left over."
            )
    return [FilePair(image, tuple(rest)) for image, *rest in zip(images, *layers, strict=True)]


def _beside(files: list[Path], naming: Naming) -> list[FilePair]:
    """Pair files of one folder by the ending of their names."""
    wanted: dict[str, list[Path]] = {}
    images = []
    for path in files:
        core = naming.core(path.stem)
        if core:
            wanted.setdefault(core, []).append(path)
        else:
            images.append(path)
    if not wanted:
        return []
    found = []
    for image in images:
        name = next((each for each in (image.stem, _bare(image, naming)) if each in wanted), None)
        if name is None:
            raise SampleError(
                f"The image '{image.name}' has no {naming.what} "
                f"('{image.stem}_{naming.example}.tif') beside it."
            )
        found.append(FilePair(image, tuple(wanted[name])))
    return found


def _bare(image: Path, naming: Naming) -> str:
    """Return an image's name without ``_noisy``, or whatever such images are called."""
    endings = "|".join(map(re.escape, naming.given))
    return re.sub(rf"[ _-](?:{endings})$", "", image.stem, flags=re.IGNORECASE)


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
