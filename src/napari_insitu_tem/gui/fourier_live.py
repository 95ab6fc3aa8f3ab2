"""What the Fourier dock shows of the frame that is looked at: spectrum, radial average, peaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.pairs import Pair, find_pairs
from napari_insitu_tem.analysis.fourier.regions import region_mask
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import Window
from napari_insitu_tem.gui.radial_view import Curve, RadialPicture
from napari_insitu_tem.gui.spectrum_view import SpectrumPicture, picture_of
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.fourier import FourierSettings

__all__ = ["LiveSpectrum", "live_spectrum", "radial_picture"]

_POWER, _NOISE = "#56b4e9", "#9aa0a6"
_SAME_RING = 0.02


@dataclass(frozen=True, eq=False)
class LiveSpectrum:
    """A region's spectrum as a picture and as a curve, and its pairs of peaks in words."""

    picture: SpectrumPicture
    radial: RadialPicture
    words: str


def live_spectrum(
    movie: Movie, index: int, region: np.ndarray | None, settings: Settings
) -> LiveSpectrum:
    """Return what is shown of a region (its corners; None: all) of a frame."""
    assert isinstance(settings, FourierSettings)
    shape = movie.frame_shape
    window = Window.of_frame(shape) if region is None else Window.of_mask(
        region_mask(region, shape)
    )  # fmt: skip
    spectrum = Spectrum.of(movie.frame(index), window)
    search = settings.search
    pairs = find_pairs(
        spectrum,
        shortest=search.shortest,
        longest=search.longest,
        most=search.most,
        false_alarm=search.false_alarm,
    )
    return LiveSpectrum(
        picture_of(spectrum, pairs),
        radial_picture(spectrum, pairs, movie.pixel_size),
        _words(pairs, movie.pixel_size),
    )


def radial_picture(
    spectrum: Spectrum, pairs: tuple[Pair, ...], pixel_size: float | None
) -> RadialPicture:
    """Return the average over directions as curves, the spacings of pairs marked."""
    scale, unit, digits = (pixel_size, "nm", 3) if pixel_size else (1.0, "px", 1)
    radial = spectrum.radial
    marks: list[tuple[float, str]] = []
    for pair in pairs:
        frequency = pair.magnitude / scale
        if all(abs(frequency / other - 1) > _SAME_RING for other, _ in marks):
            marks.append((frequency, f"{1 / frequency:.{digits}f}"))
    # The first ring is what is left of the region's mean and slope.
    power, noise = (np.log10(np.maximum(each[1:], 1e-30)) for each in (radial.power, radial.noise))
    curves = Curve(noise, _NOISE, "noise"), Curve(power, _POWER, "mean")
    return RadialPicture(radial.frequency[1:] / scale, curves, unit, tuple(marks), "log power:")


def _words(pairs: tuple[Pair, ...], pixel_size: float | None) -> str:
    if not pairs:
        return "No fringes stand out from noise in this frame."
    scale, unit, digits = (pixel_size, "nm", 4) if pixel_size else (1.0, "px", 2)
    rows = [
        f"{scale * pair.spacing:.{digits}f} ± {scale * pair.spacing_error:.{digits}f} {unit} "
        f"at {pair.angle:.2f} ± {pair.angle_error:.2f}°"
        for pair in pairs[:4]
    ]
    more = f", and {len(pairs) - 4} more" if len(pairs) > 4 else ""
    return "; ".join(rows) + more
