"""Carry hand corrections from a layer over to masks that were made again."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels

from napari_insitu_tem.gui.corrections_note import noted_step, with_step
from napari_insitu_tem.gui.label_editor import corrected_frames
from napari_insitu_tem.io.editable import EditableLabels
from napari_insitu_tem.results import Segmentation

__all__ = ["carry_over"]


def carry_over(layer: Labels, segmentation: Segmentation) -> Segmentation:
    """Return fresh masks with the layer's corrected frames in their place.

    Parameters
    ----------
    layer : napari.layers.Labels
        Masks, some frames of which were corrected by hand.
    segmentation : Segmentation
        The same movie segmented again; not modified.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    frames = corrected_frames(layer)
    if not frames:
        return segmentation
    if tuple(layer.data.shape) != tuple(segmentation.labels.shape):
        raise ValueError(
            f"The corrections of '{layer.name}' are for masks of {tuple(layer.data.shape)}, but "
            f"the new ones are {tuple(segmentation.labels.shape)}; the old layer keeps them."
        )
    if isinstance(segmentation.labels, np.ndarray):
        labels = segmentation.labels.copy()
    else:
        labels = EditableLabels(segmentation.labels)
    for frame in frames:
        labels[frame] = np.asarray(layer.data[frame])
    carried = segmentation.replace(labels=labels, corrected=segmentation.corrected | frames)
    step = noted_step(layer)
    return carried if step is None else with_step(carried, step)
