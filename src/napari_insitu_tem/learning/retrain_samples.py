"""Corrected frames of a segmentation: which are learnt from, and which is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.sampling import picture_of
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.results import Segmentation

__all__ = ["CorrectedFrame", "Split", "corrected_of", "split"]


@dataclass(frozen=True, eq=False)
class CorrectedFrame:
    """A corrected frame, or a part of it.

    Parameters
    ----------
    index : int
        Which frame of the movie.
    image, labels : (y, x) arrays
        Of this part.
    part : (slice, slice)
        Where it lies in the frame.
    """

    index: int
    image: np.ndarray
    labels: np.ndarray
    part: tuple[slice, slice]

    def cut(self, rows: slice, columns: slice) -> CorrectedFrame:
        """Return a part of it."""
        y, x = self.part[0].start, self.part[1].start
        part = (slice(y + rows.start, y + rows.stop), slice(x + columns.start, x + columns.stop))
        return CorrectedFrame(
            self.index, self.image[rows, columns], self.labels[rows, columns], part
        )

    def window(self, edge: int) -> CorrectedFrame:
        """Return a part of at most `edge` px each way, in the midst of its particles."""
        height, width = self.image.shape
        if max(height, width) <= edge:
            return self
        where = np.nonzero(self.labels)
        middle = [float(np.median(each)) if len(each) else edge / 2 for each in where]
        rows, columns = (
            slice(start, min(start + edge, size))
            for size, start in (
                (size, int(np.clip(centre - edge / 2, 0, max(size - edge, 0))))
                for size, centre in zip((height, width), middle, strict=True)
            )
        )
        return self.cut(rows, columns)


@dataclass(frozen=True, eq=False)
class Split:
    """Corrected frames to learn from, and the one that was left out, to judge by.

    Parameters
    ----------
    training : tuple of CorrectedFrame
        To learn from.
    left_out : CorrectedFrame
        Never learnt from.
    words : str
        What was left out, in a sentence.
    """

    training: tuple[CorrectedFrame, ...]
    left_out: CorrectedFrame
    words: str


def corrected_of(segmentation: Segmentation) -> list[CorrectedFrame]:
    """Read the corrected frames, without a banner or plain border; nothing else is read.

    Raises
    ------
    SampleError
        When there is none, or one that the movie does not have.
    """
    frames = sorted(segmentation.corrected)
    if not frames:
        raise SampleError(
            "No frame is corrected yet, so there is nothing to learn from. Correct a few frames "
            "under Correct by hand (or mark those that are right), then retrain."
        )
    last = segmentation.n_frames - 1
    wrong = [frame for frame in frames if not 0 <= frame <= last]
    if wrong:
        raise SampleError(f"There is no frame {wrong[0]}: the movie's frames are 0 to {last}.")
    picture = picture_of(segmentation.movie)
    found = []
    for frame in frames:
        image = np.asarray(segmentation.movie.frame(frame))[picture]
        # A copy, since the user may go on painting.
        labels = np.array(_labels_of(segmentation, frame)[picture], np.int32)
        found.append(CorrectedFrame(frame, image, labels, picture))
    if not any(frame.labels.any() for frame in found):
        raise SampleError(
            "The masks of all corrected frames are empty, so there is no particle to learn from."
        )
    return found


def _labels_of(segmentation: Segmentation, frame: int) -> np.ndarray:
    labels = segmentation.labels
    # Frames that only pass through are not to push the shown ones out of memory.
    return labels.read(frame) if hasattr(labels, "read") else segmentation.frame(frame)


def split(frames: Sequence[CorrectedFrame], left_out: int | None = None) -> Split:
    """Leave a corrected frame out, to judge by.

    Parameters
    ----------
    frames : sequence of CorrectedFrame
        In the order of time.
    left_out : int, optional
        Which frame of the movie; the last corrected one otherwise. Pixels of one frame are all
        but the same everywhere, so that a frame is never divided at random: it is left out as a
        whole, or, where there is only one, as one half of it.

    Raises
    ------
    SampleError
        When the frame to be left out is not corrected, or the rest shows no particle.
    """
    if len(frames) == 1:
        return _halves(frames[0])
    chosen = frames[-1].index if left_out is None else left_out
    if chosen not in [frame.index for frame in frames]:
        known = ", ".join(str(frame.index) for frame in frames)
        raise SampleError(
            f"Frame {chosen} cannot be left out to judge by: it is not corrected (these are: "
            f"{known})."
        )
    training = tuple(frame for frame in frames if frame.index != chosen)
    if not any(frame.labels.any() for frame in training):
        raise SampleError(
            f"Besides frame {chosen}, which is left out, no corrected frame shows a particle. "
            "Leave another one out, or correct one more."
        )
    (held,) = (frame for frame in frames if frame.index == chosen)
    return Split(
        training, held, f"Frame {chosen} is not learnt from; both networks are compared on it."
    )


def _halves(frame: CorrectedFrame) -> Split:
    """Divide a frame across its longer side."""
    height, width = frame.image.shape
    if width >= height:
        cuts = [
            (slice(0, height), slice(0, width // 2)),
            (slice(0, height), slice(width // 2, width)),
        ]
        names = ("left", "right")
    else:
        cuts = [
            (slice(0, height // 2), slice(0, width)),
            (slice(height // 2, height), slice(0, width)),
        ]
        names = ("upper", "lower")
    one, other = (frame.cut(*cut) for cut in cuts)
    if not one.labels.any():
        one, other, names = other, one, (names[1], names[0])
    return Split(
        (one,),
        other,
        f"Only frame {frame.index} is corrected, so its {names[0]} half is learnt from, and both "
        f"networks are compared on its {names[1]} half. Correct another frame to judge better.",
    )
