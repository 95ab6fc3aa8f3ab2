"""Small files of every kind, written for tests with what they claim under control."""

import struct

import numpy as np

FRAMES = np.random.default_rng(0).poisson(40, (6, 20, 24)).astype(np.uint16)


def hspy(path, data, axes, title="test", **general):
    """Write a HyperSpy file; `axes` are (name, unit, scale, is navigation)."""
    from rsciio.hspy import file_writer

    described = [
        {"name": name, "units": unit, "scale": scale, "offset": 0.0, "size": data.shape[index],
         "index_in_array": index, "navigate": navigate, "_type": "UniformDataAxis"}
        for index, (name, unit, scale, navigate) in enumerate(axes)
    ]  # fmt: skip
    empty = ("original_metadata", "tmp_parameters", "learning_results", "models", "package_info")
    file_writer(
        str(path),
        {
            "data": data,
            "axes": described,
            "metadata": {"General": {"title": title, **general}, "Signal": {}},
            "attributes": {"_lazy": False},
            **{name: {} for name in empty},
        },
    )
    return path


def zspy(path, data, axes):
    """Write a HyperSpy zarr folder: the same tree as a HyperSpy file."""
    import h5py
    import zarr

    def plain(value):
        if isinstance(value, bytes):
            return value.decode()
        return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value

    def copy(source, target):
        target.attrs.update({key: plain(value) for key, value in source.attrs.items()})
        # A list, since h5py keeps its lock while its items are iterated, which zarr's thread may
        # wait for.
        for key, value in list(source.items()):
            if isinstance(value, h5py.Group):
                copy(value, target.create_group(key))
            elif value.ndim > 1:
                target.create_array(key, data=value[()], chunks=(1, *value.shape[1:]))

    with h5py.File(hspy(path.with_suffix(".hspy"), data, axes)) as source:
        target = zarr.create_group(str(path), zarr_format=2)
        copy(source, target)
        target.attrs["file_format"] = "ZSpy"
    return path


def berkeley_emd(path, movies):
    """Write a Berkeley EMD file; `movies` maps names to (data, [(label, unit, step), …])."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        for name, (data, axes) in movies.items():
            group = file.create_group(f"data/{name}")
            group.attrs["emd_group_type"] = 1
            group.create_dataset("data", data=data, chunks=(1, *data.shape[1:]))
            for number, (label, unit, step) in enumerate(axes, start=1):
                size = data.shape[number - 1]
                dimension = group.create_dataset(f"dim{number}", data=np.arange(size) * step)
                dimension.attrs["name"], dimension.attrs["units"] = label, f"[{unit}]"
    return path


def mrc(path, data, voxel=2.5, *, volume=False):
    """Write an MRC file; `voxel` in ångström."""
    import mrcfile

    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(data)
        if data.ndim == 3:
            file.set_volume() if volume else file.set_image_stack()
        file.voxel_size = voxel
    return path


def ser(path, data, step_m, *, times=(0,), wide=True):
    """Write a TIA series; `step_m` is the pixel size in metres."""
    kinds = {"uint8": 1, "uint16": 2, "uint32": 3, "int32": 6, "float32": 7, "float64": 8}
    times = list(times) * (len(data) if len(times) == 1 else 1)
    n, offset = len(data), "q" if wide else "i"
    head = struct.pack("<HHHIIII", 0x4949, 0x0197, 0x0220 if wide else 0x0210, 0x4122, 0x4152, n, n)
    dimension = struct.pack("<iddi", n, 0.0, 1.0, 0) + struct.pack("<ii", 0, 0)
    table = len(head) + struct.calcsize(f"<{offset}") + 4 + len(dimension)
    size = 50 + data[0].nbytes
    first = table + 2 * n * struct.calcsize(f"<{offset}")
    offsets = [first + index * (size + 8) for index in range(n)]
    offsets += [place + size for place in offsets]
    body = b""
    for frame, time in zip(data, times, strict=True):
        height, width = frame.shape
        body += struct.pack(
            "<ddiddihii", 0.0, step_m, 0, 0.0, step_m, 0, kinds[str(frame.dtype)], width, height
        )
        body += frame[::-1].tobytes() + struct.pack("<HHI", 0x4152, 0, time)
    path.write_bytes(
        head + struct.pack(f"<{offset}i", table, 1) + dimension
        + struct.pack(f"<{2 * n}{offset}", *offsets) + body
    )  # fmt: skip
    return path


def ome_zarr(path, data, axes, scale, *, version="0.5"):
    """Write an OME-Zarr image; `axes` are (name, type, unit)."""
    import zarr

    group = zarr.create_group(str(path), zarr_format=2 if version == "0.4" else 3)
    group.create_array("0", data=data, chunks=(1, *data.shape[1:]))
    described = [
        {"name": name, "type": kind, **({"unit": unit} if unit else {})}
        for name, kind, unit in axes
    ]
    scaled = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    multiscales = [{"version": version, "axes": described, "datasets": [scaled]}]
    old = {"multiscales": multiscales}
    group.attrs.update(old if version == "0.4" else {"ome": {"version": version, **old}})
    return path


def video(path, frames, codec, pixel_format, rate=10, **options):
    """Encode frames; grey (t, y, x) or colour (t, y, x, 3)."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt, stream.bit_rate = pixel_format, 8_000_000
        for image in frames:
            kind = "rgb24" if image.ndim == 3 else "gray"
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format=kind)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
