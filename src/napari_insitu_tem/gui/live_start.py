"""What follows a path, made on a thread beside the window's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_insitu_tem.job import Job
from napari_insitu_tem.live.settings import LiveSettings
from napari_insitu_tem.loading import NETWORK_MODULES, load_ahead

if TYPE_CHECKING:
    from napari_insitu_tem.live.follower import Follower
    from napari_insitu_tem.live.mapper import MakeMap, Maps

__all__ = ["made_follower"]

#: What reading, refining and recording need; loaded on its own thread before the start.
_HEAVY = (
    "tifffile",
    "mrcfile",
    "scipy.ndimage",
    "skimage.restoration",
    "zarr",
    "napari_insitu_tem.io.read",
    "napari_insitu_tem.live.opening",
    "napari_insitu_tem.live.follower",
    "napari_insitu_tem.live.refining",
)


def made_follower(path: str, settings: LiveSettings, job: Job) -> Follower:
    """Return what follows a path; a slow drive or a large import keeps no window waiting."""
    load_ahead(_HEAVY)
    from napari_insitu_tem.live.follower import Follower
    from napari_insitu_tem.live.opening import open_source
    from napari_insitu_tem.live.refining import make_refiner

    if settings.uses_network:
        load_ahead(NETWORK_MODULES)
    refine = make_refiner(settings)
    return Follower(
        open_source(path, settings),
        lambda: refine,
        frames=settings.frames,
        make_finder=_make_finder if settings.find_particles else None,
        make_map=_map_maker(settings) if settings.map_activity else None,
        settings=settings.to_dict(),
    )


def _make_finder(is_stopped: Callable[[], bool]) -> Any:
    from napari_insitu_tem.live.finding import ParticleFinder
    from napari_insitu_tem.models.choices import CLASSICAL
    from napari_insitu_tem.tasks.segment import SegmentSettings, propose_settings, segment

    return ParticleFinder(propose_settings, segment, SegmentSettings(model=CLASSICAL), is_stopped)


def _map_maker(settings: LiveSettings) -> MakeMap:
    def make(is_stopped: Callable[[], bool]) -> Maps:
        # On the mapper's own thread: the first picture does not wait for this.
        load_ahead(("torch", "napari_insitu_tem.live.activity_map"))
        from napari_insitu_tem.live.activity_map import make_activity_map

        return make_activity_map(
            settings.map_model, frames=settings.map_frames, is_stopped=is_stopped
        )

    return make
