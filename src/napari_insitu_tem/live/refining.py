"""What can be done to the mean of the last frames before it is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_insitu_tem.live.settings import LiveSettings
from napari_insitu_tem.settings import SettingsError

__all__ = ["REFINERS", "Refine", "make_refiner", "refinements"]

#: Takes the mean of the last frames (y, x) float32, returns a picture of the same size.
Refine = Callable[[np.ndarray], np.ndarray]


def _gaussian(settings: LiveSettings) -> Refine:
    from scipy import ndimage

    return lambda mean: ndimage.gaussian_filter(mean, settings.strength, mode="mirror")


def _median(settings: LiveSettings) -> Refine:
    from scipy import ndimage

    size = 2 * max(1, round(settings.strength)) + 1
    return lambda mean: ndimage.median_filter(mean, size, mode="mirror")


def _total_variation(settings: LiveSettings) -> Refine:
    from napari_insitu_tem.analysis.denoise import denoise_total_variation

    return lambda mean: denoise_total_variation(mean, strength=settings.strength)


def _non_local_means(settings: LiveSettings) -> Refine:
    from napari_insitu_tem.analysis.denoise import denoise_non_local_means

    return lambda mean: denoise_non_local_means(mean, strength=settings.strength)


def _wavelets(settings: LiveSettings) -> Refine:
    from napari_insitu_tem.analysis.denoise import denoise_wavelets

    return lambda mean: denoise_wavelets(mean, strength=settings.strength)


def _network(name: str) -> Refine:
    """Return a network that denoises single frames."""
    from napari_insitu_tem.analysis.normalise import NORMALISATIONS
    from napari_insitu_tem.inference.denoiser import FrameDenoiser, Sight
    from napari_insitu_tem.inference.devices import pick_device
    from napari_insitu_tem.models.store import get_model

    model = get_model(name).expect(task="denoise")
    device = pick_device("auto")
    denoiser = FrameDenoiser(
        model.load(device),
        sight=Sight.of(model.card.arguments),
        normalisation=NORMALISATIONS[model.card.normalisation],
        device=device,
    )
    return lambda mean: denoiser.denoise(mean[np.newaxis])


def _networks() -> list[str]:
    """Return the names of the networks that need one frame only."""
    from napari_insitu_tem.models.store import list_models

    return [
        model.name
        for model in list_models("denoise")
        if int(model.card.arguments.get("in_channels", 1)) == 1
    ]


#: Name to what makes the refiner from the settings, without any network.
REFINERS: dict[str, Callable[[LiveSettings], Refine]] = {
    "none": lambda settings: lambda mean: mean,
    "gaussian": _gaussian,
    "median": _median,
    "total variation": _total_variation,
    "non-local means": _non_local_means,
    "wavelets": _wavelets,
}


def refinements() -> list[tuple[str, str]]:
    """Return what can be chosen, as (name, words) pairs."""
    return [
        *((name, name) for name in REFINERS),
        *((name, f"network: {name}") for name in _networks()),
    ]


def make_refiner(settings: LiveSettings) -> Refine:
    """Return what the settings choose; modules and networks are loaded here.

    Raises
    ------
    SettingsError
        When there is no such refinement.
    """
    if settings.refinement in _networks():
        return _network(settings.refinement)
    if settings.refinement not in REFINERS:
        known = ", ".join([*REFINERS, *_networks()])
        raise SettingsError(f"There is no refinement '{settings.refinement}' (there are: {known}).")
    return REFINERS[settings.refinement](settings)
