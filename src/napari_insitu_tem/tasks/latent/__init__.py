"""Latent variance: where and how lattices change, without being told what to look for."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from napari_insitu_tem.analysis.latent_clusters import cluster_trajectories
from napari_insitu_tem.analysis.latent_statistics import SeriesStatistics, series_statistics
from napari_insitu_tem.analysis.lattice_scale import dominant_period, zoom_for
from napari_insitu_tem.analysis.lattice_windows import (
    AVERAGED,
    LOOKS,
    lattice_strength,
    windows_with_lattice,
)
from napari_insitu_tem.analysis.windows import WindowGrid
from napari_insitu_tem.io.series import new_series
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.tasks.fourier import FourierChecks, FourierSettings, fourier
from napari_insitu_tem.tasks.latent.checks import correlations
from napari_insitu_tem.tasks.latent.result import MAPS, LatentMaps
from napari_insitu_tem.tasks.latent.settings import LatentSettings
from napari_insitu_tem.tasks.registry import task

__all__ = ["MAPS", "LatentMaps", "LatentSettings", "latent"]

#: Frames at least; below, nothing can be said of what changes.
_FEWEST = 3
#: Values of series that are worked on at once, a thread.
_BLOCK = 1 << 20
#: Latents that tell clusters apart: those that vary most.
_COMPARED = 16


@task(title="Latent variance", result="latent variance")
def latent(
    movie: Movie, settings: LatentSettings = LatentSettings(), job: Job = Job()
) -> LatentMaps:
    """Map where a lattice moves, turns, grows or shrinks, by what a network sees in windows.

    Every window of every frame becomes a few dozen latent variables, without labels. How each of
    them varies over time, window by window, is a map (Wang et al. 2023).

    Parameters
    ----------
    movie : Movie
        Aligned, and lattice-resolved at least in part; read once, frame by frame. Only the
        latents are kept, on disk where they are large.
    settings : LatentSettings
        Network, windows, and what counts as a lattice.
    job : Job
        Progress, cancel and device.

    Returns
    -------
    LatentMaps
        Series, statistics, maps, clusters and tables.

    Raises
    ------
    FourierError
        When regions for Fourier checks cannot be used; see `fourier`.
    MovieError
        When there are fewer than three frames, or they are smaller than a window.
    ModelError
        When there is no such network, or it is for something else.
    """
    # Loaded only now: torch takes its time.
    from napari_insitu_tem.inference.devices import pick_device
    from napari_insitu_tem.inference.latent_windows import WindowEncoder
    from napari_insitu_tem.learning.latent_movies import was_trained_on
    from napari_insitu_tem.models.store import get_model
    from napari_insitu_tem.tasks.latent.response import latent_responses

    _check_frames(movie)
    checks = _checks(movie, settings, job)
    model = get_model(settings.model).expect(task="latent")
    if was_trained_on(model.card, movie):
        job.log(
            f"'{model.name}' was trained on this very movie, so its latent variables are fitted to "
            "it. To compare movies, train on others of the kind."
        )
    scaling = model.card.normalisation if settings.scaling == "as trained" else settings.scaling
    device = pick_device(job.device)
    network = model.load(device)
    zoom = settings.zoom or _zoom(movie, job)
    encoder = WindowEncoder(
        network,  # type: ignore[arg-type]
        step=settings.step,
        zoom=zoom,
        scaling=scaling,  # type: ignore[arg-type]
        device=device,
    )
    grid = encoder.grid(movie.frame_shape)
    _check_size(movie, grid)
    lattice = _lattice(movie, grid, settings, job)
    series = new_series((movie.n_frames, *grid.shape, encoder.latents))
    found = job.track(encoder.movie(movie.iter_frames()), "Encoding", movie.n_frames)
    for index, latents in enumerate(found):
        series[index] = latents
    statistics = _statistics(series, job)
    result = LatentMaps(
        movie,
        grid,
        series,
        statistics,
        lattice,
        _clusters(series, statistics, lattice, settings, job),
        network.training_variance.cpu().numpy(),  # type: ignore[operator,union-attr]
        latent_responses(network, scaling=scaling),  # type: ignore[arg-type]
        model=model.name,
    )
    if checks is not None:
        result = result.replace(fourier=correlations(result, checks, settings.regions))
    result = result.replace(message=_message(result))
    job.log(result.message)
    return result


def _checks(movie: Movie, settings: LatentSettings, job: Job) -> FourierChecks | None:
    """Return what Fourier checks measure in the regions; they need no network, and come first."""
    if not settings.regions.strip():
        return None
    return fourier(movie, FourierSettings(regions=settings.regions), job)


def _zoom(movie: Movie, job: Job) -> float:
    """Return by how much frames are to be enlarged for their lattice to be known."""
    times = np.unique(np.linspace(0, movie.n_frames - 1, LOOKS).round().astype(int))
    job.check()
    period = dominant_period(movie.frame(int(time)) for time in times)
    zoom = zoom_for(period)
    if zoom != 1:
        job.log(
            f"Lattice planes are {period:.1f} px apart; for the network, frames are "
            f"{'enlarged' if zoom > 1 else 'reduced'} {zoom:.2f} times."
        )
    return zoom


def _check_frames(movie: Movie) -> None:
    if movie.n_frames < _FEWEST:
        raise MovieError(
            f"'{movie.name}' has {movie.n_frames} frame{'s' if movie.n_frames > 1 else ''}; what "
            f"changes over time needs at least {_FEWEST}."
        )


def _check_size(movie: Movie, grid: WindowGrid) -> None:
    if not grid.rows or not grid.columns:
        height, width = movie.frame_shape
        raise MovieError(
            f"The frames of '{movie.name}' are {width} × {height} px, and windows of "
            f"{grid.edge:.0f} px do not fit. Take a larger part of the recording."
        )


def _lattice(movie: Movie, grid: WindowGrid, settings: LatentSettings, job: Job) -> np.ndarray:
    """Return which windows show a lattice at two times at least, of some."""
    if not settings.lattice_only:
        return np.ones(grid.shape, bool)
    averaged = min(AVERAGED, movie.n_frames)
    starts = np.linspace(0, movie.n_frames - averaged, LOOKS).round().astype(int)
    times = [int(start) for start in np.unique(starts)]

    def look(start: int) -> np.ndarray:
        return lattice_strength([movie.frame(start + k) for k in range(averaged)], grid)

    looks = list(job.map(look, times, "Looking for lattices", len(times)))
    return windows_with_lattice(looks, grid, fringes=settings.fringes)


def _statistics(series: np.ndarray, job: Job) -> SeriesStatistics:
    flat = series.reshape(len(series), -1)
    size = max(1, _BLOCK // len(series))
    blocks = [slice(start, start + size) for start in range(0, flat.shape[1], size)]
    parts = list(
        job.map(lambda part: series_statistics(flat[:, part]), blocks, "Statistics", len(blocks))
    )
    whole = SeriesStatistics(
        *(
            np.concatenate([getattr(part, each.name) for part in parts])
            for each in fields(SeriesStatistics)
        )
    )
    return whole.reshaped(series.shape[1:])


def _clusters(
    series: np.ndarray,
    statistics: SeriesStatistics,
    lattice: np.ndarray,
    settings: LatentSettings,
    job: Job,
) -> np.ndarray:
    job.check()
    if not settings.clusters or not lattice.any():
        return np.zeros(lattice.shape, np.uint8)
    most = np.argsort(statistics.slow_variance[lattice].mean(axis=0))[::-1][:_COMPARED]
    labels = cluster_trajectories(
        series.reshape(len(series), -1, series.shape[-1]),
        settings.clusters,
        counts=lattice.ravel(),
        latents=np.sort(most),
        seed=job.seed,
    )
    return labels.reshape(lattice.shape)


def _message(found: LatentMaps) -> str:
    share = float(found.lattice.mean())
    if not found.lattice.any():
        return (
            "No window shows a lattice, so all maps are empty. Lower the strength of a lattice "
            "under More settings, or switch off 'Only where a lattice is'."
        )
    top = ", ".join(f"z{latent}" for latent in found.most_active())
    return (
        f"{len(found.active)} of {found.latents} latent variables are active. {share:.0%} of the "
        f"windows show a lattice; there, {top} change most over time."
    )
