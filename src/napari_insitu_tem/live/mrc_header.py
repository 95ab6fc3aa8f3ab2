"""Where the frames of an MRC file lie, from its header alone: also while it is still growing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.live.frames import SourceError

__all__ = ["HEADER_BYTES", "MRC_FILES", "Layout", "read_layout"]

MRC_FILES = ("mrc", "mrcs", "st")
HEADER_BYTES = 1024


@dataclass(frozen=True)
class Layout:
    """Frames of one size, one after the other.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    dtype : dtype
        Of the pixels in the file.
    offset : int
        Bytes before the first frame.
    gap : int
        Bytes between one frame and the next.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    offset: int = 0
    gap: int = 0

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame's pixels."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def complete(self, size: int) -> int:
        """Return how many whole frames a file of `size` bytes has."""
        if size < self.offset + self.frame_bytes:
            return 0
        return 1 + (size - self.offset - self.frame_bytes) // (self.frame_bytes + self.gap)

    def place(self, index: int) -> int:
        """Return where frame `index` begins."""
        return self.offset + index * (self.frame_bytes + self.gap)

    def frame(self, blob: bytes) -> np.ndarray:
        """Return the frame that a frame's bytes hold."""
        return np.frombuffer(blob, self.dtype).reshape(self.shape)


def read_layout(header: bytes) -> Layout | None:
    """Return where the frames lie, or None while the header is not written yet.

    The number of frames in the header is not looked at: writers fill it in at the end.

    Raises
    ------
    SourceError
        When the pixels are of a kind that cannot be followed.
    """
    import mrcfile.utils
    from mrcfile.dtypes import HEADER_DTYPE

    if len(header) < HEADER_BYTES or not any(header[:16]):
        return None
    stamp = np.frombuffer(header[212:216], np.uint8)
    try:
        order = mrcfile.utils.byte_order_from_machine_stamp(stamp)
    except ValueError:  # older programs leave the stamp out
        order = "<"
    fields = np.frombuffer(header[:HEADER_BYTES], HEADER_DTYPE.newbyteorder(order))[0]
    height, width, mode = int(fields["ny"]), int(fields["nx"]), int(fields["mode"])
    if not (0 < height < 100_000 and 0 < width < 100_000):
        return None
    try:
        dtype = mrcfile.utils.dtype_from_mode(mode).newbyteorder(order)
    except ValueError:
        raise SourceError(f"MRC files of mode {mode} cannot be followed.") from None
    if dtype.kind == "c" or mode == 101:
        raise SourceError(f"MRC files of mode {mode} cannot be followed.")
    return Layout((height, width), dtype, HEADER_BYTES + int(fields["nsymbt"]))
