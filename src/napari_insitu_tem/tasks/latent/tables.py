"""Tables of latent variables and of windows, with units in the names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.latent_statistics import active_latents

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.latent.result import LatentMaps

__all__ = ["of_latents", "of_windows", "places_of"]

_KINDS = ("variance", "slow_variance", "time_correlated_variance", "rate")


def of_latents(found: LatentMaps) -> pd.DataFrame:
    """Return a row a latent: its variances, and where it changes most."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "latent": np.arange(found.latents),
            "training_variance": found.training_variance,
            "active": active_latents(found.training_variance),
        }
    )
    inside = found.lattice if found.lattice.any() else np.ones_like(found.lattice)
    for kind in _KINDS:
        values = getattr(found.statistics, kind)[inside]
        name = "change_per_frame" if kind == "rate" else kind
        table[f"{name}_mean"] = values.mean(axis=0)
        table[f"{name}_max"] = values.max(axis=0)
    rows, columns = np.nonzero(inside)
    strongest = found.statistics.time_correlated_variance[inside].argmax(axis=0)
    y, x = places_of(found)
    unit = "nm" if found.movie.pixel_size else "px"
    table[f"strongest_y_{unit}"] = y[rows[strongest]]
    table[f"strongest_x_{unit}"] = x[columns[strongest]]
    return table


def of_windows(found: LatentMaps) -> pd.DataFrame:
    """Return a row a window: place, lattice, cluster, how much happens, and in which latent."""
    import pandas as pd

    y, x = (values.ravel() for values in np.meshgrid(*places_of(found), indexing="ij"))
    unit = "nm" if found.movie.pixel_size else "px"
    maps = found.statistics.time_correlated_variance.reshape(-1, found.latents)
    rows, columns = (values.ravel() for values in np.indices(found.grid.shape))
    return pd.DataFrame(
        {
            "row": rows,
            "column": columns,
            f"y_{unit}": y,
            f"x_{unit}": x,
            "lattice": found.lattice.ravel(),
            "cluster": found.clusters.ravel(),
            "time_correlated_variance_sum": maps[:, found.active].sum(axis=1),
            "variance_sum": found.statistics.variance.reshape(-1, found.latents)[
                :, found.active
            ].sum(axis=1),
            "top_latent": maps.argmax(axis=1),
        }
    )


def places_of(found: LatentMaps) -> tuple[np.ndarray, np.ndarray]:
    """Return y and x of the windows' centres as users see them: nm, or px without calibration."""
    size = found.movie.pixel_size or 1.0
    y, x = (
        (centres + start) * size
        for centres, start in zip(found.grid.centres(), found.movie.origin, strict=True)
    )
    return y, x
