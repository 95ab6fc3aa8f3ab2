"""The list of shortcuts holds those of every dock that has some, and can be searched."""

import pytest
from qtpy.QtTest import QTest

from napari_insitu_tem.gui.correct_tools import SHORTCUTS
from napari_insitu_tem.gui.shortcuts import ShortcutsDock, shown_keys

pytestmark = pytest.mark.window


def test_all_shortcuts_are_listed_and_found_by_a_word(qtbot):
    dock = ShortcutsDock()
    qtbot.addWidget(dock)
    text = dock.list.toPlainText()
    for shortcut in SHORTCUTS:
        assert shown_keys(shortcut.keys) in text
        assert shortcut.description in text
    QTest.keyClicks(dock.search, "cut it")
    assert "Split" in dock.list.toPlainText()
    assert "Merge" not in dock.list.toPlainText()
    dock.search.setText("zzz")
    assert "Nothing" in dock.list.toPlainText()
