"""Training patches out of a noisy movie itself: frames in, the noisy frame in the middle out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.neighbours import mirrored
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.movie import Movie

__all__ = ["MoviePatches", "Piece", "read_pieces"]

#: What is kept of a movie in memory: so many bytes; of larger ones, so many times and windows.
_KEPT_BYTES, _TIMES, _WINDOW = 400e6, 48, 512


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
        last, reach = len(piece.frames) - 1, self._reach
        places = [mirrored(centre + k, centre, last) for k in range(-reach, reach + 1)]
        corner = [
            int(rng.integers(max(size - self._patch, 0) + 1)) for size in piece.frames.shape[1:]
        ]
        rows, columns = (slice(low, low + self._patch) for low in corner)
        frames = piece.frames[places, rows, columns]
        lacking = [(0, self._patch - size) for size in frames.shape[1:]]
        frames = np.pad(frames, [(0, 0), *lacking], mode="symmetric")
        if rng.integers(2):
            frames = frames[::-1]  # time may run backwards
        if rng.integers(2):
            frames = frames[:, :, ::-1]
        frames = np.rot90(frames, int(rng.integers(4)), (1, 2))
        wanted = frames[reach : reach + 1]
        given = frames if self._own else np.delete(frames, reach, axis=0)
        weights = np.ones((1, self._patch, self._patch), np.uint8)
        return np.ascontiguousarray(given), np.ascontiguousarray(wanted), weights
