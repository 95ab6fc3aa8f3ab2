"""Settings: declared once, validated in plain words."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.settings import Settings, SettingsError, bounds, choices, setting, setting_of
from napari_insitu_tem.tasks.registry import all_tasks


class Example(Settings):
    method: Literal["otsu", "li"] = setting("otsu", title="Method", description="How to cut.")
    diameter: float | None = setting(
        None, title="Diameter", description="Size.", unit="px", gt=0, le=500
    )
    splits: int = setting(2, title="Splits", description="How often.", ge=0)


@given(
    st.sampled_from(["otsu", "li"]),
    st.none() | st.floats(0.1, 500),
    st.integers(0, 2**31),
)
def test_settings_survive_the_way_through_plain_types(method, diameter, splits):
    settings = Example(method=method, diameter=diameter, splits=splits)
    assert Example.from_dict(settings.to_dict()) == settings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"diametre": 3}, "no setting 'diametre'"),
        ({"diameter": -3}, "Diameter (diameter): it should be greater than 0, not -3"),
        ({"method": "yen"}, "Method (method): it should be 'otsu' or 'li', not 'yen'"),
        ({"splits": "many"}, "Splits (splits)"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_plain_sentence(values, words):
    with pytest.raises(SettingsError) as caught:
        Example.from_dict(values)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_cannot_be_changed_after_the_fact():
    with pytest.raises(ValueError, match="frozen"):
        Example().splits = 3


def test_bounds_and_choices_come_from_the_declaration():
    fields = Example.model_fields
    assert bounds(fields["diameter"]) == (0, 500)
    assert choices(fields["method"]) == ("otsu", "li")


def test_every_setting_of_every_task_says_what_it_is():
    for task in all_tasks():
        task.settings_type()  # the defaults are valid
        for name, field in task.settings_type.model_fields.items():
            assert field.title, f"{task.name}.{name} has no title"
            assert field.description, f"{task.name}.{name} has no description"
            assert field.description.endswith("."), f"{task.name}.{name}: not a sentence"


class Steps(Settings):
    """A class whose settings another one takes over."""

    step: float = setting(
        2.0, title="Step", description="How far.", unit="px", gt=0, le=9, advanced=True
    )


class SmallSteps(Settings):
    """Takes one setting over, with another default."""

    step: float = setting_of(Steps, "step", 0.5)


def test_a_setting_taken_over_differs_in_its_default_alone():
    declared, taken = Steps.model_fields["step"], SmallSteps.model_fields["step"]
    assert (declared.default, taken.default) == (2.0, 0.5)
    for about in ("title", "description", "metadata", "json_schema_extra", "annotation"):
        assert getattr(taken, about) == getattr(declared, about)
    with pytest.raises(SettingsError, match="less than or equal to 9"):
        SmallSteps.from_dict({"step": 10.0})
    with pytest.raises(SettingsError, match="greater than 0"):
        SmallSteps.from_dict({"step": 0.0})
