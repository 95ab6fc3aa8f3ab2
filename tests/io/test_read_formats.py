"""Every format: right pixels, right calibration, or a plain refusal."""

import warnings

import numpy as np
import pytest
import tifffile
from microscope_files import FRAMES, berkeley_emd, hspy, mrc, ome_zarr, ser, zspy

from napari_insitu_tem import AmbiguousSignal, CalibrationWarning, ReadError, read_movie
from napari_insitu_tem.io.read import list_signals

NM = 0.5


def read(path, **options):
    """Return the movie and all that was said about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CalibrationWarning)
        movie = read_movie(path, **options)
    said = [str(entry.message) for entry in caught if entry.category is CalibrationWarning]
    return movie, " ".join(said)


def assert_is(movie, frames=FRAMES, *, size=None, step=None):
    np.testing.assert_array_equal(np.asarray(movie.data), frames)
    assert movie.pixel_size == (None if size is None else pytest.approx(size, rel=1e-6))
    assert movie.frame_time == (None if step is None else pytest.approx(step, rel=1e-6))


def imagej(path, data=FRAMES, axes="TYX", **metadata):
    tifffile.imwrite(
        path, data, imagej=True, resolution=(1 / NM, 1 / NM), metadata={"axes": axes, **metadata}
    )
    return path


class TestHyperSpy:
    def test_units_of_every_axis_are_converted(self, tmp_path):
        axes = [("time", "ms", 40.0, True), ("y", "Å", 2.0, False), ("x", "Å", 2.0, False)]
        path = hspy(tmp_path / "a.hspy", FRAMES, axes, date="2021-02-03", time="04:05:06")
        movie, said = read(path)
        assert_is(movie, size=0.2, step=0.04)
        assert said == ""
        assert movie.metadata["start_time"] == "2021-02-03T04:05:06"
        assert movie.metadata["signal"] == "test"

    def test_a_zarr_folder_is_read_the_same(self, tmp_path):
        axes = [("time", "ms", 40.0, True), ("y", "Å", 2.0, False), ("x", "Å", 2.0, False)]
        movie, said = read(zspy(tmp_path / "a.zspy", FRAMES, axes))
        assert_is(movie, size=0.2, step=0.04)
        assert said == ""

    def test_time_last_is_put_first(self, tmp_path):
        axes = [("y", "nm", 0.2, True), ("x", "nm", 0.2, True), ("time", "min", 0.5, False)]
        movie, _ = read(hspy(tmp_path / "a.hspy", FRAMES.transpose(1, 2, 0), axes))
        assert_is(movie, size=0.2, step=30)

    def test_a_spectrum_image_is_refused(self, tmp_path):
        axes = [("y", "nm", 0.2, True), ("x", "nm", 0.2, True), ("Energy", "eV", 0.5, False)]
        with pytest.raises(ReadError, match="spectrum image"):
            read(hspy(tmp_path / "a.hspy", FRAMES, axes))

    def test_a_4d_stem_scan_is_refused(self, tmp_path):
        axes = [("y", "nm", 1, True), ("x", "nm", 1, True), ("", "1/nm", 1, False)]
        axes.append(("", "1/nm", 1, False))
        with pytest.raises(ReadError, match="4D-STEM"):
            read(hspy(tmp_path / "a.hspy", np.zeros((3, 3, 4, 4), "u2"), axes))

    def test_height_and_width_are_told_apart_by_their_labels(self, tmp_path):
        axes = [("t", "s", 1.0, True), ("x", "nm", 1.0, False), ("y", "nm", 1.0, False)]
        movie, _ = read(hspy(tmp_path / "a.hspy", FRAMES.transpose(0, 2, 1), axes))
        assert_is(movie, size=1, step=1)


class TestEMD:
    AXES = [("time", "s", 0.25), ("y", "nm", NM), ("x", "nm", NM)]

    def test_a_berkeley_movie_is_read(self, tmp_path):
        movie, said = read(berkeley_emd(tmp_path / "a.emd", {"movie": (FRAMES, self.AXES)}))
        assert_is(movie, size=NM, step=0.25)
        assert said == ""

    def test_of_several_movies_the_user_chooses(self, tmp_path):
        movies = {"one": (FRAMES, self.AXES), "two": (FRAMES[:4] + 1, self.AXES)}
        path = berkeley_emd(tmp_path / "a.emd", movies)
        with pytest.raises(AmbiguousSignal, match="one .*two") as question:
            read(path)
        names = [info.name for info in question.value.signals]
        for index, (data, _) in enumerate(movies.values()):
            assert_is(read(path, signal=names[index])[0], data, size=NM, step=0.25)
            assert_is(read(path, signal=index)[0], data, size=NM, step=0.25)
        with pytest.raises(ReadError, match="has no signal 'three'; it has"):
            read(path, signal="three")

    def test_the_only_movie_is_taken_and_the_snapshot_beside_it_named(self, tmp_path):
        still = (FRAMES[:1, :10], self.AXES)
        path = berkeley_emd(tmp_path / "a.emd", {"movie": (FRAMES, self.AXES), "still": still})
        movie, said = read(path)
        assert_is(movie, size=NM, step=0.25)
        assert "1 other image besides this movie" in said

    def test_what_is_no_movie_is_listed_with_the_reason(self, tmp_path):
        spectra = [("y", "nm", 1.0), ("x", "nm", 1.0), ("Energy", "eV", 1.0)]
        movies = {"movie": (FRAMES, self.AXES), "eds": (FRAMES, spectra)}
        path = berkeley_emd(tmp_path / "a.emd", movies)
        assert_is(read(path)[0], size=NM, step=0.25)
        infos = {info.name: info for info in list_signals(path)}
        assert [info.is_movie for info in infos.values()].count(True) == 1
        assert any("spectrum image" in info.problem for info in infos.values())

    def test_signals_of_the_same_name_are_numbered(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
            for index in range(2):
                file.write(FRAMES + index, metadata={"axes": "TYX", "Name": "HAADF"})
        names = [info.name for info in list_signals(tmp_path / "a.ome.tif")]
        assert names == ["HAADF (1)", "HAADF (2)"]
        assert_is(read(tmp_path / "a.ome.tif", signal="HAADF (2)")[0], FRAMES + 1)


class TestMRC:
    def test_ångström_become_nanometres(self, tmp_path):
        movie, said = read(mrc(tmp_path / "a.mrc", FRAMES, 2.5))
        assert_is(movie, size=0.25)
        assert "taken as frames" in said

    @pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float32", "float16"])
    def test_every_mode_is_read(self, tmp_path, dtype):
        movie, _ = read(mrc(tmp_path / "a.mrc", FRAMES.astype(dtype)))
        assert_is(movie, FRAMES.astype(dtype), size=0.25)
        assert movie.data.dtype == ("float32" if dtype == "float16" else dtype)

    def test_big_endian_files_are_read(self, tmp_path):
        path = mrc(tmp_path / "a.mrc", FRAMES)
        head = np.frombuffer(path.read_bytes()[:1024], "<i4").byteswap().tobytes()
        head = head[:208] + b"MAP " + bytes([17, 17, 0, 0]) + head[216:]
        path.write_bytes(head + FRAMES.astype(">u2").tobytes())
        assert_is(read(path)[0], size=0.25)

    @pytest.mark.parametrize("voxel", [0.0, 1.0])
    def test_the_size_that_programs_write_when_they_know_none_is_refused(self, tmp_path, voxel):
        movie, said = read(mrc(tmp_path / "a.mrc", FRAMES, voxel))
        assert movie.pixel_size is None
        assert "default scale of 1" in said

    def test_a_negative_size_is_refused(self, tmp_path):
        movie, said = read(mrc(tmp_path / "a.mrc", FRAMES, -10))
        assert movie.pixel_size is None
        assert "claims -10 Å" in said

    def test_a_volume_is_read_as_frames_and_said(self, tmp_path):
        movie, said = read(mrc(tmp_path / "a.mrc", FRAMES, volume=True))
        assert_is(movie, size=0.25)
        assert "volume, not a stack of frames" in said

    def test_a_transform_is_refused(self, tmp_path):
        with pytest.raises(ReadError, match="complex"):
            read(mrc(tmp_path / "a.mrc", FRAMES.astype("complex64")))

    def test_the_rate_in_direct_electrons_side_file_is_used(self, tmp_path):
        path = mrc(tmp_path / "run_movie.mrc", FRAMES)
        (tmp_path / "run_info.txt").write_text("Camera = DE\nFrames Per Second = 40\n")
        assert_is(read(path)[0], size=0.25, step=0.025)


class TestTIA:
    @pytest.mark.parametrize("wide", [True, False])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
    def test_images_are_right_way_up(self, tmp_path, wide, dtype):
        data = FRAMES.astype(dtype)
        path = ser(tmp_path / "a_1.ser", data, 2e-9, times=(1_500_000_000,), wide=wide)
        movie, _ = read(path)
        assert_is(movie, data, size=2)
        assert movie.metadata["start_time"] == "2017-07-14T02:40:00+00:00"

    def test_the_clock_of_the_images_gives_the_time_per_frame(self, tmp_path):
        path = ser(tmp_path / "a_1.ser", FRAMES, 2e-9, times=[100, 102, 104, 106, 108, 110])
        assert_is(read(path)[0], size=2, step=2)

    def test_metres_that_must_be_reciprocal_are_refused(self, tmp_path):
        movie, said = read(ser(tmp_path / "a_1.ser", FRAMES, 4.2e7))
        assert movie.pixel_size is None
        assert "no electron microscope has" in said

    def test_an_emi_without_its_series_says_what_is_missing(self, tmp_path):
        path = tmp_path / "a.emi"
        path.write_bytes(b"JUNK<ObjectInfo><AcquireDate>x</AcquireDate></ObjectInfo>")
        with pytest.raises(ReadError, match="a_1.ser"):
            read(path)


class TestTIFF:
    def test_imagej_time_and_size(self, tmp_path):
        movie, said = read(imagej(tmp_path / "a.tif", unit="nm", finterval=0.2))
        assert_is(movie, size=NM, step=0.2)
        assert said == ""

    @pytest.mark.parametrize(
        ("unit", "nm"), [("micron", 500), ("\\u00B5m", 500), ("Angstrom", 0.05)]
    )
    def test_imagej_units(self, tmp_path, unit, nm):
        assert_is(read(imagej(tmp_path / "a.tif", unit=unit))[0], size=nm)

    @pytest.mark.parametrize("unit", ["cm", "inch"])
    def test_imagej_in_units_of_paper_is_refused(self, tmp_path, unit):
        movie, said = read(imagej(tmp_path / "a.tif", unit=unit))
        assert_is(movie)
        assert f"scale in {unit}" in said

    def test_imagej_without_a_unit_is_silently_uncalibrated(self, tmp_path):
        movie, said = read(imagej(tmp_path / "a.tif", unit="pixel"))
        assert_is(movie)
        assert said == ""

    def test_the_speed_at_which_imagej_plays_is_no_time_per_frame(self, tmp_path):
        assert_is(read(imagej(tmp_path / "a.tif", unit="nm", fps=7.0))[0], size=NM)

    def test_imagej_slices_are_frames_and_said(self, tmp_path):
        movie, said = read(imagej(tmp_path / "a.tif", axes="ZYX", unit="nm", spacing=2.5))
        assert_is(movie, size=NM)
        assert "labelled 'z' (2.5 nm apart), not time" in said

    @pytest.mark.parametrize(("axes", "word"), [("TCYX", "channel"), ("TZYX", "plane")])
    def test_a_hyperstack_lets_the_user_choose(self, tmp_path, axes, word):
        data = np.stack([FRAMES, FRAMES + 1], axis=1)
        path = imagej(tmp_path / "a.tif", data, axes, unit="nm")
        with pytest.raises(AmbiguousSignal, match=f"{word} 1 .*{word} 2"):
            read(path)
        assert_is(read(path, signal=f"a, {word} 2")[0], FRAMES + 1, size=NM)

    def test_ome_units_and_time(self, tmp_path):
        metadata = {"axes": "TYX", "TimeIncrement": 200, "TimeIncrementUnit": "ms"}
        for axis in "XY":
            metadata |= {f"PhysicalSize{axis}": 50, f"PhysicalSize{axis}Unit": "pm"}
        tifffile.imwrite(tmp_path / "a.ome.tif", FRAMES, metadata=metadata)
        movie, said = read(tmp_path / "a.ome.tif")
        assert_is(movie, size=0.05, step=0.2)
        assert (said, movie.name) == ("", "a")

    def test_ome_time_from_the_planes(self, tmp_path):
        planes = {"DeltaT": [0.5 * index for index in range(6)], "DeltaTUnit": ["s"] * 6}
        metadata = {"axes": "TYX", "Plane": planes}
        tifffile.imwrite(tmp_path / "a.ome.tif", FRAMES, metadata=metadata)
        assert_is(read(tmp_path / "a.ome.tif")[0], step=0.5)

    def test_several_ome_series_let_the_user_choose(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
            file.write(FRAMES, metadata={"axes": "TYX", "Name": "first"})
            file.write(FRAMES[:3, :9], metadata={"axes": "TYX", "Name": "second"})
        with pytest.raises(AmbiguousSignal, match="first .*second"):
            read(tmp_path / "a.ome.tif")
        assert_is(read(tmp_path / "a.ome.tif", signal="second")[0], FRAMES[:3, :9])

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"byteorder": ">"},
            {"byteorder": ">", "compression": "zlib"},
            {"compression": "lzw", "predictor": True},
            {"tile": (16, 16), "compression": "zlib"},
            {"bigtiff": True, "rowsperstrip": 3},
        ],
    )
    def test_every_layout_gives_the_same_pixels(self, tmp_path, options):
        tifffile.imwrite(tmp_path / "a.tif", FRAMES, photometric="minisblack", **options)
        assert_is(read(tmp_path / "a.tif")[0])

    @pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "float16", "float64"])
    def test_every_type_is_read(self, tmp_path, dtype):
        data = FRAMES > 40 if dtype == "bool" else FRAMES.astype(dtype)
        tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
        assert_is(read(tmp_path / "a.tif")[0], data)

    def test_grey_in_colours_is_grey(self, tmp_path):
        grey = FRAMES.astype(np.uint8)
        for planar in ("contig", "separate"):
            data = np.stack([grey] * 3, axis=-1 if planar == "contig" else 1)
            path = tmp_path / f"{planar}.tif"
            tifffile.imwrite(path, data, photometric="rgb", planarconfig=planar)
            movie, said = read(path)
            assert_is(movie, grey)
            assert "colours" not in said

    def test_colours_are_turned_into_grey_and_said(self, tmp_path, rng):
        data = rng.integers(0, 255, (20, 24, 3)).astype(np.uint8)
        tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb")
        movie, said = read(tmp_path / "a.tif")
        assert movie.data.shape == (1, 20, 24)
        assert "colours were turned into grey" in said

    def test_a_print_resolution_is_no_pixel_size(self, tmp_path):
        for dots in (72, 300, 1200):
            path = tmp_path / f"{dots}.tif"
            tifffile.imwrite(path, FRAMES[0], resolution=(dots, dots), resolutionunit="INCH")
            movie, said = read(path)
            assert movie.pixel_size is None
            assert f"({dots} dots per inch)" in said

    def test_a_resolution_as_fine_as_a_microscopes_is_taken(self, tmp_path):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, FRAMES[0], resolution=(2e7, 2e7), resolutionunit="CENTIMETER")
        assert_is(read(path)[0], FRAMES[:1], size=0.5)

    def test_gatans_tags_in_1_per_nm_are_refused(self, tmp_path):
        tags = [(65003, 2, None, "1/nm", True), (65004, 2, None, "1/nm", True),
                (65009, 12, 1, 0.02, True), (65010, 12, 1, 0.02, True)]  # fmt: skip
        tifffile.imwrite(tmp_path / "a.tif", FRAMES[0], extratags=tags)
        movie, said = read(tmp_path / "a.tif")
        assert movie.pixel_size is None
        assert "diffraction" in said

    def test_pixels_that_are_not_numbers_are_said(self, tmp_path):
        data = FRAMES.astype(np.float32)
        data[0, 0, :3] = np.nan
        tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
        assert "3 pixels of its first frame are not numbers" in read(tmp_path / "a.tif")[1]


class TestZarr:
    @pytest.mark.parametrize("version", ["0.4", "0.5"])
    def test_scale_and_units_come_from_the_metadata(self, tmp_path, version):
        axes = [("t", "time", "millisecond"), ("c", "channel", ""), ("z", "space", "micrometer")]
        axes += [("y", "space", "angstrom"), ("x", "space", "angstrom")]
        data = FRAMES[:, np.newaxis, np.newaxis]
        path = ome_zarr(tmp_path / "a.ome.zarr", data, axes, [100, 1, 1, 3, 3], version=version)
        movie, said = read(path)
        assert_is(movie, size=0.3, step=0.1)
        assert (said, movie.name) == ("", "a")

    def test_a_plain_array_is_an_unlabelled_stack(self, tmp_path):
        import zarr

        zarr.create_array(str(tmp_path / "a.zarr"), data=FRAMES)
        movie, said = read(tmp_path / "a.zarr")
        assert_is(movie)
        assert "not labelled" in said


class TestNumPy:
    @pytest.mark.parametrize("array", [FRAMES, FRAMES.astype(">u2"), np.asfortranarray(FRAMES)])
    def test_any_layout_gives_the_same_pixels(self, tmp_path, array):
        np.save(tmp_path / "a.npy", array)
        assert_is(read(tmp_path / "a.npy")[0])

    def test_the_user_says_which_axis_is_time(self, tmp_path):
        np.save(tmp_path / "a.npy", FRAMES.transpose(1, 2, 0))
        assert_is(read(tmp_path / "a.npy", time_axis=2)[0])

    def test_colours_in_a_last_axis_become_grey(self, tmp_path):
        grey = FRAMES.astype(np.uint8)
        np.save(tmp_path / "a.npy", np.stack([grey] * 3, axis=-1))
        assert_is(read(tmp_path / "a.npy")[0], grey)

    def test_python_objects_are_refused(self, tmp_path):
        np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
        with pytest.raises(ReadError, match="Python objects"):
            read(tmp_path / "a.npy")
