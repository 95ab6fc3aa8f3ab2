"""Single atoms on a support that is uneven: their size, what is found, and what is not."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.analysis.columns.lone_spots import standing_out
from napari_insitu_tem.analysis.columns.peaks import well_apart
from napari_insitu_tem.analysis.columns.spots import find_spots, look_for_spots

SIZE, WIDTH = 192, 1.8


def blobs(places: np.ndarray, width: float) -> np.ndarray:
    image = np.zeros((SIZE, SIZE))
    grid = np.mgrid[:SIZE, :SIZE]
    for place in places:
        image += np.exp(-0.5 * ((grid - place[:, None, None]) ** 2).sum(0) / width**2)
    return image


def uneven(rng: np.random.Generator) -> np.ndarray:
    """A support that begins in the middle, thick and speckled, with a few large clusters."""
    thick = 1 / (1 + np.exp(-(np.arange(SIZE) - SIZE / 2) / 8))
    speckle = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE)), 4)
    clusters = blobs(rng.uniform(20, SIZE - 20, (5, 2)), 9.0)
    return thick * (3 + 0.3 * speckle / speckle.std()) + 1.2 * clusters


def atoms(rng: np.random.Generator) -> np.ndarray:
    places = rng.uniform(8, SIZE - 8, (60, 2))
    return places[well_apart(places, 12)][:30]


@pytest.mark.parametrize("seed", [3, 4])
def test_atoms_are_found_at_their_own_size_and_not_at_that_of_the_support(seed):
    rng = np.random.default_rng(seed)
    true = atoms(rng)
    image = 50 + uneven(rng) + 1.5 * blobs(true, WIDTH) + rng.normal(0, 0.6, (SIZE, SIZE))
    spots = look_for_spots([image])
    assert spots.bright and 0.7 * WIDTH < spots.scale < 1.8 * WIDTH
    found, strength = find_spots(image, spots)
    off = np.hypot(*(found[:, None] - true).transpose(2, 0, 1))
    assert (off.min(axis=0) < 2).mean() > 0.75 and (off.min(axis=1) < 2).mean() > 0.75
    assert np.all(np.diff(strength) <= 0)


def test_texture_alone_has_few_spots():
    rng = np.random.default_rng(5)
    speckle = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE)), 3)
    image = speckle / speckle.std() + rng.normal(0, 0.5, (SIZE, SIZE))
    try:
        found, _ = find_spots(image, look_for_spots([image]))
    except ColumnsError:
        return
    assert len(found) <= 15


def test_an_empty_response_has_no_spots():
    for response in (np.zeros((40, 40)), np.full((40, 40), -1.0)):
        places, heights, over = standing_out(response, 2.0, least=1e-12, reach=3.2)
        assert len(places) == len(heights) == len(over) == 0
