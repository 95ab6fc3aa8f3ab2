"""One focal series: checked, laid over each other, read by the network, its sites told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.shifting import common_area, move_frame
from napari_insitu_tem.analysis.species import SpeciesError
from napari_insitu_tem.analysis.species.calibration import Calibration
from napari_insitu_tem.analysis.species.honeycomb import fit_honeycomb
from napari_insitu_tem.analysis.species.peaks import Columns, find_columns
from napari_insitu_tem.analysis.species.registration import Shift, register_series
from napari_insitu_tem.analysis.species.sites import Sites, read_sites
from napari_insitu_tem.analysis.species.usable import trouble_with
from napari_insitu_tem.tasks.species.settings import SpeciesSettings

__all__ = ["Reading", "Registered", "checked", "read_maps", "registered"]

#: Columns so near to the border, in bonds, are seen in part only.
_MARGIN = 0.6
#: Nats below which a shift may be chance.
_LEAST_EVIDENCE = 10.0


@dataclass(frozen=True, eq=False)
class Registered:
    """Images of a series over each other, at the size at which the network sees them.

    Parameters
    ----------
    images : (n, y, x) float32 array
        Cut to what all of them show.
    corner : (int, int)
        Where their first pixel lies in the first image.
    shifts : list of Shift
        What was undone, px of the images.
    """

    images: np.ndarray
    corner: tuple[int, int]
    shifts: list[Shift]

    @property
    def doubtful(self) -> bool:
        """Whether an image could not be laid over the first one."""
        return any(shift.evidence < _LEAST_EVIDENCE for shift in self.shifts)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a series shows: its columns and sites, in px of the images that the network saw."""

    columns: Columns
    sites: Sites


def checked(images: Sequence[np.ndarray], numbers: Sequence[int]) -> list[np.ndarray]:
    """Return images that can be used, missing pixels filled in.

    Raises
    ------
    SpeciesError
        When one cannot, with the number of its frame.
    """
    for image, number in zip(images, numbers, strict=True):
        trouble = trouble_with(image)
        if trouble is not None:
            raise SpeciesError(f"Frame {number} {trouble}.")
    return [fill_missing(image) for image in images]


def registered(
    images: Sequence[np.ndarray], *, pixel_size: float, settings: SpeciesSettings
) -> Registered:
    """Lay images over each other; those whose shift may be chance stay where they are."""
    if len(images) == 1 or not settings.register_images:
        shifts = [Shift(np.zeros(2), np.inf) for _ in images]
        return Registered(np.stack(images).astype(np.float32), (0, 0), shifts)
    shifts = register_series(images, pixel_size=pixel_size, largest=settings.largest_shift)
    moves = np.array([s.pixels if s.evidence >= _LEAST_EVIDENCE else np.zeros(2) for s in shifts])
    rows, columns = common_area((images[0].shape[0], images[0].shape[1]), moves)
    moved = np.stack(
        [move_frame(image, move)[rows, columns] for image, move in zip(images, moves, strict=True)]
    )
    return Registered(moved, (rows.start, columns.start), shifts)


def read_maps(
    maps: np.ndarray,
    *,
    bond: float,
    settings: SpeciesSettings,
    calibration: Calibration,
    check: Callable[[], None],
) -> Reading:
    """Tell columns, lattice and sites from the network's maps.

    Raises
    ------
    SpeciesError
        When there are no columns, or they lie on no honeycomb.
    """
    columns = find_columns(maps, bond=bond, threshold=settings.threshold)
    check()
    lattice = fit_honeycomb(columns.positions, columns.masses, bond=bond)
    check()
    margin = int(np.ceil(_MARGIN * bond))
    height, width = maps.shape[1:]
    area = slice(margin, height - margin), slice(margin, width - margin)
    sites = read_sites(
        maps,
        columns,
        lattice,
        area=area,
        calibration=calibration,
        largest_hole=settings.largest_hole,
    )
    return Reading(columns, sites)
