"""What lies beside a movie file: its provenance, and its table of frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_insitu_tem.io.atomic import provenance_path, replacing
from napari_insitu_tem.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["beside", "frames_table_path", "write_frames_table"]


def frames_table_path(path: str | Path) -> Path:
    """Return where the table of frames (temperature and so on) of a movie file lies."""
    path = Path(path)
    return path.with_name(path.name + ".frames.csv")


def write_frames_table(table: pd.DataFrame | None, path: str | Path) -> None:
    """Write a movie's table of frames beside the movie, or remove an older movie's."""
    target = frames_table_path(path)
    if table is None:
        target.unlink(missing_ok=True)
        return
    with replacing(target) as temporary:
        table.to_csv(temporary, index=False)


def beside(path: str | Path, n_frames: int) -> tuple[Provenance | None, pd.DataFrame | None]:
    """Return the provenance and the table of frames of a movie that was written here.

    A table of another length belongs to another movie and is left alone.
    """
    provenance, table = None, None
    written = provenance_path(path)
    if written.is_file():
        try:
            provenance = Provenance.from_json(written.read_text("utf-8"))
        except (ValueError, TypeError, KeyError):
            provenance = None  # not ours, or of a later version
    file = frames_table_path(path)
    if file.is_file():
        import pandas as pd

        try:
            table = pd.read_csv(file)
        except (ValueError, OSError):
            table = None
    return provenance, table if table is not None and len(table) == n_frames else None
