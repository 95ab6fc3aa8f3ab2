"""Training patches out of a noisy movie itself: frames in, the noisy frame in the middle out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.neighbours import mirrored
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.learning.validation import side_by_side, spread
from napari_insitu_tem.movie import Movie

__all__ = ["HeldPatches", "MoviePatches", "Piece", "read_pieces", "set_aside"]

#: What is kept of a movie in memory: so many bytes; of larger ones, so many times and windows.
_KEPT_BYTES, _TIMES, _WINDOW = 400e6, 48, 512
_HELD = 8  # one in so many frames is set aside


@dataclass(frozen=True, eq=False)
class Piece:
    """Consecutive frames of a movie, or a window of them.

    Parameters
    ----------
    frames : (n, y, x) float32 array
        Standardised.
    centres : tuple of int
        Which of them may be in the middle.
    """

    frames: np.ndarray
    centres: tuple[int, ...]


def read_pieces(movie: Movie, reach: int, job: Job = Job(), *, seed: int = 0) -> list[Piece]:
    """Read what is learnt from: the whole movie, or as much of it as memory is given to.

    Parameters
    ----------
    movie : Movie
        The noisy movie.
    reach : int
        Neighbouring frames that are needed on either side.
    job : Job
        Progress and cancel.
    seed : int
        Of where windows lie.

    Returns
    -------
    list of Piece
        In the movie's readings; NaN replaced by the frame's median.
    """
    count, (height, width) = movie.n_frames, movie.frame_shape
    if 4.0 * count * height * width <= _KEPT_BYTES:
        read = job.track(movie.iter_frames(), "Reading", total=count)
        frames = np.stack([fill_missing(frame) for frame in read])
        return [Piece(frames, tuple(range(count)))]
    chance = np.random.default_rng((seed, 2))
    centres = np.unique(np.linspace(0, count - 1, _TIMES).round().astype(int))
    room = _KEPT_BYTES / len(centres) / 4 / (2 * reach + 1)
    edge = min(_WINDOW, height, width, int(room**0.5))
    windows = max(1, int(room / edge**2))
    pieces = []
    for centre in job.track(centres, "Reading"):
        places = [mirrored(centre + k, centre, count - 1) for k in range(-reach, reach + 1)]
        around = [fill_missing(movie.frame(place)) for place in places]
        for _ in range(windows):
            y, x = (int(chance.integers(size - edge + 1)) for size in (height, width))
            part = np.stack([frame[y : y + edge, x : x + edge] for frame in around])
            pieces.append(Piece(part, (reach,)))
    return pieces


def set_aside(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Return what is learnt from, and what tells when more is learnt than is there.

    One frame in eight is never what is wanted; it is still seen as a neighbour, which gives its own
    noise away to nobody. Of fewer than eight frames none is set aside.
    """
    learnt: list[Piece] = []
    held: list[Piece] = []
    number = 0
    for piece in pieces:
        turns = range(number, number + len(piece.centres))
        parts: tuple[list[int], list[int]] = ([], [])
        for turn, centre in zip(turns, piece.centres, strict=True):
            parts[turn % _HELD == _HELD // 2].append(centre)
        number += len(piece.centres)
        for kept, centres in zip((learnt, held), parts, strict=True):
            if centres:
                kept.append(replace(piece, centres=tuple(centres)))
    return (learnt, held) if number >= _HELD else (list(pieces), [])


class MoviePatches:
    """Patches of a movie with the noisy frame itself as what is wanted.

    Parameters
    ----------
    pieces : sequence of Piece
        Standardised.
    reach : int
        Neighbours on either side.
    own : bool
        Whether the frame in the middle goes in, too (for a network with a blind spot).
    patch : int
        Edge, px.
    cuts : int
        Patches a draw.
    seed : int
        Draw `number` is made with a generator from (seed, number).
    """

    in_processes = False  # cutting takes no time

    def __init__(
        self,
        pieces: Sequence[Piece],
        *,
        reach: int,
        own: bool,
        patch: int,
        cuts: int = 4,
        seed: int = 0,
    ) -> None:
        self._pieces, self._reach, self._own = pieces, reach, own
        self._patch, self.cuts, self._seed = patch, cuts, seed
        sizes = np.array([len(piece.centres) * piece.frames[0].size for piece in pieces], float)
        self._shares = sizes / sizes.sum()

    def __call__(self, number: int) -> list[Prepared]:
        """Cut the patches of a draw."""
        rng = np.random.default_rng((self._seed, 1, number))
        return [self._draw(rng) for _ in range(self.cuts)]

    def _draw(self, rng: np.random.Generator) -> Prepared:
        piece = self._pieces[int(rng.choice(len(self._pieces), p=self._shares))]
        centre = int(piece.centres[int(rng.integers(len(piece.centres)))])
        y, x = (
            int(rng.integers(max(size - self._patch, 0) + 1)) for size in piece.frames.shape[1:]
        )
        frames = _cut(piece, centre, (y, x), self._patch, self._reach)
        if rng.integers(2):
            frames = frames[::-1]  # time may run backwards
        if rng.integers(2):
            frames = frames[:, :, ::-1]
        frames = np.rot90(frames, int(rng.integers(4)), (1, 2))
        return _as_prepared(frames, self._reach, own=self._own)


class HeldPatches:
    """Patches of frames that were set aside, side by side; see `MoviePatches`.

    Parameters
    ----------
    pieces : sequence of Piece
        Standardised; not empty.
    reach, own, patch
        As for `MoviePatches`.
    count : int
        Largest number of patches; they are spread over all frames.
    """

    def __init__(
        self, pieces: Sequence[Piece], *, reach: int, own: bool, patch: int, count: int = 48
    ) -> None:
        self._pieces, self._reach, self._own = pieces, reach, own
        self._patch, self._count = patch, count

    def __call__(self, check: Callable[[], None] = lambda: None) -> list[Prepared]:
        """Cut the patches."""
        places = []
        for piece in self._pieces:
            shape = tuple(max(size, self._patch) for size in piece.frames.shape[1:])
            corners = side_by_side(shape, self._patch)
            places += [(piece, centre, corner) for centre in piece.centres for corner in corners]
        patches = []
        for index in spread(len(places), self._count):
            check()
            piece, centre, corner = places[int(index)]
            frames = _cut(piece, centre, corner, self._patch, self._reach)
            patches.append(_as_prepared(frames, self._reach, own=self._own))
        return patches


def _cut(piece: Piece, centre: int, corner: tuple[int, int], patch: int, reach: int) -> np.ndarray:
    """Return a patch of a frame and its neighbours in time."""
    last = len(piece.frames) - 1
    places = [mirrored(centre + k, centre, last) for k in range(-reach, reach + 1)]
    rows, columns = (slice(low, low + patch) for low in corner)
    frames = piece.frames[places, rows, columns]
    lacking = [(0, patch - size) for size in frames.shape[1:]]
    return np.pad(frames, [(0, 0), *lacking], mode="symmetric")


def _as_prepared(frames: np.ndarray, reach: int, *, own: bool) -> Prepared:
    """Return what goes in, what is wanted, and that every pixel counts."""
    wanted = frames[reach : reach + 1]
    given = frames if own else np.delete(frames, reach, axis=0)
    weights = np.ones(wanted.shape, np.uint8)
    return np.ascontiguousarray(given), np.ascontiguousarray(wanted), weights
