"""Edit tracks: join, cut, delete, swap and rename, as a list that can be repeated."""

from __future__ import annotations

from pydantic import field_validator

from napari_insitu_tem.analysis.track_editing import apply_edits, check_edit
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Tracking
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

__all__ = ["EditTracksSettings", "edit_tracks"]


class EditTracksSettings(Settings):
    """What to change in the tracks."""

    edits: tuple[tuple[str | int, ...], ...] = setting(
        (),
        title="Edits",
        description='In order: ["join", 3, 7] makes track 7 part of 3; ["cut", 4, 120] gives '
        'track 4 a new number from frame 120 on; ["delete", 9]; ["swap", 2, 5, 60] exchanges 2 '
        'and 5 from frame 60 on; ["rename", 8, 1].',
    )

    @field_validator("edits")
    @classmethod
    def _known(cls, edits: tuple[tuple[str | int, ...], ...]) -> tuple[tuple[str | int, ...], ...]:
        return tuple(check_edit(edit) for edit in edits)


@task(title="Edit tracks", result="edited tracks")
def edit_tracks(
    tracking: Tracking, settings: EditTracksSettings = EditTracksSettings(), job: Job = Job()
) -> Tracking:
    """Join, cut, delete, swap or rename tracks; table and masks follow.

    Parameters
    ----------
    tracking : Tracking
        Not modified.
    settings : EditTracksSettings
        The edits, in order.
    job : Job
        Not needed: masks are renumbered when a frame is read.

    Returns
    -------
    Tracking
        With the edits made.
    """
    segmentation = tracking.segmentation
    particles, graph, labels = apply_edits(
        tracking.particles, tracking.graph, segmentation.labels, settings.edits
    )
    return Tracking(particles, segmentation.replace(labels=labels), graph)
