"""Scenes for the segmentation benchmark: every size, polarity and noise, drawn at random.

Deliberately apart from the package's simulator, so that the segmentation is not judged by
scenes made with the assumptions it was built on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

SIZES = {5: 256, 8: 256, 12: 384, 25: 512, 50: 512, 100: 768, 200: 1024}
NOISES = ("clean", "medium", "low")
CONTRAST = 240.0


def thickness(kind: str, y: np.ndarray, x: np.ndarray, d: float, rng: np.random.Generator):
    """Return thickness (0 to 1) and inside of one particle, turned at random."""
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if kind == "sphere":
        height = np.clip(1 - (u**2 + v**2) / (d / 2) ** 2, 0, None)
        return np.sqrt(height), height > 0
    if kind == "cube":
        inside = np.maximum(abs(u), abs(v)) <= 0.443 * d
    elif kind == "rod":  # capped, four times as long as wide, of the disc's area
        width = d * np.sqrt(np.pi / 4 / (3 + np.pi / 4))
        inside = np.hypot(np.clip(abs(u) - 1.5 * width, 0, None), v) <= width / 2
    elif kind == "irregular":
        polar = np.arctan2(v, u)
        radius = d / 2 * np.ones_like(polar)
        for lobes in (2, 3, 5):
            part, phase = rng.uniform(0.03, 0.12), rng.uniform(0, 2 * np.pi)
            radius += d / 2 * part * np.cos(lobes * polar + phase)
        inside = np.hypot(u, v) <= radius
    else:
        inside = np.hypot(u, v) <= d / 2
    return inside.astype(float), inside


def draw(n: int, d: float, kind: str, count: int, gap: int, options: dict, rng) -> tuple:
    """Place particles without overlap; return their projected thickness and labels."""
    total, labels = np.zeros((n, n)), np.zeros((n, n), np.int32)
    placed = 0
    fine = 4 if d < 40 else 2 if d < 100 else 1
    for attempt in range(60 * count + 200):
        if placed == count:
            break
        size = d * np.clip(rng.normal(1, options["spread"]), 0.6, 1.6)
        reach = 1.2 * size + 2
        margin = -0.1 * size if count > 1 else min(reach, n / 2.1)
        cy, cx = rng.uniform(margin, n - margin, 2)
        if "sites" in options:
            if attempt == len(options["sites"]):
                break
            cy, cx = options["sites"][attempt]
        y0, y1 = int(max(0, cy - reach)), int(min(n, cy + reach + 1))
        x0, x1 = int(max(0, cx - reach)), int(min(n, cx + reach + 1))
        if y1 <= y0 or x1 <= x0:
            continue
        y = (np.arange((y1 - y0) * fine) + 0.5) / fine + y0 - 0.5 - cy
        x = (np.arange((x1 - x0) * fine) + 0.5) / fine + x0 - 0.5 - cx
        thick, inside = thickness(kind, y[:, None], x[None, :], size, rng)
        blocks = (y1 - y0, fine, x1 - x0, fine)
        thick = thick.reshape(blocks).mean(axis=(1, 3))
        inside = inside.reshape(blocks).mean(axis=(1, 3)) >= 0.5
        around = ndimage.binary_dilation(inside, iterations=gap) if gap else inside
        if inside.sum() < 3 or labels[y0:y1, x0:x1][around].any():
            continue
        if options["texture"]:  # diffraction contrast
            along = rng.uniform(0, np.pi)
            phase = y0 + np.arange(y1 - y0)[:, None] * np.cos(along)
            phase = phase + np.arange(x1 - x0)[None] * np.sin(along)
            wave = max(rng.uniform(0.08, 0.3) * size, 3)
            thick = thick * (1 + options["texture"] * np.sin(2 * np.pi * phase / wave))
        strength = np.clip(rng.normal(1, 0.15), 0.5, 1.5)
        total[y0:y1, x0:x1] = np.maximum(total[y0:y1, x0:x1], thick * strength)
        placed += 1
        labels[y0:y1, x0:x1][inside] = placed
    return total, labels


def scene(seed: int, frames: int, **options) -> tuple[np.ndarray, np.ndarray]:
    """Return a short movie (uint16) and its labels."""
    rng = np.random.default_rng(seed)
    n, d = options["n"], options["d"]
    y, x = np.mgrid[:n, :n] / n
    cy, cx = rng.uniform(0.2, 0.8, 2)
    light = 1 - options["gradient"] * ((x - cx) ** 2 + (y - cy) ** 2) / 0.6
    movie, truth = [], []
    for _ in range(frames):
        count = options["count"] or max(1, round(options["coverage"] * n**2 / (np.pi / 4 * d**2)))
        total, labels = draw(n, d, options["kind"], count, options["gap"], options, rng)
        total = ndimage.gaussian_filter(total, 0.7)
        if options["fresnel"]:
            halo = np.clip(ndimage.gaussian_filter(total, 3.0) - total, 0, None)
            total = total - 2 * options["fresnel"] * halo
        image = 800 + (CONTRAST if options["bright"] else -CONTRAST) * total
        if options["film"]:
            grain = ndimage.gaussian_filter(rng.normal(size=(n, n)), max(3, d / 6))
            image += options["film"] * CONTRAST * grain / grain.std()
        if options.get("patches"):
            field = power_law(n, options["power"], rng)
            image += options["patches"] * CONTRAST * field
        image = image * light
        white = rng.normal(size=(n, n))
        noise = ndimage.gaussian_filter(white, options["mtf"]) if options["mtf"] else white
        image += noise * np.sqrt(np.clip(image, 40, None) / 800) * CONTRAST / options["cnr"]
        movie.append(np.clip(image + 5000, 0, 65535).astype(np.uint16))
        truth.append(labels)
    return np.array(movie), np.array(truth)


def power_law(n: int, power: float, rng: np.random.Generator) -> np.ndarray:
    """Return a field with a spectrum of frequency to the minus `power`; deviation 1."""
    f = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None])
    f[0, 0] = 1
    spectrum = np.fft.rfft2(rng.normal(size=(n, n))) * f ** (-power / 2)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (n, n))
    return field / field.std()


def lattice(n: int, pitch: float, part: float, rng: np.random.Generator) -> np.ndarray:
    """Return the sites of a jittered hexagonal lattice that fills a part of the frame."""
    steps = np.arange(-2 * n // pitch, 2 * n // pitch)
    i, j = (axis.ravel() for axis in np.meshgrid(steps, steps))
    sites = pitch * np.stack([i + j / 2, j * np.sqrt(3) / 2], axis=1)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sites = sites @ turn.T + rng.normal(0, 0.04 * pitch, sites.shape) + rng.uniform(0, n, 2)
    return sites[np.all((sites > 0) & (sites < n), axis=1) & (sites[:, 1] < part * n)]


HARD = {"lattice": (12, 24, 36), "atoms": (5, 7), "film": (15, 30, 60), "mixed": (50, 90)}


def hard_suite(seed: int, frames: int = 2) -> Iterator[tuple[dict, np.ndarray, np.ndarray]]:
    """Yield what lies on film that varies by as much as the particles, and mixed sizes.

    A lattice on patches of liquid; atoms on uneven, grainy carbon; sparse particles on film;
    small particles among large ones.
    """
    rng = np.random.default_rng(seed)
    number = 500
    for kind, sizes in HARD.items():
        for d in sizes:
            for _ in range(2):
                number += 1
                options = {
                    "n": 512,
                    "d": d,
                    "bright": kind == "atoms" or (kind != "lattice" and bool(rng.random() < 0.5)),
                    "noise": kind,
                    "density": kind,
                    "kind": str(rng.choice(["sphere", "disc"])),
                    "count": int(rng.integers(8, 40)),
                    "coverage": None,
                    "gap": 1,
                    "gradient": 0.2,
                    "texture": 0,
                    "mtf": 0.5 * (rng.random() < 0.5),
                    "film": 0,
                    "fresnel": 0,
                    "spread": 0.1,
                    "cnr": float(rng.uniform(1.5, 4)),
                    "power": float(rng.uniform(2.5, 3.5)),
                    "patches": float(rng.uniform(0.5, 1.2)),
                }
                if kind == "lattice":
                    part = float(rng.choice([0.6, 1.0]))
                    options["sites"] = lattice(512, rng.uniform(1.3, 1.7) * d, part, rng)
                    options["count"] = len(options["sites"])
                elif kind == "atoms":
                    options |= {"kind": "sphere", "patches": float(rng.uniform(0.3, 0.6))}
                elif kind == "mixed":
                    options |= {"patches": 0, "count": 4, "kind": "disc", "cnr": 6.0}
                if kind == "mixed":
                    small = {**options, "d": d / 8, "count": 40}
                    yield options, *_both(1000 * seed + number, frames, options, small)
                else:
                    yield options, *scene(1000 * seed + number, frames, **options)


def _both(seed: int, frames: int, large: dict, small: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return a scene of large particles with small ones between them."""
    quiet = {"cnr": 1e6, "gradient": 0}
    movie, truth = scene(seed, frames, **{**large, "gradient": 0})
    extra, labels = scene(seed + 1, frames, **{**small, **quiet})
    near = np.stack([ndimage.binary_dilation(frame > 0, iterations=3) for frame in truth])
    for frame in range(frames):
        touched = np.unique(labels[frame][near[frame]])
        labels[frame][np.isin(labels[frame], touched)] = 0
    rim = np.stack([ndimage.binary_dilation(frame > 0, iterations=2) for frame in labels])
    shift = np.where(rim, extra.astype(float) - 5800, 0)
    movie = np.clip(movie + shift, 0, 65535).astype(np.uint16)
    return movie, np.where(labels > 0, labels + truth.max(), truth)


def suite(seed: int, frames: int = 2) -> Iterator[tuple[dict, np.ndarray, np.ndarray]]:
    """Yield every size, polarity and noise once, all else drawn at random."""
    rng = np.random.default_rng(seed)
    number = 0
    for d, n in SIZES.items():
        low = max(0.2, 18 / (0.886 * d))
        for bright in (False, True):
            for noise in NOISES:
                number += 1
                density = str(rng.choice(["one", "few", "tenth", "half"]))
                kinds = ["sphere", "disc", "cube", "irregular"] + (["rod"] if d > 5 else [])
                options = {
                    "n": n,
                    "d": d,
                    "bright": bright,
                    "noise": noise,
                    "density": density,
                    "cnr": {"clean": 15.0, "medium": max(3.0, 1.6 * low), "low": low}[noise],
                    "gradient": float(rng.choice([0, 0.2, 0.45])),
                    "kind": str(rng.choice(kinds)),
                    "count": {"one": 1, "few": 4}.get(density),
                    "coverage": {"tenth": 0.12, "half": 0.5}.get(density, 0.1),
                    "gap": int(rng.choice([0, 1, 2])),
                    "texture": 0.35 * (rng.random() < 0.3 and d >= 25),
                    "mtf": 0.8 * (rng.random() < 0.25),
                    "film": 0.05 * (rng.random() < 0.25),
                    "fresnel": 0.5 * (rng.random() < 0.3 and d >= 12 and noise != "low"),
                    "spread": float(rng.choice([0.08, 0.2])),
                }
                yield options, *scene(1000 * seed + number, frames, **options)
