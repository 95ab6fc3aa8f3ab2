"""The Models dock, in the real window: it lists, tells, imports, exports, renames and deletes."""

from types import SimpleNamespace

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest

from napari_insitu_tem.gui import models as module
from napari_insitu_tem.gui.models import ModelsDock
from napari_insitu_tem.models import (
    Broken,
    ModelCard,
    building,
    export_model,
    list_models,
    save_model,
    store,
    user_folder,
)

pytestmark = pytest.mark.window
ARGUMENTS = {"channels": [2, 4], "out_channels": 1}


def make(name, folder=None, **values):
    from napari_insitu_tem.networks import build_network

    card = ModelCard(
        **{
            "name": name, "task": "segment", "network": "unet", "arguments": ARGUMENTS,
            "channels": ["foreground"], "trained_on": f"data of {name}", **values,
        }
    )  # fmt: skip
    return save_model(card, build_network("unet", ARGUMENTS).state_dict(), folder)


class Answers:
    """Answers instead of dialogs; notes what was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __getattr__(self, question):
        def answer(*about):
            self.asked.append((question, *about))
            return self.answers.get(question)

        return answer


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    building.forget_networks()
    make("particles", store.SHIPPED, title="Particles of any size")
    make("layers", store.SHIPPED, task="layers")
    make("mine", parent="particles")
    return tmp_path / "models"


class Window:
    """A viewer's window, as far as the dock knows it."""

    def __init__(self):
        self.opened = []

    def add_plugin_dock_widget(self, *names):
        self.opened.append(names)
        return None, SimpleNamespace(start_from=self.opened.append)


@pytest.fixture
def dock(qtbot, models):
    dock = ModelsDock(SimpleNamespace(window=Window()))
    dock.dialogs = Answers()
    qtbot.addWidget(dock)
    dock.show()
    return dock


def names(dock):
    return [dock.table.row(number).name for number in range(dock.table.rowCount())]


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def finish(qtbot, dock, act):
    with qtbot.waitSignal(dock._background.ended, timeout=20_000):
        act()


def test_models_are_listed_and_the_task_filters_them(dock):
    assert names(dock) == ["layers", "particles", "mine"]
    dock.task.setCurrentIndex(dock.task.findText("layers"))
    assert names(dock) == ["layers"]
    dock.task.setCurrentIndex(0)
    assert len(names(dock)) == 3


def test_the_card_of_the_chosen_model_is_shown_as_text(dock):
    make("odd", title="<b>bold</b> & <script>", quality=({"data": "x", "value": 0.123456},))
    dock.refresh()
    dock.choose("odd")
    shown = dock.details.toPlainText()
    for words in ("<b>bold</b> & <script>", "data of odd", "0.1235", "unet", "parameters"):
        assert words in shown
    dock.choose("mine")
    assert "particles" in dock.details.toPlainText()


def test_clicks_on_headings_sort_and_what_is_broken_stays_last(qtbot, dock):
    (user_folder() / "a-broken").mkdir()
    dock.refresh()
    assert names(dock)[-1] == "a-broken"
    header = dock.view.horizontalHeader()
    for expected in (["layers", "mine", "particles"], ["particles", "mine", "layers"]):
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(10, 8))
        assert names(dock) == [*expected, "a-broken"]


def test_what_is_broken_is_shown_with_its_reason_and_cannot_be_exported(dock):
    (user_folder() / "old").mkdir()
    (user_folder() / "old" / "net.pth").write_bytes(b"\x80\x02}q\x00.")
    dock.refresh()
    dock.choose("old")
    assert isinstance(dock.chosen, Broken)
    assert "can run programs" in dock.details.toPlainText()
    assert not dock.export_button.isEnabled() and not dock.delete_button.isEnabled()
    assert dock.folder_button.isEnabled()


def test_shipped_models_can_be_exported_only(dock):
    dock.choose("particles")
    assert dock.export_button.isEnabled()
    assert not dock.rename_button.isEnabled() and not dock.delete_button.isEnabled()
    assert "cannot be deleted" in dock.delete_button.toolTip()
    dock.choose("mine")
    assert dock.rename_button.isEnabled() and dock.delete_button.isEnabled()
    assert "cannot" not in dock.delete_button.toolTip()


def test_the_list_follows_the_disk(qtbot, dock):
    make("from-elsewhere")
    qtbot.waitUntil(lambda: "from-elsewhere" in names(dock), timeout=5000)
    store.delete_model("from-elsewhere")
    qtbot.waitUntil(lambda: "from-elsewhere" not in names(dock), timeout=5000)


def test_the_list_follows_a_folder_that_is_made_later(qtbot, models, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(models.parent / "later" / "models"))
    dock = ModelsDock(None)
    qtbot.addWidget(dock)
    assert names(dock) == ["layers", "particles"]
    make("first")
    qtbot.waitUntil(lambda: "first" in names(dock), timeout=5000)
    make("second")
    qtbot.waitUntil(lambda: "second" in names(dock), timeout=5000)


def test_what_was_chosen_stays_so_when_the_list_changes(qtbot, dock):
    dock.choose("mine")
    make("a-new")
    qtbot.waitUntil(lambda: "a-new" in names(dock), timeout=5000)
    assert dock.chosen.name == "mine"


def test_export_then_import_brings_it_back_under_a_free_name(qtbot, dock, tmp_path):
    path = tmp_path / "mine.zip"
    dock.dialogs = Answers(where_to_export=str(path), what_to_import=str(path))
    dock.choose("mine")
    finish(qtbot, dock, lambda: click(qtbot, dock.export_button))
    assert dock.dialogs.asked == [("where_to_export", "mine")]
    assert path.exists() and str(path) in dock.message.text()
    finish(qtbot, dock, lambda: click(qtbot, dock.import_button))
    assert dock.chosen.name == "mine-2"
    assert "there is a 'mine' already" in dock.message.text()


def test_an_import_that_fails_says_why_and_changes_nothing(qtbot, dock, tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(b"\x80\x02}q\x00.")
    dock.dialogs = Answers(what_to_import=str(path))
    finish(qtbot, dock, lambda: click(qtbot, dock.import_button))
    assert "can run programs" in dock.message.text()
    assert len(names(dock)) == 3
    assert dock.import_button.isEnabled()


def test_a_running_import_can_be_cancelled(qtbot, dock, tmp_path, monkeypatch):
    import time

    def slow(path, *, job, name=None):
        while True:
            job.check()
            time.sleep(0.01)

    monkeypatch.setattr(module, "import_model", slow)
    dock.import_from(tmp_path / "large.zip")
    assert not dock.cancel_button.isHidden()
    assert not dock.import_button.isEnabled() and not dock.export_button.isEnabled()
    finish(qtbot, dock, lambda: click(qtbot, dock.cancel_button))
    assert "Cancelled" in dock.message.text()
    assert dock.cancel_button.isHidden() and dock.import_button.isEnabled()


def test_files_dropped_on_the_dock_are_imported(qtbot, dock, tmp_path):
    path = export_model("mine", tmp_path / "mine.zip")
    store.delete_model("mine")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    finish(qtbot, dock, lambda: dock.dropEvent(event))
    assert dock.chosen.name == "mine"


def test_rename_asks_for_a_name_and_a_taken_name_is_said(qtbot, dock):
    dock.choose("mine")
    dock.dialogs = Answers(new_name="better")
    finish(qtbot, dock, lambda: click(qtbot, dock.rename_button))
    assert dock.chosen.name == "better"
    dock.dialogs = Answers(new_name="particles")
    finish(qtbot, dock, lambda: click(qtbot, dock.rename_button))
    assert "ships with the package" in dock.message.text()
    assert [model.name for model in list_models()] == ["layers", "particles", "better"]


def test_delete_asks_and_does_nothing_without_a_yes(qtbot, dock):
    dock.choose("mine")
    click(qtbot, dock.delete_button)
    assert [asked[0] for asked in dock.dialogs.asked] == ["sure_to_delete"]
    assert "mine" in names(dock)
    dock.dialogs = Answers(sure_to_delete=True)
    finish(qtbot, dock, lambda: click(qtbot, dock.delete_button))
    assert "mine" not in names(dock)
    assert not (user_folder() / "mine").exists()


@pytest.mark.parametrize(
    ("key", "question"), [(Qt.Key.Key_Delete, "sure_to_delete"), (Qt.Key.Key_F2, "new_name")]
)
def test_keys_of_the_table_do_as_the_buttons(qtbot, dock, key, question):
    dock.choose("mine")
    window = dock.window()
    window.show()
    window.activateWindow()
    dock.view.setFocus()
    qtbot.waitUntil(dock.view.hasFocus, timeout=5000)
    QTest.keyClick(dock.view, key)
    assert [asked[0] for asked in dock.dialogs.asked] == [question]
    dock.choose("particles")
    QTest.keyClick(dock.view, key)
    assert len(dock.dialogs.asked) == 1, "shipped models are not asked about"


def test_the_folder_of_the_chosen_model_is_opened(qtbot, dock):
    dock.dialogs = Answers(show_folder=True)
    dock.choose("mine")
    click(qtbot, dock.folder_button)
    assert dock.dialogs.asked == [("show_folder", user_folder() / "mine")]


def test_train_new_opens_the_train_dock_or_says_how_to_train(qtbot, dock, monkeypatch):
    dock.choose("mine")
    monkeypatch.setattr(module, "_title_of", lambda command: None)
    click(qtbot, dock.train_button)
    assert "insitu-tem train" in dock.message.text() and not dock.viewer.window.opened
    monkeypatch.setattr(module, "_title_of", lambda command: "Train")
    click(qtbot, dock.train_button)
    assert dock.viewer.window.opened == [("napari-insitu-tem", "Train"), "mine"]


def test_the_dock_opens_in_the_window_and_is_found_by_its_command(viewer, models):
    title = module._title_of("napari-insitu-tem.models")
    _, dock = viewer.window.add_plugin_dock_widget("napari-insitu-tem", title)
    assert names(dock) == ["layers", "particles", "mine"]
    assert module._title_of("napari-insitu-tem.nothing") is None
    viewer.window.remove_dock_widget(dock)


def test_train_new_starts_the_real_train_dock_from_the_chosen_model(qtbot, viewer, models):
    _, dock = viewer.window.add_plugin_dock_widget("napari-insitu-tem", "Models")
    dock.choose("mine")
    click(qtbot, dock.train_button)
    docks = viewer.window.dock_widgets
    train = next(widget for name, widget in docks.items() if name.startswith("Train"))
    assert train.start.currentData() == "mine"


def test_an_empty_store_says_what_to_do(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "none"))
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "none-either")
    dock = ModelsDock(None)
    qtbot.addWidget(dock)
    assert "Train one, or import one" in dock.details.toPlainText()
    assert not dock.export_button.isEnabled()


def test_closing_the_dock_while_something_runs_is_safe(qtbot, models, tmp_path, monkeypatch):
    import time

    stopped = []

    def slow(path, *, job, name=None):
        try:
            while True:
                job.check()
                time.sleep(0.01)
        finally:
            stopped.append(True)

    monkeypatch.setattr(module, "import_model", slow)
    dock = ModelsDock(None)
    dock.import_from(tmp_path / "large.zip")
    dock.deleteLater()
    del dock
    qtbot.waitUntil(lambda: bool(stopped), timeout=5000)


def test_opening_the_dock_loads_no_torch(models):
    import subprocess
    import sys

    code = (
        "import sys; from qtpy.QtWidgets import QApplication; app = QApplication([]);"
        "from napari_insitu_tem.gui.models import ModelsDock; dock = ModelsDock(None);"
        "assert dock.table.number_of('mine') is not None; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
