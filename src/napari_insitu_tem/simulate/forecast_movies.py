"""Named movies to forecast: three catalysts, growth, coalescence, diffusion, and pure noise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.catalyst import CatalystSettings, simulate_catalyst_lazily
from napari_insitu_tem.simulate.particles import ParticleMovieSettings, simulate_particles_lazily

__all__ = ["FORECAST_MOVIES", "forecast_movie"]

#: What every movie is, by name; lengths of the catalysts as parts of the frame.
FORECAST_MOVIES: Mapping[str, str] = MappingProxyType(
    {
        "4 nm": "a rigid gold particle on its support",
        "2 nm": "a small one that becomes disordered in the middle of the movie",
        "single layer": "a single layer of gold that becomes disordered",
        "growth": "particles in liquid that grow",
        "coalescence": "particles in liquid that diffuse and flow together",
        "diffusion": "particles in liquid that diffuse freely: not foreseeable",
        "noise": "shot noise alone: nothing to foresee",
    }
)
_LIQUID = {"shape": "sphere", "particles": 5, "pixel_size": 0.5, "dose": 20.0, "drift": 0.0}


def forecast_movie(
    name: str, *, n_frames: int = 300, edge: int = 64, dose: float | None = None, seed: int = 0
) -> Movie:
    """Return one of the `FORECAST_MOVIES`, rendered when it is read.

    Parameters
    ----------
    name : str
        Which.
    n_frames, edge : int
        Length, and height and width in px.
    dose : float, optional
        e/Å² and frame; 100 for the catalysts and 20 in liquid.
    seed : int
        Of everything random.

    Raises
    ------
    SettingsError
        When there is no such movie.
    """
    if name not in FORECAST_MOVIES:
        raise SettingsError(f"There is no movie '{name}'. There are: {', '.join(FORECAST_MOVIES)}.")
    size: dict[str, float] = {"n_frames": n_frames, "height": edge, "width": edge}
    if dose is not None:
        size["dose"] = dose
    if name == "noise":
        frames = np.random.default_rng((seed, 63)).poisson(25, (n_frames, edge, edge))
        return Movie(frames.astype(np.uint16), name=name)
    if name in ("growth", "coalescence", "diffusion"):
        settings = ParticleMovieSettings.from_dict({**_LIQUID, **_liquid(name, edge), **size})
        return simulate_particles_lazily(settings, seed).with_name(name).movie
    settings_of = CatalystSettings.from_dict({**_catalyst(name, edge, n_frames), **size})
    return simulate_catalyst_lazily(settings_of, seed).with_name(name).movie


def _liquid(name: str, edge: int) -> dict[str, object]:
    """Return what the particles in liquid do; their sizes go with the frame's edge."""
    size = edge / 8
    if name == "growth":
        return {"size": size, "growth": 0.02 * edge / 64, "diffusion": 0.02, "jitter": 0.05}
    if name == "coalescence":
        return {"size": size, "diffusion": 0.1, "joining": "coalescence", "attraction": 2.0}
    return {"size": size, "diffusion": 2.0}


def _catalyst(name: str, edge: int, n_frames: int) -> dict[str, object]:
    onset = n_frames // 2
    if name == "4 nm":
        return {"diameter": 0.6 * edge}
    if name == "2 nm":
        return {"diameter": 0.38 * edge, "onset": onset}
    return {"diameter": 0.55 * edge, "layers": 1, "onset": onset}
