"""PyTorch's compiler can be loaded into a program whose window uses Mesa's OpenGL."""

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.window

CODE = """
import napari
viewer = napari.Viewer(show=True)
from qtpy.QtWidgets import QApplication
QApplication.instance().processEvents()
import napari_insitu_tem.gui
import triton
print("still here")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has one space of symbols")
def test_triton_loads_beside_a_window():
    if importlib.util.find_spec("triton") is None:
        pytest.skip("this PyTorch comes without triton")
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        pytest.skip("no display; `make test` starts Xvfb")
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "still here" in done.stdout


def test_nothing_is_loaded_before_it_is_asked_for():
    code = (
        "import sys, napari_insitu_tem.gui;"
        "from napari_insitu_tem.library_clash import load_triton_apart;"
        "before = len(sys.meta_path); load_triton_apart();"
        "print(len(sys.meta_path) - before, 'triton' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]
