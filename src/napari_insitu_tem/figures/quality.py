"""Figures of quality: what is left in a residual, Fourier rings, and figures frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.figures.style import GREY, PALETTE, Drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from napari_insitu_tem.analysis.quality.whiteness import Whiteness

__all__ = ["PLOTTED", "draw_correlation", "draw_frames", "draw_rings", "draw_spectrum"]

#: What can be plotted frame by frame, with its axis label.
PLOTTED = {
    "signal_to_noise_db": "Signal to noise (dB)",
    "dose_e_per_A2": "Dose (e/Å²)",
    "dose_e_per_px": "Dose (e/px)",
    "residual_variance_of_expected": "Residual variance / expected",
    "upsnr_db": "Unsupervised PSNR (dB)",
    "matched_psnr_db": "PSNR, matched (dB)",
    "ssim": "SSIM",
    "structure_fraction": "Structure in the residual (part)",
    "invented_fraction": "Invented (part)",
}


def draw_spectrum(spectrum: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the radial power of the residual over that of the noise expected."""
    along = spectrum["frequency_of_nyquist"]
    axes.axhline(1, color=GREY, lw=0.8, ls="--", label="white noise as expected")
    if not np.allclose(spectrum["power_of_expected"], spectrum["power_before_whitening"]):
        axes.plot(along, spectrum["power_before_whitening"], color=PALETTE[5], lw=0.8,
                  label="before the noise's own correlation is taken out")  # fmt: skip
    axes.plot(along, spectrum["power_of_expected"], color=PALETTE[0], label="residual")
    top = float(np.nanmax(spectrum[["power_of_expected", "power_before_whitening"]].to_numpy()))
    if top > 5:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, max(1.6, 1.1 * top))
    axes.set_xlim(0, 1)
    axes.set_ylabel("Residual power / expected")
    axes.set_xlabel("Frequency (of Nyquist)")
    if "frequency_per_nm" in spectrum:
        scale = float(spectrum["frequency_per_nm"].iloc[-1] / along.iloc[-1])
        above = axes.secondary_xaxis("top", functions=(_times(scale), _times(1 / scale)))
        above.set_xlabel("Frequency (1/nm)")
    axes.legend(loc="best")
    return Drawn(spectrum)


def draw_correlation(white: Whiteness, axes: Axes) -> Drawn:
    """Draw the residual's correlation between pixels, by how far apart they are."""
    import pandas as pd

    reach = len(white.correlation) - 1
    down, right = np.meshgrid(np.arange(reach + 1), np.arange(-reach, reach + 1), indexing="ij")
    use = (down > 0) | (right > 0)
    distance = np.hypot(down, right)[use]
    values = white.correlation[use]
    chance = 1.96 / np.sqrt(white.pixels)
    axes.axhspan(-chance, chance, color=GREY, alpha=0.35, lw=0, label="white noise, 95 %")
    axes.axhline(0, color=GREY, lw=0.6)
    axes.plot(distance, values, "o", ms=3, color=PALETTE[0], label="residual")
    highest = 1.25 * max(float(np.abs(values).max()), 3 * chance)
    axes.set_ylim(-highest, highest)
    axes.set_xlim(0, None)
    axes.set_xlabel("Distance between pixels (px)")
    axes.set_ylabel("Correlation")
    axes.legend(loc="best")
    data = pd.DataFrame(
        {"down_px": down[use], "right_px": right[use], "correlation": values, "chance_95": chance}
    )
    return Drawn(data)


def draw_rings(table: pd.DataFrame, axes: Axes, *, pixel_size: float | None = None) -> Drawn:
    """Draw Fourier ring correlations with both thresholds."""
    name = "frequency_per_nm" if pixel_size else "frequency_per_px"
    for number, (of, rows) in enumerate(table.groupby("of", sort=False)):
        axes.plot(rows[name], rows["correlation"], color=PALETTE[number], label=str(of))
        if number == 0:
            axes.plot(rows[name], rows["half_bit"], color=GREY, lw=0.8, ls="--", label="half-bit")
            axes.axhline(1 / 7, color=GREY, lw=0.8, ls=":", label="1/7")
    axes.axhline(0, color=GREY, lw=0.5)
    axes.set_ylim(min(-0.1, float(table["correlation"].min())), 1.05)
    axes.set_xlim(0, float(table[name].max()))
    axes.set_xlabel("Frequency (1/nm)" if pixel_size else "Frequency (1/px)")
    axes.set_ylabel("Fourier ring correlation")
    axes.legend(loc="best")
    return Drawn(table)


def draw_frames(
    frames: pd.DataFrame, name: str, axes: Axes, *, time: np.ndarray | None = None
) -> Drawn:
    """Draw a figure of quality frame by frame; over time where that is known."""
    along = frames["frame"].to_numpy(float) if time is None else np.asarray(time, float)
    values = frames[name].to_numpy(float)
    axes.plot(along, values, ".-", ms=3, lw=0.9, color=PALETTE[0])
    raw = {"upsnr_db": "raw_upsnr_db", "matched_psnr_db": "raw_matched_psnr_db",
           "ssim": "raw_ssim"}.get(name)  # fmt: skip
    columns = ["frame", *(["time_s"] if "time_s" in frames else []), name]
    if raw is not None and raw in frames:
        axes.lines[0].set_label("denoised")
        axes.plot(along, frames[raw], ".-", ms=3, lw=0.9, color=GREY, label="raw")
        axes.legend(loc="best")
        columns.append(raw)
    if name == "residual_variance_of_expected":
        axes.axhline(1, color=GREY, lw=0.8, ls="--")
    if name.endswith("fraction") and not np.nanmax(values) > 0:
        axes.set_ylim(-0.01, 0.1)
    axes.set_xlabel("Frame" if time is None else "Time (s)")
    axes.set_ylabel(PLOTTED[name])
    return Drawn(frames[columns], frame_x=along)


def _times(scale: float) -> Callable[[Any], Any]:
    return lambda values: values * scale
