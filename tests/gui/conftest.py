"""Fixtures of the window's tests: a real viewer, and patience."""

import os
import sys

import numpy as np
import pytest

from napari_insitu_tem import Movie


@pytest.fixture
def viewer(make_napari_viewer):
    """A real napari window; skips where there is no display."""
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        pytest.skip("no display; `make test` starts Xvfb")
    return make_napari_viewer()


@pytest.fixture
def discs() -> Movie:
    """Six frames of five dark discs that move by a pixel a frame, with noise."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:96, :128]
    frames = []
    for t in range(6):
        image = np.full((96, 128), 200.0)
        for row, column in ((20, 20), (22, 60), (24, 100), (65, 40), (66, 90)):
            image[(y - row - t) ** 2 + (x - column - t) ** 2 < 9**2] = 80
        frames.append(rng.normal(image, 6))
    return Movie(np.stack(frames).astype(np.float32), pixel_size=0.5, frame_time=0.1, name="discs")


@pytest.fixture
def show(viewer):
    """Add a result's layers to the viewer, as the readers and panels do."""
    from napari_insitu_tem.gui.layers import layer_data
    from napari_insitu_tem.gui.result_layers import show_layers

    return lambda result, name=None: show_layers(
        viewer, layer_data(result, name or result.name), []
    )
