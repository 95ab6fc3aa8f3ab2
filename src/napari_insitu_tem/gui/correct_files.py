"""Corrections of a layer to a file and back."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Image, Labels

from napari_insitu_tem.gui.corrections_note import note_file
from napari_insitu_tem.gui.label_editor import LabelEditor, corrected_frames
from napari_insitu_tem.gui.layers import result_of, segmentation_from_layer
from napari_insitu_tem.io.corrections import Corrections, load_corrections
from napari_insitu_tem.results import Segmentation

__all__ = ["collect", "load_onto"]


def collect(layer: Labels, image: Image | None) -> Corrections:
    """Return the corrected frames of a layer."""
    return Corrections.of(_segmentation(layer, image), corrected_frames(layer))


def load_onto(editor: LabelEditor, image: Image | None, path: str) -> str:
    """Put stored corrections onto the editor's layer, and return what to tell the user.

    Raises
    ------
    MovieError
        When they do not belong to these masks.
    """
    corrections = load_corrections(path)
    corrections.check(_segmentation(editor.layer, image))
    editor.replace_frames(corrections.frames)
    note_file(editor.layer, Path(path))
    return f"{len(corrections.frames)} corrected frames were put in place."


def _segmentation(layer: Labels, image: Image | None) -> Segmentation:
    known = isinstance(result_of(layer), Segmentation)
    return segmentation_from_layer(layer, None if known else image)
