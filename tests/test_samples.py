from pathlib import Path

import numpy as np
import pytest

from napari_insitu_tem import samples
from napari_insitu_tem.samples import nanocubes_with_truth, sintering


def test_the_recorded_sample_opens_and_says_what_it_is():
    movie = sintering()
    assert movie.data.shape == (20, 256, 256)
    assert movie.pixel_size is None
    assert "not consecutive" in movie.metadata["note"]
    assert "CC BY 4.0" in movie.metadata["attribution"]
    assert "CC BY 4.0" in (Path(samples.__file__).parent / "ATTRIBUTION.md").read_text()


def test_the_samples_are_small_enough_to_ship():
    files = Path(samples.__file__).parent.iterdir()
    assert sum(file.stat().st_size for file in files if file.suffix == ".tif") < 1.5e6


@pytest.mark.recordings
def test_the_recorded_sample_is_the_original_averaged_over_two_by_two_pixels(recordings):
    import imageio.v3 as iio

    for index in (0, 11):
        original = iio.imread(recordings / "sintering-bf" / "images" / f"image_{index}.png")
        grey = original[..., 0].astype(float)
        binned = grey.reshape(256, 2, 256, 2).mean(axis=(1, 3))
        assert np.abs(sintering().frame(index) - binned).max() <= 1


def test_the_simulated_sample_comes_with_its_truth_as_a_tracking():
    simulated = nanocubes_with_truth()
    tracking = simulated.tracking
    assert simulated.movie.name == "nanocubes"
    assert tracking.particles["track"].nunique() == 36
    assert len(tracking.particles) == 36 * simulated.movie.n_frames
    row = tracking.particles.iloc[100]
    frame = tracking.segmentation.frame(int(row["frame"]))
    assert frame[round(row["y"]), round(row["x"])] == row["track"]
