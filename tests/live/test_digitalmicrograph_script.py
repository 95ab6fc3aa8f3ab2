"""The script for DigitalMicrograph, as far as it runs without it: with a stand-in for its image."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from frame_files import frame, taken

from napari_insitu_tem.live.folder import FolderSource

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "digitalmicrograph_live.py"


@pytest.fixture
def script(tmp_path):
    spec = importlib.util.spec_from_file_location("digitalmicrograph_live", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FOLDER, module.RATE = str(tmp_path / "live"), 1000.0
    return module


class Window:
    """Shows ten frames, each twice, and is closed."""

    def __init__(self):
        self.asked = 0

    def GetDimensionScale(self, axis):  # noqa: N802 - DigitalMicrograph's name
        return 2.5

    def GetDimensionUnitString(self, axis):  # noqa: N802
        return "A"

    def GetNumArray(self):  # noqa: N802
        self.asked += 1
        if self.asked > 20:
            raise RuntimeError("closed")
        return frame((self.asked - 1) // 2)


def test_every_new_frame_becomes_a_file_that_can_be_followed(script):
    script.main(Window)
    frames = taken(FolderSource(script.FOLDER, settle=0.0), 10)
    for number, one in enumerate(frames):
        np.testing.assert_array_equal(one.pixels, frame(number))
    assert len(frames) == 10 and frames[0].pixel_size == pytest.approx(0.25)
    assert not list(Path(script.FOLDER).glob("*.part"))


def test_old_files_are_deleted(script):
    script.KEEP = 3
    script.main(Window)
    names = sorted(path.name for path in Path(script.FOLDER).glob("*.npy"))
    assert names == [f"frame_{number:08d}.npy" for number in (7, 8, 9)]
