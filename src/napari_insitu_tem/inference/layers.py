"""Particles in overlapping layers by a network: its view of a movie, its maps, what they show."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.layer_channels import layers_of
from napari_insitu_tem.analysis.layer_instances import LayerParticles, particles_in_layers
from napari_insitu_tem.inference.frames import read_ahead
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.inference.views import View, find_view, maps_of
from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import nn

__all__ = ["LayerFinder"]


class LayerFinder:
    """A network that separates layers, ready for the frames of one movie.

    Parameters
    ----------
    network : torch.nn.Module
        One map a layer and, optionally, one of its cores, as logits.
    channels : sequence of str
        What its maps mean, as on the model's card.
    likes : {"dark", "bright", "any"}
        The polarity that it was trained for.
    device : torch.device or str
        Where it runs.
    threshold : float
        Probability above which a pixel belongs to a layer.
    smallest_diameter : float, optional
        Equivalent diameter (px) below which something is no particle; a quarter of the typical
        one otherwise.
    largest_overlap : float
        See `particles_in_layers`.
    """

    def __init__(
        self,
        network: nn.Module,
        channels: Sequence[str],
        *,
        likes: str,
        device: str | torch.device,
        threshold: float = 0.5,
        smallest_diameter: float | None = None,
        largest_overlap: float = 1.0,
    ) -> None:
        self.layers = layers_of(channels)
        self._tiles = TiledPredictor(network, device=device)
        self._likes, self._threshold = likes, threshold
        self._smallest_diameter, self._largest_overlap = smallest_diameter, largest_overlap

    def view(
        self,
        frames: list[np.ndarray],
        *,
        bright: bool | None,
        diameter: float | None,
        scale: float | None = None,
        job: Job,
    ) -> View:
        """Find how the network sees the particles of these frames best; see `find_view`."""

        def outlines(maps: np.ndarray, smallest: float) -> np.ndarray:
            found = self.particles(maps, smallest, job).labels
            # Of overlapping particles the later one is seen whole: any outline there is one.
            return found.max(axis=0)

        return find_view(
            frames,
            lambda image: self._tiles.predict(image, job),
            outlines,
            likes=self._likes,
            bright=bright,
            diameter=diameter,
            scale=scale,
            job=job,
        )

    def maps(self, frame: np.ndarray, view: View, job: Job) -> np.ndarray:
        """Return the network's maps (c, y, x) of a frame, 0 to 1."""
        return maps_of(
            frame, view, lambda image: self._tiles.predict(image, job), likes=self._likes
        )

    def particles(self, maps: np.ndarray, smallest_area: float, job: Job) -> LayerParticles:
        """Return the particles that maps show, layer by layer."""
        if self._smallest_diameter is not None:
            smallest_area = 0.25 * np.pi * self._smallest_diameter**2
        return particles_in_layers(
            maps,
            self.layers,
            threshold=self._threshold,
            smallest_area=smallest_area,
            largest_overlap=self._largest_overlap,
            job=job,
        )

    def separate(
        self, movie: Movie, view: View, picture: tuple[slice, slice], job: Job
    ) -> tuple[Any, list[LayerParticles]]:
        """Find the particles of every frame; the next frame is read while one is computed.

        Parameters
        ----------
        movie : Movie
            What to separate.
        view : View
            How the network sees it.
        picture : (slice, slice)
            The part of the frames to look at.
        job : Job
            Progress and cancel.

        Returns
        -------
        found : (t, n_layers · y, x) int32 array
            In memory or a frame store: the layers of a frame below each other, particles
            numbered from 1 throughout.
        frames : list of LayerParticles
            What they are; with empty ``labels``, which `found` holds.
        """
        n_layers = len(self.layers)
        height, width = movie.frame_shape
        corner = np.array([part.start for part in picture])
        frames: list[LayerParticles] = []

        def seen() -> Iterator[np.ndarray]:
            for frame in read_ahead(movie.iter_frames()):
                yield self.maps(frame[picture], view, job)

        def find(maps: np.ndarray) -> LayerParticles:
            return self.particles(maps, view.smallest_area, job)

        def labelled() -> Iterator[np.ndarray]:
            for particles in job.map(find, seen(), "Separating", movie.n_frames):
                whole = np.zeros((n_layers, height, width), np.int32)
                whole[(slice(None), *picture)] = particles.labels
                yield whole.reshape(-1, width)
                # The images may be larger than memory; the rest never is.
                empty = np.zeros((n_layers, 0, 0), np.int32)
                position = particles.position + corner
                frames.append(dataclasses.replace(particles, labels=empty, position=position))

        shape = (movie.n_frames, n_layers * height, width)
        return write_frames(labelled(), shape, np.int32), frames
