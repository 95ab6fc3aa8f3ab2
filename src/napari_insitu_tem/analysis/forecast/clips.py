"""Clips of a movie, and which of them to learn from.

A clip is N_f frames that are given and as many (or more) that are wanted, N_s recorded frames
apart (Fu et al., Fig. 2). Clips that begin one frame apart share almost all of their frames: to
split them at random, as published, shows a network its test frames while it learns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ClipPlan", "Split", "split_at_random", "split_by_time"]

#: Said of every result of the published protocol.
LEAK = (
    "The clips were split at random, as published: test clips share frames with the clips that "
    "were learnt from, so these figures are too good. Split by time for figures that hold."
)


@dataclass(frozen=True)
class ClipPlan:
    """How clips are cut.

    Parameters
    ----------
    given : int
        Frames that a network is given (N_f).
    wanted : int
        Frames that follow.
    every : int
        Recorded frames from one frame of a clip to the next (N_s).
    """

    given: int
    wanted: int
    every: int = 1

    @property
    def length(self) -> int:
        """Frames of a clip."""
        return self.given + self.wanted

    @property
    def span(self) -> int:
        """Recorded frames from the first to the last of a clip, both included."""
        return (self.length - 1) * self.every + 1

    def frames(self, start: int) -> np.ndarray:
        """Return which recorded frames (length,) the clip that begins at `start` has."""
        return start + self.every * np.arange(self.length)

    def count(self, n_frames: int) -> int:
        """Return how many clips there are in so many frames, one beginning at each."""
        return max(0, n_frames - self.span + 1)


@dataclass(frozen=True)
class Split:
    """Where clips begin that are learnt from, that choose the weights, and that are tested on.

    Parameters
    ----------
    training, validation, test : (n,) int array
        Frames.
    warning : str
        What is wrong with it, in a sentence or two; empty for nothing.
    """

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    warning: str = ""


def split_by_time(
    n_frames: int,
    plan: ClipPlan,
    *,
    validation: float = 0.15,
    test: float = 0.2,
    gap: int | None = None,
) -> Split:
    """Split by time: learn from the beginning, be tested on the end.

    No frame is in clips of two parts, and `gap` further frames lie between the parts.

    Parameters
    ----------
    n_frames : int
        Length of the movie.
    plan : ClipPlan
        How clips are cut.
    validation, test : float
        Parts of the movie.
    gap : int, optional
        Frames between the parts that belong to none; as long as what is given by default.

    Returns
    -------
    Split
        Parts that are too short for a clip are empty.
    """
    gap = plan.given * plan.every if gap is None else gap
    end = round(n_frames * (1 - validation - test))
    middle = round(n_frames * (1 - test))
    return Split(
        _starts(0, end, plan),
        _starts(end + gap, middle, plan),
        _starts(middle + gap, n_frames, plan),
    )


def split_at_random(
    n_frames: int, plan: ClipPlan, rng: np.random.Generator, *, test: float = 0.1
) -> Split:
    """Split overlapping clips at random, as Fu et al. did; test and validation are the same.

    The split leaks, and says so in its `warning`.
    """
    order = rng.permutation(plan.count(n_frames))
    held = np.sort(order[: max(1, round(test * len(order)))])
    kept = np.sort(order[len(held) :])
    return Split(kept, held, held, LEAK)


def _starts(first: int, end: int, plan: ClipPlan) -> np.ndarray:
    """Return where clips begin that lie wholly in the frames from `first` to `end` (excluded)."""
    return np.arange(first, max(first, end - plan.span + 1))
