"""Setting samples aside for validation: whole recordings, or the last frames; never at random.

Frames of one movie look alike. A validation on frames whose neighbours were trained on says
nothing of the next movie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from napari_insitu_tem.learning.samples import SampleError, TrainingSet

__all__ = ["Part", "set_aside", "split_by_recording", "split_by_time"]


@dataclass(frozen=True)
class Part:
    """Some samples of a set.

    Parameters
    ----------
    whole : TrainingSet
        The set.
    indices : tuple of int
        Which of its samples, in this order.
    """

    whole: TrainingSet
    indices: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.indices)

    def sample(self, index: int) -> Any:
        """Return a sample of the part."""
        return self.whole.sample(self.indices[index])


def split_by_recording(
    whole: TrainingSet, recordings: Sequence[Any], fraction: float = 0.2
) -> tuple[Part, Part]:
    """Set whole recordings aside for validation.

    Frames of one movie look alike: a validation on frames of a movie that was trained on says
    nothing about the next movie. So recordings are never divided here; the last ones are set
    aside, and at least one.

    Parameters
    ----------
    whole : TrainingSet
        All samples.
    recordings : sequence
        Which recording each sample is from.
    fraction : float
        Share of the samples for validation, about.

    Returns
    -------
    training, validation : Part
        The two parts.

    Raises
    ------
    SampleError
        When all samples are from one recording; `split_by_time` divides that.
    """
    if len(recordings) != len(whole):
        raise SampleError(f"{len(whole)} samples need {len(whole)} recordings said.")
    names = list(dict.fromkeys(recordings))
    if len(names) < 2:
        raise SampleError("All samples are from one recording; split it by time instead.")
    aside: set[Any] = set()
    for name in reversed(names[1:]):
        share = sum(recording in aside for recording in recordings) / len(whole)
        if aside and share >= fraction:
            break
        aside.add(name)
    kept = tuple(i for i, recording in enumerate(recordings) if recording not in aside)
    held = tuple(i for i, recording in enumerate(recordings) if recording in aside)
    return Part(whole, kept), Part(whole, held)


def split_by_time(whole: TrainingSet, fraction: float = 0.2, *, gap: int = 0) -> tuple[Part, Part]:
    """Set the last frames of a recording aside for validation.

    Neighbouring frames of a movie are all but the same, so a random split would validate on
    what was trained on. The last frames are set aside as one block.

    Parameters
    ----------
    whole : TrainingSet
        Frames in the order of time.
    fraction : float
        Share of the frames for validation; at least one frame.
    gap : int
        Frames between the two parts that belong to neither.

    Returns
    -------
    training, validation : Part
        The two parts.

    Raises
    ------
    SampleError
        When there are too few frames to divide.
    """
    count = len(whole)
    held = max(1, round(count * fraction))
    kept = count - held - gap
    if kept < 1:
        raise SampleError(
            f"{count} frame{'s are' if count != 1 else ' is'} too few to set some aside for "
            "validation."
        )
    return Part(whole, tuple(range(kept))), Part(whole, tuple(range(kept + gap, count)))


def set_aside(whole: TrainingSet, share: float) -> tuple[TrainingSet, TrainingSet | None]:
    """Divide samples into training and validation: by recording where there are several."""
    if share == 0 or len(whole) < 2:
        return whole, None
    recordings = getattr(whole, "recordings", (0,) * len(whole))
    if len(set(recordings)) > 1:
        return split_by_recording(whole, recordings, share)
    return split_by_time(whole, share)
