"""Docks of this plugin, opened by what opens them from the menu."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QWidget

__all__ = ["open_dock"]

_PLUGIN = "napari-insitu-tem"


def open_dock(viewer: Any, command: str) -> QWidget:
    """Open a dock of this plugin, or bring it to the front where it is open, and return it.

    Parameters
    ----------
    viewer : napari.Viewer
        In whose window.
    command : str
        The last part of its command in ``napari.yaml``: ``"segment"``.
    """
    from npe2 import PluginManager

    manifest = PluginManager.instance().get_manifest(_PLUGIN)
    title = next(
        str(widget.display_name)
        for widget in manifest.contributions.widgets or ()
        if widget.command == f"{_PLUGIN}.{command}"
    )
    dock, widget = viewer.window.add_plugin_dock_widget(_PLUGIN, title)
    dock.show()
    dock.raise_()
    return widget
