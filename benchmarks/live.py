"""Following a running experiment: frame rate, latency, dropped frames, memory.

Another process writes frames at a steady rate (tif files into a folder, or one growing MRC file)
while this one follows, refines and records them. Latency is from when a file was closed to when
its picture was taken over by whoever shows it; with --window, to when napari's canvas was drawn.

    python benchmarks/live.py [--seconds 20] [--rate 20] [--refinement "total variation"]
    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/live.py --window --seconds 300

Without --window every size runs in a process of its own, so that memory can be compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _measure import in_fresh_process, print_table, verdict

HEADERS = (
    "frame (px)", "in (1/s)", "refined (1/s)", "latency, median (ms)", "95 % (ms)",
    "dropped (%)", "lost", "recorded", "processor (ms/frame)", "memory grew by (MB)",
)  # fmt: skip


def write(place: str, size: int, rate: float, seconds: float) -> None:
    """Write discs with shot noise; what the other process does."""
    from napari_insitu_tem.simulate.microscope import run_microscope

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    frames = []
    for step in range(12):
        scene = np.full((size, size), 4.0)
        for row in range(32, size, 64):
            for column in range(32, size, 64):
                scene[(y - row - step) ** 2 + (x - column) ** 2 < 14**2] = 2.5
        frames.append(rng.poisson(scene).astype(np.uint16))
    sys.stdin.readline()  # the follower is ready
    count = round(rate * seconds)
    kind = "mrc" if place.endswith(".mrc") else "tif"
    numbered = (frames[number % len(frames)] for number in range(count))
    print(run_microscope(numbered, place, kind=kind, rate=rate, pixel_size=0.2))


def memory() -> float:
    """Return resident memory now, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


class Run:
    """One run: the writer, and what was measured."""

    def __init__(self, options: argparse.Namespace, size: int, folder: Path) -> None:
        self.options, self.size = options, size
        self.place = str(folder / ("run.mrc" if options.mrc else "run"))
        self.out = folder / "out"
        command = [sys.executable, __file__, "--write", self.place, str(size)]
        command += ["--rate", str(options.rate), "--seconds", str(options.seconds)]
        self.writer = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.latencies: list[float] = []

    def go(self, follower: Any, step: Callable[[], None]) -> list[Any]:
        """Let it write, call `step` again and again until all has been read; a table's row."""
        assert self.writer.stdin is not None
        self.writer.stdin.write("go\n")
        self.writer.stdin.flush()
        early, in_the_middle, begun = 0.0, None, time.monotonic()
        processor = time.process_time()
        while self.writer.poll() is None:
            step()
            if not early and time.monotonic() - begun > self.options.seconds / 3:
                early = memory()
            if time.monotonic() - begun > 0.9 * self.options.seconds:
                in_the_middle = in_the_middle or follower.standing()
        assert self.writer.stdout is not None
        written = int(self.writer.stdout.read())
        end = time.monotonic() + 60
        while follower.standing().arrived < written and time.monotonic() < end:
            step()
        for _ in range(50):
            step()
        standing, late = follower.standing(), memory()
        grew, used = late - early, time.process_time() - processor
        pace = in_the_middle or standing
        delays = np.array(self.latencies) * 1000
        return [
            self.size,
            round(pace.arriving, 1),
            round(pace.refining, 1),
            round(float(np.median(delays))),
            round(float(np.percentile(delays, 95))),
            round(100 * standing.dropped / max(1, standing.arrived), 1),
            standing.lost,
            f"{standing.recorded} of {written}",
            round(1000 * used / max(1, written), 1),
            round(grew, 1),
        ]


def headless(options: argparse.Namespace, size: int) -> list[Any]:
    from napari_insitu_tem.live.follower import Follower
    from napari_insitu_tem.live.opening import open_source
    from napari_insitu_tem.live.refining import make_refiner
    from napari_insitu_tem.live.settings import LiveSettings

    with tempfile.TemporaryDirectory() as folder:
        settings = LiveSettings(frames=options.frames, refinement=options.refinement)
        run = Run(options, size, Path(folder))
        follower = Follower(
            open_source(run.place, settings),
            lambda: make_refiner(settings),
            frames=options.frames,
            record_into=None if options.no_recording else run.out,
        )
        make_refiner(settings)(np.random.default_rng(0).random((64, 64), np.float32))
        shown = None

        def step() -> None:
            nonlocal shown
            picture = follower.latest
            if picture is not None and picture is not shown:
                run.latencies.append(time.time() - picture.frame.arrived)
                shown = picture
            time.sleep(0.005)

        follower.start()
        row = run.go(follower, step)
        follower.stop(10)
    return row


def in_window(options: argparse.Namespace, size: int) -> tuple[list[Any], np.ndarray]:
    """Return a table's row, and when (s) the window stood still for how long (s)."""
    import napari
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    from napari_insitu_tem.gui.live import LiveDock
    from napari_insitu_tem.live.settings import LiveSettings

    with tempfile.TemporaryDirectory() as folder:
        run = Run(options, size, Path(folder))
        viewer = napari.Viewer()
        dock = LiveDock(viewer)
        viewer.window.add_dock_widget(dock, name="Live")
        settings = LiveSettings(
            frames=options.frames,
            refinement=options.refinement,
            find_particles=options.find_particles,
        )
        drawn: list[Any] = [None]

        def draw(_: Any = None) -> None:
            picture = dock._shown
            if picture is not None and picture is not drawn[0]:
                drawn[0] = picture
                run.latencies.append(time.time() - picture.frame.arrived)

        viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(draw, position="last")
        dock.follow(run.place, settings)
        while dock.follower is None:
            QApplication.processEvents()
        if not options.no_recording:
            dock.record_into(run.out)
        begun = time.perf_counter()
        stalls, last = [], [begun]

        def tick() -> None:
            now = time.perf_counter()
            stalls.append((last[0] - begun, now - last[0]))
            last[0] = now

        timer = QTimer()
        timer.timeout.connect(tick)
        timer.start(5)

        def step() -> None:
            QApplication.processEvents()
            time.sleep(0.001)

        row = run.go(dock.follower, step)
        timer.stop()
        dock.stop()
        while dock.follower is not None:
            step()
        viewer.close()
    return row, np.array(stalls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--refinement", default="total variation")
    parser.add_argument("--find-particles", action="store_true", help="with --window only")
    parser.add_argument("--mrc", action="store_true", help="a growing MRC file, not a folder")
    parser.add_argument("--no-recording", action="store_true")
    parser.add_argument("--window", action="store_true", help="in napari, at the first size")
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write[0], int(options.write[1]), options.rate, options.seconds)
        return
    if options.one:
        print(json.dumps({"row": headless(options, options.one)}))
        return
    what = "one growing MRC file" if options.mrc else "tif files into a folder"
    recorded = "" if options.no_recording else ", recorded raw and refined"
    title = (
        f"{what[0].upper()}{what[1:]}, {options.rate:g} frames/s for {options.seconds:g} s; mean "
        f"of {options.frames}, {options.refinement}{recorded}"
    )
    if options.window:
        size = options.sizes[0] if len(options.sizes) == 1 else 512
        row, stalls = in_window(options, size)
        print_table(f"In the window. {title}", HEADERS, [row])
        longest, long = 1000 * stalls[:, 1].max(), stalls[stalls[:, 1] > 0.1]
        when = ", ".join(f"{1000 * took:.0f} ms after {at:.1f} s" for at, took in long[:10])
        print(f"\nLongest stall of the window {longest:.0f} ms, {len(long)} over 100 ms"
              f"{f' ({when})' if when else ''}: {verdict(longest, 100, at_least=False)}. "
              f"Median latency: {verdict(row[3], 150, at_least=False)}.")  # fmt: skip
        return
    passed = [part for part in sys.argv[1:] if part != "--sizes"]
    for size in options.sizes:
        passed = [part for part in passed if part != str(size)]
    rows = [
        in_fresh_process(__file__, *passed, "--one", str(size))["row"] for size in options.sizes
    ]
    print_table(title, HEADERS, rows)


if __name__ == "__main__":
    main()
