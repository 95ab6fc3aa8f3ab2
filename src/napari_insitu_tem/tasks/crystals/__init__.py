"""Crystals: Fourier analysis of every segmented particle in every frame."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.fourier.bragg import bragg_filter
from napari_insitu_tem.analysis.fourier.crystal_lattices import CrystalLattice
from napari_insitu_tem.analysis.fourier.indexing import index_pairs
from napari_insitu_tem.analysis.fourier.particle import particle_pairs
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.io.store import as_dask, new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.crystals.result import Crystals
from napari_insitu_tem.tasks.crystals.rows import Seen, crystal_table, pair_table
from napari_insitu_tem.tasks.crystals.settings import CrystalsSettings
from napari_insitu_tem.tasks.crystals.words import summary
from napari_insitu_tem.tasks.registry import task

__all__ = ["Crystals", "CrystalsSettings", "analyse_particle", "crystals"]

_BLUR = 1.5  # spacings over which the Bragg filter averages


@task(title="Crystals")
def crystals(
    segmentation: Segmentation,
    settings: CrystalsSettings = CrystalsSettings(),
    job: Job = Job(),
) -> Crystals:
    """Find spacings, angles, orientation and zone axis of every particle, frame by frame.

    Parameters
    ----------
    segmentation : Segmentation
        Particles, with the movie that shows their lattices; read once. With the masks of
        tracked particles, every number is one particle throughout.
    settings : CrystalsSettings
        What counts as a pair, when a crystal can be read, which lattice it may be.
    job : Job
        Progress and cancel.

    Returns
    -------
    Crystals
        A row for every particle in every frame, also where it shows no lattice: the note says
        why.

    Raises
    ------
    FourierError
        When there are no particles, or a lattice was given but no pixel size.
    """
    movie = segmentation.movie
    lattice = settings.chosen_lattice()
    if lattice is not None and movie.pixel_size is None:
        raise FourierError(
            "This movie has no pixel size, so its spacings cannot be compared with a lattice. Set "
            "it under Calibrate, or choose no lattice."
        )
    store = new_frames(movie.data.shape, np.float32) if settings.bragg else None

    def one(given: tuple[int, np.ndarray, np.ndarray]) -> _Frame:
        return _look_at(*given, settings, lattice, movie.pixel_size)

    seen: list[Seen] = []
    steps = job.map(one, segmentation.pairs(), "Transforming particles", movie.n_frames)
    for index, frame in enumerate(steps):
        seen += frame.seen
        if store is not None and frame.filtered is not None:
            store[index] = frame.filtered
    if not seen:
        raise FourierError("The masks hold no particles in any frame. Run Segment first.")
    result = Crystals(movie, segmentation, crystal_table(seen, settings.evenness), pair_table(seen))
    if store is not None:
        name = f"{movie.name} [Bragg filtered]"
        result = result.replace(filtered=movie.replace(data=as_dask(store), name=name))
    message = summary(result, lattice)
    job.log(message)
    return result.replace(message=message)


def analyse_particle(
    image: np.ndarray,
    mask: np.ndarray,
    settings: CrystalsSettings,
    lattice: CrystalLattice | None,
    pixel_size: float | None,
    *,
    frame: int = 0,
    particle: int = 1,
) -> Seen:
    """Analyse one particle of one frame.

    Parameters
    ----------
    image, mask : (y, x) arrays
        The frame, and where the particle is.
    settings : CrystalsSettings
        As for `crystals`.
    lattice : CrystalLattice, optional
        What to index against.
    pixel_size : float, optional
        nm; needed with a lattice.
    frame, particle : int
        What they are called.
    """
    found = particle_pairs(image, mask, settings.search)
    indexing = None
    if lattice is not None and pixel_size is not None:
        indexing = index_pairs(
            found.pairs,
            lattice,
            pixel_size=pixel_size,
            spacing_tolerance=settings.spacing_tolerance / 100,
            angle_tolerance=settings.angle_tolerance,
        )
    y, x = (float(each.mean()) for each in np.nonzero(mask))
    size = 2 * float(np.sqrt(np.count_nonzero(mask) / np.pi))
    return Seen(frame, particle, y, x, size, found, indexing)


@dataclass(frozen=True, eq=False)
class _Frame:
    seen: list[Seen]
    filtered: np.ndarray | None


def _look_at(
    index: int,
    image: np.ndarray,
    labels: np.ndarray,
    settings: CrystalsSettings,
    lattice: CrystalLattice | None,
    pixel_size: float | None,
) -> _Frame:
    seen = []
    filtered = np.zeros(image.shape, np.float32) if settings.bragg else None
    for number, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
        if box is None:
            continue
        # With a pixel around it, so that only the edge of the frame is an edge of the mask.
        around = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box)
        each = analyse_particle(
            image[around],
            labels[around] == number,
            settings,
            lattice,
            pixel_size,
            frame=index,
            particle=number,
        )
        y, x = each.y + around[0].start, each.x + around[1].start
        seen.append(dataclasses.replace(each, y=y, x=x))
        if filtered is not None and each.found.pairs:
            blur = _BLUR * max(pair.spacing for pair in each.found.pairs)
            inside = labels[box] == number
            part = np.where(inside, image[box].astype(np.float32), np.float32(np.nan))
            waves = bragg_filter(part, each.found.pairs, blur=blur)
            filtered[box][inside] = waves[inside]
    return _Frame(seen, filtered)
