"""Where particles lie: scattered, touching, in clusters, on a lattice, or just a few."""

from __future__ import annotations

import numpy as np

__all__ = ["place"]

_MOST = 260


def place(
    arrangement: str,
    radius: float,
    spread: float,
    coverage: float,
    edge: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Place particles.

    Parameters
    ----------
    arrangement : str
        One of `settings.Arrangement`.
    radius, spread : float
        Typical radius in pixels, and the standard deviation of its logarithm.
    coverage : float
        Part of the frame to cover.
    edge : int
        Height and width of the frame in pixels.
    rng : numpy Generator
        Source of all randomness.

    Returns
    -------
    centres : (n, 2) array
        (y, x) in pixels; some lie beyond the border.
    radii : (n,) array
        In pixels.
    """
    wanted = round(coverage * (edge + radius) ** 2 / (np.pi * radius**2))
    count = int(np.clip(wanted, 1, _MOST))
    if arrangement == "few":
        count = int(rng.integers(1, 5))
    radii = radius * np.exp(np.clip(rng.normal(0, spread, count), -1.2, 0.9))
    if arrangement == "lattice":
        return _lattice(radius, spread, edge, rng)
    if arrangement == "clusters":
        return _clusters(radii, edge, rng)
    gap = {"touching": rng.uniform(-0.12, 0.04), "few": 0.1}.get(
        arrangement, rng.uniform(0.02, 0.5)
    )
    return _scattered(radii, gap, edge, rng)


def _scattered(
    radii: np.ndarray, gap: float, edge: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Place one after the other wherever there is room (random sequential adsorption)."""
    radii = np.sort(radii)[::-1]
    centres = np.empty((len(radii), 2))
    kept = np.zeros(len(radii), bool)
    for number, radius in enumerate(radii):
        tries = rng.uniform(-0.5 * radius, edge + 0.5 * radius, (24, 2))
        others, sizes = centres[:number][kept[:number]], radii[:number][kept[:number]]
        apart = np.hypot(*(tries[:, np.newaxis] - others).transpose(2, 0, 1))
        free = np.all(apart > (1 + gap) * (sizes + radius), axis=1)
        if free.any():
            centres[number] = tries[np.argmax(free)]
            kept[number] = True
    return centres[kept], radii[kept]


def _clusters(
    radii: np.ndarray, edge: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Attach most particles to one that is there already."""
    centres = np.empty((len(radii), 2))
    kept = np.zeros(len(radii), bool)
    seeds = rng.integers(1, 6)
    for number, radius in enumerate(radii):
        others, sizes = centres[:number][kept[:number]], radii[:number][kept[:number]]
        tries = rng.uniform(0, edge, (16, 2))
        if len(others) >= seeds:
            partner = rng.integers(len(others), size=16)
            angle = rng.uniform(0, 2 * np.pi, 16)
            far = (sizes[partner] + radius) * rng.uniform(0.9, 1.04, 16)
            tries = others[partner] + far[:, np.newaxis] * np.stack(
                [np.sin(angle), np.cos(angle)], axis=1
            )
        apart = np.hypot(*(tries[:, np.newaxis] - others).transpose(2, 0, 1))
        free = np.all(apart > 0.88 * (sizes + radius), axis=1)
        if free.any():
            centres[number] = tries[np.argmax(free)]
            kept[number] = True
    return centres[kept], radii[kept]


def _lattice(
    radius: float, spread: float, edge: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Fill a part of the frame with a jittered hexagonal or square lattice."""
    pitch = max(2 * radius * rng.uniform(0.95, 1.7), edge / 16)
    steps = np.arange(-int(2 * edge / pitch) - 2, int(2 * edge / pitch) + 3)
    i, j = (axis.ravel() for axis in np.meshgrid(steps, steps))
    slant, rise = (0.5, np.sqrt(3) / 2) if rng.random() < 0.7 else (0.0, 1.0)
    sites = pitch * np.stack([j * rise, i + slant * j], axis=1)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sites = sites @ turn.T + rng.uniform(0, edge, 2) + rng.normal(0, 0.06 * pitch, sites.shape)
    inside = np.all((sites > -radius) & (sites < edge + radius), axis=1)
    side = rng.uniform(0, 2 * np.pi)
    along = (sites - edge / 2) @ np.array([np.sin(side), np.cos(side)])
    sites = sites[inside & (along < rng.uniform(-0.2, 1.0) * edge)]
    sites = sites[rng.random(len(sites)) > rng.uniform(0, 0.3)][:_MOST]
    return sites, radius * np.exp(np.clip(rng.normal(0, 0.5 * spread, len(sites)), -0.5, 0.3))
