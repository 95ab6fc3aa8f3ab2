"""Burned-in scale bars and data banners, found in a frame.

Microscope software burns a scale bar, and often a banner with time and temperature, into the
frames of an exported movie. Both have what no recorded signal has: long runs of pixels of
one and the same grey. That is what is looked for here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Banner", "ScaleBar", "find_banner", "find_scale_bar"]

#: Greys that differ by less than this part of the frame's range count as the same; video
#: compression rings by about 2 %.
_SAME = 0.06


@dataclass(frozen=True)
class Banner:
    """Pixels to crop away at each edge to remove what is burned in beside the image."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))


@dataclass(frozen=True)
class ScaleBar:
    """A horizontal scale bar.

    Parameters
    ----------
    length : float
        Length in pixels; to a fraction of a pixel where its ends are smooth.
    y, x : float
        Its middle row and its left end, in pixels.
    thickness : int
        Rows it covers.
    bright : bool
        Brighter than what is around it.
    """

    length: float
    y: float
    x: float
    thickness: int
    bright: bool


def find_banner(frame: np.ndarray) -> Banner:
    """Propose the crop that removes a burned-in banner, or a plain border.

    A banner reaches over a whole edge, has one plain ground on which (in every row) at least
    half of the pixels lie, and ends at a straight line. It covers less than half the frame;
    a frame that is mostly plain (empty vacuum, sparse counts) has none.

    Parameters
    ----------
    frame : (y, x) array
        A frame as it was opened.

    Returns
    -------
    Banner
        Falsy (all zero) where there is none.
    """
    image = _scaled(frame)
    if image is None:
        return Banner()
    top, bottom = _edge(image), _edge(image[::-1])
    inner = image[top : image.shape[0] - bottom].T
    left, right = _edge(inner), _edge(inner[::-1])
    return Banner(top, bottom, left, right)


def _edge(image: np.ndarray) -> int:
    """Return how many rows at the top of `image` are a banner."""
    ground = _mode(image[0])
    of_ground = (np.abs(image - ground) <= _SAME / 2).mean(axis=1)
    # A line drawn across the banner is plain, too, though of another grey.
    plain = np.ptp(np.sort(image, axis=1)[:, _middle(image.shape[1])], axis=1) <= _SAME
    inside = (of_ground >= 0.5) | plain
    height = int(np.argmin(inside)) if not inside.all() else len(inside)
    if not 0 < height < len(image) / 2:
        return 0
    rest = of_ground[height:]
    # The image must be something else, and from the first row on: a vacuum ends gradually.
    if np.median(rest) > 0.25 or rest[: max(1, len(rest) // 50)].max() > 0.4:
        return 0
    if np.median(of_ground[:height]) < 0.6:
        return 0
    return height


def _middle(width: int) -> slice:
    margin = width // 20
    return slice(margin, width - margin)


def _mode(values: np.ndarray) -> float:
    counts, edges = np.histogram(values, bins=64, range=(0, 1))
    peak = int(np.argmax(counts))
    inside = values[(values >= edges[peak]) & (values <= edges[peak + 1])]
    return float(np.median(inside))


def find_scale_bar(frame: np.ndarray) -> ScaleBar | None:
    """Find a burned-in horizontal scale bar, dark or bright, solid or with end ticks.

    Every row is cut into runs of one grey. Runs that begin and end at the same column in
    successive rows make a box; a scale bar is the largest box that is at least three times as
    long as thick, does not span the frame, and stands out from what is around it. A bar with an
    outline that sets it off from the image ends in the middle of its outline, as a line is drawn
    along an edge; no programme says whether the outline lies within the length.

    Parameters
    ----------
    frame : (y, x) array
        A frame as it was opened, with its banner.

    Returns
    -------
    ScaleBar or None
        None where nothing looks like one.
    """
    image = _scaled(frame)
    if image is None:
        return None
    width = image.shape[1]
    shortest = max(10, round(0.02 * width))
    best: tuple[float, ScaleBar] | None = None
    for box in _boxes(image, shortest, int(0.95 * width)):
        bar = _judge(image, *box)
        # By area, since an outline is longer than its bar, but thin.
        if bar is not None and (best is None or bar.length * bar.thickness > best[0]):
            best = (bar.length * bar.thickness, bar)
    return best[1] if best else None


def _scaled(frame: np.ndarray) -> np.ndarray | None:
    image = np.nan_to_num(np.asarray(frame, np.float32))
    low, high = float(image.min()), float(image.max())
    if high <= low or min(image.shape) < 16:
        return None
    return (image - low) / (high - low)


def _runs(row: np.ndarray, shortest: int, longest: int) -> list[tuple[int, int]]:
    """Return (start, stop) of the runs of one grey in a row."""
    breaks = np.flatnonzero(np.abs(np.diff(row)) > _SAME) + 1
    edges = np.concatenate(([0], breaks, [len(row)]))
    lengths = np.diff(edges)
    keep = np.flatnonzero((lengths >= shortest) & (lengths <= longest))
    runs = [(int(edges[index]), int(edges[index + 1])) for index in keep]
    return [(start, stop) for start, stop in runs if np.ptp(row[start:stop]) <= 2 * _SAME]


@dataclass
class _Box:
    """Runs that lie one below the other, from row `top` on."""

    top: int
    grey: float
    starts: list[int]
    stops: list[int]

    def fits(self, start: int, stop: int, grey: float) -> bool:
        """Whether a run continues it; the ends may waver by the ringing of a compression."""
        return (
            abs(start - self.starts[0]) <= 2
            and abs(stop - self.stops[0]) <= 2
            and abs(grey - self.grey) <= _SAME
        )

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Top, bottom, start, stop; the ends of most rows."""
        bottom = self.top + len(self.starts)
        return self.top, bottom, round(np.median(self.starts)), round(np.median(self.stops))


def _boxes(image: np.ndarray, shortest: int, longest: int) -> list[tuple[int, int, int, int]]:
    """Return (top, bottom, start, stop) of runs that lie one below the other."""
    finished: list[_Box] = []
    growing: list[_Box] = []
    for y, row in enumerate(image):
        still: list[_Box] = []
        for start, stop in _runs(row, shortest, longest):
            grey = float(np.median(row[start:stop]))
            box = next((box for box in growing if box.fits(start, stop, grey)), None)
            if box is None:
                box = _Box(y, grey, [], [])
            else:
                growing.remove(box)
            box.starts.append(start)
            box.stops.append(stop)
            still.append(box)
        finished += growing
        growing = still
    return [box.corners for box in finished + growing]


def _judge(
    image: np.ndarray, top: int, bottom: int, start: int, stop: int, contrast: float = 0.25
) -> ScaleBar | None:
    thickness = bottom - top
    if stop - start < 3 * thickness:
        return None
    height, width = image.shape
    grey = float(np.median(image[top:bottom, start:stop]))
    # A smooth edge takes a row or two, hence a gap before what is compared with.
    gap = 1 + thickness // 4
    rows = [y for y in (top - 1 - gap, bottom + gap) if 0 <= y < height]
    if len(rows) < 2:
        return None
    steps = np.array([grey - np.median(image[y, start:stop]) for y in rows])
    sides = [x for x in (start - 3, stop + 2) if 0 <= x < width]
    if len(sides) < 2:
        return None
    across = np.array([grey - np.median(image[top:bottom, x]) for x in sides])
    every = np.concatenate([steps, across])
    if not (np.all(every > contrast) or np.all(every < -contrast)):
        return None
    outline = _outline(image, (top, bottom, start, stop), grey)
    length = _subpixel_length(image, (top, bottom, start, stop), grey)
    return ScaleBar(
        length=stop - start + outline if outline else length,
        y=(top + bottom - 1) / 2,
        x=start - outline / 2,
        thickness=thickness,
        bright=bool(steps[0] > 0),
    )


def _outline(image: np.ndarray, corners: tuple[int, int, int, int], grey: float) -> int:
    """Return how thick (px) the line of another grey is that frames a bar; 0 without one.

    A smooth end is no outline: its grey lies between those of the bar and of what is around.
    """
    top, bottom, start, stop = corners
    reach = min(top, image.shape[0] - bottom, start, image.shape[1] - stop, bottom - top + 1)
    line, thickness = np.nan, 0
    for off in range(1, reach + 1):
        box = image[top - off : bottom + off, start - off : stop + off]
        frame = np.concatenate([box[0], box[-1], box[1:-1, 0], box[1:-1, -1]])
        middle = float(np.median(frame))
        if np.ptp(frame) > 2 * _SAME or (thickness and abs(middle - line) > _SAME):
            beyond = middle - grey
            return thickness if beyond * (line - grey) < (line - grey) ** 2 else 0
        line, thickness = (line if thickness else middle), off
    return 0


def _subpixel_length(image: np.ndarray, corners: tuple[int, int, int, int], grey: float) -> float:
    """Add the parts that the bar covers of the pixels just beyond its ends.

    Only on a plain ground: within an image, the neighbours' greys say nothing.
    """
    top, bottom, start, stop = corners
    length = float(stop - start)
    around = slice(max(0, top - 3), bottom + 3)
    for near, beyond in (
        (start - 1, slice(max(0, start - 6), start - 1)),
        (stop, slice(stop + 1, stop + 6)),
    ):
        ground = image[around, beyond]
        if ground.size and np.ptp(ground) <= 2 * _SAME:
            level = np.median(ground)
            part = (np.median(image[top:bottom, near]) - level) / (grey - level)
            length += float(np.clip(part, 0, 1))
    return length
