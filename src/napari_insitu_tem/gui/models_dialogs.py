"""What the Models dock asks the user, apart from the dock: tests give their own answers."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMessageBox, QWidget

from napari_insitu_tem.models import Model

__all__ = ["ModelsDialogs"]

_IMPORT = "Models (*.zip card.json weights.safetensors);;All files (*)"


class ModelsDialogs:
    """Asks by dialogs; every answer is None where the user changed their mind."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def what_to_import(self) -> str | None:
        """Ask for a zip, or for the card in a model's folder."""
        path, _ = QFileDialog.getOpenFileName(
            self._parent, "Import a model: its .zip, or the card.json in its folder", "", _IMPORT
        )
        return path or None

    def where_to_export(self, name: str) -> str | None:
        """Ask for the zip to write."""
        path, _ = QFileDialog.getSaveFileName(
            self._parent, "Export a model", f"{name}.zip", "Zipped model (*.zip)"
        )
        if not path:
            return None
        return path if path.lower().endswith(".zip") else f"{path}.zip"

    def new_name(self, name: str) -> str | None:
        """Ask for another name."""
        text, accepted = QInputDialog.getText(
            self._parent,
            "Rename a model",
            "New name (letters, digits, - and _):",
            QLineEdit.EchoMode.Normal,
            name,
        )
        return text.strip() if accepted and text.strip() else None

    def sure_to_delete(self, model: Model) -> bool:
        """Ask whether a model shall go for good."""
        answer = QMessageBox.question(
            self._parent,
            "Delete a model",
            f"Delete '{model.name}' for good?\n\n{model.folder}",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return bool(answer == QMessageBox.StandardButton.Yes)

    def show_folder(self, folder: Path) -> bool:
        """Open a folder in the system's file manager; False where there is none."""
        return bool(QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
