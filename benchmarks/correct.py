"""How long the window stands still for a correction by hand, and whether clicks find particles.

The first table needs a display (or ``xvfb-run -a -s "-screen 0 1600x1000x24" python
benchmarks/correct.py``): corrections of masks of 4096² pixels that lie on disk, each beside what
napari itself needs for a brush dab, on the same layer and on a zarr array as napari edits it.
The second needs none: overlap of the particle found by one click with the truth, for sizes, noise
and both polarities; ``--clicks`` prints only that.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from napari_insitu_tem.analysis.click_particle import outline_from_clicks
from napari_insitu_tem.analysis.correction import CorrectionError


def disc_masks(size, radius=100):
    labels = np.zeros((size, size), np.int32)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = np.hypot(y, x) <= radius
    label = 0
    for row in range(2 * radius, size - 2 * radius, 3 * radius):
        for column in range(2 * radius, size - 2 * radius, 3 * radius):
            label += 1
            box = slice(row - radius, row + radius + 1), slice(column - radius, column + radius + 1)
            labels[box][disc] = label
    return labels


def window(size: int, frames: int) -> None:
    import napari
    from qtpy.QtWidgets import QApplication
    from window import Watch, pause

    from napari_insitu_tem import Movie, Segmentation
    from napari_insitu_tem.gui.correct import CorrectDock
    from napari_insitu_tem.gui.layers import layer_data
    from napari_insitu_tem.gui.result_layers import show_layers
    from napari_insitu_tem.io.store import new_store

    labels = disc_masks(size)
    stores = [new_store((frames, size, size), np.int32) for _ in range(2)]
    for store in stores:
        for index in range(frames):
            store[index] = labels
    movie = Movie(np.broadcast_to(np.uint8(0), (frames, size, size)), name="movie")
    viewer = napari.Viewer()
    plain = viewer.add_labels(stores[1], name="plain")
    plain.visible = False
    (layer,) = show_layers(viewer, layer_data(Segmentation(stores[0], movie), "masks"), [])
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock)
    pause(2)
    watch = Watch()
    middle = np.array([800.0, 800.0])
    here = int(labels[800, 800])

    def use(tool, line=None):
        dock.choose_tool(tool)
        pause(0.5)
        watch.restart()
        options = dock._options()
        frame = dock._frame()
        if line is None:
            dock._actions.click(frame, middle, (), options)
        else:
            dock._actions.draw(frame, np.array(line), options)

    def step(frame):
        viewer.dims.set_current_step(0, frame)

    dock.tracked.setChecked(True)
    plain.brush_size = layer.brush_size = 40
    jobs = {
        "delete a particle": lambda: use("delete"),
        "grow by 2 px": lambda: use("grow"),
        "smooth": lambda: use("smooth"),
        "split along a line": lambda: use("split", [[650, 790], [950, 810]]),
        "grow along the track": lambda: (dock.scope.setCurrentIndex(1), use("grow")),
        "undo": dock.undo_step,
        "napari: brush dab, this layer": lambda: layer.paint((0, 3000, 3000), 9),
        "napari: brush dab, plain zarr": lambda: plain.paint((0, 3000, 3000), 9),
        "napari: step to the next frame": lambda: step(viewer.dims.current_step[0] + 1),
    }
    print(f"{frames} frames of {size}² pixels on disk, {labels.max()} particles of 200 px\n")
    print("| action | longest stall (ms) |\n| --- | --- |")
    for name, action in jobs.items():
        stalls = []
        for _ in range(3):
            step(0)
            dock.scope.setCurrentIndex(0)
            dock.choose_tool(None)
            pause(0.7)
            watch.restart()
            action()
            pause(1.5)
            stalls.append(watch.longest)
            if not name.startswith(("napari", "undo")):
                dock.undo_step()
                QApplication.processEvents()
                assert int(np.asarray(layer.data[0])[800, 800]) == here
            elif name == "undo":
                dock.choose_tool("delete")
                dock._actions.click(0, middle, (), dock._options())
        print(f"| {name} | {1000 * np.median(stalls):.0f} |", flush=True)
    viewer.close()


def clicks(repeats: int) -> None:
    print("\n| diameter (px) | contrast / noise | found (IoU > 0.5) | median IoU | median ms |")
    print("| --- | --- | --- | --- | --- |")
    from scipy import ndimage

    size = 512
    y, x = np.mgrid[:size, :size]
    for radius in (4, 10, 25, 100):
        inside = np.hypot(y - size // 2, x - size // 2) <= radius
        every = inside.copy()
        for turn in np.arange(6) * np.pi / 3:
            away = 2.8 * radius + 6
            centre = size // 2 + away * np.sin(turn), size // 2 + away * np.cos(turn)
            every |= np.hypot(y - centre[0], x - centre[1]) <= radius
        clean = ndimage.gaussian_filter(every.astype(float), 1)
        for ratio in (10, 3, 1):
            overlaps, spent = [], []
            for seed in range(repeats):
                rng = np.random.default_rng(seed)
                sign = (-1) ** seed
                image = sign * clean + x / size + rng.normal(0, 1 / ratio, clean.shape)
                click = size // 2 + rng.uniform(-0.4, 0.4, 2) * radius
                start = time.perf_counter()
                found = np.zeros_like(inside)
                try:
                    mask, (top, left) = outline_from_clicks(image, click[None])
                    found[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
                except CorrectionError:
                    pass
                spent.append(time.perf_counter() - start)
                overlaps.append((found & inside).sum() / (found | inside).sum())
            overlaps = np.array(overlaps)
            print(
                f"| {2 * radius} | {ratio} | {np.mean(overlaps > 0.5):.0%} | "
                f"{np.median(overlaps):.2f} | {1000 * np.median(spent):.0f} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--clicks", action="store_true", help="only the second table")
    arguments = parser.parse_args()
    if not arguments.clicks:
        window(arguments.size, arguments.frames)
    clicks(arguments.repeats)


if __name__ == "__main__":
    main()
