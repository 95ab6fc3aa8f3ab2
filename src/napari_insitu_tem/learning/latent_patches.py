"""Windows with lattice fringes to learn from, chosen by themselves and varied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_insitu_tem.analysis.lattice_windows import FRINGES, lattice_strength
from napari_insitu_tem.analysis.normalise import NORMALISATIONS
from napari_insitu_tem.analysis.windows import WindowGrid, unit_standard, unit_windows
from napari_insitu_tem.learning.augment import AugmentSettings, cut, vary_intensity
from napari_insitu_tem.learning.latent_frames import FrameSet, LatticeFrame
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.learning.validation import spread

__all__ = ["LatticePatches", "Scaling", "held_patches", "lattice_places"]

#: How windows are brought to 0 … 1: with their frame, or each by itself (Wang et al.).
Scaling = Literal["frame", "window"]
#: Windows are looked at every so many px, and lie up to so far from where one was found.
_LOOK, _AROUND = 32, 16
#: Share of the windows that lie anywhere: vacuum must have a place in the latent space, too.
_ANYWHERE = 0.1
#: What is cut out around a window to turn and rescale it, in edges of the window.
_ROOM = 1.75


@dataclass(frozen=True)
class LatticePatches:
    """Cuts windows out of frame number 0, 1, 2, …; can be sent to another process.

    What is wanted of the network is the window itself.

    Parameters
    ----------
    frames : FrameSet
        Every frame comes once before any comes again.
    patch : int
        Edge of a window, px.
    scaling : {"frame", "window"}
        How windows are brought to 0 … 1.
    augmentation : AugmentSettings
        How they are varied.
    cuts : int
        Windows cut from a frame each time it comes.
    seed : int
        The windows of frame `number` are cut with a generator made from (seed, number).
    """

    frames: FrameSet
    patch: int
    scaling: Scaling = "frame"
    augmentation: AugmentSettings = AugmentSettings()
    cuts: int = 1
    seed: int = 0

    @property
    def in_processes(self) -> bool:
        """Whether processes of their own should draw: simulating takes the processor's time."""
        return hasattr(self.frames, "draw")

    def __call__(self, number: int) -> list[Prepared]:
        """Return the windows of a frame."""
        rng = np.random.default_rng((self.seed, 1, number))
        sample = self.frames.sample(self._index(number))
        frame, places = _standard(sample.image), lattice_places(sample, self.patch)
        return [self._patch(frame, places, rng) for _ in range(self.cuts)]

    def _index(self, number: int) -> int:
        turn, place = divmod(number, len(self.frames))
        if turn == 0 or self.in_processes:
            return place
        return int(np.random.default_rng((self.seed, 0, turn)).permutation(len(self.frames))[place])

    def _patch(self, frame: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> Prepared:
        room = [size - self.patch for size in frame.shape]
        if rng.random() < _ANYWHERE:
            corner = np.array([int(rng.integers(most + 1)) for most in room])
        else:
            corner = places[int(rng.integers(len(places)))] + rng.integers(-_AROUND, _AROUND + 1, 2)
        # As much around it as turning and rescaling may need, where the frame has it.
        around = int(self.patch * (_ROOM - 1) / 2) if self.augmentation.resampled > 0 else 0
        corner = np.clip(corner, 0, room)
        rows, columns = (
            slice(max(0, low - around), low + self.patch + around) for low in map(int, corner)
        )
        part = frame[rows, columns]
        sample = Sample(part, np.zeros((1, *part.shape), np.int32))
        image = cut(sample, self.patch, self.augmentation, rng).image
        return prepared(vary_intensity(image, self.augmentation, rng), self.scaling)


def lattice_places(frame: LatticeFrame, patch: int) -> np.ndarray:
    """Return the corners (n, 2) of windows that show a lattice; the strongest if none does."""
    height, width = (int(size * frame.zoom) for size in frame.pixels.shape)
    grid = WindowGrid.of((height, width), patch, _LOOK, zoom=frame.zoom)
    strength = lattice_strength([frame.pixels], grid)
    chosen = np.flatnonzero(strength >= FRINGES)
    if not len(chosen):
        chosen = np.array([int(strength.argmax())])
    return np.stack(np.unravel_index(chosen, grid.shape), axis=1) * _LOOK


def prepared(window: np.ndarray, scaling: Scaling) -> Prepared:
    """Return a standardised window as what is given, what is wanted, and what counts."""
    values = unit_windows(window) if scaling == "window" else unit_standard(window)
    values = np.ascontiguousarray(values)[np.newaxis]
    return values, values, np.ones(values.shape, np.uint8)


def held_patches(
    frames: FrameSet, patch: int, count: int, scaling: Scaling
) -> Callable[[Callable[[], None]], list[Prepared]]:
    """Return what cuts windows for validation: with lattices, not varied, the same each time.

    Parameters
    ----------
    frames : FrameSet
        The validation set.
    patch : int
        Edge of a window, px.
    count : int
        Largest number of windows; they are spread over all frames.
    scaling : {"frame", "window"}
        As for the training.
    """

    def cut_all(check: Callable[[], None] = lambda: None) -> list[Prepared]:
        chosen = spread(len(frames), count)
        share = max(1, count // len(chosen))
        patches = []
        for index in chosen:
            check()
            sample = frames.sample(int(index))
            frame, places = _standard(sample.image), lattice_places(sample, patch)
            for y, x in places[spread(len(places), share)]:
                patches.append(prepared(frame[y : y + patch, x : x + patch], scaling))
        return patches

    return cut_all


def _standard(frame: np.ndarray) -> np.ndarray:
    return NORMALISATIONS["standard"].prepare(np.asarray(frame, np.float32))
