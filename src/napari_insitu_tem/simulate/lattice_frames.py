"""Frames with lattices to learn from, and one lattice that shifts, turns or fades.

Frames are drawn at random: fringes, square, hexagonal and oblique lattices of dark or bright
spots, alone or beside each other, that end somewhere in the frame, over an amorphous film and
under uneven light, at any dose.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from napari_insitu_tem.settings import Settings, setting

__all__ = [
    "Change",
    "LatticeFrameSettings",
    "draw_lattice_frame",
    "lattice_series",
    "plane_lattice",
]

Change = Literal["translation y", "translation x", "rotation", "contrast"]
#: Harmonics of a lattice that are summed up; of Gaussian spots, higher ones hardly count.
_HARMONICS = 3
#: Standard deviation of a spot, in periods: Gaussian spots of 0.15 periods.
_SPOT = 0.15
_KINDS = ("fringes", "square", "hexagonal", "oblique")


class LatticeFrameSettings(Settings):
    """What frames with lattices are drawn from."""

    edge: int = setting(192, title="Edge", description="Edge of a frame.", unit="px", ge=64)
    period: tuple[float, float] = setting(
        (16.0, 32.0),
        title="Period",
        description="Smallest and largest distance of lattice planes.",
        unit="px",
    )
    kinds: tuple[Literal["fringes", "square", "hexagonal", "oblique"], ...] = setting(
        _KINDS, title="Kinds", description="Which lattices there are."
    )
    dose: tuple[float, float] = setting(
        (0.5, 300.0),
        title="Dose",
        description="Fewest and most electrons a pixel.",
        unit="e/px",
    )
    contrast: tuple[float, float] = setting(
        (0.05, 0.5),
        title="Contrast",
        description="Weakest and strongest contrast of a lattice, relative to the mean (the "
        "standard deviation where it is).",
    )
    film: float = setting(
        0.08,
        title="Film",
        description="Largest contrast of the amorphous film, relative to the mean.",
        ge=0,
        le=1,
    )
    crystals: int = setting(
        3, title="Crystals", description="Largest number of crystals in a frame.", ge=1, le=9
    )


def plane_lattice(
    shape: tuple[int, int],
    reciprocal: np.ndarray,
    *,
    shift: tuple[float, float] = (0.0, 0.0),
    spot: float = _SPOT,
) -> np.ndarray:
    """Return a lattice of Gaussian spots (or fringes), as the sum of its Fourier components.

    Parameters
    ----------
    shape : (y, x)
        Of the image, px.
    reciprocal : (n, 2) array
        One (fringes) or two basis vectors of the reciprocal lattice as (y, x), 1/px.
    shift : (float, float)
        Where a spot lies (y, x), px.
    spot : float
        Standard deviation of a spot, in periods (of the closest planes).

    Returns
    -------
    (y, x) float array
        Mean 0 and standard deviation 1, whatever the cut-out; bright spots.
    """
    reciprocal = np.atleast_2d(np.asarray(reciprocal, float))
    orders = np.arange(-_HARMONICS, _HARMONICS + 1)
    indices = np.stack(np.meshgrid(*[orders] * len(reciprocal), indexing="ij"), -1)
    indices = indices.reshape(-1, len(reciprocal))
    # Of g and -g one is enough, and the mean drops out.
    first = np.argmax(indices != 0, axis=1)
    indices = indices[indices[np.arange(len(indices)), first] > 0]
    vectors = indices @ reciprocal
    length = np.hypot(*reciprocal.T).max()
    weights = np.exp(-2 * (np.pi * spot / length) ** 2 * (vectors**2).sum(axis=1))
    # Frequencies that the pixels cannot show would come back as others.
    weights[np.abs(vectors).max(axis=1) >= 0.5] = 0
    y, x = (2j * np.pi * np.arange(size) for size in shape)
    phase = np.exp(-2j * np.pi * (vectors @ np.asarray(shift, float)))
    rows = np.exp(np.outer(y, vectors[:, 0])) * (weights * phase)
    image = (rows @ np.exp(np.outer(vectors[:, 1], x))).real
    power = float((weights**2).sum()) / 2
    return image / np.sqrt(power) if power > 0 else image


def draw_lattice_frame(settings: LatticeFrameSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw a frame.

    Parameters
    ----------
    settings : LatticeFrameSettings
        What it is drawn from.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    (y, x) float32 array
        Detected electrons.
    """
    shape = (settings.edge, settings.edge)
    scene = _film(shape, settings.film, rng)
    for _ in range(int(rng.integers(1, settings.crystals + 1))):
        height = _log_uniform(settings.contrast, rng) * rng.choice((-1.0, 1.0))
        part = _crystal_area(shape, rng)
        # The crystal itself is darker than what lies around it, too.
        scene += part * (height * _lattice(shape, settings, rng) - rng.uniform(0, 0.15))
    dose = _log_uniform(settings.dose, rng)
    electrons = rng.poisson(dose * np.clip(1 + scene, 0.02, None)).astype(np.float32)
    blur = rng.uniform(0, 0.9)  # cameras share an electron between neighbours
    return ndimage.gaussian_filter(electrons, blur) if blur > 0.3 else electrons


def lattice_series(
    change: Change,
    *,
    steps: int = 60,
    edge: int = 64,
    period: float = 24.7,
    periods: float = 1.0,
    noise: float = 0.1,
    seed: int = 0,
) -> np.ndarray:
    """Return a window of dark spots on a square lattice that changes in one way.

    As Wang et al. (Figure 2) have them: translation by one period, rotation by 90° clockwise
    around the middle of the window; besides, contrast that fades to nothing.

    Parameters
    ----------
    change : str
        In which way.
    steps : int
        Frames from the beginning to the end of the change.
    edge : int
        Of the window, px.
    period : float
        Of the lattice, px; 24.7 is that of PbS in their images.
    periods : float
        By how many of them it is translated.
    noise : float
        Standard deviation of noise, relative to that of the lattice.
    seed : int
        Of the noise.

    Returns
    -------
    (steps, edge, edge) float32 array
        Mean 0, and standard deviation 1 where contrast is full.
    """
    rng = np.random.default_rng(seed)
    middle = (edge - 1) / 2
    frames = []
    for share in np.linspace(0, 1, steps):
        angle = share * np.pi / 2 if change == "rotation" else 0.0
        moved = share * periods * period
        down = middle + (moved if change == "translation y" else 0.0)
        right = middle + (moved if change == "translation x" else 0.0)
        height = 1 - share if change == "contrast" else 1.0
        # y runs down, so this turns clockwise on the screen.
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        lattice = plane_lattice((edge, edge), (turn / period).T, shift=(down, right))
        frames.append(-height * lattice + noise * rng.standard_normal((edge, edge)))
    return np.asarray(frames, np.float32)


def _lattice(
    shape: tuple[int, int], settings: LatticeFrameSettings, rng: np.random.Generator
) -> np.ndarray:
    kind = str(rng.choice(settings.kinds))
    first = 1 / _log_uniform(settings.period, rng)
    between = {"fringes": 0.0, "square": 90.0, "hexagonal": 60.0}.get(kind, rng.uniform(55, 90))
    ratio = rng.uniform(0.75, 1.0) if kind == "oblique" else 1.0
    start, between = rng.uniform(0, np.pi), np.deg2rad(between)
    basis = [first * np.array([np.sin(start), np.cos(start)])]
    if kind != "fringes":
        other = start + between
        basis.append(ratio * first * np.array([np.sin(other), np.cos(other)]))
    shift = (rng.uniform(0, 1 / first), rng.uniform(0, 1 / first))
    return plane_lattice(shape, np.array(basis), shift=shift, spot=rng.uniform(0.1, 0.3))


def _crystal_area(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return where a crystal is, 0 … 1: everywhere, to one side of an edge, or a disc."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    angle, edge = rng.uniform(0, 2 * np.pi), rng.uniform(1, 6)
    middle = rng.uniform(0.15, 0.85, 2) * shape
    kind = rng.integers(3)
    if kind == 0:
        return np.ones(shape)
    if kind == 1:
        far = (y - middle[0]) * np.sin(angle) + (x - middle[1]) * np.cos(angle)
    else:
        far = rng.uniform(0.15, 0.45) * shape[0] - np.hypot(y - middle[0], x - middle[1])
    return 0.5 * (1 + np.tanh(far / edge))


def _film(shape: tuple[int, int], contrast: float, rng: np.random.Generator) -> np.ndarray:
    """Return an amorphous film and uneven light, mean 0."""
    grain = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(1, 3))
    y, x = np.meshgrid(*(np.linspace(-0.5, 0.5, size) for size in shape), indexing="ij")
    slope = rng.uniform(-0.2, 0.2, 2)
    return rng.uniform(0, contrast) * grain / grain.std() + slope[0] * y + slope[1] * x


def _log_uniform(limits: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))
