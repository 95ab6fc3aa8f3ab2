"""Evenness of particles, each by the Fourier transform of its own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.fourier.evenness import evenness
from napari_insitu_tem.analysis.fourier.pairs import find_pairs
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import FourierError, Window

__all__ = ["ParticleEvenness", "particle_evenness"]


@dataclass(frozen=True)
class ParticleEvenness:
    """What a particle shows in a frame.

    Parameters
    ----------
    label : int
        Of the particle in the label image.
    evenness : float
        See `fourier.evenness`; 0 where there are no two pairs.
    pairs : int
        How many pairs of peaks it shows.
    zone_axis : float
        Mean of the map over the particle.
    trouble : str
        Why it could not be transformed (too small, constant, saturated); empty where it could.
    """

    label: int
    evenness: float
    pairs: int
    zone_axis: float
    trouble: str = ""


def particle_evenness(
    frame: np.ndarray,
    labels: np.ndarray,
    zone_axis: np.ndarray,
    *,
    shortest: float,
    longest: float,
    most: int = 8,
    false_alarm: float = 1e-3,
) -> list[ParticleEvenness]:
    """Find how evenly the pairs of peaks of every particle are lit.

    Parameters
    ----------
    frame : (y, x) array
        Pixels; missing ones (NaN) count as the particle's mean.
    labels : (y, x) int array
        Label image; 0 is background.
    zone_axis : (y, x) array
        The map, see `windowed.EvennessMap`.
    shortest, longest : float
        Spacings that count as fringes, px.
    most : int
        How many pairs are looked for.
    false_alarm : float
        How probable it may be that noise alone passes for a pair.
    """
    found = []
    for label, place in enumerate(ndimage.find_objects(labels), start=1):
        if place is None:
            continue
        inside = labels[place] == label
        mean = float(zone_axis[place][inside].mean())
        try:
            spectrum = Spectrum.of(frame[place], Window.of_mask(inside))
        except FourierError as error:
            found.append(ParticleEvenness(label, 0.0, 0, mean, str(error)))
            continue
        pairs = find_pairs(
            spectrum, shortest=shortest, longest=longest, most=most, false_alarm=false_alarm
        )
        found.append(ParticleEvenness(label, evenness(pairs), len(pairs), mean))
    return found
