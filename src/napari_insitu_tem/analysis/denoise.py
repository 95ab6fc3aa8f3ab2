"""Classical denoising of frames, each from itself and its neighbours in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.variance_stabilisation import noise_level

__all__ = [
    "Window",
    "denoise_gaussian",
    "denoise_median",
    "denoise_non_local_means",
    "denoise_total_variation",
    "denoise_wavelets",
    "fill_missing",
    "mean_of_window",
    "windows",
]

_TRUNCATE = 3.0
_TV_WEIGHT = 2.0
_NLM_CUT_OFF = 0.9
_WAVELET = "sym4"


@dataclass(frozen=True, eq=False)
class Window:
    """A frame among its neighbours in time.

    Parameters
    ----------
    frames : tuple of (y, x) arrays
        In the order of time; fewer at the ends of the movie.
    centre : int
        Which of them the frame is.
    """

    frames: tuple[np.ndarray, ...]
    centre: int


def windows(frames: Iterable[np.ndarray], before: int, after: int) -> Iterator[Window]:
    """Yield every frame with those up to `before` earlier and `after` later.

    Holds ``before + 1 + after`` frames at a time, however long the movie is.
    """
    held: deque[np.ndarray] = deque()
    centre = 0
    for frame in frames:
        held.append(frame)
        if len(held) - centre > after:
            yield Window(tuple(held), centre)
            centre, held = _advance(centre, held, before)
    while centre < len(held):
        yield Window(tuple(held), centre)
        centre, held = _advance(centre, held, before)


def _advance(centre: int, held: deque[np.ndarray], before: int) -> tuple[int, deque[np.ndarray]]:
    if centre == before:
        held.popleft()
        return centre, held
    return centre + 1, held


def fill_missing(frame: np.ndarray) -> np.ndarray:
    """Return the frame as float32, NaN and infinities replaced by the median of the rest."""
    image = np.asarray(frame, np.float32)
    finite = np.isfinite(image)
    if finite.all():
        return image
    middle = np.median(image[finite]) if finite.any() else 0.0
    return np.where(finite, image, np.float32(middle))


def mean_of_window(window: Window) -> np.ndarray:
    """Return the mean of the window's frames."""
    total = np.zeros(window.frames[0].shape, np.float64)
    for frame in window.frames:
        total += frame
    return np.asarray(total / len(window.frames), np.float32)


def denoise_median(window: Window, *, size: int) -> np.ndarray:
    """Return the median over the window's frames and `size` × `size` pixels."""
    if len(window.frames) == 1:
        return np.asarray(ndimage.median_filter(window.frames[0], size, mode="mirror"))
    stack = np.stack(window.frames)
    if size == 1:
        return np.asarray(np.median(stack, axis=0), np.float32)
    half = size // 2
    padded = np.pad(stack, ((0, 0), (half, half), (half, half)), mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    height, width = window.frames[0].shape
    result = np.empty((height, width), np.float32)
    for row in range(height):  # row by row: the neighbourhoods of all would be large
        values = around[:, row].transpose(1, 0, 2, 3).reshape(width, -1)
        result[row] = np.median(values, axis=1)
    return result


def denoise_gaussian(window: Window, *, sigma: float, sigma_time: float) -> np.ndarray:
    """Return the Gaussian mean over time (weights renormalised at the ends) and space."""
    image = window.frames[window.centre]
    if sigma_time > 0:
        away = np.arange(len(window.frames)) - window.centre
        weights = np.exp(-0.5 * (away / sigma_time) ** 2)
        weights /= weights.sum()
        image = np.zeros(image.shape, np.float32)
        for weight, frame in zip(weights.astype(np.float32), window.frames, strict=True):
            image += weight * frame
    if sigma > 0:
        image = ndimage.gaussian_filter(image, sigma, mode="mirror", truncate=4.0)
    return np.asarray(image, np.float32)


def gaussian_reach(sigma_time: float) -> int:
    """Return how many frames before and after take part in a Gaussian over time."""
    return int(np.ceil(_TRUNCATE * sigma_time)) if sigma_time > 0 else 0


def denoise_total_variation(frame: np.ndarray, *, strength: float = 1.0) -> np.ndarray:
    """Return the frame of least total variation near the given one.

    L. I. Rudin, S. Osher, E. Fatemi, Physica D 60 (1992) 259, by A. Chambolle's algorithm
    (J. Math. Imaging Vis. 20 (2004) 89). The weight is 2 × `strength` times the noise.
    """
    from skimage.restoration import denoise_tv_chambolle

    sigma = noise_level(frame)
    if sigma == 0:
        return frame
    scaled = frame / np.float32(sigma)
    smooth = denoise_tv_chambolle(scaled, weight=_TV_WEIGHT * strength, max_num_iter=100)
    return np.asarray(smooth * sigma, np.float32)


def denoise_non_local_means(
    frame: np.ndarray, *, strength: float = 1.0, patch: int = 5, distance: int = 6
) -> np.ndarray:
    """Return means of pixels whose surroundings look alike.

    A. Buades, B. Coll, J.-M. Morel, CVPR 2005, 2, 60; the cut-off is 0.9 × `strength` times the
    noise.
    """
    from skimage.restoration import denoise_nl_means

    sigma = noise_level(frame)
    if sigma == 0:
        return frame
    scaled = frame / np.float32(sigma)
    smooth = denoise_nl_means(
        scaled,
        patch,
        distance,
        h=_NLM_CUT_OFF * strength,
        sigma=1.0,
        fast_mode=True,
        preserve_range=True,
    )
    return np.asarray(smooth * sigma, np.float32)


def denoise_wavelets(
    frame: np.ndarray, *, strength: float = 1.0, shifts: Sequence[int] = (0, 1)
) -> np.ndarray:
    """Return the frame with its small wavelet coefficients shrunk (BayesShrink).

    S. G. Chang, B. Yu, M. Vetterli, IEEE Trans. Image Process. 9 (2000) 1532; averaged over a
    few shifts of the grid against its artefacts (R. R. Coifman, D. L. Donoho 1995).
    """
    import pywt
    from skimage.restoration import denoise_wavelet

    sigma = noise_level(frame)
    if sigma == 0:
        return frame
    scaled = frame / np.float32(sigma)
    levels = max(1, pywt.dwt_max_level(min(frame.shape), pywt.Wavelet(_WAVELET).dec_len))
    total = np.zeros(frame.shape, np.float32)
    for y in shifts:
        for x in shifts:
            moved = np.roll(scaled, (y, x), axis=(0, 1))
            smooth = denoise_wavelet(
                moved, strength, _WAVELET, wavelet_levels=levels, rescale_sigma=False
            )
            total += np.roll(smooth, (-y, -x), axis=(0, 1))
    return np.asarray(total * np.float32(sigma / len(shifts) ** 2), np.float32)
