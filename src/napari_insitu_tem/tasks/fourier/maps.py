"""Maps of where the lattices of a movie's regions are, frame by frame and at both ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.fourier.bragg import lattice_amplitude
from napari_insitu_tem.analysis.fourier.extent import Extent, lattice_change, lattice_extent
from napari_insitu_tem.analysis.fourier.following import RegionFollower
from napari_insitu_tem.analysis.fourier.lattice import rotation_between
from napari_insitu_tem.analysis.fourier.pairs import Pair
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.fourier.settings import FourierSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lattices", "change_between", "extent_of", "lattices_now"]

_SAME_LATTICE = 0.06  # of a frequency: 3.4 degrees, or 6 % of the spacing


@dataclass(frozen=True, eq=False)
class Lattices:
    """The lattices of a frame: those of all regions, each once.

    Parameters
    ----------
    regions : tuple of int
        Number of the region that each was found in; the first of those that share it.
    pairs : tuple of tuple of Pair
        Their peaks in this frame.
    blur : float
        Of the map, px.
    """

    regions: tuple[int, ...]
    pairs: tuple[tuple[Pair, ...], ...]
    blur: float


def lattices_now(followers: Sequence[RegionFollower], blur: float) -> Lattices | None:
    """Return the lattices as they were found last; None as long as there are none.

    Strengths and noise are those at the beginning, so that a lattice that fades does not change
    what its peaks weigh.

    Parameters
    ----------
    followers : sequence of RegionFollower
        Of all regions.
    blur : float
        Of the map, in spacings.
    """
    regions: list[int] = []
    kept: list[tuple[Pair, ...]] = []
    for number, follower in enumerate(followers, start=1):
        pairs = tuple(
            dataclasses.replace(known, frequency=latest.frequency)
            for known, latest in zip(follower.reference, follower.latest, strict=True)
        )
        first = follower.reference
        known_before = [followers[index - 1].reference for index in regions]
        if pairs and not any(_same(first, other) for other in known_before):
            regions.append(number)
            kept.append(pairs)
    if not kept:
        return None
    spacing = min(pairs[0].spacing for pairs in kept)
    return Lattices(tuple(regions), tuple(kept), blur * spacing)


def extent_of(frames: Iterable[np.ndarray], lattices: Lattices, fraction: float) -> Extent:
    """Find where lattices are in a frame, or in a few together."""
    held = list(frames) if len(lattices.pairs) > 1 else frames
    amplitudes = [lattice_amplitude(held, pairs, blur=lattices.blur) for pairs in lattices.pairs]
    return lattice_extent(amplitudes, blur=lattices.blur, fraction=fraction)


def change_between(
    movie: Movie,
    settings: FourierSettings,
    known: Sequence[Lattices | None],
    job: Job,
) -> tuple[pd.DataFrame, Segmentation | None, bool]:
    """Map where lattices have grown and shrunk between both ends.

    Parameters
    ----------
    movie : Movie
        Whose frames at both ends are read again.
    settings : FourierSettings
        Which frames.
    known : sequence of Lattices
        Of every frame.
    job : Job
        Progress and cancel.

    Returns
    -------
    pandas.DataFrame
        One row a lattice: ``region, unchanged_area, grown_area, shrunk_area``, px².
    Segmentation or None
        The map, over the mean of the last frames; None where no lattice was found.
    bool
        Whether noise decided where a lattice ends.
    """
    import pandas as pd

    columns = ["region", "unchanged_area", "grown_area", "shrunk_area"]
    first, last = _ends(movie, settings)
    start, end = known[first.start], known[last.stop - 1]
    if start is None or end is None:
        return pd.DataFrame(columns=columns), None, False
    found, mean = [], np.zeros(movie.frame_shape)
    for frames, these in ((first, start), (last, end)):
        held = list(job.track(_read(movie, frames), "Mapping growth", len(frames)))
        found.append(extent_of(held, these, settings.fraction))
        mean = np.mean([frame.astype(np.float32) for frame in held], axis=0)
    before, after = (
        np.append(0, these.regions).astype(np.uint8)[extent.labels]
        for these, extent in zip((start, end), found, strict=True)
    )
    rows = []
    for region in end.regions:
        own = lattice_change(before == region, after == region)
        rows.append((region, *(int(np.count_nonzero(own == kind)) for kind in (1, 2, 3))))
    over = movie.replace(
        data=mean[np.newaxis].astype(np.float32), frames=None, name=f"{movie.name} change"
    )
    change = Segmentation(lattice_change(before, after)[np.newaxis], over)
    noisy = any(any(extent.noisy) for extent in found)
    return pd.DataFrame(rows, columns=columns), change, noisy


def _ends(movie: Movie, settings: FourierSettings) -> tuple[range, range]:
    """Return the frames that the map begins and ends with."""
    before = min(settings.before or 0, movie.n_frames - 1)
    after = movie.n_frames - 1 if settings.after is None else settings.after
    after = max(min(after, movie.n_frames - 1), before)
    count = max(1, min(settings.ends, (after - before + 1) // 4))
    return range(before, before + count), range(after - count + 1, after + 1)


def _read(movie: Movie, frames: range) -> Iterator[np.ndarray]:
    for index in frames:
        yield movie.frame(index)


def _same(one: Sequence[Pair], other: Sequence[Pair]) -> bool:
    """Tell whether two regions show one lattice: the brightest peaks lie at the same place."""
    turn = rotation_between(other, one)
    if turn is None or abs(turn.angle) > np.degrees(_SAME_LATTICE):
        return False
    return any(i == 0 for i, _ in turn.matches) or any(j == 0 for _, j in turn.matches)
