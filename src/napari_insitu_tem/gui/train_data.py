"""What to learn from: layers of the viewer, a folder of pairs, or a simulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)

from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.layers import segmentation_from_layer
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.recipes import TrainRecipe, find_recipe, shipped_recipes

__all__ = ["LAYERS", "FOLDER", "SIMULATED", "DataChooser"]

LAYERS, FOLDER, SIMULATED = range(3)
_WAYS = ("layers in napari", "a folder of pairs", "simulated frames")

#: From a job to what to learn from and what to judge by.
Sets = Callable[[TrainRecipe, Job], Any]


class DataChooser(QObject):
    """Chooses the training data, in rows of the dock's form.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    form : QFormLayout
        Where its rows go.
    parent : QObject
        Whose lifetime it shares.
    """

    changed = Signal()

    def __init__(self, viewer: Any, form: QFormLayout, parent: QObject) -> None:
        super().__init__(parent)
        self._form = form
        self.way, self.simulator = QComboBox(), QComboBox()
        self.way.addItems(_WAYS)
        self.way.setObjectName("data")
        self.way.setToolTip("Where frames with known particles come from.")
        self.masks = LayerChooser(viewer, Labels, "Masks")
        self.movie = LayerChooser(viewer, Image, "Movie", none_means="the one segmented")
        self.only_corrected = QCheckBox("Only corrected frames")
        self.only_corrected.setObjectName("only_corrected")
        self.only_corrected.setToolTip(
            "Masks that nobody looked at teach the network the mistakes of what made them."
        )
        self.folder = QLineEdit()
        self.folder.setObjectName("folder")
        self.folder.setPlaceholderText("with images and labels in it")
        self.folder.setToolTip(
            "A folder with the folders 'images' and 'labels' (or 'masks'), or with an "
            "x_labels.tif beside every x.tif."
        )
        self.simulator.setObjectName("simulator")
        self.simulator.setToolTip(
            "Frames of the simulator that this shipped model learnt from: every frame is new, "
            "and its masks are exact. Takes the longest."
        )
        for name in shipped_recipes():
            self.simulator.addItem(find_recipe(name).title or name, name)
        # As narrow as the dock, however long the words in them are.
        for box in (self.way, self.simulator, self.masks.native, self.movie.native):
            box.setSizeAdjustPolicy(box.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        self._rows: dict[int, list[QWidget]] = {
            LAYERS: [self.masks.native, self.movie.native, self.only_corrected],
            FOLDER: [self._folder_row()],
            SIMULATED: [self.simulator],
        }
        self._add_rows()
        self.way.currentIndexChanged.connect(self._show_way)
        self.masks.changed.connect(self._follow_masks)
        self.folder.editingFinished.connect(self.changed)
        self.simulator.currentIndexChanged.connect(self.changed)
        self._follow_masks()
        self._show_way()

    def disconnect_layers(self) -> None:
        """Stop following the viewer."""
        self.masks.disconnect()
        self.movie.disconnect()

    def simulated_recipe(self) -> TrainRecipe | None:
        """Return the recipe of the simulator, when that is what to learn from."""
        if self.way.currentIndex() != SIMULATED:
            return None
        name = self.simulator.currentData()
        if name is None:
            raise ValueError("There is no simulator here; choose layers or a folder instead.")
        return find_recipe(name)

    def data(self) -> tuple[str, dict[str, Any], Sets]:
        """Return what the card says of the data, what the recipe says, and what opens them.

        Raises
        ------
        ValueError
            In plain words, when nothing usable is chosen.
        """
        if self.way.currentIndex() == FOLDER:
            folder = Path(self.folder.text().strip())
            if not self.folder.text().strip() or not folder.is_dir():
                raise ValueError("Choose a folder of images and labels to learn from.")
            return (
                f"the folder '{folder.name}'",
                {"kind": "folder", "folder": str(folder)},
                lambda recipe, job: recipe.sets(),
            )
        masks = self.masks.value
        if masks is None:
            raise ValueError(
                "There are no masks to learn from: run Segment and correct a few frames by hand, "
                "or open masks as a Labels layer."
            )
        segmentation = segmentation_from_layer(masks, self.movie.value)
        only_corrected = self.only_corrected.isChecked()

        def open_sets(recipe: TrainRecipe, job: Job) -> Any:
            from napari_insitu_tem.learning.labelled import labelled_frames
            from napari_insitu_tem.learning.splits import set_aside

            frames = labelled_frames(segmentation, job, only_corrected=only_corrected)
            return set_aside(recipe.as_seen(frames), recipe.validation_share)

        which = "corrected frames of " if only_corrected else ""
        return f"{which}'{segmentation.movie.name}'", {"kind": "layers"}, open_sets

    # -- inside ----------------------------------------------------------------------------

    def _add_rows(self) -> None:
        words = {
            "Learn from": self.way,
            "Masks": self.masks.native,
            "Movie": self.movie.native,
            "": self.only_corrected,
            "Folder": self._rows[FOLDER][0],
            "Frames of": self.simulator,
        }
        for text, widget in words.items():
            fill_width(widget)
            self._form.addRow(text, widget)

    def _folder_row(self) -> QWidget:
        holder, browse = QWidget(), QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose a folder")
        browse.clicked.connect(self._browse)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        return holder

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self.way, "Folder of pairs", self.folder.text())
        if chosen:
            self.folder.setText(chosen)
            self.changed.emit()

    def _show_way(self, _: Any = None) -> None:
        for way, widgets in self._rows.items():
            for widget in widgets:
                self._form.setRowVisible(widget, way == self.way.currentIndex())
        self.changed.emit()

    def _follow_masks(self, _: Any = None) -> None:
        layer = self.masks.value
        if layer is not None:
            known = getattr(layer.metadata.get("insitu_tem"), "corrected", ())
            self.only_corrected.setChecked(bool(layer.metadata.get("corrected", known)))
        self.changed.emit()
