"""The demonstration with a window: runs the main job, then shows everything in napari."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from napari_insitu_tem.demo import run_demo
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.session import session_of
from napari_insitu_tem.results import Measurements

__all__ = ["main", "show"]


def show(viewer: Any, measurements: Measurements) -> None:
    """Show a movie with its masks and tracks, and the plots and tables beside it."""
    movie, tracking = measurements.movie, measurements.tracking
    show_layers(viewer, layer_data(movie, movie.name), [])
    show_layers(viewer, layer_data(tracking, f"{movie.name} [tracks]"), [])
    viewer.scale_bar.visible = movie.pixel_size is not None
    viewer.layers.selection.active = viewer.layers[0]
    viewer.window.add_plugin_dock_widget("napari-insitu-tem", "7 Plots")
    viewer.window.add_plugin_dock_widget("napari-insitu-tem", "7 Tables")
    session_of(viewer).show_measurements(measurements)


def main() -> None:
    """Run the demonstration into the folder given, and open napari."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo")
    measured = run_demo(folder)
    import napari

    viewer = napari.Viewer(title="napari-insitu-tem: simulated nanocubes")
    show(viewer, measured["nanocubes"])
    napari.run()


if __name__ == "__main__":
    main()
