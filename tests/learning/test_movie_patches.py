"""Training patches out of a noisy movie."""

import numpy as np
import pytest

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning import movie_patches
from napari_insitu_tem.learning.movie_patches import (
    HeldPatches,
    MoviePatches,
    Piece,
    read_pieces,
    set_aside,
)
from napari_insitu_tem.movie import Movie

QUIET = Job(on_progress=lambda _: None)


def numbered(count=6, edge=24):
    """A movie whose every pixel says where it is."""
    frames = np.arange(count)[:, None, None] * 10_000.0
    y, x = np.mgrid[:edge, :edge]
    return (frames + 100 * y + x).astype(np.float32)


@pytest.mark.parametrize("own", [True, False])
def test_the_noisy_frame_in_the_middle_is_what_is_wanted(own):
    patches = MoviePatches([Piece(numbered(), (2, 3))], reach=2, own=own, patch=8)
    for number in range(10):
        for given, wanted, weights in patches(number):
            assert given.shape == (5 if own else 4, 8, 8)
            assert weights.all()
            frames = np.unique(wanted // 10_000)
            assert frames.size == 1
            assert frames[0] in (2, 3)
            neighbours = np.delete(given, 2, axis=0) if own else given
            assert (neighbours // 10_000 != frames[0]).all()
            # Neighbours show the same place.
            assert (neighbours % 10_000 == wanted % 10_000).all()


def test_a_draw_is_the_same_whenever_it_is_made():
    patches = MoviePatches([Piece(numbered(), (0, 1, 5))], reach=1, own=True, patch=8)
    for one, other in zip(patches(3), patches(3), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_one_frame_in_eight_is_set_aside_and_never_wanted():
    learnt, held = set_aside([Piece(numbered(20), tuple(range(20)))])
    (kept,), (other,) = learnt, held
    assert other.centres == (4, 12)
    assert sorted(kept.centres + other.centres) == list(range(20))
    # Of windows of a large movie, one in eight, whichever has but one frame in the middle.
    learnt, held = set_aside([Piece(numbered(), (2,))] * 16)
    assert (len(learnt), len(held)) == (14, 2)
    # A short movie is learnt from as a whole.
    assert set_aside([Piece(numbered(), (0, 1, 2))])[1] == []


def test_held_patches_cover_the_frames_that_were_set_aside():
    patches = HeldPatches([Piece(numbered(9, 20), (4,))], reach=1, own=True, patch=8)()
    seen = np.unique(np.concatenate([wanted.ravel() for _, wanted, _ in patches]))
    assert seen.size == 400
    assert (seen // 10_000 == 4).all()
    assert all(np.array_equal(given[1:2], wanted) for given, wanted, _ in patches)
    few = HeldPatches([Piece(numbered(9, 6), (4,))], reach=1, own=False, patch=8, count=1)()
    assert few[0][0].shape == (2, 8, 8)


def test_frames_smaller_than_a_patch_are_mirrored():
    patches = MoviePatches([Piece(numbered(edge=6), (1,))], reach=1, own=True, patch=8)
    assert patches(0)[0][0].shape == (3, 8, 8)


def test_a_movie_larger_than_memory_is_learnt_from_in_windows(monkeypatch):
    monkeypatch.setattr(movie_patches, "_KEPT_BYTES", 60_000)
    monkeypatch.setattr(movie_patches, "_TIMES", 5)
    movie = Movie(numbered(20, 40))
    pieces = read_pieces(movie, 2, QUIET)
    assert len(pieces) >= 5
    assert sum(piece.frames.nbytes for piece in pieces) <= 60_000
    for piece in pieces:
        middle = piece.frames[piece.centres[0]]
        assert (np.diff(piece.frames[:, 0, 0]) != 0).all()
        assert middle.shape[0] == middle.shape[1] < 40


def test_pixels_that_are_not_numbers_do_not_come_through():
    frames = numbered()
    frames[2, 3, 3] = np.nan
    (piece,) = read_pieces(Movie(frames), 1, QUIET)
    assert np.isfinite(piece.frames).all()
