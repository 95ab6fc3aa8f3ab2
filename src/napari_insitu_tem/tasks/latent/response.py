"""What a latent variable does: its response to lattices that shift, turn or fade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.windows import unit_standard, unit_windows
from napari_insitu_tem.inference.latent_decoder import encode
from napari_insitu_tem.inference.latent_windows import Scaling
from napari_insitu_tem.networks.patch_vae import WindowVAE
from napari_insitu_tem.simulate.lattice_frames import Change, lattice_series

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHANGES", "encode_series", "latent_responses"]

#: What is simulated; Wang et al., Figures 2 and 3d.
CHANGES: tuple[Change, ...] = ("translation y", "translation x", "rotation", "contrast")


def latent_responses(
    network: WindowVAE, *, scaling: Scaling, period: float = 24.7, steps: int = 60
) -> pd.DataFrame:
    """Return how much every latent changes with each change of a simulated lattice.

    Parameters
    ----------
    network : WindowVAE
        Trained.
    scaling : {"frame", "window"}
        How values are brought to 0 … 1.
    period : float
        Of the lattice, px.
    steps : int
        Frames of each change.

    Returns
    -------
    pandas.DataFrame
        A row a latent: the variance of its values during each change (a column each), and in
        ``mostly`` the change with the largest; nothing where none is above 0.01.
    """
    import pandas as pd

    table = pd.DataFrame({"latent": np.arange(network.latents)})
    for change in CHANGES:
        frames = lattice_series(change, steps=steps, period=period)
        series = encode_series(network, frames, scaling=scaling)
        table[change.replace(" ", "_")] = series.var(axis=0)
    values = table.drop(columns="latent").to_numpy()
    mostly = np.array(CHANGES)[values.argmax(axis=1)]
    table["mostly"] = np.where(values.max(axis=1) > 0.01, mostly, "")
    return table


def encode_series(network: WindowVAE, frames: np.ndarray, *, scaling: Scaling) -> np.ndarray:
    """Return the latents (t, latents) of simulated windows (t, 64, 64), see `lattice_series`."""
    scaled = unit_windows(frames) if scaling == "window" else unit_standard(frames)
    return encode(network, scaled)
