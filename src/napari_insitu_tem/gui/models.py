"""The Models dock: the trained networks there are, what is known of them, and their upkeep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from qtpy.QtWidgets import QShortcut

from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.models_card import page, page_of_broken, paragraph
from napari_insitu_tem.gui.models_dialogs import ModelsDialogs
from napari_insitu_tem.gui.models_table import Row
from napari_insitu_tem.gui.models_view import ModelsView
from napari_insitu_tem.gui.models_watcher import ModelsWatcher
from napari_insitu_tem.gui.session import own_viewer
from napari_insitu_tem.job import Job
from napari_insitu_tem.loading import load_ahead
from napari_insitu_tem.models import (
    Model,
    ModelError,
    NameTaken,
    delete_model,
    export_model,
    free_name,
    import_model,
    list_broken,
    list_models,
    rename_model,
    user_folder,
)

if TYPE_CHECKING:
    import napari

__all__ = ["ModelsDock"]

#: What checking a model needs. Loaded on the background's thread, when that is first done.
_HEAVY = ("torch", "safetensors.torch", "segmentation_models_pytorch")
_PLUGIN, _TRAIN = "napari-insitu-tem", "napari-insitu-tem.train"


class ModelsDock(ModelsView):
    """Lists the models, shows a model's card, and imports, exports, renames and deletes them.

    Models or their zips can also be dropped onto it.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = own_viewer(viewer)
        self.dialogs: Any = ModelsDialogs(self)
        self._background = Background(self)
        self._watcher = ModelsWatcher(self)
        self._after: Callable[[Any], None] = lambda result: None
        self._connect()
        self.setAcceptDrops(True)
        self.refresh()

    # -- what is shown ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the models anew; what was selected stays so."""
        chosen, models = self.chosen, list_models()
        self._offer_tasks(sorted({model.card.task for model in models}))
        task = self.task.currentData()
        rows: list[Row] = [each for each in models if task in (None, each.card.task)]
        self.table.set_rows([*rows, *(list_broken() if task is None else ())])
        if self.table.rowCount():
            self.choose(self.table.row(0).name)
            if chosen is not None:
                self.choose(chosen.name)
        self._show_chosen()

    # -- what the user does ----------------------------------------------------------------

    def import_from(self, path: str | Path) -> None:
        """Take a model's folder or zip into the user's models."""

        def done(imported: tuple[Model, str]) -> None:
            model, wanted = imported
            self.refresh()
            self.choose(model.name)
            why = "" if model.name == wanted else f", since there is a '{wanted}' already"
            self.say(f"Imported as '{model.name}'{why}.")

        self._start(f"Importing {Path(path).name} …", lambda job: _import(path, job), done)

    def export_to(self, path: str | Path) -> None:
        """Write the chosen model to a zip, or into a folder."""
        model = self.chosen
        if isinstance(model, Model):
            name = model.name
            self._start(
                f"Exporting {name} …",
                lambda job: _export(name, path, job),
                lambda written: self.say(f"Written: {written}"),
            )

    def rename_to(self, new: str) -> None:
        """Give the chosen model another name."""
        model = self.chosen
        if isinstance(model, Model):
            name = model.name

            def done(renamed: Model) -> None:
                self.refresh()
                self.choose(renamed.name)
                self.say(f"'{name}' is now called '{renamed.name}'.")

            self._start("Renaming …", lambda job: rename_model(name, new), done)

    def delete(self) -> None:
        """Delete the chosen model, after asking."""
        model = self.chosen
        if not isinstance(model, Model) or not self.delete_button.isEnabled():
            return
        if self.dialogs.sure_to_delete(model):
            name = model.name

            def done(_: Any) -> None:
                self.refresh()
                self.say(f"Deleted '{name}'.")

            self._start("Deleting …", lambda job: delete_model(name), done)

    def open_folder(self) -> None:
        """Open the folder of what is chosen in the system's file manager."""
        chosen = self.chosen
        folder = user_folder() if chosen is None else chosen.folder
        folder = folder if folder.is_dir() else folder.parent
        if not self.dialogs.show_folder(folder):
            self.say(f"There is no file manager to show it: {folder}")

    def train(self) -> None:
        """Open the Train dock, to start from the chosen model."""
        chosen = self.chosen
        name = chosen.name if isinstance(chosen, Model) else None
        title = _title_of(_TRAIN)
        if title is None:
            self.say("There is no Train dock here; train by command: insitu-tem train --help")
        else:
            _, dock = self.viewer.window.add_plugin_dock_widget(_PLUGIN, title)
            dock.start_from(name)

    # -- inside ----------------------------------------------------------------------------

    def _start(
        self, words: str, function: Callable[[Job], Any], after: Callable[[Any], None]
    ) -> None:
        if self._background.running:
            self.say("Something is running already; wait for it, or cancel it.", error=True)
            return
        self._after = after
        self.say(words)
        self.cancel_button.show()
        self._background.start(function)
        self.allow(idle=not self._background.running)

    def _finish(self, result: Any) -> None:
        self._after(result)

    def _end(self) -> None:
        self.cancel_button.hide()
        self.allow(idle=not self._background.running)

    def _ask_import(self) -> None:
        path = self.dialogs.what_to_import()
        if path:
            self.import_from(path)

    def _ask_export(self) -> None:
        model = self.chosen
        path = self.dialogs.where_to_export(model.name) if isinstance(model, Model) else None
        if path:
            self.export_to(path)

    def _ask_rename(self) -> None:
        model = self.chosen
        if isinstance(model, Model) and self.rename_button.isEnabled():
            name = self.dialogs.new_name(model.name)
            if name and name != model.name:
                self.rename_to(name)

    def _offer_tasks(self, tasks: list[str]) -> None:
        wanted = self.task.currentData()
        self.task.blockSignals(True)
        self.task.clear()
        self.task.addItem("all tasks", None)
        for task in tasks:
            self.task.addItem(task, task)
        self.task.setCurrentIndex(max(self.task.findData(wanted), 0))
        self.task.blockSignals(False)

    def _show_chosen(self) -> None:
        chosen = self.chosen
        if chosen is None:
            text = paragraph(
                "There are no models yet. Train one, or import one that somebody gave you."
            )
        elif isinstance(chosen, Model):
            try:
                text = page(chosen)
            except ModelError as error:  # it changed on disk a moment ago
                text = paragraph(str(error))
        else:
            text = page_of_broken(chosen)
        self.details.setHtml(text)
        self.allow(idle=not self._background.running)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Import the first file or folder dropped."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.import_from(paths[0])

    def _connect(self) -> None:
        self.task.currentIndexChanged.connect(self.refresh)
        self.view.selectionModel().selectionChanged.connect(self._show_chosen)
        self.train_button.clicked.connect(self.train)
        self.import_button.clicked.connect(self._ask_import)
        self.export_button.clicked.connect(self._ask_export)
        self.rename_button.clicked.connect(self._ask_rename)
        self.delete_button.clicked.connect(self.delete)
        self.folder_button.clicked.connect(self.open_folder)
        self.cancel_button.clicked.connect(self._background.cancel)
        for key, action in (
            (QKeySequence.StandardKey.Delete, self.delete),
            (QKeySequence("F2"), self._ask_rename),
            (QKeySequence.StandardKey.Refresh, self.refresh),
        ):
            shortcut = QShortcut(QKeySequence(key), self.view)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(action)
        self._background.finished.connect(self._finish)
        self._background.failed.connect(lambda text: self.say(text, error=True))
        self._background.cancelled.connect(lambda: self.say("Cancelled; nothing was changed."))
        self._background.ended.connect(self._end)
        self._watcher.changed.connect(self.refresh)
        listen(self, at_end=(self._background.cancel,))


def _import(path: str | Path, job: Job) -> tuple[Model, str]:
    """Import a model, under the next free name where its own is taken; and return its own."""
    load_ahead(_HEAVY)
    try:
        model = import_model(path, job=job)
    except NameTaken as taken:
        return import_model(path, name=free_name(taken.name), job=job), taken.name
    return model, model.name


def _export(name: str, path: str | Path, job: Job) -> Path:
    load_ahead(_HEAVY[:2])
    return export_model(name, path, job=job)


def _title_of(command: str) -> str | None:
    """Return what a dock of this plugin is called in the menu, if there is such a one."""
    from npe2 import PluginManager

    try:
        manifest = PluginManager.instance().get_manifest(_PLUGIN)
    except KeyError:
        return None
    for widget in manifest.contributions.widgets or ():
        if widget.command == command:
            return str(widget.display_name)
    return None
