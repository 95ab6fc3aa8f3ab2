"""The form: one editor a setting, made from the declaration."""

from pathlib import Path
from typing import Literal

import pytest

from napari_insitu_tem.gui.form import SettingsForm
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import all_tasks


class Example(Settings):
    method: Literal["otsu", "local"] = setting("otsu", title="Method", description="How.")
    window: int = setting(
        31, title="Window", description="Size.", unit="px", ge=3, shown_when={"method": ("local",)}
    )
    diameter: float | None = setting(None, title="Diameter", description="Size.", gt=0)
    count: int | None = setting(None, title="Count", description="Number.", ge=1)
    fill: bool = setting(True, title="Fill", description="Holes.")
    edge: bool | None = setting(None, title="Edge", description="Edges.")
    mask: Path | None = setting(None, title="Mask", description="File.")
    deep: float = setting(0.1, title="Deep", description="Rare.", ge=0, le=1, advanced=True)
    edits: tuple[tuple[str, ...], ...] = setting((), title="Edits", description="List.")


@pytest.fixture
def form(qtbot):
    form = SettingsForm(Example)
    qtbot.addWidget(form)
    form.show()
    return form


def test_an_untouched_form_gives_the_defaults(form):
    assert form.value() == Example()


def test_the_form_of_every_task_gives_its_defaults(qtbot):
    for task in all_tasks():
        form = SettingsForm(task.settings_type)
        qtbot.addWidget(form)
        assert form.value() == task.settings_type(), task.name


def test_a_form_shows_the_settings_it_is_given(form):
    settings = Example(
        method="local",
        window=7,
        diameter=12.5,
        count=3,
        fill=False,
        edge=True,
        mask=Path("a.tif"),
        deep=0.7,
        edits=(("join", "3"),),
    )
    form.set_value(settings)
    assert form.value() == settings
    form.reset()
    assert form.value() == Example()


def test_automatic_shows_as_a_word_and_reads_as_none(form):
    box = form.editor("diameter")
    assert box.text() == "automatic"
    box.setValue(4)
    assert form.value().diameter == 4


def test_a_setting_without_effect_is_hidden(form):
    assert not form.editor("window").isVisibleTo(form)
    form.editor("method").setCurrentIndex(1)
    assert form.editor("window").isVisibleTo(form)


def test_every_editor_has_a_tooltip_with_its_name_in_recipes(form):
    for name in ("method", "window", "diameter", "fill", "mask", "deep"):
        assert name in form.editor(name).toolTip()
