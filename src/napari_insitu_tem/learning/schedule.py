"""In which order patches are learnt from: well mixed, and the same every time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["schedule"]

#: Patches that wait to be drawn from at random; a batch should not be of one frame.
MIXED = 1024


def schedule(seed: int, *, cuts: int, first: int = 0, stride: int = 1) -> Iterator[tuple[int, int]]:
    """Yield (frame, cut) without end, every one once, neighbours in the list far apart.

    Frames come in order and give `cuts` patches each; a patch is taken at random from those
    that wait. Few wait at first, so that the first batch need not wait for hundreds of frames.

    Parameters
    ----------
    seed : int
        Of the order.
    cuts : int
        Patches cut from a frame each time it is read or simulated.
    first, stride : int
        Number of the first frame and from one to the next; several machines take turns.

    Yields
    ------
    (int, int)
        Number of the frame and of the patch within it.
    """
    rng = np.random.default_rng((seed, 3, first))
    waiting: list[tuple[int, int]] = []
    frame, taken = first, 0
    while True:
        while len(waiting) < min(MIXED, max(8 * cuts, taken)):
            waiting += [(frame, cut) for cut in range(cuts)]
            frame += stride
        place = int(rng.integers(len(waiting)))
        waiting[place], waiting[-1] = waiting[-1], waiting[place]
        yield waiting.pop()
        taken += 1
