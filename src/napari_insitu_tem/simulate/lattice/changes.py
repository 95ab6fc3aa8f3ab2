"""What happens in a simulated lattice movie: its grains at every moment, and what moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.simulate.lattice.dislocation import edge_dislocation
from napari_insitu_tem.simulate.lattice.outlines import Box, Disc, Everywhere, Outline, Outside
from napari_insitu_tem.simulate.lattice.settings import LatticeMovieSettings

__all__ = ["Grain", "grains_at", "moving_region"]

_NOTICED = 0.1  # of a period


@dataclass(frozen=True)
class Grain:
    """A lattice and where it is.

    Parameters
    ----------
    angle : float
        Direction of a row of spots, degrees counter-clockwise from the right.
    pivot : (float, float)
        The lattice point (y, x) around which it turns.
    outline : Outline
        Where it is.
    shift : (float, float)
        By how much the lattice has moved (y, x), px; its outline stays.
    contrast : float
        Of its spots, against the settings' contrast.
    displacement : callable, optional
        (n, 2) points to how far each is from where a perfect lattice has it, px.
    """

    angle: float
    pivot: tuple[float, float]
    outline: Outline
    shift: tuple[float, float] = (0.0, 0.0)
    contrast: float = 1.0
    displacement: Callable[[np.ndarray], np.ndarray] | None = None


def grains_at(settings: LatticeMovieSettings, progress: float) -> tuple[Grain, ...]:
    """Return the grains when a part `progress` (0 to 1) of what happens has happened."""
    height, width, angle = settings.height, settings.width, settings.angle
    middle = ((height - 1) / 2, (width - 1) / 2)
    film = _film(settings)
    match settings.change:
        case "translation y":
            return (Grain(angle, middle, film, shift=(_moved(settings, progress), 0.0)),)
        case "translation x":
            return (Grain(angle, middle, film, shift=(0.0, _moved(settings, progress))),)
        case "rotation":
            return (Grain(angle + progress * settings.turned, middle, film),)
        case "fading":
            return (Grain(angle, middle, film, contrast=1 - progress * (1 - settings.fade_to)),)
        case "pair":
            half = (settings.misorientation - progress * settings.turned) / 2
            left, right = _pair(height, width)
            return (
                Grain(angle - half, _middle(left), left),
                Grain(angle + half, _middle(right), right),
            )
        case "rotating region":
            disc = Disc(0.58 * height, 0.42 * width, 0.24 * min(height, width))
            return (
                Grain(angle, middle, _Both(film, Outside(disc))),
                Grain(angle + progress * settings.turned, (disc.y, disc.x), disc),
            )
        case "growth":
            grown = progress * settings.travelled
            box = Box(0.15 * height, 0.85 * height, 0.2 * width + grown / 2, 0.6 * width + grown)
            return (Grain(angle, middle, box),)
        case "ripening":
            return _ripening(settings, progress)
        case "dislocation":
            core = (middle[0], middle[1] + (progress - 0.5) * settings.travelled)
            moved = edge_dislocation(core, settings.period, angle)
            return (Grain(angle, middle, film, displacement=moved),)
        case _:
            return (Grain(angle, middle, film),)


def moving_region(settings: LatticeMovieSettings) -> np.ndarray:
    """Return the pixels (y, x) at which something other than noise and drift changes.

    Where the lattice is that moves, turns or fades as a whole, where it grows and shrinks, and
    at a dislocation, where atoms end up more than a tenth of a period from where they were
    (whole periods do not show and do not count).
    """
    y, x = np.mgrid[: settings.height, : settings.width].astype(float)
    first, last = grains_at(settings, 0.0), grains_at(settings, 1.0)
    if settings.change == "still":
        return np.zeros(y.shape, bool)
    if settings.change in ("growth", "ripening"):
        inside = [
            [grain.outline.distance(y, x) < 0 for grain in grains] for grains in (first, last)
        ]
        return np.any(inside[0], axis=0) ^ np.any(inside[1], axis=0)
    if settings.change == "dislocation":
        points = np.stack([y.ravel(), x.ravel()], axis=1)
        before, after = first[0].displacement, last[0].displacement
        assert before is not None and after is not None
        by = (after(points) - before(points)).reshape(*y.shape, 2)
        turn = np.radians(settings.angle)
        along = by @ np.array([-np.sin(turn), np.cos(turn)])
        across = by @ np.array([np.cos(turn), np.sin(turn)])
        along -= settings.period * np.round(along / settings.period)
        seen = np.hypot(along, across) > _NOTICED * settings.period
        return np.asarray(seen & (first[0].outline.distance(y, x) < 0))
    if settings.change == "rotating region":
        last = last[1:]
    return np.any([grain.outline.distance(y, x) < 0 for grain in last], axis=0)


@dataclass(frozen=True)
class _Both:
    """What is inside of two outlines."""

    one: Outline
    other: Outline

    def distance(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.maximum(self.one.distance(y, x), self.other.distance(y, x))


def _film(settings: LatticeMovieSettings) -> Outline:
    if not settings.vacuum:
        return Everywhere()
    return Box(settings.vacuum * settings.height, np.inf, -np.inf, np.inf)


def _moved(settings: LatticeMovieSettings, progress: float) -> float:
    return progress * settings.shifts * settings.period


def _pair(height: int, width: int) -> tuple[Box, Box]:
    margin = 0.1 * min(height, width)
    top, bottom, middle = margin, height - 1 - margin, (width - 1) / 2
    return Box(top, bottom, margin, middle), Box(top, bottom, middle, width - 1 - margin)


def _middle(box: Box) -> tuple[float, float]:
    return (box.top + box.bottom) / 2, (box.left + box.right) / 2


def _ripening(settings: LatticeMovieSettings, progress: float) -> tuple[Grain, Grain]:
    """Return two discs whose joint area stays the same."""
    height, width = settings.height, settings.width
    side = min(height, width)
    large, small = 0.2 * side, 0.1 * side
    shrunk = max(large - progress * settings.travelled, 0.0)
    grown = float(np.sqrt(small**2 + large**2 - shrunk**2))
    one = Disc(0.5 * height, 0.28 * width, shrunk)
    two = Disc(0.5 * height, 0.72 * width, grown)
    return (
        Grain(settings.angle, (one.y, one.x), one),
        Grain(settings.angle + 20.0, (two.y, two.x), two),
    )
