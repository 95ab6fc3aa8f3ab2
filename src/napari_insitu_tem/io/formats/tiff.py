"""TIFF in all its kinds: OME, ImageJ, DigitalMicrograph and camera exports, plain stacks."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.formats import tiff_tags
from napari_insitu_tem.io.lazy import LazyArray, grey, has_colours
from napari_insitu_tem.io.signal import Axis, ReadError, Signal, quiet_libraries

__all__ = ["read_page", "signals"]

# tifffile's letters for axes; those not here (Q, I, other) say nothing.
_LABELS = {"T": "t", "Z": "z", "C": "c", "Y": "y", "X": "x", "E": "energy"}
_COLOUR = "colours were turned into grey by their brightness"


def signals(path: Path) -> list[Signal]:
    """Return every image series of a TIFF file, lazily; thumbnails are left out."""
    import tifffile

    with quiet_libraries() as complaints:
        file = tifffile.TiffFile(path)
        series = [one for one in file.series if one.size]
        full = [one for one in series if not one.keyframe.is_reduced]
        pages = [len(one.pages) for one in series]
    if any("corrupted" in text or "invalid" in text or "truncat" in text for text in complaints):
        raise ReadError("it is cut off or damaged: its list of images breaks off")
    if not series or not sum(pages):
        raise ReadError("it holds no images")
    kept = full or series
    facts = tiff_tags.facts(file)
    found = [
        _signal(path, file, one, facts[min(index, len(facts) - 1)], len(kept), index)
        for index, one in enumerate(series)
        if one in kept
    ]
    if all(_in_one_piece(one) for one in kept):
        file.close()  # memory maps do without it
    return found


def read_page(path: Path) -> np.ndarray:
    """Return the only image of a TIFF file as it is stored, colours as a last axis."""
    import tifffile

    with quiet_libraries(), tifffile.TiffFile(path) as file:
        return _mapped(file.series[0], file.series[0].asarray())


def _signal(
    path: Path, file: Any, series: Any, facts: tiff_tags.Facts, count: int, index: int
) -> Signal:
    array = _array(path, file, series)
    letters = list(series.axes)
    notes = list(facts.notes)
    palette = series.keyframe.photometric == 3 and not file.is_imagej
    if palette:
        table = _palette(series)
        coloured = has_colours(table[_sample(array)]) if array.ndim >= 2 else False
        notes += [f"its false {_COLOUR}"] if coloured else []
        grey_table = grey(table)
        array = LazyArray(array, grey_table.dtype, lambda block: grey_table[block])
    if "S" in letters and not _is_colour(series):
        letters[letters.index("S")] = "C"
    if "S" in letters:
        array, letters, coloured = _grey(array, letters)
        notes += [f"its {_COLOUR}"] if coloured else []
    axes = tuple(_axis(letter, facts) for letter in letters)
    name = facts.name or series.name or path.stem
    if count > 1:
        name = f"{name} ({index + 1})" if series.name in ("", None) and not facts.name else name
    return Signal(
        name,
        array,
        axes,
        frame_time=facts.frame_time,
        dose=facts.dose,
        start_time=facts.start_time,
        original=facts.original,
        notes=tuple(notes),
    )


def _is_colour(series: Any) -> bool:
    """Whether samples are a colour (RGB, YCbCr, CMYK) or grey with transparency."""
    page = series.keyframe
    if page.photometric in (2, 5, 6):
        return True
    return page.samplesperpixel == 2 and any(kind in (1, 2) for kind in page.extrasamples)


def _axis(letter: str, facts: tiff_tags.Facts) -> Axis:
    if letter in facts.axes:
        return facts.axes[letter]
    return Axis(_LABELS.get(letter, ""))


def _array(path: Path, file: Any, series: Any) -> Any:
    """Return a memory map where the pixels lie in one piece, pages read on demand otherwise."""
    if _in_one_piece(series):
        offset = int(series.dataoffset)
        dtype = np.dtype(file.byteorder + series.dtype.char)
        if offset + series.size * dtype.itemsize > path.stat().st_size:
            raise ReadError("it is cut off: it has fewer pixels than its header says")
        return np.memmap(path, dtype, "r", offset, tuple(series.shape))
    import zarr

    pages = zarr.open(series.aszarr(chunkmode="page"), mode="r")
    lazy = LazyArray(pages, series.dtype)
    weakref.finalize(lazy, file.close)
    return lazy


def _in_one_piece(series: Any) -> bool:
    """Whether the pixels lie in the file uncompressed and without gaps."""
    whole = not series.is_multifile and series.dataoffset is not None
    return bool(whole and series.keyframe.is_memmappable)


def _sample(array: Any) -> np.ndarray:
    """Return a part of the first image."""
    return np.asarray(array[(0,) * (array.ndim - 2)])


def _mapped(series: Any, image: np.ndarray) -> np.ndarray:
    """Look up palette colours, for one image in memory."""
    if series.keyframe.photometric == 3 and not series.keyframe.is_imagej:
        return _palette(series)[image]
    if "S" in series.axes:
        return np.moveaxis(image, series.axes.index("S"), -1)
    return image


def _palette(series: Any) -> np.ndarray:
    """Return the colour of every value, (values, 3), 8 bits where they fit."""
    table = np.asarray(series.keyframe.colormap).T
    return (
        (table >> 8).astype(np.uint8)
        if (table % 257 == 0).all() or (table & 255 == 0).all()
        else table.astype(np.uint16)
    )


def _grey(array: Any, letters: list[str]) -> tuple[Any, list[str], bool]:
    """Remove the colour axis, wherever it is."""
    from napari_insitu_tem.io.lazy import transpose

    index = letters.index("S")
    if index != len(letters) - 1:
        order = [other for other in range(len(letters)) if other != index] + [index]
        array = transpose(array, order)
    first = np.asarray(array[(0,) * (array.ndim - 3)])
    rest = letters[:index] + letters[index + 1 :]
    return LazyArray(array, array.dtype, grey, samples=True), rest, has_colours(first)
