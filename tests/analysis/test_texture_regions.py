"""Regions of unlike texture: found where simulated ones are, and nowhere else."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.analysis.heterogeneity import Regions, find_regions
from napari_insitu_tem.analysis.heterogeneity_features import FeatureSet, local_features
from napari_insitu_tem.analysis.heterogeneity_null import even_texture

WHICH = FeatureSet(window=24, scales=(1.5, 3.0))
GRAIN = {"fine": 1.5, "coarse": 4, "stripes": (6, 1.5)}


def adjusted_rand_index(one, other) -> float:
    """After L. Hubert, P. Arabie, J. Classif. 2 (1985) 193."""
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one.ravel(), other.ravel()), 1)

    def pairs(counts):
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    chance = rows * columns / (one.size * (one.size - 1) / 2)
    return (both - chance) / ((rows + columns) / 2 - chance)


def texture(kind, rng, size=192):
    grain = ndimage.gaussian_filter(rng.normal(size=(size, size)), GRAIN[kind])
    return grain / grain.std()


def patches(kinds, *, noise=0.5, n=3, seed=0, size=192):
    rng = np.random.default_rng(seed)
    sites = rng.uniform(0, size, (6, 2))
    y, x = np.mgrid[:size, :size]
    truth = np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in sites], axis=0) % len(kinds)
    frames = [
        np.choose(truth, [texture(kind, rng, size) for kind in kinds])
        + rng.normal(0, noise, truth.shape)
        for _ in range(n)
    ]
    return frames, truth


def regions(frames, which=WHICH, **options) -> Regions:
    rng = np.random.default_rng(1)
    even = [
        local_features(even_texture(frame, which.window, rng), which)
        for frame in frames
        for _ in range(4)
    ]
    return find_regions([local_features(frame, which) for frame in frames], even, which, **options)


def labels(found, frame, which=WHICH):
    return found.label(local_features(frame, which), frame.shape, which.step)


@pytest.mark.parametrize("kinds", [("fine", "coarse"), ("fine", "stripes"),
                                   ("fine", "coarse", "stripes")])  # fmt: skip
def test_as_many_textures_as_there_are_are_found_where_they_are(kinds):
    frames, truth = patches(kinds)
    found = regions(frames)
    assert found.count == len(kinds) and found.structured
    for frame in frames:
        assert adjusted_rand_index(labels(found, frame).astype(int), truth) > 0.7


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_no_structure(seed):
    rng = np.random.default_rng(seed)
    found = regions(list(rng.normal(size=(3, 160, 160))))
    assert found.count == 1 and not found.structured
    assert not labels(found, rng.normal(size=(160, 160))).any()


@pytest.mark.parametrize("kind", ["fine", "coarse", "stripes"])
def test_one_texture_everywhere_is_no_structure_whatever_it_is(kind):
    frames, _ = patches((kind,))
    assert regions(frames).count == 1


def test_patches_that_differ_in_brightness_only_are_found_only_if_brightness_counts():
    rng = np.random.default_rng(3)
    step = np.where(np.arange(192) < 90, 0.0, 1.0)
    frames = list(rng.normal(size=(3, 192, 192)) + step)
    found = regions(frames)
    assert found.count == 2
    map_ = labels(found, frames[0])
    assert map_[:, 20].max() == 1 and map_[:, 170].min() == 2
    uneven = list(rng.normal(size=(3, 192, 192)) + np.linspace(0, 2, 192))
    assert regions(uneven, FeatureSet(24, (1.5, 3.0), brightness=False)).count == 1


def test_what_is_asked_for_is_made():
    frames, _ = patches(("fine", "coarse"))
    found = regions(frames, count=3)
    assert found.count == 3 and set(np.unique(labels(found, frames[0]))) == {1, 2, 3}


def test_the_unit_of_the_signal_does_not_matter():
    frames, _ = patches(("fine", "coarse"))
    plain = labels(regions(frames), frames[0])
    other = [250 * frame + 4000 for frame in frames]
    np.testing.assert_array_equal(labels(regions(other), other[0]), plain)


def test_even_texture_keeps_mean_and_fine_spectrum_but_no_place():
    rng = np.random.default_rng(4)
    frame = 100 + 5 * texture("fine", rng)
    frame[:, 96:] = 100
    even = even_texture(frame, 24, rng)
    assert even.mean() == pytest.approx(frame.mean(), rel=1e-4)
    spread = even.reshape(8, 24, 8, 24).std(axis=(1, 3))
    assert spread.std() < 0.3 * spread.mean()
    assert even.std() == pytest.approx(frame.std(), rel=0.25)


def test_features_are_what_they_are_called():
    y, x = np.mgrid[:128, :128]
    stripes = 10 * np.sin(2 * np.pi * x / 16) + 50
    which = FeatureSet(window=32, scales=(2.0,))
    found = dict(zip(which.names, local_features(stripes, which)[4:-4, 4:-4].T, strict=True))
    assert found["brightness_counts"].mean() == pytest.approx(50, rel=0.02)
    assert found["coherence_at_2_px"].min() > 0.95
    damped = np.exp(-((2 * np.pi / 16 * 2) ** 2) / 2)
    expected = 10 * 2 * np.pi / 16 * damped / np.sqrt(2)
    assert found["gradient_at_2_px_counts_per_px"].mean() == pytest.approx(expected, rel=0.05)
    rng = np.random.default_rng(5)
    grain = local_features(rng.normal(size=(128, 128)), which)
    assert grain[..., which.names.index("coherence_at_2_px")].mean() < 0.3
