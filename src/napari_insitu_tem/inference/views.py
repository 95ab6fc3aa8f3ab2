"""At which size and polarity a network sees the frames of a movie, found from the movie itself.

A network is trained on particles of some range of diameters and, usually, one polarity. Frames
are rescaled and inverted to suit it, so that neither matters to the user. Where they are not
known, a few windows are segmented at every size and polarity, and the outlines that explain the
frames' edges best win. A network that knows lattice fringes was trained on some range of pixel
sizes instead; calibrated frames are rescaled to that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.edge_trials import WINDOW, EdgeTrials
from napari_insitu_tem.analysis.proposal import automatic_values
from napari_insitu_tem.analysis.standardise import standardise
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import MovieError

__all__ = ["Predict", "View", "find_view", "maps_of", "scale_for_pixels", "view_for"]

#: From a (y, x) float32 image, as the network takes it, to its maps (c, y, x), 0 to 1.
Predict = Callable[[np.ndarray], np.ndarray]
#: From maps (c, y, x) and a particle's least area in px² to a label image.
Label = Callable[[np.ndarray, float], np.ndarray]

#: Scales that are tried, two octaves of diameters each.
_SCALES = (2.0, 1.0, 0.5, 0.25, 0.125)
#: Frames are rescaled no more than they must be: diameters (px) that a network sees best.
_BEST_SEEN = (14.0, 48.0)
#: Frames are never made smaller than this (px), nor larger than so many times.
_SMALLEST_FRAME, _LARGEST_SCALE = 48, 4.0
#: Pixels may be this many times as large as a network knows them; frames are then made larger.
_COARSEST = 1.5
#: Least area of a particle over that of a typical one.
_SMALLEST = 1 / 16
#: Nats below which nothing is explained at all.
_LEAST = 10.0
#: Particles of another size than is best seen are seen as they are if that explains more: less
#: than this share is then left by the best. The second number is for sizes that no network was
#: trained for, which beyond this factor they are.
_NEARLY, _NEARLY_FAR, _FAR = 0.97, 0.85, 1.5
#: Where particles are wider than this share of the window that was looked at, it holds too few of
#: them, and one of so many pixels is looked at.
_LARGE, _WIDER = 1 / 12, 2048


@dataclass(frozen=True)
class View:
    """How a network sees frames.

    Parameters
    ----------
    scale : float
        Frames are made this many times as large.
    bright : bool
        Whether the particles are brighter than their background.
    diameter : float
        Typical diameter of the particles in the movie, px.
    found : bool
        False where nothing stood out in the frames that were looked at.
    """

    scale: float
    bright: bool
    diameter: float
    found: bool = True

    @property
    def smallest_area(self) -> float:
        """Area (px²) below which something is no particle."""
        return max(_SMALLEST * math.pi / 4 * self.diameter**2, 4.0)

    @property
    def words(self) -> str:
        """What was found, for the user."""
        if not self.found:
            return "Nothing stands out of the noise in the frames that were looked at."
        rescaled = abs(self.scale - 1) > 0.01
        size = f"{self.scale:.2g} times their size" if rescaled else "their own size"
        return (
            f"Particles are {'bright' if self.bright else 'dark'}, about {self.diameter:.0f} px "
            f"wide; the network sees the frames at {size}."
        )


def view_for(
    diameter: float, *, bright: bool, shape: tuple[int, int], scale: float | None = None
) -> View:
    """Return the view for particles of a known size, in frames of a shape, or at a known scale."""
    if scale is not None:
        return View(scale, bright, diameter)
    low, high = _BEST_SEEN
    scale = min(max(low / diameter, 1.0), _LARGEST_SCALE) if diameter < high else high / diameter
    return View(max(scale, min(1.0, _SMALLEST_FRAME / min(shape))), bright, diameter)


def scale_for_pixels(
    pixel_size: float | None, known: tuple[float, float] | None, name: str
) -> float | None:
    """Return how many times as large frames must be for a network that knows pixels of a size.

    Parameters
    ----------
    pixel_size : float or None
        Of the frames, nm.
    known : (float, float) or None
        Smallest and largest pixel (nm) that the network was trained on; None where that does
        not matter, and then so it is here.
    name : str
        Of the model, for messages.

    Raises
    ------
    MovieError
        When it matters and the frames have no pixel size, or one that is much too large.
    """
    if known is None:
        return None
    low, high = known
    if pixel_size is None:
        raise MovieError(
            f"Model '{name}' must know how large a pixel is, and the movie does not say. Give it "
            "a pixel size under Calibrate, or choose another method."
        )
    if pixel_size > _COARSEST * high:
        raise MovieError(
            f"Model '{name}' was trained on pixels of {low:g} to {high:g} nm; the movie's, "
            f"{pixel_size:.3g} nm, are too large to show what it looks for. Choose another method."
        )
    return min(1.0, pixel_size / low) if pixel_size < high else pixel_size / high


def maps_of(frame: np.ndarray, view: View, predict: Predict, *, likes: str) -> np.ndarray:
    """Return a network's maps of a frame, seen at a scale, at the frame's own size.

    Parameters
    ----------
    frame : (y, x) array
        Real-valued pixels.
    view : View
        At which size and polarity.
    predict : callable
        The network.
    likes : {"dark", "bright", "any"}
        The polarity that it was trained for; frames of the other one are inverted.

    Returns
    -------
    (c, y, x) float32 array
        0 to 1.
    """
    image = standardise(frame)
    if likes != "any" and view.bright != (likes == "bright"):
        image = -image
    if view.scale == 1.0:
        return predict(image)
    size = tuple(max(1, round(edge * view.scale)) for edge in image.shape)
    maps = predict(_resized(image[np.newaxis], size)[0])
    return np.clip(_resized(maps, image.shape), 0, 1)


def find_view(
    frames: list[np.ndarray],
    predict: Predict,
    label: Label,
    *,
    likes: str,
    bright: bool | None = None,
    diameter: float | None = None,
    scale: float | None = None,
    job: Job = Job(),
) -> View:
    """Find the size and polarity at which a network sees the particles of a movie best.

    Parameters
    ----------
    frames : list of (y, x) arrays
        Some frames of the movie, spread over it.
    predict : callable
        The network.
    label : callable
        ``(maps, smallest area) -> labels``.
    likes : {"dark", "bright", "any"}
        The polarity that the network was trained for.
    bright, diameter, scale : optional
        What is known already.
    job : Job
        Progress and cancel.
    """
    shape = frames[0].shape
    if bright is not None and diameter is not None:
        return view_for(diameter, bright=bright, shape=shape, scale=scale)
    trials = EdgeTrials(frames)
    polarities = (False, True) if bright is None and likes != "any" else (bool(bright),)

    def judge(view: View, trials: EdgeTrials) -> tuple[float, View]:
        labels = []
        for window in trials.frames:
            job.check()
            maps = maps_of(window, view, predict, likes=likes)
            labels.append(label(maps, view.smallest_area))
        verdict = trials.judge(labels)
        width = view.diameter if verdict.width is None else verdict.width
        found = verdict.width is not None
        return verdict.explained, View(view.scale, view.bright, width, found)

    def best_of(views: list[View], trials: EdgeTrials) -> tuple[float, View]:
        judged = [judge(v, trials) for v in job.track(views, "Comparing sizes and polarities")]
        return max(judged, key=lambda pair: pair[0])

    if diameter is None:
        fitting = [s for s in _SCALES if s * min(shape) >= _SMALLEST_FRAME] or [1.0]
        fitting = fitting if scale is None else [scale]
        # What is called small must not depend on a size that is not known yet.
        views = [View(s, b, 4.0 / s) for s in fitting for b in polarities]
    else:
        views = [view_for(diameter, bright=b, shape=shape, scale=scale) for b in polarities]
    explained, best = best_of(views, trials)
    few = explained < _LEAST or best.diameter > _LARGE * WINDOW
    if diameter is None and scale is None and max(shape) > WINDOW and few:
        wider = EdgeTrials(frames, window=_WIDER)
        coarse = [v for v in views if v.scale * max(wider.frames[0].shape) <= WINDOW]
        more, larger = best_of(coarse, wider) if coarse else (-math.inf, best)
        if more >= _LEAST and larger.diameter > _LARGE * WINDOW:
            trials, explained, best = wider, more, larger
    if len(views) == 1 and scale is not None:
        return best  # nothing to choose; and fringes are not explained by outlines
    if explained < _LEAST:
        return _faint(frames, bright=bright, diameter=diameter, scale=scale, job=job)
    if diameter is not None:
        return View(best.scale, best.bright, diameter)
    if scale is not None:
        return best
    nearer = view_for(best.diameter, bright=best.bright, shape=shape)
    if nearer.scale != best.scale:
        again, measured = judge(nearer, trials)
        low, high = _BEST_SEEN
        seen = best.scale * best.diameter
        far = not low / _FAR <= seen <= high * _FAR
        if again >= (_NEARLY_FAR if far else _NEARLY) * explained:
            best = measured
    return best


def _faint(
    frames: list[np.ndarray],
    *,
    bright: bool | None,
    diameter: float | None,
    scale: float | None,
    job: Job,
) -> View:
    """Return the view for particles so faint that trial outlines show nothing.

    Averages over whole particles still show them, as the classical way finds them. The fainter
    they are, the smaller frames are made: until a pixel shows them above its noise.
    """
    _, seen = automatic_values(frames, bright=bright, diameter=diameter, job=job)
    if not seen.found:
        return View(scale or 1.0, bool(bright), 24.0 if diameter is None else diameter, found=False)
    above_noise = seen.contrast / max(seen.noise.density, 1e-12)
    width = float(np.clip(above_noise * seen.diameter, *_BEST_SEEN))
    smallest = _SMALLEST_FRAME / min(frames[0].shape)
    fitting = float(np.clip(width / seen.diameter, min(smallest, 1.0), _LARGEST_SCALE))
    return View(scale or fitting, seen.bright, seen.diameter)


def _resized(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Resize (c, y, x) maps; what becomes smaller is averaged."""
    import torch
    from torch.nn.functional import interpolate

    tensor = torch.from_numpy(np.ascontiguousarray(maps, np.float32))[None]
    resized = interpolate(tensor, size, mode="bilinear", antialias=True, align_corners=False)
    result: np.ndarray = resized[0].numpy()
    return result
