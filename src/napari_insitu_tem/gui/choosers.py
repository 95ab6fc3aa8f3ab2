"""Drop-downs of a viewer's layers that follow its layer list."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import ComboBox
from napari.layers import Layer

__all__ = ["LayerChooser"]


class LayerChooser(ComboBox):
    """Chooses one layer of a type; a layer the user selects in the list is taken over.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    layer_type : type of Layer
        Which layers.
    label : str
        Shown before it.
    none_means : str, optional
        Offers None under this name, starts with it, and does not follow the layer list.
    """

    def __init__(
        self,
        viewer: Any,
        layer_type: type[Layer],
        label: str,
        *,
        none_means: str | None = None,
    ) -> None:
        self._viewer, self._layer_type, self._none_means = viewer, layer_type, none_means
        super().__init__(label=label, name=label, choices=self._choices, nullable=False)
        self.tooltip = f"The {label.lower()} to work on; click a layer in the list to choose it."
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(self._refresh)
        viewer.layers.selection.events.active.connect(self._follow)
        self._follow()

    def disconnect(self) -> None:
        """Stop following the viewer."""
        for event in (self._viewer.layers.events.inserted, self._viewer.layers.events.removed):
            event.disconnect(self._refresh)
        self._viewer.layers.selection.events.active.disconnect(self._follow)

    def _usable(self, layer: Layer) -> bool:
        return type(layer) is self._layer_type and not layer.metadata.get("preview")

    def _choices(self, _: Any = None) -> list[Any]:
        layers = [layer for layer in self._viewer.layers if self._usable(layer)]
        if self._none_means is None:
            return layers
        return [(self._none_means, None), *((layer.name, layer) for layer in layers)]

    def _refresh(self, _: Any = None) -> None:
        self.reset_choices()

    def _follow(self, _: Any = None) -> None:
        active = self._viewer.layers.selection.active
        if self._none_means is None and active is not None and self._usable(active):
            self.reset_choices()
            self.value = active
