"""A 20 GB movie opens in about a second and megabytes. Files are sparse: nothing on disk."""

import subprocess
import sys
import time

import mrcfile
import numpy as np
import pytest
import tifffile
from microscope_files import FRAMES, mrc
from test_read_formats import read

from napari_insitu_tem.io.describe import describe

N_FRAMES, SIDE = 9600, 1024  # 20 GB of 16 bits


def sparse_npy(path):
    with path.open("wb") as file:
        header = {"descr": "<u2", "fortran_order": False, "shape": (N_FRAMES, SIDE, SIDE)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + N_FRAMES * SIDE * SIDE * 2)


def sparse_mrc(path):
    mrc(path, np.zeros((2, SIDE, SIDE), np.uint16), 2.5)
    with path.open("r+b") as file:
        file.seek(8)
        file.write(np.int32(N_FRAMES).tobytes())
        file.truncate(1024 + N_FRAMES * SIDE * SIDE * 2)


def sparse_tif(path):
    tifffile.imwrite(
        path, shape=(N_FRAMES, SIDE, SIDE), dtype=np.uint16, bigtiff=True,
        photometric="minisblack",
    )  # fmt: skip


SCRIPT = """
import resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, dask.array, mrcfile, tifffile
from napari_insitu_tem import read_movie
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for path in sys.argv[1:]:
    before, start = memory(), time.perf_counter()
    movie = read_movie(path)
    opened = time.perf_counter() - start
    assert movie.data.shape == (9600, 1024, 1024), movie.data.shape
    for index in range(0, 9600, 96):
        movie.frame(index)
    print(opened, memory() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs sparse files and memory in kB")
def test_20_gb_open_in_a_second_and_stay_out_of_memory(tmp_path):
    makers = {"a.npy": sparse_npy, "a.mrc": sparse_mrc, "a.tif": sparse_tif}
    for name, make in makers.items():
        make(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 20e9
    command = [sys.executable, "-c", SCRIPT, *(str(tmp_path / name) for name in makers)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in run.stdout.splitlines():
        seconds, megabytes = map(float, line.split())
        assert seconds < 3  # about 0.05 on an idle machine
        assert megabytes < 80  # 100 frames of 2 MB were read
    assert len(run.stdout.splitlines()) == len(makers)


def test_many_pages_open_and_slice_quickly(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for index in range(5000):
            frame = np.full((16, 16), index, np.uint16)
            file.write(frame, contiguous=False, metadata=None, compression="zlib")
    start = time.perf_counter()
    movie, _ = read(path)
    assert time.perf_counter() - start < 2
    start = time.perf_counter()
    assert [movie.frame(index)[0, 0] for index in (4999, 17, 2500)] == [4999, 17, 2500]
    assert time.perf_counter() - start < 1


def test_the_clock_and_dose_of_a_thermo_fisher_header_are_read(tmp_path):
    path = mrc(tmp_path / "a.mrc", FRAMES)
    records = np.zeros(6, mrcfile.dtypes.get_ext_header_dtype(b"FEI2"))
    records["Metadata size"], records["Metadata version"] = records.dtype.itemsize, 2
    records["Pixel size X"] = records["Pixel size Y"] = 0.2e-9
    records["Dose"] = 5e20  # per m²
    records["Timestamp"] = 45443.5 + np.arange(6) * 0.25 / 86400
    with mrcfile.open(path, "r+") as file:
        file.set_extended_header(records)
        file.header.exttyp = b"FEI2"
    movie, _ = read(path)
    np.testing.assert_array_equal(np.asarray(movie.data), FRAMES)
    assert movie.pixel_size == pytest.approx(0.2)
    assert movie.dose == pytest.approx(5)
    assert movie.frame_time == pytest.approx(0.25, rel=1e-4)
    assert movie.metadata["start_time"] == "2024-05-31T12:00:00.000"
    text = describe(path)
    assert "5 e/Å² per frame" in text
    assert "2024-05-31T12:00:00.000" in text
