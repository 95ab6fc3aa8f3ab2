"""Simulated walks with known answers, for the tests of what is measured on tracks."""

import numpy as np
import pandas as pd

from napari_insitu_tem import Movie, Segmentation, Tracking


def brownian(
    rng,
    *,
    tracks=200,
    frames=200,
    diffusion=1.0,
    noise=0.0,
    blur=True,
    dimensions=2,
    substeps=20,
):
    """(tracks, frames, dimensions) of recorded Brownian motion."""
    scale = np.sqrt(2 * diffusion / substeps)
    steps = rng.normal(0, scale, (tracks, frames * substeps, dimensions))
    path = np.cumsum(steps, axis=1).reshape(tracks, frames, substeps, dimensions)
    seen = path.mean(axis=2) if blur else path[:, :, -1]
    return seen + rng.normal(0, noise, seen.shape)


def table_of(positions, angles=None, *, diameter=20.0):
    """The table of particles that tracking makes, from (tracks, frames, 2) positions."""
    tracks, frames = positions.shape[:2]
    diameter = np.broadcast_to(diameter, (tracks, frames)).ravel()
    n = tracks * frames
    return pd.DataFrame(
        {
            "frame": np.tile(np.arange(frames), tracks),
            "label": np.repeat(np.arange(1, tracks + 1), frames),
            "track": np.repeat(np.arange(1, tracks + 1), frames),
            "y": positions[..., 0].ravel(),
            "x": positions[..., 1].ravel(),
            "area": np.pi / 4 * diameter**2,
            "equivalent_diameter": diameter,
            "perimeter": np.pi * diameter,
            "circularity": np.ones(n),
            "aspect_ratio": np.ones(n),
            "solidity": np.ones(n),
            "orientation": np.full(n, np.nan) if angles is None else angles.ravel(),
            "mean_intensity": np.full(n, 100.0),
            "touches_edge": np.zeros(n, bool),
        }
    )


def tracking_of(particles, *, shape=(400, 400), frames=None, **movie):
    """A tracking with these particles, over an empty movie that takes no memory."""
    length = frames or int(particles["frame"].max()) + 1
    pixels = np.broadcast_to(np.zeros(1, np.uint8), (length, *shape))
    movie = Movie(pixels, **movie)
    labels = np.broadcast_to(np.zeros(1, np.int32), (length, *shape))
    return Tracking(particles, Segmentation(labels, movie))
