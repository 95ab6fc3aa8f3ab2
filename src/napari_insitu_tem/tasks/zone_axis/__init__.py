"""Zone axis: where particles are seen along one, and in which frames they can be read."""

from __future__ import annotations

from napari_insitu_tem.analysis.sampling import picture_of
from napari_insitu_tem.analysis.zone_axis.local_pairs import PairFinder
from napari_insitu_tem.analysis.zone_axis.windowed import WindowRows
from napari_insitu_tem.io.store import as_dask
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.tasks.segment.settings import SegmentSettings
from napari_insitu_tem.tasks.track import TrackSettings, track
from napari_insitu_tem.tasks.zone_axis.mapping import particle_table, write_map
from napari_insitu_tem.tasks.zone_axis.result import ZoneAxis
from napari_insitu_tem.tasks.zone_axis.settings import ZoneAxisSettings
from napari_insitu_tem.tasks.zone_axis.words import summary

__all__ = ["ZoneAxis", "ZoneAxisSettings", "zone_axis"]

_FRINGES = 3.0  # of the longest spacing, across the smallest particle
_TILE = 1024  # px that the network sees at once: large frames shall do with little memory


@task(title="Zone axis", result="zone axis")
def zone_axis(
    movie: Movie, settings: ZoneAxisSettings = ZoneAxisSettings(), job: Job = Job()
) -> ZoneAxis:
    """Map where particles are seen along a zone axis, and list the frames that can be read.

    A network finds the particles (Larsen et al., Fig. 2); its probability is scaled by how evenly
    the pairs of peaks of the local Fourier transform are lit, in overlapping Hamming windows.
    Every particle is followed through the movie by its outline, and is interpretable in the
    frames in which the evenness of its own Fourier transform reaches the threshold.

    Parameters
    ----------
    movie : Movie
        Calibrated frames with lattice fringes.
    settings : ZoneAxisSettings
        Network, windows, spacings and threshold.
    job : Job
        Progress, cancel and device.

    Returns
    -------
    ZoneAxis
        Map, particles and their table.

    Raises
    ------
    MovieError
        When the movie has no pixel size, or its pixels are too large for the network.
    FourierError
        When the windows are too small for the spacings, or larger than the frames.
    ModelError
        When there is no such network.
    """
    from napari_insitu_tem.tasks.segment.network import segmented  # torch takes its time

    if movie.pixel_size is None:
        raise MovieError(
            f"'{movie.name}' has no pixel size, and windows and spacings are in nm. Set it under "
            "Calibrate; regions of an uncalibrated movie can be looked at with Fourier checks."
        )
    size = movie.pixel_size
    finder = PairFinder(
        max(1, round(settings.window / size)),
        shortest=settings.shortest / size,
        longest=settings.longest / size,
    )
    step = max(1, finder.edge // settings.overlap)
    rows = WindowRows(movie.frame_shape, finder, step)
    smallest = settings.smallest_diameter or _FRINGES * settings.longest
    by_network = SegmentSettings(
        model=settings.model,
        probability=settings.probability,
        smallest_diameter=smallest / size,
        probability_map=True,
    )
    segmentation = segmented(movie, by_network, picture_of(movie), job, tile=_TILE)
    linking = TrackSettings(memory=settings.memory, min_length=1, events=False, repair=False)
    tracking = track(segmentation, linking, job)
    values = write_map(segmentation, rows, job)
    table, troubles = particle_table(tracking, values, settings, job)
    result = ZoneAxis(
        movie,
        movie.replace(data=as_dask(values), name=f"{movie.name} zone axis", dose=None),
        Segmentation(tracking.segmentation.labels, movie),
        table,
        settings.threshold,
    )
    message = summary(result, troubles)
    job.log(message)
    return result.replace(message=message)
