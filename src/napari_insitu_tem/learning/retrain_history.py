"""What the history of masks says of how they were segmented."""

from __future__ import annotations

from typing import Any

from napari_insitu_tem.models.choices import CLASSICAL
from napari_insitu_tem.results import Segmentation

__all__ = ["model_in_use", "segment_settings"]

#: Where to start when no network made the masks.
_DEFAULT = "particles"


def segment_settings(segmentation: Segmentation | None) -> dict[str, Any]:
    """Return the settings of the last `segment` step; none for masks from elsewhere."""
    # Not `history()`: that may read the movie, for a fingerprint that is not needed here.
    provenance = segmentation.provenance if segmentation is not None else None
    steps = provenance.steps if provenance is not None else ()
    return next((dict(step.settings) for step in reversed(steps) if step.task == "segment"), {})


def model_in_use(segmentation: Segmentation | None) -> str:
    """Return the network that made the masks; ``"particles"`` when none did."""
    model = str(segment_settings(segmentation).get("model", CLASSICAL))
    return _DEFAULT if model == CLASSICAL else model
