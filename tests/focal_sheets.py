"""MoS2 sheets with known columns, as weak-phase images and as the maps of a perfect network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPECIES = ("Mo", "2S", "S")
LATTICE = 0.316  # nm
BOND = LATTICE / np.sqrt(3)
_WEIGHTS = {"Mo": 1.0, "2S": 0.83, "S": 0.45}


@dataclass(frozen=True)
class Sheet:
    """Columns (n, 2) px with their species, and the sites that miss atoms."""

    shape: tuple[int, int]
    pixel_size: float
    positions: np.ndarray
    species: np.ndarray
    vacancies: list[tuple[float, float, str]]

    def count(self, kind: str) -> int:
        return sum(each == kind for _, _, each in self.vacancies)


def sheet(
    shape=(256, 256), pixel_size=0.025, angle=13.0, seed=0, missing=0.06, half=None, strain=0.0
) -> Sheet:
    """A sheet over the whole frame, or over its left `half`, with vacancies of each kind."""
    rng = np.random.default_rng(seed)
    turn = np.deg2rad(angle)
    u = BOND / pixel_size * np.array([np.sin(turn), np.cos(turn)])
    v = BOND / pixel_size * np.array([np.sin(turn + np.pi / 3), np.cos(turn + np.pi / 3)])
    reach = int(2 * max(shape) / np.hypot(*u))
    m, n = (part.ravel() for part in np.mgrid[-reach:reach, -reach:reach])
    place = m[:, None] * u + n[:, None] * v + np.array(shape) / 2 + rng.uniform(-3, 3, 2)
    place = place * (1 + strain * (place[:, ::-1] - 128) / 256)
    part = (m - n) % 3
    inside = (place > -4).all(1) & (place < np.array(shape) + 3).all(1) & (part < 2)
    if half is not None:
        inside &= place[:, 1] < half
    positions, species, vacancies = [], [], []
    for (y, x), which in zip(place[inside], part[inside], strict=True):
        kind = "Mo" if which == 0 else "2S"
        lost = rng.random() < missing
        edge = half is not None and x > half - 10
        if lost and not edge:
            kind = "" if which == 0 or rng.random() < 0.25 else "S"
            name = "Mo" if which == 0 else ("S" if kind else "2S")
            vacancies.append((y, x, name))
        if kind:
            positions.append((y, x))
            species.append(kind)
    return Sheet(shape, pixel_size, np.array(positions), np.array(species), vacancies)


def class_maps(truth: Sheet, *, noise=0.0, confusion=0.0, sigma=0.03, seed=0) -> np.ndarray:
    """What a network gives: a spot of height 1 in its class's map, blurred between classes."""
    rng = np.random.default_rng(seed)
    maps = np.zeros((3, *truth.shape), np.float32)
    for place, kind in zip(truth.positions, truth.species, strict=True):
        right = SPECIES.index(kind)
        shares = np.full(3, confusion / 2)
        shares[right] = 1 - confusion
        shares = np.clip(shares + rng.normal(0, confusion / 3, 3), 0, None) if confusion else shares
        _add(maps, place, sigma / truth.pixel_size, shares)
    return np.clip(maps + noise * rng.random(maps.shape), 0, 1).astype(np.float32)


def images(truth: Sheet, defoci=(-8.0, 0.0, 8.0), shifts=None, dose=1000.0, seed=0) -> np.ndarray:
    """Weak-phase images (n, y, x), electrons a pixel; `shifts` (n, 2) px move the sheet.

    Atoms are bright at overfocus (negative) and dark at underfocus.
    """
    rng = np.random.default_rng(seed)
    potential = np.zeros((1, *truth.shape), np.float32)
    for place, kind in zip(truth.positions, truth.species, strict=True):
        _add(potential, place, 0.03 / truth.pixel_size, np.array([_WEIGHTS[kind]]))
    y, x = (np.fft.fftfreq(size, truth.pixel_size) for size in truth.shape)
    square = np.add.outer(y**2, x**2)
    wave, cs = 0.00418, -0.013e6  # nm, at 80 kV
    found = []
    for number, defocus in enumerate(defoci):
        chi = np.pi * wave * square * defocus + np.pi / 2 * cs * wave**3 * square**2
        transfer = -2 * np.sin(chi) * np.exp(-square * 0.05**2)
        shift = np.zeros(2) if shifts is None else np.asarray(shifts[number])
        ramp = np.exp(-2j * np.pi * truth.pixel_size * np.add.outer(y * shift[0], x * shift[1]))
        contrast = np.fft.ifft2(np.fft.fft2(0.25 * potential[0]) * transfer * ramp).real
        mean = dose * (10 * truth.pixel_size) ** 2
        found.append(rng.poisson(np.maximum(mean * (1 + contrast), 0)))
    return np.array(found, np.float32)


def _add(maps: np.ndarray, place: np.ndarray, sigma: float, heights: np.ndarray) -> None:
    reach = int(np.ceil(4 * sigma))
    row, column = np.round(place).astype(int)
    rows = np.arange(max(0, row - reach), min(maps.shape[1], row + reach + 1))
    columns = np.arange(max(0, column - reach), min(maps.shape[2], column + reach + 1))
    if not (len(rows) and len(columns)):
        return
    spot = np.exp(-np.add.outer((rows - place[0]) ** 2, (columns - place[1]) ** 2) / 2 / sigma**2)
    maps[np.ix_(range(len(maps)), rows, columns)] += heights[:, None, None] * spot
