"""The camera: shot noise, modulation transfer, gain, offset, readout noise, digitisation.

Convention: electrons arrive by Poisson statistics, and what the camera spreads is the image
with its shot noise. Signal and (white) shot noise are both multiplied by the modulation
transfer function, so that the noise power spectrum of an empty frame is
``mean * MTF(q)**2``. Gain, offset and (white) readout noise follow.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from napari_insitu_tem.analysis.transfer import modulation_transfer_function, spatial_frequency
from napari_insitu_tem.io.cameras import Camera, load_camera
from napari_insitu_tem.settings import Settings, setting

__all__ = [
    "DetectorSettings",
    "apply_transfer",
    "detect",
    "detector_settings",
    "modulation_transfer_function",
]


class DetectorSettings(Settings):
    """How a camera turns electrons into numbers."""

    mtf_c0: float = setting(
        1.0,
        title="Transfer at zero frequency",
        description="c0 of the camera's modulation transfer function.",
        gt=0,
        le=1,
        advanced=True,
    )
    mtf_c1: float = setting(
        0.0,
        title="Transfer at infinity",
        description="c1 of the camera's modulation transfer function.",
        ge=0,
        le=1,
        advanced=True,
    )
    mtf_c2: float = setting(
        0.35,
        title="Half-height frequency",
        description="c2 of the modulation transfer function: the transfer is halved at 2·c2 "
        "times the Nyquist frequency. A small value blurs; a very large one does not.",
        gt=0,
        advanced=True,
    )
    mtf_c3: float = setting(
        2.5,
        title="Steepness of the transfer",
        description="c3 of the camera's modulation transfer function.",
        gt=0,
        advanced=True,
    )
    gain: float = setting(
        20.0,
        title="Gain",
        description="Counts that the camera gives for one electron.",
        unit="counts/e",
        gt=0,
        advanced=True,
    )
    offset: float = setting(
        100.0,
        title="Offset",
        description="Counts that the camera gives without any electron.",
        unit="counts",
        ge=0,
        advanced=True,
    )
    readout_noise: float = setting(
        0.3,
        title="Readout noise",
        description="Standard deviation of the noise added by reading a pixel, in electrons.",
        unit="e",
        ge=0,
        advanced=True,
    )
    number_type: Literal["uint8", "uint16", "float32"] = setting(
        "uint16",
        title="Number type",
        description="Type of the pixels in the file; integers are rounded and clipped.",
        advanced=True,
    )


Kind = TypeVar("Kind", bound=DetectorSettings)


def detector_settings(
    camera: Camera | str | Path,
    kind: type[Kind] = DetectorSettings,  # type: ignore[assignment]
    **others: Any,
) -> Kind:
    """Return the settings of a simulation that records with a stored camera.

    Parameters
    ----------
    camera : Camera, str or path
        A camera, its name, or the path of its file; see `io.cameras`.
    kind : type of DetectorSettings
        Which simulation's settings, such as `ParticleMovieSettings`.
    **others
        Further settings of that simulation; they come before those of the camera.

    Raises
    ------
    CameraError
        When there is no such camera.
    SettingsError
        When a setting does not exist or is out of bounds.
    """
    known = camera if isinstance(camera, Camera) else load_camera(camera)
    values = {
        "mtf_c0": known.c0,
        "mtf_c1": known.c1,
        "mtf_c2": known.c2,
        "mtf_c3": known.c3,
        "gain": known.gain,
        "offset": known.offset,
        "readout_noise": known.readout_noise,
        "number_type": known.number_type,
    }
    return kind.from_dict({**values, **others})


def apply_transfer(image: np.ndarray, settings: DetectorSettings) -> np.ndarray:
    """Multiply an image's spectrum by the camera's transfer function; wraps at the edges."""
    import scipy.fft

    transfer = _transfer(
        image.shape, settings.mtf_c0, settings.mtf_c1, settings.mtf_c2, settings.mtf_c3
    )
    spectrum = scipy.fft.rfft2(image) * transfer
    return scipy.fft.irfft2(spectrum, s=image.shape)


def detect(
    expected: np.ndarray, settings: DetectorSettings, rng: np.random.Generator
) -> np.ndarray:
    """Take one frame.

    Parameters
    ----------
    expected : (y, x) array
        Mean number of electrons on each pixel.
    settings : DetectorSettings
        The camera.
    rng : numpy Generator
        Source of the noise.

    Returns
    -------
    (y, x) array of `settings.number_type`
        Counts.
    """
    electrons = rng.poisson(expected).astype(np.float64)
    signal = apply_transfer(electrons, settings)
    if settings.readout_noise:
        signal += rng.normal(0.0, settings.readout_noise, signal.shape)
    counts = settings.gain * signal + settings.offset
    kind = np.dtype(settings.number_type)
    if kind.kind == "u":
        counts = np.clip(np.rint(counts), 0, np.iinfo(kind).max)
    return counts.astype(kind)


@functools.lru_cache(maxsize=4)
def _transfer(shape: tuple[int, int], *parameters: float) -> np.ndarray:
    return modulation_transfer_function(spatial_frequency(shape), *parameters)
