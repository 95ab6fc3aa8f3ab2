"""Open 20 GB movies: seconds, memory, and processor time beside each format's own library.

The files are sparse, so they take no disk. Each row is a fresh process.

    python benchmarks/open.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _measure import print_table

N_FRAMES, SIDE = 9600, 1024

OURS = """
import warnings; warnings.simplefilter("ignore")
from napari_insitu_tem import read_movie
import dask.array, zarr
def open_movie(path): return read_movie(path).data
"""
PEERS = {
    "a.npy": "import numpy as np\ndef open_movie(path): return np.load(path, mmap_mode='r')",
    "a.mrc": "import mrcfile\ndef open_movie(path): return mrcfile.mmap(path).data",
    "a.tif": "import tifffile\ndef open_movie(path): return tifffile.memmap(path, mode='r')",
    "a.ome.zarr": "import zarr\ndef open_movie(path): return zarr.open(path, mode='r')['0']",
    "a.emd": "import h5py\ndef open_movie(path): return h5py.File(path)['data/movie/data']",
}
MEASURE = """
import resource, sys, time
import numpy as np
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = memory(), time.perf_counter()
data = open_movie(sys.argv[1])
opened = time.perf_counter() - start
for turn in range(2):  # the first fills the system's file cache
    start = time.process_time()
    for first in range(0, 1000, 4):
        np.asarray(data[first:first + 4]).max()
print(opened, time.process_time() - start, memory() - before)
"""


def make(folder: Path) -> None:
    """Write one sparse movie of 20 GB a format."""
    import h5py
    import mrcfile
    import tifffile
    import zarr

    shape, size = (N_FRAMES, SIDE, SIDE), N_FRAMES * SIDE * SIDE * 2
    with (folder / "a.npy").open("wb") as file:
        header = {"descr": "<u2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + size)
    with mrcfile.new(folder / "a.mrc") as file:
        file.set_data(np.zeros((2, SIDE, SIDE), np.uint16))
        file.set_image_stack()
        file.voxel_size = 2.5
    with (folder / "a.mrc").open("r+b") as file:
        file.seek(8)
        file.write(np.int32(N_FRAMES).tobytes())
        file.truncate(1024 + size)
    tifffile.imwrite(
        folder / "a.tif", shape=shape, dtype=np.uint16, bigtiff=True, photometric="minisblack"
    )
    group = zarr.create_group(str(folder / "a.ome.zarr"))
    group.create_array("0", shape=shape, chunks=(1, SIDE, SIDE), dtype=np.uint16)
    axes = [{"name": "t", "type": "time"}] + [{"name": name, "type": "space"} for name in "yx"]
    multiscale = {"axes": axes, "datasets": [{"path": "0"}]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}
    with h5py.File(folder / "a.emd", "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        movie = file.create_group("data/movie")
        movie.attrs["emd_group_type"] = 1
        data = movie.create_dataset("data", shape=shape, dtype=np.uint16, chunks=(1, SIDE, SIDE))
        data[0] = np.random.default_rng(0).poisson(50, (SIDE, SIDE))
        for number, (name, unit) in enumerate((("time", "s"), ("y", "nm"), ("x", "nm")), start=1):
            axis = movie.create_dataset(f"dim{number}", data=np.arange(shape[number - 1]) * 0.5)
            axis.attrs["name"], axis.attrs["units"] = name, f"[{unit}]"


def measure(script: str, path: Path) -> tuple[float, float, float]:
    """Return seconds to open, ms of processor time per frame, MB."""
    command = [sys.executable, "-c", script + MEASURE, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, processor, memory = map(float, run.stdout.split())
    return seconds, processor, memory


def main() -> None:
    """Print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        for file, peer in PEERS.items():
            ours, theirs = measure(OURS, folder / file), measure(peer, folder / file)
            rows.append(
                [file, f"{ours[0]:.2f}", f"{ours[2]:.0f}", f"{theirs[2]:.0f}", f"{ours[1]:.2f}",
                 f"{theirs[1]:.2f}", f"{ours[1] / theirs[1]:.2f}"]
            )  # fmt: skip
    print_table(
        f"{N_FRAMES} frames of {SIDE}² 16 bits (20 GB); 1000 frames read in blocks of 4",
        ["file", "open (s)", "memory (MB)", "peer's (MB)", "ms/frame", "peer's", "ratio"],
        rows,
    )


if __name__ == "__main__":
    main()
