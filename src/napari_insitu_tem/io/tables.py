"""Tables to CSV and Parquet, in published units, with their provenance beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_insitu_tem import units
from napari_insitu_tem.io.atomic import replacing, write_provenance
from napari_insitu_tem.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLE_SUFFIXES", "write_table"]

TABLE_SUFFIXES = (".csv", ".parquet")


def write_table(
    table: pd.DataFrame,
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_time: float | None = None,
    provenance: Provenance | None = None,
) -> Path:
    """Write a table with the units in its column names.

    Parameters
    ----------
    table : pandas.DataFrame
        In pixels and frames with plain column names, as every table inside the package.
    path : path
        Ends in ``.csv`` (UTF-8, a full stop as decimal sign, nine digits, empty for what is
        missing) or ``.parquet`` (exact). An existing file is replaced, by the finished one only.
    pixel_size, frame_time : float, optional
        Calibration (nm, s) that the published form is in; pixels and frames without.
    provenance : Provenance, optional
        Written beside it as ``<file name>.provenance.json``.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ValueError
        When the name ends in neither.
    """
    path = Path(path)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise ValueError(f"A table is written as .csv or .parquet; '{path.name}' ends in neither.")
    published = units.publish(table, pixel_size, frame_time)
    with replacing(path) as temporary:
        if path.suffix.lower() == ".csv":
            # Nine digits are beyond any measurement, and spare readers 2.9000000000000004.
            published.to_csv(temporary, index=False, float_format="%.9g")
        else:
            published.to_parquet(temporary, index=False)
    if provenance is not None:
        write_provenance(provenance, path)
    return path
