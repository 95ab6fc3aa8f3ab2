"""Target 5: the main job on long movies: memory, speed, and the cost over the libraries alone.

A movie of nanocubes, 512², is simulated once (250 frames, stored on disk as zarr) and played
forwards and backwards up to the length asked for, so particles move continuously. Each length
runs in a fresh process, which reports its own peak memory. The peer, also in its own process,
does the same stages by calling trackpy, scikit-image and (for the bond order) freud directly, on
one thread as they are. Ours works on as many frames at once as there are processors; processor
time counts all threads.

    python benchmarks/main_job.py [--lengths 500 1000 2000] [--peer-frames 500]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from _measure import in_fresh_process, job, peak_memory, print_table, stopwatch, verdict

from napari_insitu_tem import Movie

STAGES = ("align", "segment", "track", "measure")
SIMULATED = 250


def prepare(folder: Path, particles: int) -> None:
    """Simulate the movie into a store, unless it is there."""
    from napari_insitu_tem.io.store import write_frames
    from napari_insitu_tem.simulate.particles import ParticleMovieSettings, ParticleScene

    if (folder / "zarr.json").exists():
        return
    scene = ParticleScene(ParticleMovieSettings(n_frames=SIMULATED, particles=particles), seed=1)
    frames = job().map(scene.image, range(SIMULATED), "Simulating")
    write_frames(frames, (SIMULATED, *scene.shape), np.uint16, folder)


def played(folder: Path, length: int) -> Movie:
    """Return the stored movie, forwards and backwards up to a length, lazily."""
    import dask.array as da
    import zarr

    stored = da.from_array(zarr.open_array(str(folder), mode="r"), chunks=(1, -1, -1))
    there_and_back = da.concatenate([stored, stored[-2:0:-1]])
    copies = -(-length // there_and_back.shape[0])
    return Movie(da.concatenate([there_and_back] * copies)[:length], name="cubes",
                 pixel_size=1.0, frame_time=0.1)  # fmt: skip


def run_ours(folder: Path, length: int) -> dict:
    from napari_insitu_tem.tasks.registry import get_task

    result = played(folder, length)
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}
    memory: dict[str, float] = {}
    before = peak_memory()
    for name in STAGES:
        task = get_task(name)
        with stopwatch(seconds, cpu, name):
            result = task(result.movie if name == "segment" else result, None, job())
        memory[name] = peak_memory()
    return {"seconds": seconds, "cpu": cpu, "memory": memory, "before": before,
            "tracks": len(result.tracks)}  # fmt: skip


def run_peer(folder: Path, length: int) -> dict:
    """Do the same by the libraries' own functions, as a script would."""
    import freud
    import pandas as pd
    import trackpy
    from scipy import ndimage
    from skimage.feature import peak_local_max
    from skimage.filters import gaussian, threshold_otsu
    from skimage.measure import regionprops_table
    from skimage.morphology import remove_small_objects
    from skimage.registration import phase_cross_correlation
    from skimage.segmentation import watershed
    from skimage.transform import downscale_local_mean, resize

    trackpy.quiet()
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}
    movie = played(folder, length)
    with stopwatch(seconds, cpu, "align"):
        aligned = np.empty((length, *movie.frame_shape), np.float32)
        total, before = np.zeros(2), None
        for index, frame in enumerate(movie.iter_frames()):
            frame = frame.astype(np.float32)
            if before is not None:
                total = total + phase_cross_correlation(before, frame, upsample_factor=20)[0]
            before = frame
            aligned[index] = ndimage.shift(frame, total, order=1, mode="nearest")
    labels = np.empty(aligned.shape, np.int32)
    with stopwatch(seconds, cpu, "segment"):
        for index, frame in enumerate(aligned):
            ground = gaussian(downscale_local_mean(frame, (8, 8)), 8)
            smooth = gaussian(frame, 2) / resize(ground, frame.shape)
            inside = remove_small_objects(smooth < threshold_otsu(smooth), max_size=50)
            depth = ndimage.distance_transform_edt(inside)
            peaks = peak_local_max(depth, min_distance=8, labels=ndimage.label(inside)[0])
            seeds = np.zeros(frame.shape, np.int32)
            seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
            labels[index] = watershed(-depth, seeds, mask=inside)
    with stopwatch(seconds, cpu, "track"):
        names = ("label", "centroid", "area", "perimeter", "axis_major_length",
                 "axis_minor_length", "orientation", "solidity", "intensity_mean")  # fmt: skip
        tables = []
        for index, (image, frame) in enumerate(zip(labels, aligned, strict=True)):
            table = regionprops_table(image, frame, properties=names)
            tables.append(pd.DataFrame({**table, "frame": index}))
        found = pd.concat(tables).rename(columns={"centroid-0": "y", "centroid-1": "x"})
        linked = trackpy.link(found.reset_index(drop=True), 10, memory=3)
        for index, rows in linked.groupby("frame"):
            values = np.zeros(labels[index].max() + 1, np.int32)
            values[rows["label"]] = rows["particle"] + 1
            labels[index] = values[labels[index]]
    with stopwatch(seconds, cpu, "measure"):
        trackpy.imsd(linked, 1.0, 10.0, max_lagtime=100)
        trackpy.emsd(linked, 1.0, 10.0, max_lagtime=100)
        height, width = movie.frame_shape
        box = freud.box.Box(width, height, is2D=True)
        for _, rows in linked.groupby("frame"):
            trackpy.static.pair_correlation_2d(rows, cutoff=150)
            points = np.zeros((len(rows), 3), np.float32)
            points[:, :2] = rows[["x", "y"]].to_numpy() - (width / 2, height / 2)
            for fold in (4, 6):
                freud.order.Hexatic(k=fold).compute((box, points), {"num_neighbors": fold})
    return {"seconds": seconds, "cpu": cpu, "memory": {"measure": peak_memory()},
            "tracks": int(linked["particle"].nunique())}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--peer-frames", type=int, default=500)
    parser.add_argument("--particles", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--child", nargs=2, metavar=("WHO", "LENGTH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.gettempdir()) / "insitu-tem-main-job"
    if arguments.child:
        who, length = arguments.child
        result = (run_ours if who == "ours" else run_peer)(folder, int(length))
        json.dump(result, sys.stdout)
        print()
        return
    prepare(folder, arguments.particles)

    def child(who: str, length: int) -> dict:
        return in_fresh_process(__file__, "--folder", str(folder), "--child", who, str(length))

    ours = {length: child("ours", length) for length in arguments.lengths}
    peer = child("peer", arguments.peer_frames)
    print_table(
        f"Peak memory in GB after each stage, {arguments.particles} particles, 512²",
        ["frames", "imports", *STAGES, "tracks", "target ≤ 2 GB"],
        [
            [n, r["before"], *(r["memory"][s] for s in STAGES), r["tracks"],
             verdict(max(r["memory"].values()), 2, at_least=False)]
            for n, r in ours.items()
        ],
    )  # fmt: skip
    length = arguments.peer_frames if arguments.peer_frames in ours else arguments.lengths[0]
    rows = []
    for stage in (*STAGES, "all"):
        cost = {}
        for clock in ("seconds", "cpu"):
            for result, n in ((ours[length], length), (peer, arguments.peer_frames)):
                parts = result[clock]
                total = sum(parts.values()) if stage == "all" else parts[stage]
                cost.setdefault(clock, []).append(total / n)
        rows.append([
            stage, 1 / cost["seconds"][0], 1 / cost["seconds"][1],
            *(1e3 * c for c in cost["cpu"]), cost["seconds"][0] / cost["seconds"][1],
            cost["cpu"][0] / cost["cpu"][1],
        ])  # fmt: skip
    print_table(
        f"Speed over {length} frames (the peer keeps all its {arguments.peer_frames} frames in "
        f"memory: {peer['memory']['measure']:.1f} GB). Processor time counts all threads and "
        "does not depend on what else the machine does.",
        ["stage", "ours (frames/s)", "trackpy + scikit-image (frames/s)",
         "ours (CPU ms a frame)", "trackpy + scikit-image (CPU ms a frame)",
         "time ratio (target ≤ 1.2)", "CPU ratio"],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
