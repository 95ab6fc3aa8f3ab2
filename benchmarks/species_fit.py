"""How shares of a network's maps become probabilities: a fit to sites whose content is known.

Used by ``python benchmarks/species.py fit``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _measure import job
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.species.calibration import Calibration
from napari_insitu_tem.analysis.species.sites import EMPTY, SPECIES
from napari_insitu_tem.simulate.focal import FocalSeries
from napari_insitu_tem.tasks.species import SpeciesError, SpeciesSettings
from napari_insitu_tem.tasks.species.network import SpeciesNetwork
from napari_insitu_tem.tasks.species.series import read_maps

_REACH = 0.07  # nm within which a column is that of a site
_BOND = 0.316 / np.sqrt(3)  # nm


@dataclass(frozen=True, eq=False)
class Known:
    """Sites of one series within the sheet: what the maps show and what is there."""

    dose: float
    shares: np.ndarray
    metal: np.ndarray
    truth: np.ndarray

    @property
    def lost(self) -> int:
        """Number of vacancies."""
        return int(np.sum(self.truth >= SPECIES.index("S")))


def sites_of(model: str, series: FocalSeries) -> list[Known]:
    """Read a series without drift; none where that fails, or Mo is taken for S all over it."""
    network = SpeciesNetwork.of(model, series.pixel_size, job())
    pixel_size = series.pixel_size / network.scale
    seen = np.stack([network.seen(image) for image in series.images[: network.images]])
    try:
        sites = read_maps(
            network.maps(seen, job()), bond=_BOND / pixel_size, settings=SpeciesSettings(),
            calibration=network.calibration, check=lambda: None,
        ).sites  # fmt: skip
    except SpeciesError:
        return []
    places = (sites.positions[sites.inside] + 0.5) / network.scale - 0.5
    distance, nearest = cKDTree(series.positions).query(places)
    kinds = np.array([SPECIES.index(kind) for kind in series.species])
    truth = np.where(distance < _REACH / series.pixel_size, kinds[nearest], EMPTY)
    metal = sites.metal[sites.inside]
    if np.mean(truth[metal] == 0) < 0.5:
        return []
    return [Known(series.conditions[0].dose, sites.shares[sites.inside], metal, truth)]


def fitted(data: list[Known]) -> tuple[Calibration, list[list]]:
    """Return the likeliest calibration, and a row for every dose."""
    start = [0.4, np.log(0.08), 1.1, 0.8]
    best = minimize(_loss, start, args=(data,), method="Nelder-Mead").x
    found = _calibration(best)
    # What errors are larger than chance by: E (expected - true)² = chance + (between expected)².
    moments = []
    for known in data:
        expected, chance = _expected(found, known)
        moments.append(((expected - known.lost) ** 2 - chance, expected**2))
    over, squares = np.sum(moments, axis=0)
    between = float(np.sqrt(max(over, 0) / squares))
    rounded = [round(float(v), 3) for v in (found.half, found.soft, found.slope, found.offset)]
    return Calibration(*rounded, round(between, 2)), [
        _row(found, [known for known in data if known.dose == dose])
        for dose in sorted({known.dose for known in data})
    ]


def _calibration(values: np.ndarray) -> Calibration:
    half, soft, slope, offset = map(float, values)
    return Calibration(half, float(np.exp(soft)), slope, offset)


def _probabilities(calibration: Calibration, known: Known) -> np.ndarray:
    """Return those (n, 3) of whole, one S of two, and empty."""
    empty = calibration.empty(known.shares)
    one = np.where(known.metal, 0.0, calibration.one_of_two(known.shares))
    return np.column_stack([(1 - empty) * (1 - one), (1 - empty) * one, empty])


def _loss(values: np.ndarray, data: list[Known]) -> float:
    """Return the mean negative log probability of what sites hold."""
    calibration, total, count = _calibration(values), 0.0, 0
    for known in data:
        # A column of the other sublattice's kind tells nothing of these constants.
        fits = (known.truth == EMPTY) | ((known.truth == 0) == known.metal)
        column = np.maximum(known.truth[fits] - 1, 0)
        chance = _probabilities(calibration, known)[fits, column]
        total -= float(np.log(np.maximum(chance, 1e-9)).sum())
        count += len(chance)
    return total / max(count, 1)


def _expected(calibration: Calibration, known: Known) -> tuple[float, float]:
    """Return the expected number of vacancies, and its variance by chance."""
    lost = 1 - _probabilities(calibration, known)[:, 0]
    return float(lost.sum()), float(np.sum(lost * (1 - lost)))


def _row(calibration: Calibration, data: list[Known]) -> list:
    there = np.array([known.lost for known in data])
    expected = np.array([_expected(calibration, known)[0] for known in data])
    chances = [_probabilities(calibration, known) for known in data]
    counted = sum(int(np.sum(chance.argmax(axis=1) > 0)) for chance in chances)
    confidence = [
        c.max(axis=1)[~known.metal].mean() for c, known in zip(chances, data, strict=True)
    ]
    return [
        f"{data[0].dose:g}", len(data), int(there.sum()), f"{expected.sum():.0f}", counted,
        f"{100 * np.mean(np.abs(expected - there) / np.maximum(there, 1)):.0f}",
        *(f"{np.quantile(confidence, q):.3f}" for q in (0, 0.5, 1)),
    ]  # fmt: skip
