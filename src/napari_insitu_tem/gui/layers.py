"""Movies, masks and tracks to napari layers, and back.

A layer made here carries in ``layer.metadata["insitu_tem"]`` the object it shows. On the way
back, what the user can change in napari (pixels, labels, scale, place, units, name) counts; the
rest comes from that object. Layers from other readers work as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer, Tracks

from napari_insitu_tem import units
from napari_insitu_tem.io.editable import EditableLabels
from napari_insitu_tem.io.store import as_dask
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Layers, MovieResult, Segmentation, Tracking

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "KEY",
    "calibration_kwargs",
    "contrast_limits",
    "layer_data",
    "movie_from_layer",
    "result_of",
    "segmentation_from_layer",
    "tracking_from_layer",
]

KEY = "insitu_tem"
_AXES = ("t", "y", "x")


def result_of(layer: Layer) -> Any:
    """Return the Movie, Segmentation or Tracking that a layer shows, or None."""
    return layer.metadata.get(KEY)


def calibration_kwargs(movie: Movie) -> dict[str, Any]:
    """Return scale, place, units and axis labels of a layer over this movie's (t, y, x)."""
    size, time = movie.pixel_size, movie.frame_time
    step = size or 1.0
    return {
        "scale": (time or 1.0, step, step),
        "translate": (0.0, movie.origin[0] * step, movie.origin[1] * step),
        "units": ("s" if time else "pixel", *(("nm", "nm") if size else ("pixel", "pixel"))),
        "axis_labels": _AXES,
    }


def contrast_limits(movie: Movie) -> tuple[float, float]:
    """Return limits that show the movie well, from a few subsampled frames."""
    picks = np.unique(np.linspace(0, movie.n_frames - 1, 3).astype(int))
    step = max(1, int(np.sqrt(np.prod(movie.frame_shape) / 65536)))
    sample = np.concatenate([movie.frame(i)[::step, ::step].ravel() for i in picks]).astype(float)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = np.percentile(sample, (0.3, 99.7))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)


def layer_data(result: Any, name: str) -> list[tuple[Any, dict[str, Any], str]]:
    """Return napari layer tuples that show a result.

    Parameters
    ----------
    result : Movie, Segmentation, Layers or Tracking
        What to show; anything else with a ``movie`` shows that movie.
    name : str
        Name of the (first) layer.
    """
    if isinstance(result, Tracking):
        return _tracking_layers(result, name)
    if isinstance(result, Layers):
        return _separated_layers(result, name)
    if isinstance(result, Segmentation):
        kwargs = {**calibration_kwargs(result.movie), "name": name, "metadata": {KEY: result}}
        # Masks on disk go under a layer of edits in memory, so that no stroke waits for the disk.
        on_disk = not isinstance(result.labels, np.ndarray | EditableLabels)
        labels = EditableLabels(result.labels) if on_disk else result.labels
        masks = (labels, {**kwargs, "opacity": 0.5}, "labels")
        return [*_probability_layer(result, name), masks]
    if isinstance(result, MovieResult) and (images := result.images()):
        plain = name.rpartition(" [")[0] or name
        return [
            part
            for key, image in images.items()
            for part in layer_data(image, f"{plain} [{key.replace('_', ' ')}]")
        ]
    if isinstance(result, MovieResult) and (tables := result.points()):
        plain = name.rpartition(" [")[0] or name
        return [
            *(
                _points_layer(result, table, f"{plain} [{key.replace('_', ' ')}]")
                for key, table in tables.items()
            ),
            *(
                _trails_layer(result.movie, table, f"{plain} [{key.replace('_', ' ')}]")
                for key, table in result.trails().items()
            ),
        ]
    movie: Movie = result if isinstance(result, Movie) else result.movie
    kwargs = {
        **calibration_kwargs(movie),
        "name": name,
        "metadata": {KEY: result},
        "contrast_limits": contrast_limits(movie),
    }
    return [(as_dask(movie.data), kwargs, "image")]


#: Colours of layers: far apart in hue and brightness, also for the colour-blind.
_LAYER_COLOURS = ("#ff9a2e", "#33c1ff", "#5fe06a", "#ff6fd0", "#f0e442", "#b39cff")


def _separated_layers(layers: Layers, name: str) -> list[tuple[Any, dict[str, Any], str]]:
    """Return one Labels layer a layer, each in a colour of its own, as outlines."""
    from napari.utils.colormaps import DirectLabelColormap

    plain = name.removesuffix(" [layers]")
    shown = []
    for number, title in enumerate(layers.names, start=1):
        colour = _LAYER_COLOURS[(number - 1) % len(_LAYER_COLOURS)]
        ((data, kwargs, kind),) = layer_data(layers.layer(number), f"{plain} [{title}]")
        colours = DirectLabelColormap(color_dict={None: colour, 0: "transparent"})
        # As outlines, since masks of overlapping layers would hide each other.
        kwargs |= {"opacity": 0.9, "colormap": colours, "contour": 2}
        shown.append((data, kwargs, kind))
    return shown


def _probability_layer(result: Segmentation, name: str) -> list[tuple[Any, dict[str, Any], str]]:
    if result.probability is None:
        return []
    kwargs = {
        **calibration_kwargs(result.movie),
        "name": f"{name.removesuffix(' [masks]')} [probability]",
        "metadata": {KEY: result.movie.replace(data=as_dask(result.probability), name=name)},
        "contrast_limits": (0.0, 1.0),
        "colormap": "magma",
        "blending": "additive",
        "visible": False,
    }
    return [(as_dask(result.probability), kwargs, "image")]


def _tracking_layers(tracking: Tracking, name: str) -> list[tuple[Any, dict[str, Any], str]]:
    movie, table = tracking.movie, tracking.particles
    plain = name.removesuffix(" [tracks]")
    masks_name = f"{name} masks" if plain == name else f"{plain} [tracked masks]"
    masks = layer_data(tracking.segmentation, masks_name)
    if not len(table):
        return masks
    features = units.publish(
        table.drop(columns=["y", "x"], errors="ignore"), movie.pixel_size, movie.frame_time
    )
    kwargs = {
        **calibration_kwargs(movie),
        "name": name,
        "metadata": {KEY: tracking},
        "features": features,
        "graph": tracking.graph,
        "tail_length": min(50, movie.n_frames),
        "tail_width": 3,
        "colormap": "turbo",
    }
    return [*masks, (table[["track", "frame", "y", "x"]].to_numpy(float), kwargs, "tracks")]


def _points_layer(
    result: MovieResult, table: pd.DataFrame, name: str
) -> tuple[Any, dict[str, Any], str]:
    """Return a Points layer of the places in a table, with its other columns as features."""
    movie = result.movie
    features = units.publish(
        table.drop(columns=["y", "x"]), movie.pixel_size, movie.frame_time
    ).reset_index(drop=True)
    apart = table["nearest_distance"].median() if "nearest_distance" in table else np.nan
    kwargs = {
        **calibration_kwargs(movie),
        "name": name,
        "metadata": {KEY: result},
        "features": features,
        "size": 0.5 * float(apart) if np.isfinite(apart) else 8.0,
        "face_color": "transparent",
        "border_color": "#33c1ff",
        "border_width": 0.12,
    }
    return table[["frame", "y", "x"]].to_numpy(float), kwargs, "points"


def _trails_layer(movie: Movie, table: pd.DataFrame, name: str) -> tuple[Any, dict[str, Any], str]:
    """Return a Tracks layer of places over time."""
    table = table.sort_values(["track", "frame"], ignore_index=True)
    rest = table.drop(columns=["y", "x"]).select_dtypes("number")
    kwargs = {
        **calibration_kwargs(movie),
        "name": name,
        "features": units.publish(rest, movie.pixel_size, movie.frame_time),
        "tail_length": min(30, movie.n_frames),
        "tail_width": 3,
        "colormap": "turbo",
    }
    return table[["track", "frame", "y", "x"]].to_numpy(float), kwargs, "tracks"


def movie_from_layer(layer: Image) -> Movie:
    """Return the movie that an Image layer shows.

    Raises
    ------
    MovieError
        When it has more than three dimensions or colours.
    """
    if getattr(layer, "rgb", False):
        raise MovieError(
            f"'{layer.name}' is a colour image; electron images have one channel. "
            "Split it first (right click → Split RGB)."
        )
    data = layer.data[0] if layer.multiscale else layer.data
    if data.ndim > 3:
        raise MovieError(
            f"'{layer.name}' has {data.ndim} dimensions; a movie has three: time, y, x. "
            "Choose one channel or plane first."
        )
    pixel_size, frame_time = _calibration(layer)
    origin = _origin(layer)
    shown = result_of(layer)
    movie = shown if isinstance(shown, Movie) else getattr(shown, "movie", None)
    if movie is not None and movie is not shown:
        movie = movie.replace(provenance=shown.provenance)
    if movie is None:
        return Movie(
            data,
            pixel_size=pixel_size,
            frame_time=frame_time,
            origin=origin,
            name=layer.name,
            source=str(layer.source.path) if layer.source.path else None,
        )
    if data is not movie.data and tuple(data.shape) != tuple(movie.data.shape):
        movie = movie.replace(data=data)
    return movie.replace(
        pixel_size=pixel_size, frame_time=frame_time, origin=origin, name=layer.name
    )


def segmentation_from_layer(layer: Labels, image: Image | None = None) -> Segmentation:
    """Return the masks that a Labels layer shows, over the movie of `image`.

    Without an `image`, the movie is the one that was segmented.

    Raises
    ------
    MovieError
        When neither is known, or they do not fit together.
    """
    shown = result_of(layer)
    known = shown if isinstance(shown, Segmentation) else None
    if image is not None:
        movie = movie_from_layer(image)
    elif known is not None:
        movie = known.movie
    else:
        raise MovieError(f"Choose the movie that the masks '{layer.name}' belong to.")
    labels = layer.data[0] if layer.multiscale else layer.data
    if labels.ndim == 2:
        labels = labels[np.newaxis]
    corrected = frozenset(layer.metadata.get("corrected", known.corrected if known else ()))
    provenance = known.provenance if known is not None else None
    return Segmentation(labels, movie, corrected=corrected, provenance=provenance)


def tracking_from_layer(layer: Tracks) -> Tracking:
    """Return the tracks that a Tracks layer shows.

    Raises
    ------
    MovieError
        When the layer was not made by this plugin.
    """
    shown = result_of(layer)
    if not isinstance(shown, Tracking):
        raise MovieError(
            f"'{layer.name}' was not made by Track; track the masks here to measure them."
        )
    return shown


def _calibration(layer: Layer) -> tuple[float | None, float | None]:
    """Return (nm per pixel, seconds per frame) from a layer's scale and units."""
    sizes = [_in_unit(layer, axis, "nm") for axis in (-2, -1)]
    time = _in_unit(layer, 0, "s") if layer.ndim > 2 else None
    if None in sizes or abs(sizes[0] - sizes[1]) > 0.01 * abs(sizes[1]):
        return None, time
    return float(np.mean(sizes)), time


def _origin(layer: Layer) -> tuple[float, float]:
    """Return where a layer's first pixel lies, in pixels, without what rounding added."""
    row, column = np.round(layer.translate[-2:] / layer.scale[-2:], 6) + 0.0
    return float(row), float(column)


def _in_unit(layer: Layer, axis: int, unit: str) -> Any:
    own = layer.units[axis]
    if not own.is_compatible_with(unit):
        return None
    return float((float(layer.scale[axis]) * own).to(unit).magnitude)
