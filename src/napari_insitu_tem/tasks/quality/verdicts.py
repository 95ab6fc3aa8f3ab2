"""What the figures of quality mean, in plain words: what is good, what is to be doubted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_insitu_tem.analysis.quality.noise import ExpectedNoise
from napari_insitu_tem.analysis.quality.whiteness import Whiteness
from napari_insitu_tem.tasks.quality.halves import HalvesCompared

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Verdict", "judge"]

_SURE = 0.01
# Noise alone marks a spot in one frame of a hundred, so far less than this on average.
_STRUCTURE = 2e-4
_INVENTED = 2e-4
_TOO_LITTLE, _TOO_MUCH = 0.8, 1.15
_ROUGHLY = 1.3
_SIGN = 0.3
_CORRELATED = 0.05


@dataclass(frozen=True)
class Verdict:
    """A judgement.

    Parameters
    ----------
    about : str
        What it is about, in a word or two.
    state : {"good", "doubt", "told"}
        Passed; a reason for doubt; or something that is only told, neither good nor bad.
    words : str
        One or two sentences.
    """

    about: str
    state: Literal["good", "doubt", "told"]
    words: str


def judge(
    frames: pd.DataFrame,
    white: Whiteness,
    noise: ExpectedNoise,
    halves: HalvesCompared | str,
    *,
    tolerance: float,
    motion: float,
    unsupervised: str,
) -> Iterator[Verdict]:
    """Yield the verdicts, the most important first.

    Parameters
    ----------
    frames : pandas.DataFrame
        One row a frame; see `Quality`.
    white : Whiteness
        Of all frames together.
    noise : ExpectedNoise
        What the residual was compared with.
    halves : HalvesCompared or str
        Why there are none, as a clause, otherwise.
    tolerance : float
        Correlation that still counts as white.
    motion : float
        Mean squared change per frame, in squared counts.
    unsupervised : str
        From what the unsupervised error was measured; why it was not, where it is missing.
    """
    yield from _invented(halves)
    yield _structure(frames)
    yield _white(white, noise, tolerance)
    yield _strength(frames, noise)
    if "psnr_db" in frames:
        yield _likeness(frames)
    yield _unsupervised(frames, motion, unsupervised)


def _invented(halves: HalvesCompared | str) -> Iterator[Verdict]:
    if isinstance(halves, str):
        yield Verdict("Invented detail", "told", f"Not tested: {halves}.")
        return
    fraction = float(np.nanmean(halves.fractions))
    if fraction > _INVENTED:
        yield Verdict(
            "Invented detail",
            "doubt",
            f"Denoised separately, {halves.words} differ by more than their noise can explain on "
            f"{_percent(fraction)} of the pixels (see the layer [invented]): what is shown there "
            "was made out of noise.",
        )
    else:
        yield Verdict(
            "Invented detail",
            "good",
            f"Denoised separately, {halves.words} differ by no more than noise can explain (they "
            f"correlate to {halves.agreement:.2f}). What both would invent alike is not seen so.",
        )


def _structure(frames: pd.DataFrame) -> Verdict:
    fraction = float(frames["structure_fraction"].mean())
    if fraction <= _STRUCTURE:
        return Verdict("Residual", "good", "No structure is left in what was taken away.")
    sign = float(frames["structure_sign"].mean())
    if sign > _SIGN:
        why = (
            "It looks like the denoised picture, so real contrast was taken away: smooth less, or "
            "over fewer frames where things move."
        )
    elif sign < -_SIGN:
        why = (
            "It is the denoised picture's negative, so contrast was added that the data do not "
            "have."
        )
    else:
        why = "The denoised picture shows something else there: detail was missed, or moved."
    return Verdict(
        "Residual",
        "doubt",
        f"Structure is left on {_percent(fraction)} of the pixels of what was taken away (see the "
        f"layer [structure]). {why}",
    )


def _white(white: Whiteness, noise: ExpectedNoise, tolerance: float) -> Verdict:
    largest = white.largest
    allowed = "."
    if noise.correlation.size > 1 and abs(noise.beside) > _CORRELATED:
        allowed = (
            f", once the correlation of the noise itself ({noise.beside:.2f} between neighbours, "
            f"from {noise.source}) is allowed for."
        )
    if white.p_value > _SURE:
        return Verdict("Whiteness", "good", f"The residual is white{allowed}")
    figure = f"largest correlation between pixels {largest:+.3f}"
    if abs(largest) <= tolerance:
        return Verdict(
            "Whiteness",
            "good",
            f"The residual is white to within {tolerance:g} ({figure}){allowed}",
        )
    if largest < 0:
        why = "part of the noise is still in the denoised movie"
    elif noise.correlation.size == 1 and white.mean < 0.5 * largest:
        why = (
            "the noise itself is probably correlated between neighbours (a camera's blur, or a "
            "resampled movie), which this denoiser may take for detail; fit the camera under "
            "Detector and choose it here"
        )
    else:
        why = "more than noise was taken away"
    return Verdict("Whiteness", "doubt", f"The residual is not white ({figure}): {why}.")


def _strength(frames: pd.DataFrame, noise: ExpectedNoise) -> Verdict:
    ratio = float(frames["residual_variance_of_expected"].median())
    what = f"{_percent(ratio)} of the variance of the noise expected from {noise.source}"
    # What a single frame's finest details say of its noise is rough.
    margin = _ROUGHLY if noise.rough else 1.0
    if ratio < _TOO_LITTLE / margin:
        return Verdict("Strength", "doubt", f"Only {what} was taken away; noise is left.")
    if ratio > _TOO_MUCH * margin:
        return Verdict("Strength", "doubt", f"{what} was taken away: more than noise.")
    if noise.rough:
        return Verdict("Strength", "told", f"{what}, a rough estimate, was taken away.")
    return Verdict("Strength", "good", f"{what} was taken away.")


def _likeness(frames: pd.DataFrame) -> Verdict:
    matched, before = frames["matched_psnr_db"].mean(), frames["raw_matched_psnr_db"].mean()
    words = (
        f"PSNR {frames['psnr_db'].mean():.2f} dB, {matched:.2f} dB after gain and offset (raw "
        f"{before:.2f} dB); SSIM {frames['ssim'].mean():.3f} (raw {frames['raw_ssim'].mean():.3f})."
    )
    if matched < before:
        return Verdict("Reference", "doubt", f"It is less like the reference than the raw: {words}")
    return Verdict("Reference", "told", words)


def _unsupervised(frames: pd.DataFrame, motion: float, how: str) -> Verdict:
    about = "Error without reference"
    if "umse_counts2" not in frames or not frames["umse_counts2"].notna().any():
        return Verdict(about, "told", f"Not measured: {how}.")
    raw = float(frames["raw_upsnr_db"].mean())
    rows = frames[frames["umse_counts2"].notna()]
    mse = float(rows["umse_counts2"].mean())
    error = float(rows["umse_error_counts2"].mean() / np.sqrt(len(rows)))
    peak_squared = float(np.mean(10 ** (rows["raw_upsnr_db"] / 10) * rows["noise_counts"] ** 2))
    still = ""
    if np.isfinite(motion) and motion > 0.1 * max(mse, error):
        still = (
            " Frames also grow apart with time, which counts as an error here: the true figure is "
            "higher where things move."
        )
    if not mse > 2 * error:
        bound = 10 * np.log10(peak_squared / max(mse + 1.96 * error, 1e-30))
        return Verdict(
            about, "told", f"PSNR above {bound:.1f} dB (raw {raw:.1f} dB), too good to be measured "
            f"on {how}.{still}",
        )  # fmt: skip
    found = 10 * np.log10(peak_squared / mse)
    either = 4.34 * error / mse
    words = f"PSNR {found:.1f} ± {either:.1f} dB (raw {raw:.1f} dB), measured on {how}.{still}"
    return Verdict(about, "doubt" if found < raw else "told", words)


def _percent(fraction: float) -> str:
    share = 100 * fraction
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"
