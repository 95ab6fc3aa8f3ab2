"""Maps where lattices change, frame by frame, from the latents of the last frames."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from napari_insitu_tem.analysis.active_regions import ActiveRegion, rank_regions
from napari_insitu_tem.analysis.latent_statistics import active_first, series_statistics
from napari_insitu_tem.analysis.lattice_scale import dominant_period, zoom_for
from napari_insitu_tem.analysis.lattice_windows import (
    AVERAGED,
    FRINGES,
    LOOKS,
    lattice_strength,
    windows_with_lattice,
)
from napari_insitu_tem.inference.devices import pick_device
from napari_insitu_tem.inference.latent_windows import Scaling, WindowEncoder
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.frames import Frame
from napari_insitu_tem.live.latent_ring import LatentRing
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.networks.patch_vae import WindowVAE

__all__ = ["ActivityMap", "make_activity_map"]

#: Frames at least: of fewer, some window changes in one direction by chance.
_FEWEST = 10
#: From one window to the next, px; multiples of it where latents would need more memory.
_STEP, _BYTES = 8, 256_000_000
#: Values of series that are worked on at once.
_BLOCK = 1 << 18


class ActivityMap:
    """Takes one frame after the other; says whenever it is asked where most happens.

    The scale is found in the first six frames, and again while there is no lattice. For the
    lattice it looks six times while the ring goes round once. With frames of another size or
    pixel size everything begins anew.

    Parameters
    ----------
    network : WindowVAE
        Trained.
    frames : int
        How many of the last frames the map looks back over.
    scaling : {"frame", "window"}
        How values are brought to 0 … 1.
    device : torch.device or str
        Where the network runs.
    is_stopped : callable
        Asked again and again; what is under way then ends with `Cancelled`.
    """

    def __init__(
        self,
        network: WindowVAE,
        *,
        frames: int = 100,
        scaling: Scaling = "frame",
        device: object = "cpu",
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._network, self._scaling, self._device = network, scaling, device
        self._frames, self._is_stopped = frames, is_stopped
        self._active = active_first(network.training_variance.cpu().numpy())
        self._kind: tuple[tuple[int, ...], float | None] | None = None
        self._begin_anew()

    def add(self, frame: Frame) -> None:
        """Take a frame into account.

        Raises
        ------
        ValueError
            When it is smaller than a window.
        """
        kind = (frame.pixels.shape, frame.pixel_size)
        if kind != self._kind:
            self._kind = kind
            self._begin_anew()
        if self._encoder is not None:
            self._encode(self._encoder, frame)
            return
        self._waiting.append(frame)
        if len(self._waiting) == LOOKS:
            waiting = self._waiting.copy()
            self._waiting.clear()
            encoder = self._made(waiting)
            for each in waiting:
                if self._encoder is encoder:  # a look at one may have had all begin anew
                    self._encode(encoder, each)

    def activity(self) -> Activity | None:
        """Return where most happens; None while there are too few frames."""
        last, looks = self._last, self._looks
        if last is None or not looks or len(self._ring) < min(_FEWEST, self._frames):
            return None
        lattice = windows_with_lattice(looks, self._grid, fringes=FRINGES)
        values = self._variances(np.flatnonzero(lattice)).reshape(*self._grid.shape, -1)
        summed = values.sum(axis=-1)
        ranked = []
        for row, column, strength in rank_regions(summed, lattice, self._grid):
            most = self._active[np.argsort(-values[row, column], kind="stable")[:2]]
            y, x = self._grid.centre(row, column)
            ranked.append(ActiveRegion(y, x, strength, tuple(int(latent) for latent in most)))
        return Activity(
            summed,
            self._grid,
            lattice,
            tuple(ranked),
            frames=len(self._ring),
            number=last.number,
            frame_shape=(last.pixels.shape[0], last.pixels.shape[1]),
            pixel_size=last.pixel_size,
        )

    # -- inside ----------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        self._encoder: WindowEncoder | None = None
        self._waiting: list[Frame] = []
        self._recent: deque[np.ndarray] = deque(maxlen=AVERAGED)
        self._looks: deque[np.ndarray] = deque(maxlen=LOOKS)
        self._since_look = 0
        self._last: Frame | None = None

    def _made(self, frames: list[Frame]) -> WindowEncoder:
        """Return the encoder for frames with such a lattice, and make room for its latents."""
        zoom = zoom_for(dominant_period(frame.pixels for frame in frames))
        shape = frames[0].pixels.shape[0], frames[0].pixels.shape[1]
        encoder = self._encoder_of(_STEP, zoom)
        self._grid = encoder.grid(shape)
        if not self._grid.rows or not self._grid.columns:
            raise ValueError(
                f"frames are {shape[1]} × {shape[0]} px, and windows of {self._grid.edge:.0f} px "
                "do not fit"
            )
        windows = self._grid.rows * self._grid.columns
        needed = 4 * self._frames * windows * len(self._active)
        if needed > _BYTES:
            encoder = self._encoder_of(_STEP * math.ceil(math.sqrt(needed / _BYTES)), zoom)
            self._grid = encoder.grid(shape)
        self._ring = LatentRing(
            self._frames, self._grid.rows * self._grid.columns, len(self._active)
        )
        self._encoder = encoder
        return encoder

    def _encoder_of(self, step: int, zoom: float) -> WindowEncoder:
        return WindowEncoder(
            self._network,
            step=step,
            zoom=zoom,
            scaling=self._scaling,
            device=self._device,  # type: ignore[arg-type]
        )

    def _encode(self, encoder: WindowEncoder, frame: Frame) -> None:
        latents = encoder.frame(frame.pixels)[..., self._active]
        self._ring.add(latents.reshape(-1, len(self._active)))
        self._last = frame
        self._recent.append(frame.pixels)
        self._since_look += 1
        due = not self._looks or self._since_look >= max(AVERAGED, self._frames // LOOKS)
        if due and len(self._recent) == AVERAGED:
            self._look()

    def _look(self) -> None:
        self._since_look = 0
        self._looks.append(lattice_strength(self._recent, self._grid))
        if windows_with_lattice(self._looks, self._grid, fringes=FRINGES).any():
            return
        # It may be another scale that shows one.
        if zoom_for(dominant_period(self._recent)) != self._grid.zoom:
            self._begin_anew()

    def _variances(self, windows: np.ndarray) -> np.ndarray:
        """Return the time-correlated variance (all windows, active latents) of some windows."""
        count, latents = self._grid.rows * self._grid.columns, len(self._active)
        found = np.zeros((count, latents), np.float32)
        size = max(1, _BLOCK // (len(self._ring) * latents))
        for start in range(0, len(windows), size):
            if self._is_stopped():
                raise Cancelled
            some = windows[start : start + size]
            series = self._ring.series(some)
            statistics = series_statistics(series.reshape(len(series), -1))
            found[some] = statistics.time_correlated_variance.reshape(-1, latents)
        return found


def make_activity_map(
    model: str, *, frames: int, is_stopped: Callable[[], bool] = lambda: False
) -> ActivityMap:
    """Return a map of activity by a model; its network is loaded here.

    Parameters
    ----------
    model : str
        Its name.
    frames, is_stopped
        As `ActivityMap` has them.

    Raises
    ------
    ModelError
        When there is no such network, or it is for something else.
    """
    found = get_model(model).expect(task="latent")
    device = pick_device("auto")
    return ActivityMap(
        found.load(device),  # type: ignore[arg-type]
        frames=frames,
        scaling=found.card.normalisation,  # type: ignore[arg-type]
        device=device,
        is_stopped=is_stopped,
    )
