"""The network of a focal series: images of any pixel size to maps of every class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.species import SpeciesError
from napari_insitu_tem.analysis.species.calibration import CALIBRATIONS, Calibration
from napari_insitu_tem.analysis.species.sites import SPECIES
from napari_insitu_tem.analysis.standardise import standardise
from napari_insitu_tem.inference.devices import pick_device
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.inference.views import scale_for_pixels
from napari_insitu_tem.job import Job
from napari_insitu_tem.models.store import get_model

__all__ = ["SpeciesNetwork"]


@dataclass(frozen=True, eq=False)
class SpeciesNetwork:
    """A network with the scale at which it sees a movie.

    Parameters
    ----------
    name : str
        Of the model.
    images : int
        How many images it takes.
    scale : float
        Images are made this many times as large for it.
    tiles : TiledPredictor
        The network itself.
    """

    name: str
    images: int
    scale: float
    tiles: TiledPredictor

    @classmethod
    def of(cls, name: str, pixel_size: float | None, job: Job) -> SpeciesNetwork:
        """Load a model for a movie with pixels of a size, nm.

        Raises
        ------
        ModelError
            When there is no such model, or it is for something else.
        SpeciesError, MovieError
            When the movie has no pixel size, or too large a one.
        """
        if pixel_size is None:
            raise SpeciesError(
                "To tell elements, it must be known how large a pixel is, and the movie does not "
                "say. Give it a pixel size under Calibrate."
            )
        model = get_model(name).expect(task="species", channels=SPECIES)
        scale = scale_for_pixels(pixel_size, model.card.pixel_size, name) or 1.0
        device = pick_device(job.device)
        tiles = TiledPredictor(model.load(device), device=device)
        return cls(name, int(model.card.arguments.get("in_channels", 1)), scale, tiles)

    @property
    def calibration(self) -> Calibration:
        """How its maps become probabilities."""
        return CALIBRATIONS.get(self.images, CALIBRATIONS[3])

    def seen(self, image: np.ndarray) -> np.ndarray:
        """Return an image (y, x) at the size at which the network sees it."""
        if abs(self.scale - 1) < 1e-3:
            return np.asarray(image, np.float32)
        import torch
        from torch.nn.functional import interpolate

        size = tuple(max(1, round(edge * self.scale)) for edge in image.shape)
        tensor = torch.from_numpy(np.ascontiguousarray(image, np.float32))[None, None]
        resized = interpolate(tensor, size, mode="bilinear", antialias=True, align_corners=False)
        return np.asarray(resized[0, 0].numpy())

    def maps(self, images: np.ndarray, job: Job) -> np.ndarray:
        """Return the maps (3, y, x) of images (n, y, x) as `seen`.

        Each is brought to zero mean and unit deviation only now, at the size at which the
        network was trained: what an image's noise is depends on its pixels.
        """
        return self.tiles.predict(np.stack([standardise(image) for image in images]), job)
