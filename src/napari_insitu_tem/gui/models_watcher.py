"""Tells when the user's models change on disk, whoever changes them."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from napari_insitu_tem.models import user_folder

__all__ = ["ModelsWatcher"]

_SETTLE_MS = 200


class ModelsWatcher(QObject):
    """Watches the folder of the user's models.

    Docks that list models refresh on `changed`. It comes once for a whole burst of changes,
    such as those of a model that is being copied.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._watcher.directoryChanged.connect(self._settle.start)
        self._settle.timeout.connect(self._tell)
        self._watch()

    def _tell(self) -> None:
        self._watch()
        self.changed.emit()

    def _watch(self) -> None:
        """Watch the folder and each model's, or where it will be made."""
        folder = user_folder()
        wanted = {str(folder)}
        if folder.is_dir():
            wanted |= {str(each) for each in _folders(folder)}
        else:
            wanted = {str(next(each for each in folder.absolute().parents if each.is_dir()))}
        watched = set(self._watcher.directories())
        if watched - wanted:
            self._watcher.removePaths(sorted(watched - wanted))
        if wanted - watched:
            self._watcher.addPaths(sorted(wanted - watched))


def _folders(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_dir() and each.name[0] != "."]
    except OSError:
        return []
