"""Columns by network: a map of probabilities, and its maxima."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from napari_insitu_tem.analysis.columns.lattice_support import supported
from napari_insitu_tem.analysis.columns.peaks import local_maxima, squeezed
from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.lattice_scale import zoomed
from napari_insitu_tem.analysis.standardise import standardise
from napari_insitu_tem.inference.devices import pick_device
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.inference.views import scale_for_pixels
from napari_insitu_tem.job import Job
from napari_insitu_tem.models.model import Model
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.finding import Found, sampled, unusable
from napari_insitu_tem.tasks.columns.settings import ColumnsSettings

__all__ = ["NetworkFinder", "network_finder"]

_FAINT = 0.06  # maxima of a lower probability are not looked at
_APART = 0.08  # nm; columns are farther apart than this
# nm; maps have maxima midway between the columns of a [110] row of gold, 0.14 nm from both.
# Three columns in a row so close, the middle one weakest, are in no crystal that was simulated.
_SQUEEZED = 0.17
_RADIUS = 0.12  # nm; of a column without neighbours
_WIDTH = 0.05  # nm


class NetworkFinder:
    """Finds columns by a network.

    Parameters
    ----------
    model : Model
        Takes one image, gives one map.
    pixel_size : float or None
        Of the frames, nm; None where the network need not know.
    probability : float
        From which on a column counts.
    device : str
        As `pick_device` takes it.
    """

    def __init__(
        self, model: Model, *, pixel_size: float | None, probability: float, device: str
    ) -> None:
        place = pick_device(device)
        card = model.card
        # A network without a range of pixel sizes takes frames as they are.
        self.zoom = scale_for_pixels(pixel_size, card.pixel_size, model.name) or 1.0
        self.likes, self.probability, self.bright = card.polarity, probability, True
        self._tiles = TiledPredictor(model.load(place), device=place)
        pixel = pixel_size / self.zoom if pixel_size else 0.02
        self._apart = max(1.0, _APART / pixel)
        self._close = _SQUEEZED / pixel
        self.width: float | None = None
        self.radius = max(2.0, _RADIUS / pixel / self.zoom)
        self.words = ""

    def over(self, frames: Iterable[np.ndarray], job: Job) -> Iterator[Found]:
        """Yield what every frame holds, in order."""
        waiting: deque[tuple[np.ndarray, str]] = deque()

        def prepared() -> Iterator[np.ndarray]:
            for frame in frames:
                waiting.append((frame, unusable(frame)))
                yield self.prepare(frame, bright=self.bright)

        for maps in self._tiles.predict_frames(prepared(), job):
            frame, trouble = waiting.popleft()
            yield Found.nothing(frame, trouble) if trouble else self.read(frame, maps[0])

    def prepare(self, frame: np.ndarray, *, bright: bool) -> np.ndarray:
        """Return a frame as the network takes it: first of its pixel size, then standardised."""
        image = standardise(zoomed(fill_missing(frame), self.zoom))
        return image if self.likes == "any" or bright == (self.likes == "bright") else -image

    def read(self, frame: np.ndarray, probability: np.ndarray) -> Found:
        """Return the columns in a map of probabilities."""
        places, values = self._maxima(probability)
        certainty = supported(places, values)
        kept = certainty >= self.probability
        return Found(frame, places[kept], certainty[kept])

    def candidates(
        self, frame: np.ndarray, *, bright: bool, job: Job
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return places (px) of all that may be columns, and the network's own probabilities."""
        maps = self._tiles.predict(self.prepare(frame, bright=bright), job)
        return self._maxima(maps[0])

    def evidence(self, frames: Iterable[np.ndarray], *, bright: bool, job: Job) -> float:
        """Return how much the network finds in frames: the sum of fourth powers of the maxima.

        Of few high maxima and many low ones the high ones are right more often.
        """
        total = 0.0
        for frame in frames:
            _, values = self.candidates(frame, bright=bright, job=job)
            total += float(np.sum(values**4))
        return total

    def _maxima(self, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places (px of the frame) and heights of what may be columns."""
        places, values = local_maxima(probability, least=_FAINT, reach=self._apart)
        kept = ~squeezed(places, values, self._close)
        return (places[kept] + 0.5) / self.zoom - 0.5, values[kept]


def network_finder(movie: Movie, settings: ColumnsSettings, job: Job) -> NetworkFinder:
    """Return the network of the settings, ready for the frames of a movie.

    Raises
    ------
    ColumnsError, MovieError, ModelError
        See `finder_for`.
    """
    model = get_model(settings.model).expect(task="columns")
    finder = NetworkFinder(
        model,
        pixel_size=movie.pixel_size,
        probability=settings.probability,
        device=job.device,
    )
    frames = sampled(movie)
    bright = settings.bright
    if bright is None and finder.likes != "any":
        both = [finder.evidence(frames, bright=each, job=job) for each in (True, False)]
        bright = both[0] >= both[1]
    finder.bright = True if bright is None else bright
    size = f", seen {finder.zoom:.2g} times as large" if abs(finder.zoom - 1) > 0.01 else ""
    finder.words = (
        f"Columns are taken to be {'bright' if finder.bright else 'dark'}{size}."
        if finder.likes != "any"
        else f"The network looks for columns of either polarity{size}."
    )
    return finder
