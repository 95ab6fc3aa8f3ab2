"""Find burned-in scale bars and banners in recordings: what is found, and what is found falsely.

    python benchmarks/scale_bar.py [FOLDER]

FOLDER is where the recordings lie (../shared/data). The truth was read by eye; an outlined
bar ends in the middle of its outline.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from napari_insitu_tem.analysis.scale_bar import find_banner, find_scale_bar

#: Pattern, length of the bar in px (None: there is none), rows of the banner at the bottom.
TRUTH = (
    ("ti-annealing/line-1770-1786/*.png", 195, 146),
    ("ti-annealing/loop-1691-1698/*.png", 97, 160),
    ("fringes/*.tif", 90, 0),
    ("sintering-bf/images/*.png", None, 0),
    ("liquid-rod/frames/*.jpg", None, 0),
    ("haadf-atoms/images/*.tif", None, 0),
    ("supracrystal/*.tif", None, 0),
)


def grey(file: Path) -> np.ndarray:
    """Return an image file in grey."""
    import imageio.v3 as iio

    image = np.squeeze(iio.imread(file))
    return image[..., :3].mean(axis=-1) if image.ndim == 3 else image


def main(folder: Path) -> None:
    """Print the table."""
    heads = f"{'frames':36} {'n':>4} {'bar right':>10} {'banner right':>13} {'ms/frame':>9}"
    sys.stdout.write(f"{heads}\n{'-' * len(heads)}\n")
    for pattern, length, rows in TRUTH:
        files = sorted(folder.glob(pattern))
        bars = banners = 0
        seconds = 0.0
        for file in files:
            frame = grey(file)
            start = time.perf_counter()
            bar, banner = find_scale_bar(frame), find_banner(frame)
            seconds += time.perf_counter() - start
            bars += bar is None if length is None else bar is not None and bar.length == length
            banners += (banner.bottom, banner.top, banner.left, banner.right) == (rows, 0, 0, 0)
        sys.stdout.write(
            f"{pattern:36} {len(files):4} {bars:10} {banners:13} "
            f"{1e3 * seconds / max(1, len(files)):9.0f}\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
