"""A movie with its masks as a training set."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis.sampling import picture_of
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.samples import PairsFromArrays, SampleError
from napari_insitu_tem.results import Segmentation

__all__ = ["labelled_frames"]

_MOST_FRAMES, _MOST_BYTES = 100, 1e9


def labelled_frames(
    segmentation: Segmentation, job: Job = Job(), *, only_corrected: bool
) -> PairsFromArrays:
    """Read frames of a movie with their masks.

    Masks that nobody has looked at teach a network the mistakes of whatever made them; so
    prefer those that were corrected by hand.

    Parameters
    ----------
    segmentation : Segmentation
        Movie and masks.
    job : Job
        Progress and cancel.
    only_corrected : bool
        Whether to take the corrected frames only; otherwise up to 100 frames, evenly spread.

    Returns
    -------
    PairsFromArrays
        Copies, without a banner or plain border, in the order of time.

    Raises
    ------
    SampleError
        When no frame is corrected, or the masks hold nothing to learn.
    """
    movie = segmentation.movie
    if only_corrected:
        frames = [frame for frame in sorted(segmentation.corrected) if frame < movie.n_frames]
        if not frames:
            raise SampleError(
                "No frame of these masks is corrected yet. Correct a few under Correct by hand, "
                "or learn from all frames."
            )
    else:
        height, width = movie.frame_shape
        most = int(np.clip(_MOST_BYTES / (8 * height * width), 2, _MOST_FRAMES))
        last = movie.n_frames - 1
        frames = np.unique(np.linspace(0, last, min(most, last + 1)).round().astype(int)).tolist()
    picture = picture_of(movie)
    images, labels = [], []
    for frame in job.track(frames, "Reading frames"):
        images.append(np.array(movie.frame(frame)[picture], np.float32))
        labels.append(np.array(segmentation.frame(frame)[picture], np.int32))
    return PairsFromArrays(images, labels, name=f"'{movie.name}', frame")
