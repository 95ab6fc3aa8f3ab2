"""A region's pairs of peaks, followed through the frames of a movie."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.pairs import Pair, find_pairs, follow_pairs
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import Window

__all__ = ["Found", "RegionFollower", "Search"]

Found = tuple[Pair | None, ...]

#: Frames whose spectra are averaged to find what is then followed.
FIRST_FRAMES = 8
_GROWS = 0.1
_FARTHEST = 3.0


@dataclass(frozen=True)
class Search:
    """What counts as a pair of peaks; see `find_pairs`."""

    shortest: float = 2.0
    longest: float | None = None
    most: int = 6
    false_alarm: float = 1e-3


class RegionFollower:
    """Finds a region's pairs in its first frames, and each again in every frame.

    A frame moves a peak by at most the resolution of the region's spectrum (about one fringe
    across the region more or less); after frames in which it was not found, by more.

    Parameters
    ----------
    window : Window
        The region.
    search : Search
        What counts as a pair.

    Attributes
    ----------
    reference : tuple of Pair
        As they were found first; the brightest first. Empty until something was found.
    latest : tuple of Pair
        As they were found last.
    found : list
        For every frame, the pairs in the order of `reference`, None where one was not found.
    """

    def __init__(self, window: Window, search: Search) -> None:
        self.window, self.search = window, search
        self.reference: tuple[Pair, ...] = ()
        self.latest: tuple[Pair, ...] = ()
        self.found: list[Found] = []
        self._missing: list[int] = []
        self._held: deque[np.ndarray] = deque(maxlen=FIRST_FRAMES)

    def begin(self, pixels: Sequence[np.ndarray]) -> None:
        """Look for pairs in a few frames together.

        Parameters
        ----------
        pixels : sequence of (h, w) arrays
            By `Window.of`.
        """
        if not len(pixels):
            return
        search = self.search
        self.reference = self.latest = find_pairs(
            Spectrum(np.stack(pixels), self.window),
            shortest=search.shortest,
            longest=search.longest,
            most=search.most,
            false_alarm=search.false_alarm,
        )
        self._missing = [0] * len(self.reference)

    def add(self, pixels: Sequence[np.ndarray]) -> Found:
        """Find the pairs in the next frame, and remember them.

        Parameters
        ----------
        pixels : sequence of (h, w) arrays
            Of the frame, possibly with its neighbours; none where it cannot be used.
        """
        if not self.reference and len(pixels):
            self._held.append(pixels[len(pixels) // 2])
            if len(self.found) % FIRST_FRAMES == FIRST_FRAMES - 1:
                self.begin(self._held)
        if not self.reference or not len(pixels):
            found: Found = (None,) * len(self.reference)
        else:
            found = self._follow(Spectrum(np.stack(pixels), self.window))
        self.found.append(found)
        return found

    def _follow(self, spectrum: Spectrum) -> Found:
        grown = 1 + _GROWS * min(self._missing, default=0)
        reach = min(grown, _FARTHEST) * self.window.resolution
        found = follow_pairs(
            spectrum, self.latest, reach=reach, false_alarm=self.search.false_alarm
        )
        self._missing = [
            0 if pair is not None else missing + 1
            for pair, missing in zip(found, self._missing, strict=True)
        ]
        self.latest = tuple(
            pair if pair is not None else known
            for pair, known in zip(found, self.latest, strict=True)
        )
        return found

    @property
    def frames_found(self) -> int:
        """Number of frames in which any pair was found."""
        return sum(any(pair is not None for pair in each) for each in self.found)
