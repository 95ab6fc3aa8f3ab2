"""What was measured as features of a Tracks layer, to colour the tracks by any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Tracks
from napari.utils.colormaps import AVAILABLE_COLORMAPS, Colormap

from napari_insitu_tem import units
from napari_insitu_tem.results import Measurements

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["colour_missing", "show_features"]

_OF_TRACKS = (
    "diffusion",
    "rotational_diffusion",
    "exponent",
    "growth_rate",
    "rms_displacement",
    "lindemann_ratio",
)
_GREY = (0.5, 0.5, 0.5, 1.0)


class _Scaled(Colormap):
    """Colours values between two bounds; what is missing is grey, not the end of all colour."""

    low: float = 0.0
    high: float = 1.0

    def map(self, values: np.ndarray) -> np.ndarray:
        """Return a colour for every value."""
        return super().map((np.asarray(values, float) - self.low) / (self.high - self.low))


def colour_missing(features: pd.DataFrame) -> dict[str, Colormap]:
    """Return colour maps for those features that are not known of every particle.

    napari's own scaling from the lowest to the highest value fails where one is missing.
    """
    colours = AVAILABLE_COLORMAPS["turbo"].colors
    maps: dict[str, Colormap] = {}
    for name in features.select_dtypes("number").columns:
        values = features[name].to_numpy(float)
        known = values[np.isfinite(values)]
        if 0 < len(known) < len(values):
            low, high = float(known.min()), float(known.max())
            maps[name] = _Scaled(
                colors=colours, nan_color=_GREY, low=low, high=max(high, low + 1e-12)
            )
    return maps


def show_features(layer: Tracks, measurements: Measurements) -> bool:
    """Put what was measured on a Tracks layer; False when it shows other tracks.

    Parameters
    ----------
    layer : napari.layers.Tracks
        The layer that was measured.
    measurements : Measurements
        Its particles' quantities, and diffusion, growth and so on of the tracks they are of.
    """
    movie, particles = measurements.movie, measurements.tracking.particles
    if len(layer.data) != len(particles):
        return False
    # napari keeps its points sorted by track and frame; so does the table.
    order = np.lexsort((particles["frame"], particles["track"]))
    table = particles.iloc[order].reset_index(drop=True)
    if not np.array_equal(layer.data[:, 0], table["track"]):
        return False
    of_tracks = measurements.tracks.set_index("track")
    for name in _OF_TRACKS:
        if name in of_tracks:
            table[name] = of_tracks[name].reindex(table["track"]).to_numpy()
    features = units.publish(
        table.drop(columns=["y", "x"], errors="ignore"), movie.pixel_size, movie.frame_time
    )
    # A quantity that nobody knows has no colour.
    features = features.dropna(axis="columns", how="all")
    layer.colormaps_dict = {**layer.colormaps_dict, **colour_missing(features)}
    chosen = layer.color_by
    layer.features = features
    if chosen in layer.properties_to_color_by:
        layer.color_by = chosen
    return True
