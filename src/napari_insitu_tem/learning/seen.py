"""A user's own frames as a network will be given them: rescaled and inverted to suit it."""

from __future__ import annotations

from napari_insitu_tem.inference.views import View
from napari_insitu_tem.learning.retrain_view import seen, view_of
from napari_insitu_tem.learning.samples import Sample, SampleError, TrainingSet

__all__ = ["Seen"]

_KEPT_BYTES = 1e9


class Seen:
    """Samples at the size and polarity at which a network is shown frames.

    When a network is used, every frame is rescaled until its particles are of a size that
    networks see well, and inverted to the polarity that this one was trained for. What it is
    trained on must look the same. The size is found from the labels of each frame; frames
    without particles take that of the nearest frame with some.

    Parameters
    ----------
    samples : TrainingSet
        Frames at their own size.
    likes : {"dark", "bright", "any"}
        What the particles are to be; ``"any"`` inverts no frame.
    """

    def __init__(self, samples: TrainingSet, *, likes: str) -> None:
        self._samples, self._likes = samples, likes
        self.recordings = getattr(samples, "recordings", (0,) * len(samples))
        self.notes: list[str] = getattr(samples, "notes", [])
        self._views: dict[int, View | None] = {}
        self._kept: dict[int, Sample] = {}
        self._bytes = 0

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._samples)

    def sample(self, index: int) -> Sample:
        """Return a frame as it is seen."""
        if index in self._kept:
            return self._kept[index]
        sample = seen(self._samples.sample(index), self.view(index), likes=self._likes)
        size = sample.image.size * (5 + 4 * len(sample.labels))
        if self._bytes + size <= _KEPT_BYTES:
            self._kept[index] = sample
            self._bytes += size
        return sample

    def view(self, index: int) -> View:
        """Return at which size and polarity a frame is seen."""
        for other in sorted(range(len(self)), key=lambda place: abs(place - index)):
            found = self._own_view(other)
            if found is not None:
                return found
        raise SampleError("All label images are empty, so there is no particle to learn from.")

    def _own_view(self, index: int) -> View | None:
        if index not in self._views:
            sample = self._samples.sample(index)
            labels = sample.labels.max(axis=0)
            self._views[index] = view_of([sample.image], [labels]) if labels.any() else None
        return self._views[index]
