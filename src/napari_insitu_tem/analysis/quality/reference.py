"""Likeness to a reference: PSNR, SSIM, and PSNR after the best gain and offset.

A noisy image of a few discs already reaches 8 to 10 dB, and most of what is gained over that is
the removal of an offset and a scale. The matched figure leaves both out: the best gain and offset
(least squares) are applied before it is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Likeness", "compare_with_reference", "match_affine"]

_GAUSSIAN_SIGMA = 1.5
_GAUSSIAN_WIDTH = 11
_UNIFORM_WIDTH = 11


@dataclass(frozen=True)
class Likeness:
    """How like a reference a frame is.

    Parameters
    ----------
    psnr_db, matched_psnr_db : float
        Peak signal-to-noise ratio as it is, and after gain and offset.
    ssim : float
        Structural similarity with Gaussian windows (sigma 1.5 px), as Wang et al. define it.
    ssim_uniform : float
        The same with uniform 11 × 11 windows, as Katsuno et al. have it.
    gain, offset : float
        What the frame was multiplied by and what was added, for the matched figure.
    """

    psnr_db: float
    matched_psnr_db: float
    ssim: float
    ssim_uniform: float
    gain: float
    offset: float


def match_affine(frame: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Return gain and offset that bring a frame closest to a reference.

    Parameters
    ----------
    frame, reference : arrays of one shape
        A constant frame has the gain 0 and the reference's mean as offset.

    Returns
    -------
    (float, float)
        ``gain * frame + offset`` has the least squared difference from `reference`.
    """
    x, y = np.asarray(frame, np.float64), np.asarray(reference, np.float64)
    centred = x - x.mean()
    spread = float(np.mean(centred**2))
    tiny = 1e-24 * max(float(np.mean(x**2)), 1e-300)
    gain = float(np.mean(centred * y)) / spread if spread > tiny else 0.0
    return gain, float(y.mean()) - gain * float(x.mean())


def compare_with_reference(
    frame: np.ndarray, reference: np.ndarray, *, data_range: float
) -> Likeness:
    """Compare a frame with what it should be.

    Parameters
    ----------
    frame, reference : (y, x) arrays
        In the same units; at least 11 pixels wide and high.
    data_range : float
        The peak of PSNR and the range of SSIM; take that of the reference.

    Returns
    -------
    Likeness
        PSNR is infinite for identical frames.

    Raises
    ------
    ValueError
        When the frames differ in shape or are smaller than the windows.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, IEEE Trans. Image Process. 13
       (2004) 600.
    """
    if frame.shape != reference.shape:
        raise ValueError(
            f"The frame is {frame.shape} and the reference {reference.shape}; choose a reference "
            "of the same size."
        )
    smallest = max(_GAUSSIAN_WIDTH, _UNIFORM_WIDTH)
    if min(frame.shape) < smallest:
        raise ValueError(
            f"Frames of {frame.shape[1]} × {frame.shape[0]} px are too small for SSIM's windows "
            f"of {smallest} px; choose larger ones."
        )
    from skimage.metrics import structural_similarity

    frame, reference = np.asarray(frame, np.float64), np.asarray(reference, np.float64)
    gain, offset = match_affine(frame, reference)
    options = {"data_range": data_range, "use_sample_covariance": False}
    return Likeness(
        _psnr(reference, frame, data_range),
        _psnr(reference, gain * frame + offset, data_range),
        float(
            structural_similarity(
                reference, frame, gaussian_weights=True, sigma=_GAUSSIAN_SIGMA, **options
            )
        ),
        float(structural_similarity(reference, frame, win_size=_UNIFORM_WIDTH, **options)),
        gain,
        offset,
    )


def _psnr(reference: np.ndarray, frame: np.ndarray, data_range: float) -> float:
    from skimage.metrics import peak_signal_noise_ratio

    with np.errstate(divide="ignore"):
        return float(peak_signal_noise_ratio(reference, frame, data_range=data_range))
