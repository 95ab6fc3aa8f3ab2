"""An OME-Zarr movie that grows by a frame at a time and can be opened at any moment.

A frame's pixels are written first (one file, by a temporary name), then the length of the
movie, likewise: whatever interrupts it, every frame that the movie claims to have is whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.io.beside import frames_table_path
from napari_insitu_tem.io.formats.ome_xml import NAMESPACE

__all__ = ["MovieStream"]

_ENDLESS = 2**31 - 1


class MovieStream:
    """Appends frames of one size and type.

    Parameters
    ----------
    path : path
        The ``.ome.zarr`` folder; must not be there yet.
    first : (y, x) array
        Has the size and type of all frames; it is not written.
    pixel_size : float, optional
        In nm.
    """

    def __init__(self, path: Path, first: np.ndarray, pixel_size: float | None = None) -> None:
        import zarr
        from zarr.codecs import BloscCodec

        self.path = path
        self.n_frames = 0
        self._pixel_size = pixel_size
        path.parent.mkdir(parents=True, exist_ok=True)
        self._group = zarr.create_group(store=str(path), zarr_format=3)
        self._array = self._group.create_array(
            "0",
            shape=(_ENDLESS, *first.shape),
            chunks=(1, *first.shape),
            dtype=first.dtype,
            dimension_names=("t", "y", "x"),
            # Fast enough for a camera; noise hardly gets smaller with anything slower.
            compressors=BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle"),
        )
        self._shape_file = path / "0" / "zarr.json"
        self._metadata = json.loads(self._shape_file.read_text("utf-8"))
        self._say_length()
        self._describe(None)
        self._table = frames_table_path(path).open("w", encoding="utf-8", buffering=1)
        self._table.write("time_s,number\n")

    def fits(self, frame: np.ndarray) -> bool:
        """Whether a frame has the size and type of the others."""
        return frame.shape == self._array.shape[1:] and frame.dtype == self._array.dtype

    def append(self, frame: np.ndarray, *, time: float, number: int) -> None:
        """Write a frame (y, x), taken at `time` (s) and numbered so by its source."""
        self._array[self.n_frames] = frame
        self.n_frames += 1
        self._say_length()
        self._table.write(f"{time:.4f},{number}\n")

    def close(self, frame_time: float | None = None) -> None:
        """Finish it; `frame_time` is in s."""
        self._table.close()
        self._describe(frame_time)

    def _say_length(self) -> None:
        # Through zarr, every change of the length would look for chunks to delete.
        self._metadata["shape"][0] = self.n_frames
        with replacing(self._shape_file) as temporary:
            temporary.write_text(json.dumps(self._metadata), "utf-8")

    def _describe(self, frame_time: float | None) -> None:
        size = self._pixel_size
        unit: dict[str, Any] = {"unit": "nanometer"} if size else {}
        time_unit = {"unit": "second"} if frame_time else {}
        axes = [{"name": "t", "type": "time", **time_unit}]
        axes += [{"name": name, "type": "space", **unit} for name in "yx"]
        scale = [frame_time or 1.0, size or 1.0, size or 1.0]
        name = self.path.name.removesuffix(".ome.zarr")
        transformations = [{"type": "scale", "scale": scale}]
        dataset = {"path": "0", "coordinateTransformations": transformations}
        multiscale = {"name": name, "axes": axes, "datasets": [dataset]}
        ome: dict[str, Any] = {"version": "0.5", "multiscales": [multiscale]}
        self._group.attrs.update({"ome": ome, NAMESPACE: {"name": name}})
