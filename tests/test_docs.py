"""The docs say what the code says."""

import importlib.util
from pathlib import Path

import pytest

from napari_insitu_tem.tasks.registry import all_tasks

DOCS = Path(__file__).parents[1] / "docs"


def _tables():
    spec = importlib.util.spec_from_file_location("settings_tables", DOCS / "settings_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_the_settings_tables_of_a_page_are_current(page):
    text = page.read_text(encoding="utf-8")
    assert text == _tables().current(text), "run: make docs"


def test_every_task_has_a_page_with_its_settings():
    for task in all_tasks():
        page = DOCS / f"{task.name}.md"
        assert page.exists(), f"docs/{task.name}.md is missing"
        assert f"<!-- settings: {task.settings_type.__name__} -->" in page.read_text("utf-8")


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS.parent / "README.md"])
def test_pictures_that_pages_show_exist(page):
    import re

    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} shows {target}"
