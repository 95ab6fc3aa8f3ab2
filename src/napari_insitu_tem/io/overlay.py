"""What is drawn over a frame of a video: outlines, track tails, scale bar, clock."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tails", "colours", "draw_outlines", "draw_scale_bar", "draw_text",
           "outlines", "round_length"]  # fmt: skip

_PLAIN = np.array([255, 214, 64], np.uint8)
_GOLDEN = 0.6180339887498949


@functools.cache
def colours(count: int = 4096) -> np.ndarray:
    """Return (count, 3) bright colours; neighbours in number are far apart in hue."""
    from matplotlib.colors import hsv_to_rgb

    number = np.arange(count)
    hue = (number * _GOLDEN) % 1.0
    saturation = 0.55 + 0.35 * ((number * _GOLDEN * _GOLDEN) % 1.0)
    return (hsv_to_rgb(np.stack([hue, saturation, np.ones(count)], axis=1)) * 255).astype(np.uint8)


def outlines(labels: np.ndarray, width: int) -> np.ndarray:
    """Return an image with every particle's label on its outline, and 0 elsewhere.

    The outline lies on the background just outside the particle, so that it hides nothing of
    a small one; where particles touch, it lies on both sides of the border.
    """
    edge = np.zeros_like(labels)
    for near, far in _neighbours():
        own, other = labels[near], labels[far]
        part = edge[near]
        np.copyto(part, other, where=(own == 0) & (other > 0))
        np.copyto(part, own, where=(own > 0) & (other > 0) & (own != other))
    for _ in range(width - 1):
        grown = edge.copy()
        for near, far in _neighbours():
            free = (grown[near] == 0) & (labels[near] == 0)
            np.copyto(grown[near], edge[far], where=free)
        edge = grown
    return edge


def _neighbours() -> list[tuple[Any, Any]]:
    first, last, whole = slice(None, -1), slice(1, None), slice(None)
    return [
        ((first, whole), (last, whole)),
        ((last, whole), (first, whole)),
        ((whole, first), (whole, last)),
        ((whole, last), (whole, first)),
    ]


def draw_outlines(
    picture: np.ndarray, labels: np.ndarray, *, width: int = 1, by_number: bool = True
) -> None:
    """Draw outlines into an RGB picture.

    Parameters
    ----------
    picture : (y, x, 3) uint8 array
        Changed in place.
    labels : (y, x) integer array
        Of the same size.
    width : int
        Of the lines, in pixels.
    by_number : bool
        A colour for each number (tracks); one colour for all otherwise, since the numbers of
        masks that were not tracked change from frame to frame.
    """
    edge = outlines(labels, width)
    where = edge > 0
    table = colours()
    picture[where] = table[edge[where] % len(table)] if by_number else _PLAIN


@dataclass(frozen=True)
class Tails:
    """Where every particle was in the frames before, for drawing.

    Parameters
    ----------
    points : dict
        Track to (frames, (n, 2) positions as x, y), sorted by frame.
    alive : dict
        Frame to the tracks that are in it.
    length : int
        How many frames back a tail reaches.
    """

    points: dict[int, tuple[np.ndarray, np.ndarray]]
    alive: dict[int, list[int]]
    length: int

    @classmethod
    def from_particles(cls, particles: pd.DataFrame, length: int) -> Tails:
        """Take them from the table of a `Tracking`."""
        table = particles.sort_values(["track", "frame"])
        tracks, starts = np.unique(table["track"].to_numpy(int), return_index=True)
        frames = np.split(table["frame"].to_numpy(int), starts[1:])
        positions = np.split(table[["x", "y"]].to_numpy(float), starts[1:])
        points = dict(zip(tracks.tolist(), zip(frames, positions, strict=True), strict=True))
        alive: dict[int, list[int]] = {}
        for track, (seen, _) in points.items():
            for frame in seen.tolist():
                alive.setdefault(frame, []).append(track)
        return cls(points, alive, length)

    def draw(self, draw: Any, frame: int, scale: float, width: int) -> None:
        """Draw the tails of the tracks in a frame with a PIL ``ImageDraw``."""
        table = colours()
        for track in self.alive.get(frame, ()):
            frames, positions = self.points[track]
            first = np.searchsorted(frames, frame - self.length)
            last = np.searchsorted(frames, frame, side="right")
            line = (positions[first:last] + 0.5) * scale - 0.5
            colour = tuple(int(part) for part in table[track % len(table)])
            for step in range(len(line) - 1):
                # The past fades.
                age = (frame - frames[first + step + 1]) / max(1, self.length)
                alpha = int(255 * (1 - 0.75 * age))
                draw.line([tuple(line[step]), tuple(line[step + 1])], (*colour, alpha), width)


def round_length(most: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, 50 … that is not above `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (5, 2, 1) if step * power <= most * (1 + 1e-9))


def draw_scale_bar(draw: Any, size: tuple[int, int], nm_per_pixel: float, height: int) -> None:
    """Draw a bar of a round length at the lower left, with its length above it.

    Parameters
    ----------
    draw : PIL.ImageDraw.ImageDraw
        In RGBA mode.
    size : (width, height)
        Of the picture in pixels.
    nm_per_pixel : float
        Of the picture.
    height : int
        Of the letters, in pixels.
    """
    length = round_length(0.25 * size[0] * nm_per_pixel)
    pixels, thickness = length / nm_per_pixel, max(3, height // 4)
    words = length_text(length)
    left, margin = height, height // 2
    bottom = size[1] - height
    font = _font(height)
    text_width = draw.textlength(words, font=font)
    wide = max(pixels, text_width)
    draw.rectangle(
        [left - margin, bottom - thickness - 1.6 * height, left + wide + margin, bottom + margin],
        fill=(0, 0, 0, 130),
    )
    draw.rectangle(
        [left, bottom - thickness, left + round(pixels) - 1, bottom - 1], fill=(255, 255, 255, 255)
    )
    middle = left + pixels / 2 if text_width <= pixels else left + text_width / 2
    draw.text(
        (middle, bottom - thickness - 0.25 * height), words, font=font, fill="white", anchor="ms"
    )


def length_text(nm: float) -> str:
    """Write a length as people do: ``5 Å``, ``20 nm``, ``2 µm``."""
    if nm >= 1000:
        return f"{nm / 1000:g} µm"
    return f"{nm:g} nm" if nm >= 1 else f"{nm * 10:g} Å"


def draw_text(draw: Any, size: tuple[int, int], lines: list[str], height: int) -> None:
    """Draw lines of text at the upper left, on a dark ground."""
    font = _font(height)
    wide = max((draw.textlength(line, font=font) for line in lines), default=0)
    if not lines:
        return
    margin = height // 2
    draw.rectangle(
        [margin, margin, wide + 3 * margin, 2 * margin + 1.25 * height * len(lines)],
        fill=(0, 0, 0, 130),
    )
    for row, line in enumerate(lines):
        draw.text((2 * margin, 1.4 * margin + 1.25 * height * row), line, font=font, fill="white")


@functools.lru_cache(maxsize=16)
def _font(height: int) -> Any:
    import matplotlib
    from PIL import ImageFont

    # DejaVu comes with matplotlib, and has µ, Å and °.
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(file), height)
