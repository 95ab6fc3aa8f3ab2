"""What to learn from: layers of the viewer, a folder of pairs, or a simulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.layers import segmentation_from_layer
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.recipes import TrainRecipe, find_recipe, shipped_recipes

__all__ = ["LAYERS", "FOLDER", "SIMULATED", "DataChooser", "row_form", "row_label"]

LAYERS, FOLDER, SIMULATED = range(3)
_WAYS = ("layers in napari", "a folder of pairs", "simulated frames")

#: From a job to what to learn from and what to judge by.
Sets = Callable[[TrainRecipe, Job], Any]


class DataChooser(QWidget):
    """Chooses the training data.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    """

    changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.way = QComboBox()
        self.way.addItems(_WAYS)
        self.way.setObjectName("data")
        self.way.setToolTip("Where frames with known particles come from.")
        fill_width(self.way)
        self._pages = QStackedWidget()
        self.masks = LayerChooser(viewer, Labels, "Masks")
        self.movie = LayerChooser(viewer, Image, "Movie", none_means="the one segmented")
        self.only_corrected = QCheckBox("Only frames corrected by hand")
        self.only_corrected.setObjectName("only_corrected")
        self.only_corrected.setToolTip(
            "Masks that nobody looked at teach the network the mistakes of what made them."
        )
        self.folder = QLineEdit()
        self.folder.setObjectName("folder")
        self.folder.setPlaceholderText("images/ and labels/ in it, or x.tif beside x_labels.tif")
        self.simulator = QComboBox()
        self.simulator.setObjectName("simulator")
        self._pages.addWidget(self._layers_page())
        self._pages.addWidget(self._folder_page())
        self._pages.addWidget(self._simulated_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        top = QWidget()
        row_form(top).addRow(row_label("Learn from"), self.way)
        layout.addWidget(top)
        layout.addWidget(self._pages)
        self.way.currentIndexChanged.connect(self._show_way)
        self.masks.changed.connect(self._follow_masks)
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

    def _layers_page(self) -> QWidget:
        page = QWidget()
        form = row_form(page)
        for label, chooser in (("Masks", self.masks), ("Movie", self.movie)):
            fill_width(chooser.native)
            form.addRow(row_label(label), chooser.native)
        form.addRow(row_label(""), self.only_corrected)
        return page

    def _folder_page(self) -> QWidget:
        page = QWidget()
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose a folder")
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        row_form(page).addRow(row_label("Folder"), row)
        self.folder.editingFinished.connect(self.changed)
        return page

    def _simulated_page(self) -> QWidget:
        page = QWidget()
        for name in shipped_recipes():
            recipe = find_recipe(name)
            self.simulator.addItem(recipe.title or name, name)
        self.simulator.setToolTip("Frames of the simulator that this shipped model learnt from.")
        self.simulator.currentIndexChanged.connect(self.changed)
        fill_width(self.simulator)
        form = row_form(page)
        form.addRow(row_label("Frames of"), self.simulator)
        about = QLabel("Every frame is new, and its masks are exact. Takes the longest.")
        about.setWordWrap(True)
        form.addRow(row_label(""), about)
        return page

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of pairs", self.folder.text())
        if chosen:
            self.folder.setText(chosen)
            self.changed.emit()

    def _show_way(self, _: Any = None) -> None:
        for index in range(self._pages.count()):  # as high as what is shown, not as the highest
            policy = self._pages.widget(index).sizePolicy()
            shown = index == self.way.currentIndex()
            policy.setVerticalPolicy(policy.Policy.Preferred if shown else policy.Policy.Ignored)
            self._pages.widget(index).setSizePolicy(policy)
        self._pages.setCurrentIndex(self.way.currentIndex())
        self._pages.adjustSize()
        self.changed.emit()

    def _follow_masks(self, _: Any = None) -> None:
        layer = self.masks.value
        if layer is not None:
            known = getattr(layer.metadata.get("insitu_tem"), "corrected", ())
            self.only_corrected.setChecked(bool(layer.metadata.get("corrected", known)))
        self.changed.emit()


def row_label(text: str) -> QLabel:
    """Return a label as wide as those of the other forms of the dock, so that they line up."""
    label = QLabel(text)
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance("Start from"))
    return label


def row_form(widget: QWidget | None = None) -> QFormLayout:
    """Return a form without margins, whose fields grow."""
    form = QFormLayout(widget)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    return form
