"""What the detector task tells the user: what was found, and what to doubt of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_insitu_tem.analysis.noise_power import NoisePower
from napari_insitu_tem.analysis.transfer_fit import TransferFit
from napari_insitu_tem.analysis.vacuum import Vacuum
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.detector.fit import with_error

if TYPE_CHECKING:
    from napari_insitu_tem.tasks.detector import DetectorFitSettings

__all__ = ["doubts", "doubts_of_fit", "no_vacuum", "summary"]

_CORRELATED, _MISFIT, _UNCERTAIN = 0.05, 0.03, 0.05
#: What a step before makes of the noise, so that it is no longer that of the camera.
_CHANGES_NOISE = ("align", "denoise")


def no_vacuum(movie: Movie, vacuum: Vacuum) -> str:
    """Say why there is none, and what to do."""
    reasons = sorted(vacuum.refused, key=lambda name: -vacuum.refused[name])
    if reasons == ["constant"]:
        return (
            f"The frames of '{movie.name}' are constant, so there is no noise to learn a camera "
            "from. Take the recording as the camera gave it."
        )
    return (
        f"No vacuum was found in '{movie.name}': its parts are {', '.join(reasons[:3])}. Draw a "
        "rectangle over a part that shows only the beam, or record a few frames without specimen."
    )


def doubts(movie: Movie, vacuum: Vacuum, region: str) -> list[str]:
    """Say what speaks against this movie, or this part of it."""
    notes = []
    done = [step.task for step in movie.history().steps if step.task in _CHANGES_NOISE]
    if done:
        notes.append(
            f"This movie went through {' and '.join(done)}, which changes the noise: fit the "
            "camera on the recording as it was taken."
        )
    if region != "automatic" and not vacuum.empty.any():
        worst = max(vacuum.refused, key=lambda name: vacuum.refused[name], default="")
        notes.append(f"This part of the frame does not look like vacuum: it is {worst}.")
    elif vacuum.faint_pattern:
        notes.append(
            "The vacuum shows a faint pattern that stays; only differences of successive frames "
            "were used."
        )
    return notes


def doubts_of_fit(fit: TransferFit, noise: NoisePower) -> list[str]:
    """Say what speaks against the fit."""
    notes = []
    if noise.correlation > _CORRELATED:
        notes.append(
            f"The noise of successive frames is correlated ({noise.correlation:.2f}), as if they "
            "were averaged, interpolated or compressed; gain and dose are then wrong."
        )
    if fit.errors["gain"] > _UNCERTAIN * fit.gain:
        notes.append(
            "The gain is uncertain: use more frames or a larger part of them, enter the readout "
            "noise, or record with more counts for an electron."
        )
    if fit.misfit > _MISFIT:
        notes.append(
            f"The noise power deviates from the form by {100 * fit.misfit:.0f} %; the errors "
            "include that."
        )
    if noise.rejected > 0.001:
        notes.append(f"{100 * noise.rejected:.1f} % of the readings were left out as outliers.")
    return notes


def summary(
    fit: TransferFit, noise: NoisePower, vacuum: Vacuum, settings: DetectorFitSettings
) -> str:
    """Say what was found, and from what."""
    place = {
        "automatic": f"{int(vacuum.empty.sum())} of {vacuum.examined} tiles of {vacuum.tile} px",
        "whole frame": "the whole frame",
        "rectangle": "the rectangle",
    }[settings.region]
    frames = len(noise.frame_means)
    sentences = [
        f"From {place} in {frames} {'frame' if frames == 1 else 'frames'}: gain "
        f"{with_error(fit.gain, fit.errors['gain'])} counts/e, "
        f"{with_error(fit.electrons, fit.errors['electrons'])} e/px a frame, transfer at Nyquist "
        f"{with_error(float(fit.transfer(0.5)), float(fit.transfer_error(0.5)))}."
    ]
    if settings.offset is None:
        sentences.append(
            "The offset is not known and was taken as 0; with another, gain and dose change."
        )
    if settings.readout_noise is None and fit.readout_known:
        sentences.append(
            "The spectrum is too flat to tell readout noise from electrons; it was taken as 0."
        )
    return " ".join(sentences)
