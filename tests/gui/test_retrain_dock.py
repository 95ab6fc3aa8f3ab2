"""The Retrain dock, in the real window: it learns, compares, keeps or discards, and segments."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_insitu_tem import Segmentation
from napari_insitu_tem.gui.correct import CorrectDock
from napari_insitu_tem.gui.label_editor import editor_of
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.retrain import RetrainDock
from napari_insitu_tem.gui.retrain_open import open_dock
from napari_insitu_tem.models import ModelCard, building, get_model, list_models, save_model, store
from napari_insitu_tem.provenance import Provenance, Step

pytestmark = pytest.mark.window
ARGUMENTS = {"channels": [4, 6], "out_channels": 2}


def make(name, folder=None):
    import torch

    from napari_insitu_tem.networks import build_network

    torch.manual_seed(0)
    card = ModelCard(
        name=name,
        task="segment",
        network="unet",
        arguments=ARGUMENTS,
        channels=("foreground", "core"),
        polarity="dark",
        trained_on="nothing.",
        training={"patch": 32},
    )
    return save_model(card, build_network("unet", ARGUMENTS).state_dict(), folder)


class Desk:
    """A viewer with movie, masks and the dock, and hands to use them."""

    def __init__(self, viewer, movie, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        y, x = np.mgrid[:96, :128]
        labels = np.zeros(movie.data.shape, np.int32)
        places = ((20, 20), (22, 60), (24, 100), (65, 40), (66, 90))
        for t in range(movie.n_frames):
            for number, (row, column) in enumerate(places, start=1):
                labels[t][(y - row - t) ** 2 + (x - column - t) ** 2 < 9**2] = number
        made = Provenance("discs", "0").then(Step("segment", {"model": "mine"}))
        self.segmentation = Segmentation(labels, movie, provenance=made)
        (self.movie,) = show_layers(viewer, layer_data(movie, "discs"), [])
        (self.masks,) = show_layers(viewer, layer_data(self.segmentation, "discs [masks]"), [])
        self.dock = self.docked(RetrainDock(viewer), "Retrain")

    def docked(self, dock, name):
        self.viewer.window.add_dock_widget(dock, name=name)
        return dock

    def correct(self, *frames):
        editor_of(self.masks).mark(frames)

    def train(self, steps=2):
        form = self.dock.form
        form.set_value(form.value().model_copy(update={"steps": steps, "simulated": 0.0}))
        with self.qtbot.waitSignal(self.dock._background.ended, timeout=60_000):
            self.click(self.dock.button)

    def click(self, button):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def names(self):
        return [layer.name for layer in self.viewer.layers]

    def said(self):
        return self.dock.message.text()


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    building.forget_networks()
    make("particles", store.SHIPPED)
    make("mine")


@pytest.fixture
def desk(models, viewer, discs, qtbot):
    return Desk(viewer, discs, qtbot)


def test_corrected_frames_are_listed_as_they_come(desk):
    dock = desk.dock
    assert "No frame of these masks is corrected yet" in dock.corrected.text()
    desk.correct(1)
    assert "Only frame 1" in dock.corrected.text()
    assert not dock.left_out.isEnabled()
    desk.correct(4)
    assert dock.corrected.text() == "2 corrected frames: 1, 4"
    assert dock.left_out.currentText() == "the last corrected: 4"
    assert [dock.left_out.itemData(i) for i in range(3)] == [None, 1, 4]


def test_it_starts_from_the_network_that_made_the_masks_unless_told_otherwise(desk):
    dock = desk.dock
    assert dock.model.currentText() == "the one in use: mine"
    assert dock.settings().model is None
    dock.model.setCurrentIndex(dock.model.findData("particles"))
    assert dock.settings().model == "particles"


def test_without_corrections_it_says_what_to_do(desk):
    desk.train()
    assert "No frame is corrected yet" in desk.said()
    assert desk.dock.retrained is None
    assert desk.dock.button.isEnabled()


def test_before_and_after_are_shown_on_the_frame_left_out_and_nowhere_else(desk):
    desk.correct(0, 2, 4)
    desk.train()
    dock = desk.dock
    assert not dock.result.isHidden()
    assert not dock.plot.isHidden()
    assert "Frame 4 is not learnt from" in dock.result.words.text()
    shown = dock.result.numbers["f1"]
    assert shown[0].text() == f"{dock.retrained.scores_before['f1']:.2f}"
    assert shown[1].text() == f"<b>{dock.retrained.scores_after['f1']:.2f}</b>"
    assert desk.names() == ["discs", "discs [masks]", "discs [before]", "discs [after]"]
    assert desk.viewer.dims.current_step[0] == 4
    assert not desk.masks.visible
    after = desk.viewer.layers["discs [after]"]
    place = after.data_to_world((0, 0, 0))
    assert np.allclose(place, desk.masks.data_to_world((4, 0, 0)))
    assert np.array_equal(after.data[0], dock.retrained.after)
    # They are to look at, and no input of anything.
    assert after not in dock.masks.choices
    assert dock.masks.value is desk.masks


def test_the_outlines_can_be_looked_at_one_by_one(desk):
    desk.correct(0, 2)
    desk.train()
    before, after = (desk.viewer.layers[f"discs [{which}]"] for which in ("before", "after"))
    for number, expected in ((0, (True, False)), (1, (False, True)), (2, (True, True))):
        desk.click(desk.dock.result._choice.button(number))
        assert (before.visible, after.visible) == expected


def test_keeping_it_adds_a_model_beside_the_old_one(desk, qtbot):
    desk.correct(0, 2)
    desk.train()
    dock = desk.dock
    assert not dock.button.isEnabled()  # it would be lost
    assert not dock.result.segment.isEnabled()
    assert dock.result.name.text() == "mine-discs"
    with qtbot.waitSignal(dock.kept, timeout=10_000):
        desk.click(dock.result.keep)
    assert [model.name for model in list_models()] == ["particles", "mine", "mine-discs"]
    assert "Kept as 'mine-discs'" in desk.said()
    assert dock.button.isEnabled()
    assert dock.result.segment.isEnabled()
    assert not dock.result.keep.isEnabled()
    assert dock.result.discard.text() == "Close"
    desk.click(dock.result.discard)
    assert desk.names() == ["discs", "discs [masks]"]
    assert [model.name for model in list_models()] == ["particles", "mine", "mine-discs"]


def test_a_name_that_is_taken_is_refused_and_another_can_be_given(desk, qtbot):
    desk.correct(0, 2)
    desk.train()
    dock = desk.dock
    for wrong, words in (("mine", "already"), ("particles", "ships"), ("a b", "cannot be a")):
        dock.result.name.setText(wrong)
        with qtbot.waitSignal(dock._keeping.ended, timeout=10_000):
            desk.click(dock.result.keep)
        assert words in desk.said()
    dock.result.name.setText("better")
    with qtbot.waitSignal(dock.kept, timeout=10_000):
        desk.click(dock.result.keep)
    assert get_model("better").card.parent == "mine"


def test_discarding_leaves_everything_as_it_was(desk):
    desk.correct(0, 2)
    desk.train()
    desk.click(desk.dock.result.discard)
    assert desk.names() == ["discs", "discs [masks]"]
    assert desk.masks.visible
    assert desk.dock.result.isHidden()
    assert [model.name for model in list_models()] == ["particles", "mine"]
    assert desk.dock.button.isEnabled()


def test_stop_here_compares_what_was_learnt_so_far(desk, qtbot):
    desk.correct(0, 2)
    dock = desk.dock
    dock.form.set_value(dock.form.value().model_copy(update={"steps": 10**6, "simulated": 0.0}))
    desk.click(dock.button)
    assert dock.button.text() == "Stop here"
    qtbot.waitUntil(lambda: "left" in dock.status.text(), timeout=60_000)
    with qtbot.waitSignal(dock.finished, timeout=30_000):
        desk.click(dock.button)
    assert dock.retrained.trained.stopped == "cancelled"
    assert desk.said().startswith("Stopped after")


def test_cancel_keeps_nothing(desk, qtbot):
    desk.correct(0, 2)
    dock = desk.dock
    dock.form.set_value(dock.form.value().model_copy(update={"steps": 10**6, "simulated": 0.0}))
    desk.click(dock.button)
    qtbot.waitUntil(lambda: "left" in dock.status.text(), timeout=60_000)
    with qtbot.waitSignal(dock._background.cancelled, timeout=3_000):
        desk.click(dock.cancel)
    assert dock.retrained is None
    assert desk.names() == ["discs", "discs [masks]"]
    assert dock.button.text() == "Retrain"


def test_painting_and_closing_the_masks_while_it_trains_is_safe(desk, qtbot):
    desk.correct(0, 2)
    dock = desk.dock
    dock.form.set_value(dock.form.value().model_copy(update={"steps": 10**6, "simulated": 0.0}))
    desk.click(dock.button)
    qtbot.waitUntil(lambda: "left" in dock.status.text(), timeout=60_000)
    desk.masks.data_setitem(np.nonzero(desk.masks.data), 9)
    desk.viewer.layers.remove(desk.masks)
    with qtbot.waitSignal(dock.finished, timeout=30_000):
        desk.click(dock.button)
    assert 9 not in dock.retrained.left_out.labels
    assert desk.names() == ["discs"]


def test_the_button_under_correct_opens_it_on_these_masks(desk):
    correct = desk.docked(CorrectDock(desk.viewer), "Correct")
    correct.masks.value = desk.masks
    desk.viewer.window.remove_dock_widget(desk.dock)
    desk.click(correct.retrain)
    opened = open_dock(desk.viewer, "retrain")
    assert isinstance(opened, RetrainDock)
    assert opened.masks.value is desk.masks


def test_the_movie_is_segmented_with_the_network_that_was_kept(desk, qtbot):
    desk.correct(0, 2)
    desk.train(steps=30)
    with qtbot.waitSignal(desk.dock.kept, timeout=10_000):
        desk.click(desk.dock.result.keep)
    segment = open_dock(desk.viewer, "segment")
    with qtbot.waitSignal(segment._background.ended, timeout=60_000):
        desk.click(desk.dock.result.segment)
    settings = segment.settings()
    assert (settings.model, settings.polarity) == ("mine-discs", "dark")
    assert settings.diameter == pytest.approx(17, abs=2)
    assert segment.input_layer() is desk.movie
    assert "discs [before]" not in desk.names()


def test_a_closed_dock_no_longer_hears_of_corrections(desk, qtbot):
    dock, heard = desk.dock, desk.dock._heard
    assert heard
    desk.viewer.window.remove_dock_widget(dock)
    with qtbot.waitSignal(dock.destroyed, timeout=5_000):
        dock.close()
        dock.deleteLater()
    assert not heard
    desk.correct(3)  # would call into what is gone
