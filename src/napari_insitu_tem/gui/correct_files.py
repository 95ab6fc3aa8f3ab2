"""Corrections of a layer to a file and back."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Image, Labels

from napari_insitu_tem.gui.label_editor import LabelEditor, corrected_frames
from napari_insitu_tem.gui.layers import result_of, segmentation_from_layer
from napari_insitu_tem.io.corrections import Corrections, load_corrections, save_corrections
from napari_insitu_tem.results import Segmentation

__all__ = ["load_onto", "save_from"]


def save_from(layer: Labels, image: Image | None, path: str) -> tuple[Path, int]:
    """Save the corrected frames of a layer, on any thread; return the file, and how many."""
    corrections = Corrections.of(_segmentation(layer, image), corrected_frames(layer))
    return save_corrections(corrections, path), len(corrections.frames)


def load_onto(editor: LabelEditor, image: Image | None, path: str) -> list[int]:
    """Put stored corrections onto the editor's layer, on any thread, and return their frames.

    Raises
    ------
    MovieError
        When they do not belong to these masks.
    """
    corrections = load_corrections(path)
    corrections.check(_segmentation(editor.layer, image))
    editor.put_frames(corrections.frames)
    return sorted(corrections.frames)


def _segmentation(layer: Labels, image: Image | None) -> Segmentation:
    known = isinstance(result_of(layer), Segmentation)
    return segmentation_from_layer(layer, None if known else image)
