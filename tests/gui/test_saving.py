"""Saving from a dock: the file name, what is written, and what is said about it."""

import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFileDialog, QPushButton

from napari_insitu_tem.figures import Drawn
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.saving import SaveButton

pytestmark = pytest.mark.window


@pytest.fixture
def asked(monkeypatch):
    """What the file dialog was asked; answers with `asked["answer"]`."""
    seen = {}

    def answer(parent, title, name, filters):
        seen.update(title=title, name=name, filters=filters)
        return seen["answer"]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    return seen


@pytest.fixture
def plots(qtbot, viewer):
    widget = ResultPlots("Run it first.", {"b": "Second", "a": "First"}, prefix="my_")
    qtbot.addWidget(widget)
    return widget


def drawing(name):
    def draw(axes):
        axes.plot([0, 1], [0, 1])
        return Drawn(pd.DataFrame({name: [0.0, 1.0]}))

    return draw


def press(qtbot, widget):
    button = widget if isinstance(widget, QPushButton) else widget.findChild(QPushButton)
    with qtbot.waitSignal(widget.said, timeout=5_000) as signal:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return tuple(signal.args)


def test_the_button_saves_the_shown_plot_with_its_numbers(qtbot, plots, asked, tmp_path):
    plots.show_drawings({"a": drawing("one"), "b": drawing("two")})
    which = plots.findChild(QComboBox, "which_plot")
    assert [which.itemText(index) for index in range(which.count())] == ["Second", "First"]
    which.setCurrentIndex(1)
    asked["answer"] = (str(tmp_path / "plot"), "Picture (*.png)")
    assert press(qtbot, plots) == (f"Saved {tmp_path / 'plot.png'}, plot.csv.", False)
    assert asked["name"] == "my_a.svg" and asked["title"] == "Save the plot"
    assert (tmp_path / "plot.csv").read_text().startswith("one")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_what_was_chosen_stays_chosen_while_it_is_there(plots):
    plots.show_drawings({"a": drawing("one"), "b": drawing("two")})
    plots.which.setCurrentIndex(1)
    plots.show_drawings({"a": drawing("one"), "c": drawing("three")})
    assert plots.which.currentData() == "a"
    assert plots.which.itemText(1) == "c"
    plots.show_drawings({"b": drawing("two")})
    assert plots.which.currentData() == "b" and plots.which.isHidden()
    plots.show_drawings({})
    assert plots.isHidden()


def test_what_cannot_be_saved_is_said(qtbot, plots, asked, tmp_path):
    with pytest.raises(ValueError, match="no plot yet. Run it first"):
        plots.save(tmp_path / "x.svg")
    plots.show_drawings({"a": drawing("one")})
    asked["answer"] = (str(tmp_path / "plot.txt"), "")
    words, failed = press(qtbot, plots)
    assert failed and ".svg" in words
    asked["answer"] = (str(tmp_path / "missing" / "plot.svg"), "")
    words, failed = press(qtbot, plots)
    assert failed and "No such file" in words


def test_no_name_means_nothing_is_saved(qtbot, viewer, asked):
    written = []
    button = SaveButton(written.append, lambda: "x.svg")
    qtbot.addWidget(button)
    asked["answer"] = ("", "")
    with qtbot.assertNotEmitted(button.said):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked["name"] == "x.svg" and written == []
