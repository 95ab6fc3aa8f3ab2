"""Does the window stay responsive? Stalls of its event loop, cancel times, opening of docks.

Needs a display (or ``xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/window.py``).
Every task of the main job runs from its own dock, on a movie of nanocubes, while a timer of
the window's thread notes the longest time it had to wait.
"""

from __future__ import annotations

import argparse
import time

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.job import Job
from napari_insitu_tem.simulate.particles import ParticleMovieSettings, simulate_particles

DOCKS = (
    ("2 Align", "AlignDock"),
    ("3 Denoise", "DenoiseDock"),
    ("4 Segment", "SegmentDock"),
    ("6 Track", "TrackDock"),
    ("7 Measure", "MeasureDock"),
)


class Watch:
    """The longest time between two ticks of a timer that should tick every 5 ms."""

    def __init__(self) -> None:
        self.last, self.longest = time.perf_counter(), 0.0
        self.timer = QTimer()
        self.timer.setInterval(5)
        self.timer.timeout.connect(self.tick)
        self.timer.start()

    def tick(self) -> None:
        now = time.perf_counter()
        self.longest, self.last = max(self.longest, now - self.last), now

    def restart(self) -> None:
        self.last, self.longest = time.perf_counter(), 0.0


def wait(condition, timeout=600.0):
    end = time.perf_counter() + timeout
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.001)


def pause(seconds):
    end = time.perf_counter() + seconds
    wait(lambda: time.perf_counter() > end)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--size", type=int, default=1024)
    arguments = parser.parse_args()
    settings = ParticleMovieSettings(
        n_frames=arguments.frames, height=arguments.size, width=arguments.size, particles=200
    )
    movie = simulate_particles(settings, Job()).movie
    viewer = napari.Viewer()
    show_layers(viewer, layer_data(movie, "cubes"), [])
    pause(2)
    print(f"{arguments.frames} frames of {arguments.size}² pixels, 200 particles\n")
    print("Longest stall in ms, in the first run and when run again\n")
    print(
        "| dock | opens in (s) | cancel takes (s) | runs for (s) "
        "| while it runs, first | again | while its result is shown, first | again |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for title, class_name in DOCKS:
        start = time.perf_counter()
        _, dock = viewer.window.add_plugin_dock_widget("napari-insitu-tem", title)
        assert type(dock).__name__ == class_name
        wait(dock.isVisible)
        QApplication.processEvents()
        opened = time.perf_counter() - start
        choose_input(viewer, dock)
        pause(0.5)
        dock.run()
        pause(0.4)
        cancelled = "done before"
        if dock._background.running:
            start = time.perf_counter()
            dock.run()
            wait(lambda dock=dock: not dock._background.running)
            cancelled = f"{time.perf_counter() - start:.2f}"
        pause(0.3)
        ran, *stalls = run_watched(dock)
        _, *again = run_watched(dock)
        cells = [f"{1e3 * stall:.0f}" for pair in zip(stalls, again, strict=True) for stall in pair]
        print(f"| {title} | {opened:.2f} | {cancelled} | {ran:.1f} | {' | '.join(cells)} |")
        if dock._message.text() and not dock._message.text().startswith("Done"):
            print(f"  ({dock._message.text()})")
    viewer.close()


def run_watched(dock) -> tuple[float, float, float]:
    """Run once: seconds, and the longest stalls before and after the task has ended."""
    watch = Watch()
    while_running = []

    def at_end(_):
        watch.tick()
        while_running.append(watch.longest)
        watch.restart()

    # First in line when the result comes, before the panel shows it.
    dock._background.finished.disconnect(dock._finish)
    dock._background.finished.connect(at_end)
    dock._background.finished.connect(dock._finish)
    start = time.perf_counter()
    dock.run()
    wait(lambda: not dock._background.running)
    ran = time.perf_counter() - start
    pause(0.5)
    watch.timer.stop()
    dock._background.finished.disconnect(at_end)
    return ran, while_running[0], watch.longest


def choose_input(viewer, dock) -> None:
    """Choose what the main job would: the newest layer of the kind; the masks for Track."""
    choices = dock._chooser.choices
    plain = [layer for layer in choices if "[denoised]" not in layer.name]
    dock._chooser.value = plain[-1]


if __name__ == "__main__":
    main()
