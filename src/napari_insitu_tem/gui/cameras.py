"""The shelf of cameras: keep the one that was fitted under a name, see and delete others."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from napari_insitu_tem.analysis.transfer import modulation_transfer_function
from napari_insitu_tem.io.cameras import Camera, delete_camera, list_cameras, save_camera

__all__ = ["CameraShelf", "camera_words"]


class CameraShelf(QGroupBox):
    """Saves a camera under a name, and lists and deletes those there are.

    Parameters
    ----------
    make : callable
        Gives the camera to save for a name; raises in plain words when there is none.
    """

    said = Signal(str, bool)

    def __init__(self, make: Callable[[str], Camera], parent: QWidget | None = None) -> None:
        super().__init__("Cameras", parent)
        self._make = make
        self._cameras: dict[str, Camera] = {}
        self._name = QLineEdit()
        self._name.setObjectName("camera_name")
        self._name.setPlaceholderText("such as K3 counting")
        self._name.setToolTip("Name to keep the fitted camera under, one for each of its modes.")
        self._save = QPushButton("Save as camera")
        self._save.setObjectName("save_camera")
        self._save.setToolTip("Keep what was fitted, for simulating and denoising.")
        self._name.setMinimumWidth(60)
        self._list = QComboBox()
        self._list.setMinimumContentsLength(6)
        self._list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._list.setObjectName("cameras")
        self._list.setToolTip("Cameras that were kept.")
        self._delete = QPushButton("Delete")
        self._delete.setObjectName("delete_camera")
        self._delete.setToolTip("Remove the chosen camera from the list and its file.")
        self._about = QLabel()
        self._about.setWordWrap(True)
        layout = QGridLayout(self)
        layout.setColumnStretch(0, 1)
        for row, (wide, button) in enumerate(
            ((self._name, self._save), (self._list, self._delete))
        ):
            layout.addWidget(wide, row, 0)
            layout.addWidget(button, row, 1)
        layout.addWidget(self._about, 2, 0, 1, 2)
        self._name.textChanged.connect(self._name_the_button)
        self._name.returnPressed.connect(self.save)
        self._save.clicked.connect(self.save)
        self._delete.clicked.connect(self.delete)
        self._list.currentTextChanged.connect(self._describe)
        self.offer(False)
        self.refresh()

    def offer(self, there_is_one: bool) -> None:
        """Say whether there is a camera to save."""
        self._save.setEnabled(there_is_one)

    def refresh(self) -> None:
        """Read the list of cameras anew."""
        chosen = self._list.currentText()
        self._cameras = {camera.name: camera for camera in list_cameras()}
        self._list.clear()
        self._list.addItems(list(self._cameras))
        if chosen in self._cameras:
            self._list.setCurrentText(chosen)
        for widget in (self._list, self._delete):
            widget.setEnabled(bool(self._cameras))
        self._name_the_button()
        self._describe()

    def save(self) -> None:
        """Keep the fitted camera under the entered name."""
        name = self._name.text().strip()
        if not name:
            self.said.emit("Enter a name for the camera first.", True)
            return
        try:
            camera = self._make(name)
            save_camera(camera)
        except (OSError, ValueError) as error:
            self.said.emit(str(error), True)
            return
        self.refresh()
        self._list.setCurrentText(camera.name)
        self.said.emit(f"Saved the camera '{camera.name}'.", False)

    def delete(self) -> None:
        """Remove the chosen camera."""
        name = self._list.currentText()
        try:
            delete_camera(name)
        except (OSError, ValueError) as error:
            self.said.emit(str(error), True)
        else:
            self.said.emit(f"Deleted the camera '{name}'.", False)
        self.refresh()

    def _name_the_button(self, _: str = "") -> None:
        there = self._name.text().strip() in self._cameras
        self._save.setText("Replace" if there else "Save as camera")

    def _describe(self, _: str = "") -> None:
        camera = self._cameras.get(self._list.currentText())
        self._about.setText(camera_words(camera) if camera else "None has been saved yet.")


def camera_words(camera: Camera) -> str:
    """Say in a line what is known of a camera."""
    nyquist = float(modulation_transfer_function(0.5, 1.0, camera.c1, camera.c2, camera.c3))
    date = f"; {camera.fitted['date']}" if "date" in camera.fitted else ""
    return (
        f"{camera.gain:.4g} counts/e, offset {camera.offset:.4g}, readout noise "
        f"{camera.readout_noise:.2g} e, transfer at Nyquist {nyquist:.2f}{date}"
    )
