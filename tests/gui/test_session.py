"""The session under napari's own way of making docks: with a proxy of the viewer."""

import pytest

from napari_insitu_tem.gui.session import Selection, session_of

pytestmark = pytest.mark.window


@pytest.mark.parametrize("title", ["7 Measure", "7 Tables", "7 Plots"])
def test_docks_from_the_menu_share_the_viewers_session(viewer, title):
    _, dock = viewer.window.add_plugin_dock_widget("napari-insitu-tem", title)
    dock = getattr(dock, "__wrapped__", dock)
    assert dock.session is session_of(viewer)
    assert dock.viewer is viewer
    viewer.window.remove_dock_widget("all")


def test_whoever_listens_hears_what_was_selected(viewer):
    session, heard = session_of(viewer), []
    session.selected.connect(heard.append)
    session.select(3, 5)
    session.select(3, 5)
    assert heard == [Selection(3, 5)]
