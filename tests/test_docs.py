"""The docs say what the code says."""

import importlib.util
import re
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
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} shows {target}"


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS.parent / "README.md"])
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            file, _, heading = target.partition("#")
            other = page.parent / file if file else page
            assert other.exists(), f"{page.name} links to {target}"
            assert not heading or heading in _anchors(other), f"{page.name} links to {target}"


def test_every_page_is_linked_from_another():
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
    for page in DOCS.glob("*.md"):
        others = (other.read_text("utf-8") for other in pages if other != page)
        assert any(f"{page.name})" in text or f"{page.name}#" in text for text in others), page.name


def _anchors(page):
    """Return what its headings are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {each.strip().replace(" ", "-") for each in plain}
