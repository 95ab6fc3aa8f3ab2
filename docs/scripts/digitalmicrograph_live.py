"""Feeds a live view of a camera to napari-insitu-tem, from within DigitalMicrograph (GMS).

NOT TRIED INSIDE DIGITALMICROGRAPH: only what does not need it was run, with a stand-in for its
image. Try it on a simulated camera first, and please tell what had to be changed.

How to use it:

1. GMS 3.4 or newer with Python installed. NumPy is all that is needed.
2. Set FOLDER to an empty folder: on a fast local disk, or a share that the computer with napari
   reads.
3. Start the camera's live view, and bring its window to the front.
4. File > Open this script, tick "Execute on background thread", press Execute.
5. With napari: Plugins > In-situ TEM > Live, "A folder of frames", the same folder, Start. Or:
   insitu-tem live FOLDER
6. It ends when the window of the live view is closed, or after SECONDS.

It does nothing to the camera: it copies what the window shows, whenever that has changed.
"""

import json
import time
from pathlib import Path

import numpy

FOLDER = r"C:\live"  # an empty folder
RATE = 20.0  # frames per second at most
SECONDS = 3600.0  # ends after so long
KEEP = 500  # files; older ones are deleted. None keeps them all.

_NANOMETRES = {"pm": 1e-3, "A": 0.1, "\u00c5": 0.1, "nm": 1.0, "um": 1e3, "\u00b5m": 1e3}


def write_frame(folder, number, pixels):
    """Write one frame under another name, then rename it: nobody ever sees half of it."""
    path = folder / f"frame_{number:08d}.npy"
    unfinished = path.with_suffix(".part")  # an ending that is not followed
    with unfinished.open("wb") as file:
        numpy.save(file, pixels)
    unfinished.replace(path)
    return path


def write_pixel_size(folder, scale, unit):
    """Tell the pixel size, where the window knows one."""
    if isinstance(unit, bytes):
        unit = unit.decode("latin-1")
    if unit in _NANOMETRES and scale > 0:
        told = {"pixel_size_nm": scale * _NANOMETRES[unit]}
        (folder / "live.json").write_text(json.dumps(told))


def delete_old(paths, keep):
    """Delete the oldest files; one that is being read is left for the next time."""
    while keep is not None and len(paths) > keep:
        try:
            paths[0].unlink()
        except FileNotFoundError:
            pass
        except OSError:
            return
        paths.pop(0)


def main(front_image):
    """Copy the front image to files until its window is closed or time is over.

    `front_image` returns DigitalMicrograph's image in front (``DM.GetFrontImage``).
    """
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    image = front_image()
    write_pixel_size(folder, image.GetDimensionScale(0), image.GetDimensionUnitString(0))
    paths, number, last = [], 0, None
    end = time.time() + SECONDS
    while time.time() < end:
        due = time.time() + 1.0 / RATE
        try:
            # GetNumArray is a view of the memory that the camera writes to: copy it at once.
            pixels = numpy.array(image.GetNumArray())
        except Exception:  # the window was closed
            break
        # Some rows tell whether the camera has given a new frame.
        rows = pixels[:: max(1, pixels.shape[0] // 64)].copy()
        if last is None or not numpy.array_equal(rows, last):
            last = rows
            paths.append(write_frame(folder, number, pixels))
            number += 1
            delete_old(paths, KEEP)
        time.sleep(max(0.0, due - time.time()))
    print(f"{number} frames were written to {folder}")


if __name__ == "__main__":
    try:
        import DigitalMicrograph as DM  # noqa: N814 - as its own examples call it
    except ImportError:
        raise SystemExit("Run this inside DigitalMicrograph; see the top of the file.") from None
    main(DM.GetFrontImage)
