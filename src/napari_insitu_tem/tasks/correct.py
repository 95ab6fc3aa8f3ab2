"""Correct: put stored corrections by hand onto a segmentation, however it was made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_insitu_tem.io.corrections import load_corrections
from napari_insitu_tem.io.editable import EditableLabels
from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

__all__ = ["CorrectSettings", "correct"]


class CorrectSettings(Settings):
    """Which corrections to apply."""

    corrections: str = setting(
        "",
        title="Corrections",
        description="File of corrections saved from the Correct dock. Empty: the masks are "
        "passed on as they are.",
        file_filter="Corrections (*.tif *.tiff)",
    )
    any_recording: bool = setting(
        False,
        title="Allow any recording",
        description="Apply the corrections although they were made on another recording of the "
        "same shape.",
        advanced=True,
    )


@task(title="Correct", result="corrected masks")
def correct(
    segmentation: Segmentation,
    settings: CorrectSettings = CorrectSettings(),  # noqa: B008 - frozen
    job: Job = Job(),
) -> Segmentation:
    """Replace the masks of frames that were corrected by hand.

    Parameters
    ----------
    segmentation : Segmentation
        Fresh masks; not modified.
    settings : CorrectSettings
        The file of corrections.
    job : Job
        Progress and cancel.

    Returns
    -------
    Segmentation
        The same masks with the corrected frames in their place, and these marked in
        ``corrected``.

    Raises
    ------
    MovieError
        When the corrections cannot be read, or belong to masks of another shape or to another
        recording.
    """
    if not settings.corrections:
        job.log("No file of corrections was given; the masks are passed on as they are.")
        return segmentation
    corrections = load_corrections(settings.corrections)
    corrections.check(segmentation, any_recording=settings.any_recording)
    corrected = segmentation.corrected | frozenset(corrections.frames)
    labels = segmentation.labels
    if isinstance(labels, np.ndarray):

        def frames() -> Iterator[np.ndarray]:
            indices = range(segmentation.n_frames)
            for index in job.track(indices, "Applying corrections"):
                stored = corrections.frames.get(index)
                yield segmentation.frame(index) if stored is None else stored

        replaced = write_frames(frames(), labels.shape, labels.dtype)  # type: ignore[arg-type]
    else:  # too large to copy: the corrected frames lie over the others
        replaced = EditableLabels(labels)
        for index, stored in job.track(corrections.frames.items(), "Applying corrections"):
            replaced[index] = stored
    return segmentation.replace(labels=replaced, corrected=corrected)
