"""One simulated catalyst: what every frame shows, frame by frame, before and after the camera."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.catalyst.dynamics import FACETS, displacements, draw_dynamics
from napari_insitu_tem.simulate.catalyst.settings import CatalystSettings
from napari_insitu_tem.simulate.detector import detect
from napari_insitu_tem.simulate.drift import drift_curve, random_texture, shifted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CatalystScene"]

#: Radius of a column (standard deviation) and that of the support's, as parts of their spacing.
_COLUMN = 0.22
#: The support's columns are farther apart than the particle's (CeO2 and Au, {111}).
_SUPPORT = 1.33
#: Height of the interface in the frame, and what the solid takes from the beam between columns.
_INTERFACE, _SOLID = 0.68, 0.25
_GAS_MEMORY, _GAS_SIZE = 10.0, 4.0
#: Edges of solids are that soft, px.
_EDGE = 0.8
_REACH = 3.5  # standard deviations of a column that are drawn


class CatalystScene:
    """All that is drawn once of a movie; frames are rendered one by one, in any order.

    Parameters
    ----------
    settings : CatalystSettings
        What to simulate.
    seed : int
        Of everything random.

    Raises
    ------
    SettingsError
        When the particle is larger than the frame, or the frames of the transitions are in the
        wrong order.
    """

    def __init__(self, settings: CatalystSettings, seed: int = 0) -> None:
        _check(settings)
        self.settings, self.seed = settings, seed
        self.shape = (settings.height, settings.width)
        rng = np.random.default_rng((seed, 61))
        self.dynamics = draw_dynamics(settings, rng)
        self.drift = drift_curve(
            settings.n_frames, speed=settings.drift, jitter=settings.jitter, rng=rng
        )
        self._columns = _columns(settings)
        self._moved = displacements(settings, self.dynamics.disorder, len(self._columns), rng)
        self._roughness = rng.normal(0, 0.6, 8)
        self._gas = [random_texture(self.shape, _GAS_SIZE, rng) for _ in range(2)]
        self._interface = _INTERFACE * settings.height

    def expected_electrons(self, frame: int) -> np.ndarray:
        """Return how many electrons a frame is expected to have on each pixel (y, x)."""
        y, x = np.mgrid[: self.shape[0], : self.shape[1]].astype(float)
        down, right = self.drift[frame]
        support = _soft(y - down - self._edge_of_support(x - right))
        particle = self._outline(frame, y, x) * (1 - support)
        seen = 1 - _SOLID * np.clip(support + particle, 0, 1)
        seen -= self.settings.contrast * (1 - _SOLID) * self._drawn_columns(frame)
        seen = np.clip(seen, 0.02, None) * (1 + self.settings.gas * self._texture(frame))
        return self.settings.electrons * np.clip(seen, 0.01, None)

    def image(self, frame: int) -> np.ndarray:
        """Return a frame as the camera gives it (y, x)."""
        rng = np.random.default_rng((self.seed, 62, frame))
        return detect(self.expected_electrons(frame), self.settings, rng)

    def label_image(self, frame: int) -> np.ndarray:
        """Return 1 where the particle covers at least half of a pixel (y, x)."""
        y, x = np.mgrid[: self.shape[0], : self.shape[1]].astype(float)
        down, right = self.drift[frame]
        support = _soft(y - down - self._edge_of_support(x - right))
        return (self._outline(frame, y, x) * (1 - support) >= 0.5).astype(np.int32)

    def poses(self) -> pd.DataFrame:
        """Return one row a frame; see `CatalystMovie.poses`."""
        import pandas as pd

        course = self.dynamics
        centre = np.array([self._middle(frame) for frame in range(self.settings.n_frames)])
        return pd.DataFrame(
            {
                "frame": np.arange(self.settings.n_frames),
                "y": centre[:, 0],
                "x": centre[:, 1],
                "orientation": course.angle,
                "disorder": course.disorder,
                "facets": course.facets.sum(axis=1).astype(int),
            }
        )

    # -- inside ----------------------------------------------------------------------------

    def _middle(self, frame: int) -> np.ndarray:
        """Return where the particle's middle is (y, x)."""
        rise = _height(self.settings) / 2
        start = np.array([self._interface - rise, self.settings.width / 2])
        return start + self.drift[frame]

    def _edge_of_support(self, x: np.ndarray) -> np.ndarray:
        """Return the row of the interface in every column: a rough line."""
        waves = sum(
            size * np.sin(2 * np.pi * (number + 1) * x / (2 * self.settings.width) + number)
            for number, size in enumerate(self._roughness)
        )
        return self._interface + np.asarray(waves)

    def _outline(self, frame: int, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return how far pixels are covered by the particle, 0 to 1."""
        up, along = self._own_axes(frame, y, x)
        return _soft(-self._depth(frame, up, along))

    def _own_axes(self, frame: int, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates along the particle's own axes, up and right."""
        middle, turn = self._middle(frame), math.radians(self.dynamics.angle[frame])
        up, right = middle[0] - y, x - middle[1]
        along = right * math.cos(turn) + up * math.sin(turn)
        return up * math.cos(turn) - right * math.sin(turn), along

    def _depth(self, frame: int, up: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Return the distance to the nearest facet, px; negative inside."""
        half, rise = self.settings.diameter / 2, _height(self.settings) / 2
        depth = np.full(np.shape(up), -np.inf)
        for normal, layers in zip(FACETS, self.dynamics.facets[frame], strict=True):
            angle = math.radians(normal)
            reach = math.hypot(half * math.cos(angle), rise * math.sin(angle))
            # A facet that gains a layer moves by the distance between layers.
            reach += 0.5 * self.settings.spacing * layers
            outwards = along * math.cos(angle) + up * math.sin(angle)
            depth = np.maximum(depth, outwards - reach)
        return depth

    def _drawn_columns(self, frame: int) -> np.ndarray:
        """Return atomic columns of particle and support, 1 in their middles (y, x)."""
        settings = self.settings
        canvas = np.zeros(self.shape)
        own = self._columns
        inside = self._depth(frame, own[:, 0], own[:, 1]) < 0.15 * settings.spacing
        places = own[inside] + self._moved[frame][inside]
        turn, middle = math.radians(self.dynamics.angle[frame]), self._middle(frame)
        up = places[:, 0] * math.cos(turn) + places[:, 1] * math.sin(turn)
        right = places[:, 1] * math.cos(turn) - places[:, 0] * math.sin(turn)
        seen = np.stack([middle[0] - up, middle[1] + right], axis=1)
        above = (
            seen[:, 0]
            < self._edge_of_support(seen[:, 1] - self.drift[frame][1]) + (self.drift[frame][0])
        )
        _stamp(canvas, seen[above], _COLUMN * settings.spacing)
        spacing = _SUPPORT * settings.spacing
        _stamp(canvas, self._support_columns(frame, spacing), _COLUMN * spacing)
        return np.clip(canvas, 0, 1)

    def _support_columns(self, frame: int, spacing: float) -> np.ndarray:
        height, width = self.shape
        rows = np.arange(-2, math.ceil(height / (0.866 * spacing)) + 2)
        columns = np.arange(-4, math.ceil(width / spacing) + 4)
        row, column = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
        places = np.stack([row * 0.866 * spacing, (column + 0.5 * (row % 2)) * spacing], axis=1)
        places[:, 0] += self._interface - 2 * 0.866 * spacing
        inside = places[:, 0] > self._edge_of_support(places[:, 1]) + 0.3 * spacing
        return places[inside] + self.drift[frame]

    def _texture(self, frame: int) -> np.ndarray:
        """Return the gas's texture (y, x), of variance 1: two that turn into each other."""
        phase = 2 * np.pi * frame / (4 * _GAS_MEMORY)
        # It does not drift along: gas is everywhere along the beam.
        still = np.zeros(2)
        one, other = (shifted(spectrum, self.shape, still) for spectrum in self._gas)
        return one * np.cos(phase) + other * np.sin(phase)


def _height(settings: CatalystSettings) -> float:
    """Return how high the particle is, px."""
    whole = 0.85 * settings.diameter
    if settings.layers is None:
        return whole
    return min(whole, 0.866 * settings.spacing * settings.layers)


def _columns(settings: CatalystSettings) -> np.ndarray:
    """Return places of columns (n, 2), up and right of the middle, more than are ever needed."""
    spacing = settings.spacing
    reach = math.ceil(settings.diameter / spacing) + 3
    row, column = (each.ravel() for each in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    # Half a layer up where a few layers lie on the support, so that the lowest is above it.
    lift = 0.0 if settings.layers is None or settings.layers % 2 else 0.433 * spacing
    return np.stack(
        [row * 0.866 * spacing + lift, (column + 0.5 * (row % 2)) * spacing], axis=1
    ).astype(float)


def _stamp(canvas: np.ndarray, places: np.ndarray, radius: float) -> None:
    """Add a Gaussian of height 1 at every place (y, x)."""
    reach = math.ceil(_REACH * radius)
    offsets = np.arange(-reach, reach + 1)
    near = np.rint(places).astype(int)
    for corner, place in zip(near, places, strict=True):
        rows, columns = corner[0] + offsets, corner[1] + offsets
        inside = [
            (line >= 0) & (line < size)
            for line, size in zip((rows, columns), canvas.shape, strict=True)
        ]
        rows, columns = rows[inside[0]], columns[inside[1]]
        if rows.size and columns.size:
            down = np.exp(-0.5 * ((rows - place[0]) / radius) ** 2)
            across = np.exp(-0.5 * ((columns - place[1]) / radius) ** 2)
            canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += np.outer(down, across)


def _soft(distance: np.ndarray) -> np.ndarray:
    """Return a step from 0 to 1 where the distance becomes positive, as soft as edges are."""
    return 0.5 * (1 + np.tanh(distance / _EDGE))


def _check(settings: CatalystSettings) -> None:
    if settings.diameter > 0.9 * min(settings.width, settings.height / 0.75):
        raise SettingsError(
            f"A particle of {settings.diameter:g} px is too large for frames of "
            f"{settings.width} × {settings.height} px; make it smaller, or the frames larger."
        )
    if settings.recovery is not None and settings.onset is None:
        raise SettingsError("A particle can only recover after an onset; give the onset, too.")
    if (
        settings.recovery is not None
        and settings.onset is not None
        and settings.recovery <= settings.onset
    ):
        raise SettingsError("The recovery must come after the onset.")
