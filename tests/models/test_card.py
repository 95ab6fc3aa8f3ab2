"""Cards: what they say survives JSON, and what is wrong is said in a sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_insitu_tem.models import ModelCard, ModelError


def test_the_page_on_models_explains_every_field():
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
    for name in ModelCard.model_fields:
        assert f"`{name}`" in page


def changed(card, **values):
    """The card's JSON with some fields replaced; Ellipsis takes one away."""
    fields = {**json.loads(card.to_json()), **values}
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def test_a_card_comes_back_from_json_as_it_was(card):
    assert ModelCard.from_json(card.to_json()) == card


def test_numbers_of_numpy_and_tuples_become_plain_json(card):
    card = ModelCard(**{**card.model_dump(), "training": {"rate": np.float32(0.5), "size": (1, 2)}})
    assert card.training == {"rate": 0.5, "size": [1, 2]}
    assert ModelCard.from_json(card.to_json()) == card


def test_a_card_is_dated_today_unless_it_says_otherwise(card):
    import datetime

    assert card.created == datetime.date.today().isoformat()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"task": ...}, "lacks the field 'task'"),
        ({"colour": "red"}, "'colour' that this version does not know"),
        ({"name": "../evil"}, "cannot be a model's name"),
        ({"name": "a/b"}, "cannot be a model's name"),
        ({"name": ".hidden"}, "cannot be a model's name"),
        ({"name": "con"}, "Windows"),
        ({"name": "x" * 65}, "cannot be a model's name"),
        ({"channels": []}, "channels"),
        ({"channels": ["foreground"]}, "names 1 channels (foreground), but its network has 2"),
        ({"polarity": "grey"}, "polarity"),
        ({"diameters": [32, 8]}, "diameters"),
        ({"diameters": [0, 8]}, "diameters"),
        ({"pixel_size": [0.1]}, "pixel_size"),
        ({"created": "yesterday"}, "a date such as"),
        ({"sha256": "abc"}, "sha256 is not 64 hexadecimal digits"),
        ({"arguments": [1, 2]}, "arguments"),
        ({"task": " "}, "task"),
    ],
)
def test_a_wrong_field_is_named_in_a_sentence(card, values, words):
    with pytest.raises(ModelError) as caught:
        ModelCard.from_json(changed(card, **values))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", "null", '{"diameters": [1, NaN]}', "[" * 100_000]
)
def test_broken_json_is_said_to_be_broken(text):
    with pytest.raises(ModelError, match="JSON"):
        ModelCard.from_json(text)


def test_what_json_cannot_hold_is_refused_when_the_card_is_made(card):
    with pytest.raises(ValueError, match="JSON"):
        ModelCard(**{**card.model_dump(), "training": {"data": object()}})
    with pytest.raises(ValueError, match="JSON|finite|range"):
        ModelCard(**{**card.model_dump(), "training": {"loss": float("nan")}})
