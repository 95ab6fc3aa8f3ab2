"""Burned-in banners and scale bars, on drawn frames whose truth is known, and on real ones."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.scale_bar import Banner, find_banner, find_scale_bar


def noisy(height=200, width=260, seed=0, mean=120.0, spread=15.0):
    return np.random.default_rng(seed).normal(mean, spread, (height, width)).clip(0, 255)


def with_banner(image, rows, ground=0.0):
    banner = np.full((rows, image.shape[1]), ground)
    # Something like letters: short vertical and horizontal strokes of the other colour.
    ink = 255.0 - ground
    for x in range(150, image.shape[1] - 20, 12):
        banner[8:20, x : x + 2] = ink
        banner[8:10, x : x + 8] = ink
    return np.vstack([image, banner])


def jpeg(image, quality=75):
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image.astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).astype(float)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(16, 90),
    ground=st.sampled_from([0.0, 255.0]),
    seed=st.integers(0, 99),
    flip=st.booleans(),
)
def test_a_banner_is_found_to_the_row(rows, ground, seed, flip):
    image = with_banner(noisy(seed=seed), rows, ground)
    if flip:
        assert find_banner(image[::-1]) == Banner(top=rows)
    else:
        assert find_banner(image) == Banner(bottom=rows)


def test_a_banner_with_a_ruled_line_on_top_is_found_whole():
    image = with_banner(noisy(), 40)
    image[200:202] = 255
    assert find_banner(image) == Banner(bottom=40)


def test_a_plain_border_on_all_sides_counts_as_a_banner():
    image = np.pad(noisy(), ((5, 6), (7, 8)))
    assert find_banner(image) == Banner(top=5, bottom=6, left=7, right=8)


@pytest.mark.parametrize("counts", [0.05, 0.5, 5.0])
def test_counted_electrons_have_no_banner(counts, rng):
    assert not find_banner(rng.poisson(counts, (128, 128)))


def test_a_vacuum_that_ends_gradually_is_no_banner():
    y, x = np.mgrid[:200, :200]
    edge = 120 + 15 * np.sin(x / 12)
    image = np.where(y > edge, 255.0, noisy(200, 200))
    assert not find_banner(image)


def test_a_plain_frame_has_neither():
    assert not find_banner(np.full((64, 64), 7))
    assert find_scale_bar(np.full((64, 64), 7)) is None


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(20, 150),
    thickness=st.integers(1, 6),
    x=st.integers(4, 90),
    y=st.integers(12, 180),
    bright=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_bar_on_the_image_is_measured_to_the_pixel(length, thickness, x, y, bright, seed):
    image = noisy(seed=seed)
    image[y : y + thickness, x : x + length] = 255 if bright else 0
    bar = find_scale_bar(image)
    assert bar is not None
    assert (bar.length, bar.x, bar.thickness, bar.bright) == (length, x, thickness, bright)
    assert bar.y == y + (thickness - 1) / 2


@pytest.mark.parametrize("part", [0.25, 0.5, 0.75])
def test_smooth_ends_in_a_banner_are_measured_below_a_pixel(part):
    image = with_banner(noisy(), 60)
    image[230:236, 30:110] = 255
    image[230:236, 110] = 255 * part
    assert find_scale_bar(image).length == pytest.approx(80 + part, abs=0.02)


def test_a_bar_with_end_ticks_is_measured():
    image = with_banner(noisy(), 60)
    image[240, 30:120] = 255
    image[234:247, 30] = image[234:247, 119] = 255
    assert find_scale_bar(image).length == 90


@pytest.mark.parametrize("thick", [1, 2])
@pytest.mark.parametrize("grey", [0, 255])
def test_an_outlined_bar_ends_in_the_middle_of_its_outline(thick, grey):
    image = noisy()
    image[171 - thick : 177 + thick, 21 - thick : 100 + thick] = 255 - grey
    image[171:177, 21:100] = grey
    bar = find_scale_bar(image)
    assert (bar.length, bar.x, bar.bright) == (79 + thick, 21 - thick / 2, grey == 255)


def test_a_smooth_end_is_no_outline():
    image = np.full((60, 200), 20.0)
    image[29:37, 49:151] = 140
    image[30:36, 50:150] = 240
    assert find_scale_bar(image).length == pytest.approx(100 + 2 * (120 / 220), abs=0.01)


@pytest.mark.parametrize("quality", [60, 90])
def test_a_compressed_bar_and_banner_are_found(quality):
    image = with_banner(noisy(), 56)
    image[225:233, 30:130] = 255
    image = jpeg(image, quality)
    assert find_scale_bar(image).length == pytest.approx(100, abs=1)
    assert abs(find_banner(image).bottom - 56) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_smooth_images_have_no_bar(seed):
    from scipy import ndimage

    image = noisy(seed=seed)
    assert find_scale_bar(image) is None
    assert find_scale_bar(ndimage.gaussian_filter(image, 4)) is None


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "banner", "length"),
    [
        ("line-1770-1786/Chip-4-Heat-1-Frame-1770-Cropped.png", 146, 195),
        ("loop-1691-1698/Chip-4-Heat-1-Frame-1691-Cropped.png", 160, 97),
    ],
)
def test_the_annealing_frames_show_their_bar_and_banner(recordings, name, banner, length):
    import imageio.v3 as iio

    frame = iio.imread(recordings / "ti-annealing" / name)[..., 0]
    assert find_banner(frame) == Banner(bottom=banner)
    assert find_scale_bar(frame).length == length


@pytest.mark.recordings
def test_frames_without_a_bar_show_none(recordings):
    import imageio.v3 as iio

    files = sorted((recordings / "sintering-bf" / "images").glob("*.png"))[:5]
    files += sorted((recordings / "liquid-rod" / "frames").glob("*.jpg"))[:2]
    for file in files:
        frame = iio.imread(file)
        assert find_scale_bar(frame) is None, file.name
        assert not find_banner(frame), file.name
