"""Thon rings: defocus and astigmatism of every frame, from the film's power spectrum."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import model_validator

from napari_insitu_tem import units
from napari_insitu_tem.analysis.denoise import windows
from napari_insitu_tem.analysis.fourier.regions import region_mask, regions_from_text
from napari_insitu_tem.analysis.fourier.thon import ThonSpectrum, averaged, polar, window_size
from napari_insitu_tem.analysis.fourier.thon_fit import Search, ThonFit, fit_rings
from napari_insitu_tem.analysis.fourier.thon_model import Optics
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Thon", "ThonSettings", "region_of", "rings_of", "thon"]

_LOWEST_STEPS = 3  # of the spectrum, below which a Hann window's own shape shows
_UNSURE = 2.0

units.register(
    defocus=units.Quantity("Defocus", unit="nm"),
    defocus_error=units.Quantity("Error of defocus", unit="nm"),
    astigmatism=units.Quantity("Astigmatism", unit="nm"),
    astigmatism_error=units.Quantity("Error of astigmatism", unit="nm"),
    astigmatism_angle=units.Quantity("Direction of the largest defocus", unit="deg"),
    astigmatism_angle_error=units.Quantity("Error of direction of the largest defocus", unit="deg"),
)


class ThonSettings(Settings):
    """The microscope, where the film is, and between which values is looked."""

    energy: float = setting(
        300.0,
        title="Energy",
        description="Of the electrons.",
        unit="keV",
        ge=20,
        le=2000,
        step=20,
    )
    spherical_aberration: float = setting(
        0.0,
        title="Spherical aberration",
        description="Cs of the objective lens; near 0 with a corrector, about 1 mm without.",
        unit="mm",
        ge=-20,
        le=20,
        step=0.1,
    )
    amplitude_contrast: float = setting(
        0.07,
        title="Amplitude contrast",
        description="Share of the film's contrast that does not come from phase. Errors hold for "
        "0.03 more or less.",
        ge=0,
        le=0.9,
        step=0.01,
        advanced=True,
    )
    lowest: float = setting(
        20.0,
        title="Lowest defocus",
        description="Where the search begins; underfocus is positive. Rings hardly tell "
        "underfocus from overfocus when Cs is near 0, so leave one of them out.",
        unit="nm",
        ge=-20000,
        le=20000,
        step=10,
    )
    highest: float = setting(
        1500.0,
        title="Highest defocus",
        description="Where the search ends.",
        unit="nm",
        ge=-20000,
        le=20000,
        step=100,
    )
    astigmatism: float = setting(
        100.0,
        title="Largest astigmatism",
        description="Half of the difference between the largest and the smallest defocus.",
        unit="nm",
        ge=0,
        le=5000,
        step=10,
        advanced=True,
    )
    region: str = setting(
        "",
        title="Region",
        description="Where the amorphous film is; the whole frame if empty. Points as y,x in "
        "pixels with spaces between: two corners of a rectangle, or three and more of a polygon.",
    )
    frames: int = setting(
        1,
        title="Frames averaged",
        description="Power spectra are averaged over this many frames around each. Faint rings "
        "become visible; what is faster is lost.",
        unit="frames",
        ge=1,
        le=1001,
    )
    window: int | None = setting(
        None,
        title="Window",
        description="Width of the windows whose power spectra are averaged; half of the region if "
        "automatic. Wider ones tell narrower rings apart (a large defocus); of narrower ones there "
        "are more.",
        unit="px",
        ge=64,
        le=4096,
        step=64,
    )
    shortest: float = setting(
        2.5,
        title="Shortest spacing",
        description="Rings are looked for up to this spacing.",
        unit="px",
        ge=2,
        le=20,
        step=0.1,
        advanced=True,
    )
    longest: float | None = setting(
        None,
        title="Longest spacing",
        description="Rings are looked for from this spacing on: above what the film's uneven "
        "thickness shows.",
        unit="px",
        ge=5,
        none_means="a third of a window",
        advanced=True,
    )
    false_alarm: float = setting(
        0.001,
        title="False alarms",
        description="How probable it may be that noise alone passes for rings in a frame.",
        gt=0,
        le=0.5,
        advanced=True,
    )

    @property
    def optics(self) -> Optics:
        """What is known of the microscope."""
        return Optics(self.energy, self.spherical_aberration, self.amplitude_contrast)

    @property
    def search(self) -> Search:
        """Where is looked."""
        return Search(self.lowest, self.highest, self.astigmatism, self.false_alarm)

    @model_validator(mode="after")
    def _sensible(self) -> ThonSettings:
        if len(regions_from_text(self.region)) > 1:
            raise ValueError("name one region of film, not several")
        if self.highest <= self.lowest:
            raise ValueError("the highest defocus must be above the lowest")
        return self


@dataclass(frozen=True, eq=False)
class Thon(MovieResult):
    """Defocus and astigmatism of a movie's frames.

    Parameters
    ----------
    movie : Movie
        As it was.
    table : pandas.DataFrame
        One row a frame in which rings were found: ``defocus``, ``astigmatism`` (nm) and
        ``astigmatism_angle`` (°) with their errors, ``score`` and ``rings``.
    curves : pandas.DataFrame
        One row a frame and frequency: ``frequency_per_nm``, and the power over its background
        along curves of equal phase, ``measured`` and ``fitted``.
    message : str
        What was found, in a few sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    table: pd.DataFrame
    curves: pd.DataFrame
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the course of the lens, and the rings of every frame."""
        return {"thon": self._timed(self.table), "rings": self._timed(self.curves)}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: defocus and astigmatism over time, and the rings."""
        from napari_insitu_tem.figures import thon as figures

        tables = self.tables()
        return {
            "thon": functools.partial(figures.draw_defocus, tables["thon"]),
            "astigmatism": functools.partial(figures.draw_astigmatism, tables["thon"]),
            "rings": functools.partial(figures.draw_rings, tables["rings"]),
        }

    def replace(self, **changes: Any) -> Thon:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _timed(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if times is not None:
            table = table.copy()
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)


@task(title="Thon rings")
def thon(movie: Movie, settings: ThonSettings = ThonSettings(), job: Job = Job()) -> Thon:
    """Measure defocus and astigmatism of every frame from the Thon rings of an amorphous film.

    Parameters
    ----------
    movie : Movie
        Frames with amorphous film, with a pixel size.
    settings : ThonSettings
        The microscope, the region, the range of the search.
    job : Job
        Progress and cancel.

    Returns
    -------
    Thon
        Table and curves.

    Raises
    ------
    MovieError
        When the movie has no pixel size.
    FourierError
        When the region is too small or lies outside, or no frame shows rings, with why.
    """
    mask = region_of(movie, settings)
    size = settings.window or window_size(mask)

    half = settings.frames // 2
    spectra: Any = (_spectrum(frame, mask, size) for frame in movie.iter_frames())
    found: list[ThonFit | None] = []
    trouble = ""
    fits = job.map(
        lambda held: _rings(held, movie, settings),
        windows(spectra, half, half),
        "Finding rings",
        movie.n_frames,
    )
    for fit in fits:
        if isinstance(fit, str):
            trouble = trouble or fit
        found.append(None if isinstance(fit, str) else fit)
    if not any(fit is not None for fit in found):
        raise FourierError(trouble)
    result = Thon(movie, _table(found), _curves(found))
    message = _words(result, settings)
    job.log(message)
    return result.replace(message=message)


def region_of(movie: Movie, settings: ThonSettings) -> np.ndarray:
    """Return the region (y, x) of film; refuses a movie without a pixel size."""
    if movie.pixel_size is None:
        raise MovieError(
            "This movie has no pixel size, without which rings give no defocus. Set it under "
            "Calibrate."
        )
    corners = regions_from_text(settings.region)
    shape = movie.frame_shape
    return region_mask(corners[0], shape) if corners else np.ones(shape, bool)


def rings_of(spectrum: ThonSpectrum, movie: Movie, settings: ThonSettings) -> ThonFit:
    """Return the rings of a spectrum.

    Raises
    ------
    FourierError
        When there are none, or fringes of a lattice hide them.
    """
    assert movie.pixel_size is not None
    lowest = _LOWEST_STEPS / spectrum.size
    if settings.longest is not None:
        lowest = max(lowest, 1 / settings.longest)
    cells = polar(spectrum, lowest=lowest, highest=1 / settings.shortest)
    return fit_rings(cells, settings.optics, movie.pixel_size, settings.search)


def _spectrum(frame: np.ndarray, mask: np.ndarray, size: int) -> ThonSpectrum | str:
    try:
        return averaged([frame], mask, size=size)
    except FourierError as error:  # a blanked beam, say: that frame is left out, and counted
        return str(error)


def _rings(held: Any, movie: Movie, settings: ThonSettings) -> ThonFit | str:
    """Return the rings of a frame and its neighbours, or why there are none."""
    here = held.frames[held.centre]
    if isinstance(here, str):
        return here
    near = [spectrum for spectrum in held.frames if not isinstance(spectrum, str)]
    try:
        return rings_of(functools.reduce(operator.add, near), movie, settings)
    except FourierError as error:
        return str(error)


def _table(found: Sequence[ThonFit | None]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "frame": frame,
            "defocus": fit.lens.defocus,
            "defocus_error": fit.defocus_error,
            "astigmatism": fit.lens.astigmatism,
            "astigmatism_error": fit.astigmatism_error,
            "astigmatism_angle": fit.lens.angle,
            "astigmatism_angle_error": fit.angle_error,
            "score": fit.score,
            "rings": fit.rings,
        }
        for frame, fit in enumerate(found)
        if fit is not None
    ]
    return pd.DataFrame(rows)


def _curves(found: Sequence[ThonFit | None]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(
        [
            pd.DataFrame(
                {
                    "frame": frame,
                    "frequency_per_nm": fit.frequency,
                    "measured": fit.measured,
                    "fitted": fit.fitted,
                }
            )
            for frame, fit in enumerate(found)
            if fit is not None
        ],
        ignore_index=True,
    )


def _words(found: Thon, settings: ThonSettings) -> str:
    table = found.table
    middle = table.median(numeric_only=True)
    low, high = table["defocus"].min(), table["defocus"].max()
    course = f", {low:.1f} to {high:.1f} nm over the movie" if len(table) > 1 else ""
    words = [
        f"Defocus {middle['defocus']:.1f} ± {middle['defocus_error']:.1f} nm a frame{course}; "
        f"score {middle['score']:.2f}, {middle['rings']:.0f} rings."
    ]
    if middle["astigmatism"] > _UNSURE * middle["astigmatism_error"]:
        words.append(
            f"Astigmatism {middle['astigmatism']:.1f} ± {middle['astigmatism_error']:.1f} nm."
        )
    else:
        words.append(
            f"No astigmatism beyond its error of {middle['astigmatism_error']:.1f} nm; its angle "
            "means nothing."
        )
    missed = found.movie.n_frames - len(table)
    if missed:
        words.append(f"In {missed} of {found.movie.n_frames} frames no rings were found.")
    if settings.lowest < 0 < settings.highest:
        words.append("Both signs of defocus were allowed; rings hardly tell them apart.")
    return " ".join(words)
