"""File → Open Sample: a real recording, and a simulated one with its truth."""

from __future__ import annotations

from typing import Any

from napari_insitu_tem.gui.layers import layer_data

__all__ = ["nanocubes_layers", "sintering_layers"]

LayerTuple = tuple[Any, dict[str, Any], str]


def sintering_layers() -> list[LayerTuple]:
    """Return the layers of the sample "Sintering nanoparticles (recorded)"."""
    from napari_insitu_tem.samples import sintering

    movie = sintering()
    return layer_data(movie, movie.name)


def nanocubes_layers() -> list[LayerTuple]:
    """Return the layers of the sample "Nanocubes in liquid (simulated)".

    The true masks and tracks come along, hidden, to compare with.
    """
    from napari_insitu_tem.samples import nanocubes_with_truth

    simulated = nanocubes_with_truth()
    hidden = [
        (data, {**kwargs, "visible": False}, kind)
        for data, kwargs, kind in layer_data(simulated.tracking, "nanocubes [truth]")
    ]
    return [*layer_data(simulated.movie, simulated.movie.name), *hidden]
