"""Training on images whose target maps are ready."""

from __future__ import annotations

import numpy as np
import pytest

from napari_insitu_tem.learning.data_source import DataSource
from napari_insitu_tem.learning.make import make_model
from napari_insitu_tem.learning.map_samples import MapDrawing, MapPatches, MapSample, spots
from napari_insitu_tem.learning.map_training import spot_f1
from napari_insitu_tem.learning.recipes import RecipeError, TrainRecipe
from napari_insitu_tem.learning.samples import SampleError


class Fields:
    """Noisy spots, once bright and once dark; the map says where."""

    def __len__(self) -> int:
        return 6

    def sample(self, index: int) -> MapSample:
        rng = np.random.default_rng(index)
        target = spots(rng.uniform(0, 48, (12, 2)), (48, 40), 1.2)
        noise = rng.normal(0, 0.1, (2, 48, 40))
        return MapSample(noise + np.stack([target, -target]), target)


def test_a_spot_has_its_maximum_of_one_at_its_position() -> None:
    found = spots(np.array([[5.0, 7.0], [5.0, 7.0], [-1.0, 3.0]]), (20, 16), 1.5)
    assert found[5, 7] == pytest.approx(1.0)
    assert found[5, 9] == pytest.approx(np.exp(-0.5 * (2 / 1.5) ** 2), rel=1e-5)
    assert 0 < found[0, 3] < 1


def test_patches_hold_several_images_and_turn_with_their_maps() -> None:
    drawing = MapDrawing(Fields(), 32, cuts=3, seed=1)
    for image, maps, weights in drawing(0):
        assert image.shape == (2, 32, 32) and maps.shape == weights.shape == (1, 32, 32)
        assert np.corrcoef(image[0].ravel(), maps[0].ravel())[0, 1] > 0.6
        assert np.corrcoef(image[1].ravel(), maps[0].ravel())[0, 1] < -0.6


def test_what_was_mirrored_to_fill_a_patch_does_not_count() -> None:
    ((_, _, weights), *_) = MapPatches(Fields(), 64, 1)()
    assert weights.sum() == 48 * 40


def test_a_map_against_itself_is_perfect_and_a_moved_one_is_not() -> None:
    _, maps, weights = (np.stack(part) for part in zip(*MapPatches(Fields(), 32, 8)(), strict=True))
    assert spot_f1(maps, maps, weights) == 1.0
    assert spot_f1(np.roll(maps, 5, axis=3), maps, weights) < 0.5
    assert spot_f1(maps * 0, maps * 0, weights) == 1.0


@pytest.mark.parametrize(
    ("image", "maps"),
    [
        (np.zeros((2, 8, 8)), np.zeros((1, 8, 9))),
        (np.zeros((8, 8)), np.full((8, 8), 1.5)),
        (np.full((8, 8), np.nan), np.zeros((8, 8))),
    ],
)
def test_samples_that_cannot_be_learnt_from_are_refused(image, maps) -> None:
    with pytest.raises(SampleError):
        MapSample(image, maps)


def test_a_network_of_two_images_learns_where_spots_are(tmp_path) -> None:
    recipe = TrainRecipe.from_dict(
        {
            "name": "spots",
            "task": "columns",
            "channels": ["column"],
            "network": "unet",
            "arguments": {"channels": [8, 16], "in_channels": 2},
            "patch": 32,
            "training": {
                "steps": 60, "batch_size": 4, "learning_rate": 0.01, "loss": "bce",
                "workers": 0, "validate_every": 60, "ema_decay": 0.9,
            },
        }
    )  # fmt: skip
    made = make_model(recipe, sets=(Fields(), Fields()), folder=tmp_path)
    assert made is not None
    assert made.trained.best.metrics["spot F1"] > 0.8
    assert made.model.card.task == "columns"


def test_columns_cannot_be_learnt_from_a_folder_of_pairs(tmp_path) -> None:
    with pytest.raises(RecipeError, match="simulated"):
        DataSource(kind="folder", folder=tmp_path).open(0, "columns")
