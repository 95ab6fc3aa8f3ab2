"""Vacuum: tiles of a movie that show nothing but noise, found without knowing the camera.

A tile is empty when

- what it shows in one frame says nothing of the next (their covariance is 0, at several scales;
  where that leaves no tile at all, a faint pattern that stays is let pass),
- its noise is no coarser than a camera makes it (its power levels off at low frequencies),
- its spectrum has no peaks (a lattice),
- it is as noisy as other tiles of its brightness, and as bright as most,
- it is neither constant nor saturated.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.noise_power import hann_window, slopes, tiles
from napari_insitu_tem.analysis.transfer import spatial_frequency
from napari_insitu_tem.job import Job

__all__ = ["Vacuum", "find_vacuum", "tile_size"]

_SCALES = (1, 2, 4, 8)
_ALIKE = 0.05
_FAINTLY_ALIKE = 0.5
_COARSER = 1.5
_NOISIER = 1.3
_OTHER_LEVEL = 0.1
_SURE = 4.0
_SATURATED = 0.01
_RARE = 1e-5
_MARGIN = 1.2
_MOST_TILES = 1024


@dataclass(frozen=True, eq=False)
class Vacuum:
    """Which tiles of a frame are empty.

    Parameters
    ----------
    empty : (rows, columns) bool array
        One value a tile; tiles begin at the frame's first pixel and do not overlap. Of very
        large frames, only every second (third, …) tile of a row and column was looked at.
    tile : int
        Edge of a tile in pixels.
    shape : (int, int)
        Height and width of the frame.
    examined : int
        How many tiles were looked at.
    refused : dict of int
        How many tiles were refused, by the first reason in words.
    faint_pattern : bool
        Whether the tiles show a faint pattern that stays from frame to frame.
    """

    empty: np.ndarray
    tile: int
    shape: tuple[int, int]
    examined: int
    refused: dict[str, int]
    faint_pattern: bool = False

    @property
    def mask(self) -> np.ndarray:
        """The empty pixels, (y, x) bool."""
        mask = np.zeros(self.shape, bool)
        whole = np.kron(self.empty, np.ones((self.tile, self.tile), bool)).astype(bool)
        mask[: whole.shape[0], : whole.shape[1]] = whole
        return mask


def tile_size(shape: tuple[int, int]) -> int | None:
    """Return the edge of tiles that suits a region: 64 px, 32 in a small one, else None."""
    smallest = min(shape)
    if smallest >= 192:
        return 64
    return 32 if smallest >= 32 else None


def find_vacuum(runs: Iterable[list[np.ndarray]], tile: int, job: Job | None = None) -> Vacuum:
    """Find the empty tiles of a movie.

    Parameters
    ----------
    runs : iterable of lists of (y, x) arrays
        Each two successive frames; of a still image, that frame alone.
    tile : int
        Edge of a tile in pixels, a multiple of 8.
    job : Job, optional
        Cancel.

    Returns
    -------
    Vacuum
        Possibly without any empty tile.
    """
    job = job or Job()
    evidence: _Evidence | None = None
    for frames in runs:
        if evidence is None:
            evidence = _Evidence(frames[0], tile)
        evidence.add(frames, job)
    if evidence is None:
        raise ValueError("There is no frame to look for vacuum in.")
    return evidence.judge(job)


class _Evidence:
    """Sums over the runs, tile by tile."""

    def __init__(self, frame: np.ndarray, tile: int) -> None:
        self.tile, self.shape = tile, frame.shape
        self.grid = (frame.shape[0] // tile, frame.shape[1] // tile)
        step = int(np.ceil(np.sqrt(max(1.0, np.prod(self.grid) / _MOST_TILES))))
        rows, columns = (np.arange(0, count, step) * tile for count in self.grid)
        self.corners = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
        count = len(self.corners)
        self.runs = self.frames = 0
        self.pairs = False
        self.level = np.zeros(count)
        self.saturated = np.zeros(count)
        self.missing = np.zeros(count, bool)
        self.variance = np.zeros((count, len(_SCALES)))
        self.covariance = np.zeros((count, len(_SCALES)))
        self.noise = np.zeros((count, len(_SCALES)))
        self.power = np.zeros((count, tile, tile // 2 + 1), np.float32)
        kind = frame.dtype
        self._full = float(np.iinfo(kind).max) if kind.kind == "u" else np.inf
        self._taper = hann_window(tile).astype(np.float32)
        self._slopes = slopes(tile)

    def add(self, frames: list[np.ndarray], job: Job) -> None:
        self.runs += 1
        self.frames += len(frames)
        self.pairs = len(frames) > 1
        for several in zip(*(tiles(each, self.corners, self.tile) for each in frames), strict=True):
            job.check()
            part = several[0][0]
            flat = [self._flattened(part, values) for _, values in several]
            first, last = flat[0], flat[-1]
            apart = (first - last) / np.float32(np.sqrt(2)) if self.pairs else first
            spectrum = scipy.fft.rfft2(first * self._taper)
            self.power[part] += spectrum.real**2 + spectrum.imag**2
            for index in range(len(_SCALES)):
                if index:
                    first, last, apart = (_halved(each) for each in (first, last, apart))
                self.variance[part, index] += (first**2 + last**2).mean(axis=(1, 2)) / 2
                self.covariance[part, index] += (first * last).mean(axis=(1, 2))
                self.noise[part, index] += (apart**2).mean(axis=(1, 2))

    def _flattened(self, part: slice, values: np.ndarray) -> np.ndarray:
        flat = values.reshape(len(values), -1)
        finite = np.isfinite(flat)
        self.missing[part] |= ~finite.all(axis=1)
        flat = np.where(finite, flat, np.float32(0))
        level = flat.mean(axis=1, keepdims=True)
        self.level[part] += level[:, 0]
        self.saturated[part] += (flat >= self._full).mean(axis=1)
        flat = flat - level
        flat -= (flat @ self._slopes) @ self._slopes.T
        return flat.reshape(values.shape)

    def judge(self, job: Job) -> Vacuum:
        found = self._judge(_ALIKE, job)
        if found.empty.any() or not self.pairs:
            return found
        faint = self._judge(_FAINTLY_ALIKE, job)
        return dataclasses.replace(faint, faint_pattern=True) if faint.empty.any() else found

    def _judge(self, alike: float, job: Job) -> Vacuum:
        reasons = {
            "missing pixels": self.missing,
            "saturated": self.saturated / self.frames > _SATURATED,
            "constant": self.noise[:, 0] <= 0,
        }
        empty = ~np.any(list(reasons.values()), axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            for name, find in (
                ("the same in successive frames", functools.partial(self._static, alike)),
                ("coarser than a camera's noise", self._coarse),
                ("a lattice", self._peaked),
            ):
                job.check()
                reasons[name] = find()
                empty &= ~reasons[name]
        for name, judge in (
            ("noisier than others", self._noisier),
            ("of another brightness", self._other_level),
            ("together not like noise", functools.partial(self._pattern_in, limit=alike)),
        ):
            job.check()
            reasons[name] = judge(empty)
            empty = empty & ~reasons[name]
        left, refused = np.ones(len(empty), bool), {}
        for name, those in reasons.items():
            refused[name] = int(np.sum(left & those))
            left &= ~those
        grid = np.zeros(self.grid, bool)
        grid[tuple((self.corners[empty] // self.tile).T)] = True
        return Vacuum(
            grid,
            self.tile,
            (int(self.shape[0]), int(self.shape[1])),
            len(self.corners),
            {name: count for name, count in refused.items() if count},
        )

    def _static(self, limit: float) -> np.ndarray:
        """Tiles whose pattern stays from one frame to the next."""
        if not self.pairs:
            return np.zeros(len(self.level), bool)
        chance = np.array(_SCALES) / (self.tile * np.sqrt(self.runs))
        return np.any(self.covariance / self.variance > limit + _SURE * chance, axis=1)

    def _coarse(self) -> np.ndarray:
        """Tiles whose noise goes on rising towards low frequencies."""
        rise = 4 * self.noise[:, 3] / self.noise[:, 2]
        chance = np.sqrt(2 * 8**2 / (self.tile**2 * self.runs))
        return rise > _COARSER + _SURE * chance

    def _pattern_in(self, empty: np.ndarray, limit: float) -> np.ndarray:
        """All tiles, when together they show what is too faint to be seen in one."""
        if not empty.any():
            return empty
        sums = [each[empty].sum(axis=0) for each in (self.noise, self.covariance, self.variance)]
        count = np.sqrt(empty.sum() * self.runs)
        rise, chance = 4 * sums[0][3] / sums[0][2], np.sqrt(2) * 8 / (self.tile * count)
        alike = sums[1] / sums[2] - _SURE * np.array(_SCALES) / (self.tile * count)
        shows = rise > _COARSER + _SURE * chance or (self.pairs and alike.max() > limit)
        return empty if shows else np.zeros_like(empty)

    def _peaked(self) -> np.ndarray:
        """Tiles with a spatial frequency of their own."""
        from scipy.special import gammainccinv, gammaincinv

        size = self.tile
        frequency = spatial_frequency((size, size))
        rows = np.abs(np.fft.fftfreq(size, 1 / size))[:, np.newaxis]
        used = (frequency > 4 / size) & (rows > 1.5) & (np.arange(size // 2 + 1) > 1.5)
        ring = np.floor(frequency[used] * size / 2).astype(int)
        power = self.power[:, used]
        # The median of a ring does not see the peak that is looked for.
        middle = np.ones_like(power)
        for number in np.unique(ring):
            members = ring == number
            middle[:, members] = np.median(power[:, members], axis=1, keepdims=True)
        usual = gammaincinv(self.runs, 0.5)
        limit = gammainccinv(self.runs, _RARE / power.shape[1]) / usual
        return np.nanmax(power / middle, axis=1, initial=0) > max(1.5, _MARGIN * limit)

    def _noisier(self, empty: np.ndarray) -> np.ndarray:
        """Tiles that are far noisier than the quieter half of those of about their brightness."""
        noise, found = self.noise[:, 2], np.zeros(len(empty), bool)
        order = np.argsort(self.level)
        order = order[empty[order]]
        if len(order) < 4:
            return found
        reach, step = max(8, len(order) // 8), max(1, len(order) // 64)
        for place in range(0, len(order), step):
            peers = noise[order[max(0, place - reach) : place + reach + 1]]
            those = order[place : place + step]
            found[those] = noise[those] > _NOISIER * _highest_by_chance(peers)
        return found

    def _other_level(self, empty: np.ndarray) -> np.ndarray:
        """Tiles that are brighter or darker than the lit ground, a smooth surface."""
        level = self.level / self.frames
        if empty.sum() < 8:
            if not empty.any():
                return np.zeros(len(level), bool)
            expected = np.full(len(level), np.median(level[empty]))
        else:
            expected = _surface(self.corners / max(self.shape), level, empty)
        away = np.abs(level - expected)
        spread = 1.4826 * np.median(away[empty])
        return away > np.maximum(_SURE * spread, _OTHER_LEVEL * np.abs(expected))


def _halved(values: np.ndarray) -> np.ndarray:
    """Average squares of two by two pixels of every tile."""
    return (
        values[:, ::2, ::2] + values[:, 1::2, ::2] + values[:, ::2, 1::2] + values[:, 1::2, 1::2]
    ) / 4


def _highest_by_chance(peers: np.ndarray) -> float:
    """Highest noise that chance explains, by the lower half of the peers."""
    low, middle = np.quantile(peers, (0.16, 0.5))
    return float(middle + 3 * (middle - low))


def _surface(place: np.ndarray, level: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """Robust quadratic surface through the levels of the empty tiles."""
    y, x = place.T
    terms = np.stack([np.ones_like(y), y, x, y * y, x * y, x * x], axis=1)
    weight = empty.astype(float)
    expected = np.full(len(level), np.median(level[empty]))
    for _ in range(20):
        away = level - expected
        spread = 1.4826 * np.median(np.abs(away[empty])) + 1e-12
        weight = empty * np.clip(1 - (away / (4 * spread)) ** 2, 0, None) ** 2
        root = np.sqrt(weight)
        solution, *_ = np.linalg.lstsq(root[:, np.newaxis] * terms, root * level, rcond=1e-6)
        expected = terms @ solution
    return expected
