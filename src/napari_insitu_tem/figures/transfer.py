"""Figures of a camera: its modulation transfer function, and the noise power behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.figures.style import GREY, PALETTE, Drawn, with_error

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from napari_insitu_tem.analysis.transfer_fit import TransferFit

__all__ = ["draw_noise_power", "draw_transfer", "noise_power_table", "transfer_table"]

_NYQUIST = 0.5
_SURE = 1.96


def transfer_table(fit: TransferFit, pixel_size: float | None = None) -> pd.DataFrame:
    """Return the fitted transfer with its standard error from 0 to the corner of the spectrum.

    Parameters
    ----------
    fit : TransferFit
        What was fitted.
    pixel_size : float, optional
        In nm; adds the frequency in 1/nm.
    """
    frequency = np.linspace(0, np.sqrt(0.5), 142)
    table = _frequencies(frequency, pixel_size)
    return table.assign(transfer=fit.transfer(frequency), error=fit.transfer_error(frequency))


def noise_power_table(fit: TransferFit, pixel_size: float | None = None) -> pd.DataFrame:
    """Return the radially averaged noise power, its fit, and the transfer that it shows."""
    measured, error = fit.measured_transfer()
    return _frequencies(fit.frequency, pixel_size).assign(
        noise_power_counts2=fit.power,
        noise_power_error_counts2=fit.power_error,
        fitted_noise_power_counts2=fit.fitted,
        transfer=measured,
        transfer_error=error,
    )


def draw_transfer(fit: TransferFit, axes: Axes, *, pixel_size: float | None = None) -> Drawn:
    """Draw the fitted transfer with its 95 % band, and what the noise power shows of it."""
    import pandas as pd

    measured, curve = noise_power_table(fit, pixel_size), transfer_table(fit, pixel_size)
    along = curve["frequency_of_nyquist"]
    low, high = (curve["transfer"] + sign * _SURE * curve["error"] for sign in (-1, 1))
    axes.fill_between(along, low, high, color=PALETTE[1], alpha=0.25, lw=0, label="95 %")
    axes.errorbar(
        measured["frequency_of_nyquist"],
        measured["transfer"],
        _SURE * measured["transfer_error"],
        fmt="o",
        ms=2.5,
        lw=0.8,
        color=PALETTE[0],
        label="from the noise power",
    )
    axes.plot(along, curve["transfer"], color=PALETTE[1], label="fit", zorder=4)
    axes.set_ylim(0, max(1.1, 1.05 * float(measured["transfer"].max())))
    axes.set_ylabel("Modulation transfer")
    _frequency_axis(axes, pixel_size)
    axes.legend(loc="upper right")
    lines = [
        rf"$c_{number}$ = {with_error(getattr(fit, name), fit.errors[name])}"
        for number, name in ((1, "c1"), (2, "c2"), (3, "c3"))
    ]
    axes.text(0.04, 0.05, "\n".join(lines), transform=axes.transAxes)
    return Drawn(pd.concat({"measured": measured, "fitted": curve}, names=["kind"])
                 .reset_index(level=0).reset_index(drop=True))  # fmt: skip


def draw_noise_power(fit: TransferFit, axes: Axes, *, pixel_size: float | None = None) -> Drawn:
    """Draw the radially averaged noise power with its errors, and the fit of it."""
    table = noise_power_table(fit, pixel_size)
    along = table["frequency_of_nyquist"]
    axes.errorbar(
        along, fit.power, _SURE * fit.power_error, fmt="o", ms=2.5, lw=0.8, color=PALETTE[0],
        label="measured",
    )  # fmt: skip
    axes.plot(along, fit.fitted, color=PALETTE[1], label="fit", zorder=4)
    axes.set_yscale("log")
    axes.set_ylabel("Noise power (counts²)")
    _frequency_axis(axes, pixel_size)
    axes.legend(loc="upper right")
    return Drawn(table)


def _frequencies(frequency: np.ndarray, pixel_size: float | None) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {
        "frequency_per_px": frequency,
        "frequency_of_nyquist": frequency / _NYQUIST,
    }
    if pixel_size:
        columns["frequency_per_nm"] = frequency / pixel_size
    return pd.DataFrame(columns)


def _frequency_axis(axes: Axes, pixel_size: float | None) -> None:
    axes.set_xlim(0, 1.45)
    axes.set_xlabel("Frequency (of Nyquist)")
    axes.axvline(1, color=GREY, lw=0.7, ls=":")
    if pixel_size:
        scale = _NYQUIST / pixel_size
        top = axes.secondary_xaxis("top", functions=(_times(scale), _times(1 / scale)))
        top.set_xlabel("Frequency (1/nm)")


def _times(scale: float) -> Callable[[Any], Any]:
    return lambda values: values * scale
