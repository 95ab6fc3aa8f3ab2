"""How a network sees corrected frames: size and polarity from the corrected masks themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.edge_evidence import measure_outlines
from napari_insitu_tem.analysis.pixels import dilated
from napari_insitu_tem.analysis.segmentation import smooth
from napari_insitu_tem.analysis.thresholds import squared_gradient
from napari_insitu_tem.inference.particles import Instances
from napari_insitu_tem.inference.views import View, maps_of, view_for
from napari_insitu_tem.learning.retrain_history import model_in_use, segment_settings
from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.models.choices import CLASSICAL
from napari_insitu_tem.results import Segmentation

__all__ = ["Segmented", "how_segmented", "nearest", "seen", "view_of", "views_nearby"]

_POLARITY = {"dark": False, "bright": True}
#: Smoothing (px) of a frame before its edges are measured.
_DETAIL = 2.0
#: What a search for the scale tries: no larger scale, no smaller frames (px); and no smaller
#: particles (px) than networks can make out.
_LARGEST_TRIED, _SMALLEST_FRAME, _SMALLEST_SEEN = 2.0, 48, 7.0


@dataclass(frozen=True)
class Segmented:
    """How masks were made, as far as it matters to make better ones.

    Parameters
    ----------
    model : str
        The network that made them; ``"particles"`` for masks from elsewhere.
    bright, diameter : optional
        Polarity and typical diameter (px) of the particles, where the user gave them.
    instances : Instances
        How maps became particles.
    """

    model: str = "particles"
    bright: bool | None = None
    diameter: float | None = None
    instances: Instances = Instances()


def how_segmented(segmentation: Segmentation) -> Segmented:
    """Read from the history of masks how they were segmented last."""
    settings, plain = segment_settings(segmentation), Instances()
    values: dict[str, Any] = {
        "smallest_diameter": settings.get("smallest_diameter"),
        "drop_edge": bool(settings.get("drop_edge")),
    }
    if settings.get("model", CLASSICAL) != CLASSICAL:  # other methods mean other things by them
        values["threshold"] = settings.get("probability", plain.threshold)
        values["split"] = settings.get("split", plain.split)
    return Segmented(
        model=model_in_use(segmentation),
        bright=_POLARITY.get(str(settings.get("polarity"))),
        diameter=settings.get("diameter"),
        instances=Instances(**values),
    )


def view_of(
    frames: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    how: Segmented = Segmented(),
    scale: float | None = None,
) -> View:
    """Return at which size and polarity a network is to see frames, from their masks.

    Masks that were corrected by hand say better how wide the particles are, and whether they
    are dark, than any search for it does. The width is the one that `EdgeTrials` finds: half of
    the edges belong to wider particles. Dark is what is darker just within its outline than just
    outside of it.

    Parameters
    ----------
    frames, masks : sequences of (y, x) arrays
        Corrected frames with their label images.
    how : Segmented
        What the user gave counts.
    scale : float, optional
        The scale, where it follows from the size of the pixels.
    """
    widths, weights, steps = [], [], 0.0
    for frame, labels in zip(frames, masks, strict=True):
        image = smooth(np.nan_to_num(np.asarray(frame, np.float32)), _DETAIL)
        outlines = measure_outlines(labels, squared_gradient(image))
        width = outlines.typical_width()
        if width is not None:
            widths.append(width)
            weights.append(float(outlines.length.sum()))
        steps += _step_inwards(image, labels)
    bright = steps > 0 if how.bright is None else how.bright
    diameter = how.diameter
    if diameter is None:
        diameter = float(np.average(widths, weights=weights)) if widths else _diameter(masks)
    shape = frames[0].shape
    return view_for(diameter, bright=bright, shape=(shape[0], shape[1]), scale=scale)


def seen(sample: Sample, view: View, *, likes: str) -> Sample:
    """Return a frame and its labels just as the network is given them in a view.

    Parameters
    ----------
    sample : Sample
        At the movie's own size.
    view : View
        At which size and polarity.
    likes : {"dark", "bright", "any"}
        The polarity that the network was trained for.

    Returns
    -------
    Sample
        The image rescaled and inverted as `maps_of` does it, the labels to the nearest pixel.
    """
    given: list[np.ndarray] = []

    def look(image: np.ndarray) -> np.ndarray:
        given.append(image)
        return image[np.newaxis]

    # By way of `maps_of` itself, so that training and inference can never differ.
    maps_of(sample.image, view, look, likes=likes)
    size = given[0].shape
    labels = np.stack([nearest(layer, size) for layer in sample.labels])
    valid = None if sample.valid is None else nearest(sample.valid, size)
    return Sample(given[0], labels, valid, sample.name)


def views_nearby(view: View, shape: tuple[int, ...], *, bright: bool) -> list[View]:
    """Return views at half and twice a scale, as far as they are tried in a search for it.

    Parameters
    ----------
    view : View
        The one that suits.
    shape : tuple of int
        Of the frames, px.
    bright : bool
        Polarity of the views; where it is the wrong one, the view's own scale is among them.
    """
    own = () if bright == view.bright else (1.0,)
    views = [View(view.scale * factor, bright, view.diameter) for factor in (0.5, *own, 2.0)]
    return [
        each
        for each in views
        if each.scale == view.scale
        or (
            each.scale <= _LARGEST_TRIED
            and each.scale * min(shape) >= _SMALLEST_FRAME
            and each.scale * view.diameter >= _SMALLEST_SEEN
        )
    ]


def nearest(array: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Resize a (y, x) array by taking the nearest pixel."""
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
        for new, old in zip(size, array.shape, strict=True)
    )
    return array[rows[:, np.newaxis], columns]


def _step_inwards(image: np.ndarray, labels: np.ndarray) -> float:
    """Return how much brighter particles are within their outline than outside of it, summed."""
    inside = labels > 0
    within = inside & dilated(~inside, 2)
    outside = dilated(inside, 2) & ~inside
    if not within.any() or not outside.any():
        return 0.0
    step = float(image[within].mean() - image[outside].mean())
    return step * float(np.count_nonzero(within))


def _diameter(masks: Sequence[np.ndarray]) -> float:
    """Return the median equivalent diameter of all particles."""
    areas = np.concatenate([np.bincount(labels.ravel())[1:] for labels in masks])
    areas = areas[areas > 0]
    return float(2 * np.sqrt(np.median(areas) / math.pi)) if len(areas) else 24.0
