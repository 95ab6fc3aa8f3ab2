"""A movie of one particle whose columns hop, come and go, with every event known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.columns.added import Growing
from napari_insitu_tem.simulate.columns.columns import columns_of
from napari_insitu_tem.simulate.columns.exposure import Exposure, Place, draw_exposure
from napari_insitu_tem.simulate.columns.hops import Rates, Walk, walk
from napari_insitu_tem.simulate.columns.settings import ColumnsSettings
from napari_insitu_tem.simulate.columns.sites import NEIGHBOURS
from napari_insitu_tem.simulate.columns.visible import readable
from napari_insitu_tem.simulate.hrtem.imaging import Conditions
from napari_insitu_tem.simulate.hrtem.structures import draw_particle

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.movie import Movie

__all__ = ["ColumnMovie", "draw_movie"]


@dataclass(frozen=True)
class ColumnMovie:
    """A simulated movie and the truth about its columns.

    Parameters
    ----------
    images : (t, y, x) float32 array
        Electrons per pixel.
    sites : (n, 2) array
        Where columns are, were or could be, (y, x) in px of the first frame.
    occupied : (t, n) bool array
        Which of them hold a column.
    readable : (n,) bool array
        Whether images without noise show the column of a site whenever it holds one; False for
        sites that stay empty.
    surface : (n,) bool array
        Whether it is added, or has in the first frame an empty site as its neighbour.
    atoms : (n,) int array
        Atoms of the column of a site, at most; 0 where it stays empty.
    events : pandas.DataFrame
        ``kind`` ("hop", "appear", "disappear"), ``frame`` (the first one after it), ``y``, ``x``,
        ``from_y``, ``from_x`` (px of the first frame; where from is known for hops only),
        ``site``, ``from_site`` (-1 for none).
    drift : (t, 2) array
        How far everything is shifted in a frame, (y, x) px.
    labels : (t, y, x) int32 array
        Outline of the particle.
    pixel_size : float
        nm.
    spacing : float
        Distance of neighbouring sites, px.
    bright : bool
        Whether columns are brighter than their surroundings.
    known : dict
        What the particle is.
    conditions : Conditions
        How it was taken.
    """

    images: np.ndarray
    sites: np.ndarray
    occupied: np.ndarray
    readable: np.ndarray
    surface: np.ndarray
    atoms: np.ndarray
    events: pd.DataFrame
    drift: np.ndarray
    labels: np.ndarray
    pixel_size: float
    spacing: float
    bright: bool
    known: dict[str, Any]
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def movie(self) -> Movie:
        """The frames as a calibrated movie."""
        from napari_insitu_tem.movie import Movie

        return Movie(
            self.images,
            pixel_size=self.pixel_size,
            dose=self.conditions.dose,
            name="simulated columns",
            metadata={"conditions": self.conditions.to_dict(), "particle": self.known},
        )


def draw_movie(
    settings: ColumnsSettings,
    rng: np.random.Generator,
    *,
    n_frames: int = 100,
    frames_per_hop: float | None = 20.0,
    frames_per_growth: float | None = None,
    frames_per_loss: float | None = None,
    adatoms: int = 5,
    drift: tuple[float, float] = (0.0, 0.0),
) -> ColumnMovie:
    """Draw a movie of one particle under fixed conditions.

    Parameters
    ----------
    settings : ColumnsSettings
        The ranges; `particles` does not count, there is one.
    rng : numpy.random.Generator
        Where chance comes from; the same state gives the same movie.
    n_frames : int
        Length.
    frames_per_hop, frames_per_growth, frames_per_loss : float, optional
        Mean number of frames from one hop, one new column, one lost column to the next; None for
        never.
    adatoms : int
        Columns that are added to the particle's surface in the first frame.
    drift : (y, x)
        Shift from frame to frame, px.
    """
    material = settings.materials[rng.integers(len(settings.materials))]
    particle = draw_particle(settings, material, rng)
    exposure = draw_exposure(settings, rng)
    place = exposure.draw_place(rng)
    columns = columns_of(particle)
    rates = Rates(frames_per_hop, frames_per_growth, frames_per_loss)
    walked = walk(particle, columns, rates, rng, n_frames=n_frames, adatoms=adatoms)
    growing = Growing.of(particle, columns, walked)
    pictures, which = _pictures(growing, exposure, place)
    shifts = np.arange(n_frames)[:, np.newaxis] * np.asarray(drift, float)
    sites = exposure.pixels(growing.positions(), place)
    shown, bright = _shown(growing, pictures, which, sites, exposure, settings)
    images = np.stack(
        [
            exposure.record(_shifted(pictures[picture], shift), rng)
            for picture, shift in zip(which, shifts, strict=True)
        ]
    )
    inside = ((sites >= 0) & (sites <= np.array(exposure.shape) - 1)).all(axis=1)
    own_atoms = np.where(walked.own >= 0, columns.atoms[walked.own], 0)
    return ColumnMovie(
        images=images,
        sites=sites,
        occupied=walked.occupied,
        readable=shown & inside,
        surface=_at_surface(walked),
        atoms=np.maximum(own_atoms, walked.heights.max(axis=0)),
        events=_events(walked, sites),
        drift=shifts,
        labels=_labels(growing, which, shifts, exposure, place),
        pixel_size=exposure.pixel_size,
        spacing=walked.spacing / exposure.spacing,
        bright=bright,
        known=particle.describe(),
        conditions=exposure.conditions,
    )


def _pictures(
    growing: Growing, exposure: Exposure, place: Place
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return one image without noise a state of the particle, and which one each frame shows."""
    states, which = np.unique(growing.walked.heights, axis=0, return_inverse=True)
    which = which.ravel()
    first = [int(np.argmax(which == state)) for state in range(len(states))]
    return [exposure.intensity([growing.at(frame)], [place]) for frame in first], which


def _shown(
    growing: Growing,
    pictures: list[np.ndarray],
    which: np.ndarray,
    sites: np.ndarray,
    exposure: Exposure,
    settings: ColumnsSettings,
) -> tuple[np.ndarray, bool]:
    """Return which sites show their column in all images without noise, and the polarity."""
    smear = growing.smear()
    shown = np.asarray(growing.walked.occupied.any(axis=0))
    polarity: list[bool] = []
    for picture, intensity in enumerate(pictures):
        full = growing.walked.occupied[int(np.argmax(which == picture))]
        seen = readable(
            intensity,
            sites[full] + exposure.margin,
            smear[full],
            settings,
            spacing=exposure.spacing,
        )
        shown[full] &= seen.readable
        polarity.append(seen.bright)
    return shown, bool(np.mean(polarity) > 0.5)


def _at_surface(walked: Walk) -> np.ndarray:
    empty = walked.feet[(walked.own < 0) & ~walked.occupied[0]]
    if not len(empty):
        return walked.own < 0
    near = cKDTree(empty).query(walked.feet)[0] <= NEIGHBOURS * walked.spacing
    result: np.ndarray = near | (walked.own < 0)
    return result


def _events(walked: Walk, sites: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for change in walked.changes:
        origin = (np.nan, np.nan) if change.origin is None else sites[change.origin]
        y, x = sites[change.site]
        rows.append(
            (change.kind, change.frame, y, x, *origin, change.site,
             -1 if change.origin is None else change.origin)
        )  # fmt: skip
    names = ["kind", "frame", "y", "x", "from_y", "from_x", "site", "from_site"]
    return pd.DataFrame(rows, columns=names)


def _labels(
    growing: Growing, which: np.ndarray, shifts: np.ndarray, exposure: Exposure, place: Place
) -> np.ndarray:
    """Return the outlines of all frames; drawn once where nothing changes."""
    drawn: dict[tuple[int, ...], np.ndarray] = {}
    labels = []
    for frame, shift in enumerate(shifts):
        key = (int(which[frame]), frame if shift.any() else 0)
        if key not in drawn:
            y, x = np.array(place) + shift * exposure.spacing
            drawn[key] = exposure.labels([growing.at(frame)], [(float(y), float(x))])
        labels.append(drawn[key])
    return np.stack(labels)


def _shifted(intensity: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Shift an image by parts of pixels; its margin takes in what wraps around."""
    if not shift.any():
        return intensity
    import scipy.fft

    spectrum = scipy.fft.rfft2(intensity)
    rows = scipy.fft.fftfreq(intensity.shape[0])[:, np.newaxis]
    columns = scipy.fft.rfftfreq(intensity.shape[1])[np.newaxis, :]
    spectrum *= np.exp(-2j * np.pi * (rows * shift[0] + columns * shift[1]))
    return np.maximum(scipy.fft.irfft2(spectrum, s=intensity.shape), 0).astype(intensity.dtype)
