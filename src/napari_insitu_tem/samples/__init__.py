"""Sample movies: a real recording that ships with the package, and a simulated one."""

from __future__ import annotations

from pathlib import Path

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.simulate.particles import (
    ParticleMovieSettings,
    SimulatedMovie,
    simulate_particles,
)

__all__ = ["SINTERING_FILE", "nanocubes", "nanocubes_settings", "nanocubes_with_truth", "sintering"]

#: The recording that `sintering` opens; see ATTRIBUTION.md beside it.
SINTERING_FILE = Path(__file__).parent / "sintering.ome.tif"


def sintering() -> Movie:
    """Open 20 bright-field frames of nanoparticles during sintering, 256×256, uncalibrated.

    The frames are mostly not consecutive (the metadata says so): good for segmentation,
    counting and sizes, not for tracking. From msa-em/microscopy-seg-track, CC BY 4.0; 2×2
    pixels of the original were averaged.
    """
    import tifffile

    return Movie(
        tifffile.imread(SINTERING_FILE),
        name="sintering",
        source=str(SINTERING_FILE),
        metadata={
            "description": "Nanoparticles during sintering at about 800 °C, bright-field TEM",
            "note": "The frames show different places and times and are mostly not consecutive: "
            "good for segmentation, counting and sizes, not for tracking.",
            "attribution": "msa-em/microscopy-seg-track, CC BY 4.0; averaged over 2×2 pixels",
        },
    )


def nanocubes_settings() -> ParticleMovieSettings:
    """Return what `nanocubes` simulates."""
    return ParticleMovieSettings(
        n_frames=60,
        height=320,
        width=320,
        particles=36,
        size=22.0,
        diffusion=1.0,
        rotational_diffusion=4.0,
        attraction=1.5,
        drift=0.1,
        pixel_size=1.0,
        dose=5.0,
    )


def nanocubes() -> Movie:
    """Simulate 60 frames of 36 nanocubes that diffuse, rotate and touch; always the same."""
    return nanocubes_with_truth().movie


def nanocubes_with_truth(job: Job | None = None) -> SimulatedMovie:
    """Simulate what `nanocubes` does, with the true masks, poses and tracks.

    The same bytes every time with the default job; another seed gives another movie.
    """
    simulated = simulate_particles(nanocubes_settings(), job or Job(on_progress=lambda _: None))
    return simulated.with_name("nanocubes")
