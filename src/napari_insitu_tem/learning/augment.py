"""Augmentation: the same particles as another session would have recorded them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.settings import Settings, setting

__all__ = ["AugmentSettings", "cut", "padded", "vary_intensity", "window"]


class AugmentSettings(Settings):
    """How training images are varied."""

    flips: bool = setting(
        True, title="Flips", description="Mirror frames and turn them by quarter turns at random."
    )
    rotation: float = setting(
        20.0,
        title="Rotation",
        description="Largest angle by which a frame is turned on top of quarter turns.",
        unit="°",
        ge=0,
        le=45,
    )
    scale: float = setting(
        1.25,
        title="Scale",
        description="Largest factor by which a frame is made larger or smaller.",
        ge=1,
        le=4,
        step=0.05,
    )
    resampled: float = setting(
        0.5,
        title="Resampled share",
        description="Share of the frames that are turned and scaled; resampling also smooths "
        "the noise, so some frames are left as they are.",
        ge=0,
        le=1,
        advanced=True,
    )
    contrast: float = setting(
        0.25,
        title="Contrast",
        description="Largest relative change of contrast (gain); brightness changes by as many "
        "standard deviations.",
        ge=0,
        le=1,
    )
    gamma: float = setting(
        1.4,
        title="Gamma",
        description="Largest gamma; its inverse is the smallest.",
        ge=1,
        le=3,
        step=0.1,
    )
    blur: float = setting(
        1.0,
        title="Blur",
        description="Largest standard deviation of a Gaussian blur, given to a third of the "
        "frames.",
        unit="px",
        ge=0,
        le=5,
    )
    noise: float = setting(
        0.5,
        title="Noise",
        description="Largest standard deviation of noise added to half of the frames, in "
        "standard deviations of the frame; a share of it grows with the brightness, as shot "
        "noise does.",
        ge=0,
        le=5,
    )
    illumination: float = setting(
        0.5,
        title="Illumination",
        description="Largest change of brightness across the frame, in standard deviations of "
        "the frame; given to half of the frames.",
        ge=0,
        le=3,
    )
    mosaics: float = setting(
        0.0,
        title="Mosaics",
        description="Share of the patches that are put together from four; for pairs of images.",
        ge=0,
        le=1,
        advanced=True,
    )

    @classmethod
    def none(cls) -> AugmentSettings:
        """Return settings that leave every frame as it is."""
        return cls(
            flips=False,
            rotation=0,
            scale=1,
            resampled=0,
            contrast=0,
            gamma=1,
            blur=0,
            noise=0,
            illumination=0,
        )


def cut(sample: Sample, patch: int, settings: AugmentSettings, rng: np.random.Generator) -> Sample:
    """Cut a patch out at random, turned, scaled and mirrored at random.

    Labels are resampled to the nearest pixel, the image linearly. Where the frame is smaller
    than the patch, it is mirrored at its edge, and what was mirrored does not count.

    Parameters
    ----------
    sample : Sample
        A whole frame.
    patch : int
        Edge of the (square) patch, px.
    settings : AugmentSettings
        What may be done.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    Sample
        Of ``patch`` × ``patch`` px.
    """
    angle, factor = 0.0, 1.0
    if rng.random() < settings.resampled:
        angle = float(np.deg2rad(rng.uniform(-settings.rotation, settings.rotation)))
        factor = float(np.exp(rng.uniform(-1, 1) * np.log(settings.scale)))
    if angle == 0.0 and factor == 1.0:
        frame = padded(sample, patch)
        height, width = frame.image.shape
        corner = int(rng.integers(height - patch + 1)), int(rng.integers(width - patch + 1))
        piece = window(frame, corner, patch)
    else:
        piece = _resample(sample, patch, angle, factor, rng)
    if settings.flips:
        turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
        return Sample(
            _turn(piece.image, turns, mirror),
            _turn(piece.labels, turns, mirror),
            None if piece.valid is None else _turn(piece.valid, turns, mirror),
            piece.name,
        )
    return piece


def padded(frame: Sample, edge: int) -> Sample:
    """Return a frame of at least `edge` px each way, mirrored at its edges where it is smaller.

    What was mirrored does not count.
    """
    lacking = [max(0, edge - length) for length in frame.image.shape]
    if not any(lacking):
        return frame
    widths = [(lack // 2, lack - lack // 2) for lack in lacking]
    valid = np.ones(frame.image.shape, bool) if frame.valid is None else frame.valid
    return Sample(
        np.pad(frame.image, widths, mode="symmetric"),
        np.pad(frame.labels, [(0, 0), *widths], mode="symmetric"),
        np.pad(valid, widths),
        frame.name,
    )


def window(frame: Sample, corner: tuple[int, int], edge: int) -> Sample:
    """Return a square part of a frame, by its corner and edge."""
    part = tuple(slice(low, low + edge) for low in corner)
    return Sample(
        frame.image[part],
        frame.labels[(slice(None), *part)],
        None if frame.valid is None else frame.valid[part],
        frame.name,
    )


def vary_intensity(
    image: np.ndarray, settings: AugmentSettings, rng: np.random.Generator
) -> np.ndarray:
    """Vary how a standardised image was recorded; bright stays bright.

    Parameters
    ----------
    image : (y, x) float32 array
        Zero mean, unit standard deviation, about.
    settings : AugmentSettings
        What may be done.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    (y, x) float32 array
        The varied image.
    """
    out: np.ndarray = image.astype(np.float32)
    if settings.gamma > 1:
        exponent = float(np.exp(rng.uniform(-1, 1) * np.log(settings.gamma)))
        low, high = float(out.min()), float(out.max())
        if high > low:
            out = (((out - low) / (high - low)) ** exponent) * (high - low) + low
    if settings.blur > 0 and rng.random() < 1 / 3:
        out = ndimage.gaussian_filter(out, rng.uniform(0, settings.blur))
    if settings.illumination > 0 and rng.random() < 0.5:
        out = out + _slope(out.shape, settings.illumination, rng)
    if settings.noise > 0 and rng.random() < 0.5:
        strength = rng.uniform(0, settings.noise)
        shot = rng.uniform(0, 1)
        bright = np.sqrt(np.clip(1 + shot * out / 2, 0, None))
        out = out + strength * bright * rng.standard_normal(out.shape, dtype=np.float32)
    if settings.contrast > 0:
        gain = 1 + rng.uniform(-settings.contrast, settings.contrast)
        out = out * gain + rng.uniform(-settings.contrast, settings.contrast)
    return out.astype(np.float32, copy=False)


def _resample(
    sample: Sample, patch: int, angle: float, factor: float, rng: np.random.Generator
) -> Sample:
    """Return a turned and scaled patch at a random place."""
    height, width = sample.image.shape
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / factor
    # The middle of the patch lies where all of it is inside the frame, if there is such a place.
    reach = patch / 2 / factor * (abs(np.cos(angle)) + abs(np.sin(angle)))
    middle = np.array(
        [
            rng.uniform(reach, length - reach) if length > 2 * reach else length / 2
            for length in (height, width)
        ]
    )
    # Only what the patch needs is resampled, and smoothed before it is made smaller.
    low = np.clip(np.floor(middle - reach - 4), 0, None).astype(int)
    high = np.minimum(np.ceil(middle + reach + 4).astype(int), (height, width))
    part = (slice(low[0], high[0]), slice(low[1], high[1]))
    offset = middle - low - 0.5 - matrix @ np.full(2, (patch - 1) / 2)

    def moved(array: np.ndarray, order: int, mode: str) -> np.ndarray:
        return ndimage.affine_transform(
            array, matrix, offset, (patch, patch), order=order, mode=mode
        )

    image = sample.image[part]
    if factor < 0.8:
        image = ndimage.gaussian_filter(image, 0.5 * np.sqrt(1 / factor**2 - 1))
    layers = sample.labels[(slice(None), *part)]
    valid = np.ones(image.shape, np.uint8) if sample.valid is None else sample.valid[part]
    return Sample(
        moved(image, 1, "mirror"),
        np.stack([moved(layer, 0, "mirror") for layer in layers]),
        moved(valid.astype(np.uint8), 0, "constant") > 0,
        sample.name,
    )


def _turn(array: np.ndarray, turns: int, mirror: bool) -> np.ndarray:
    turned = np.rot90(array, turns, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if mirror else turned)


def _slope(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return a brightness that runs across the frame, mean zero."""
    y, x = (np.linspace(-0.5, 0.5, length, dtype=np.float32) for length in shape)
    direction, size = rng.uniform(0, 2 * np.pi), rng.uniform(0, strength)
    ramp = np.sin(direction) * y[:, None] + np.cos(direction) * x[None, :]
    bowl = rng.uniform(-1, 1) * (y[:, None] ** 2 + x[None, :] ** 2 - 1 / 6)
    return (size * (ramp + bowl)).astype(np.float32)
