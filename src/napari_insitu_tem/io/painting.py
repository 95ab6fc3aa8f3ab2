"""What a video's frames look like: greys, outlines, tails, scale bar, clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_insitu_tem.io import overlay
from napari_insitu_tem.io.readings import clock_text, reading_of
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Segmentation, Tracking
from napari_insitu_tem.settings import Settings, setting

__all__ = ["Painter", "VideoSettings"]


class VideoSettings(Settings):
    """What a video shows, how large and how fast."""

    frames_per_second: float | None = setting(
        None,
        title="Frames per second",
        description="How fast it plays; in real time when that is 5 to 30, otherwise 10.",
        gt=0,
        le=120,
        step=1,
        none_means="real time, or 10",
    )
    longest_edge: int | None = setting(
        1024,
        title="Longest edge",
        description="Larger frames are reduced to this, by averaging; frames under half of it "
        "are enlarged, so that lines and letters are legible.",
        unit="px",
        ge=64,
        step=64,
        none_means="as the movie",
    )
    outlines: bool = setting(
        True, title="Outlines", description="Draw the particles' outlines, coloured by track."
    )
    tails: bool = setting(
        True, title="Track tails", description="Draw where each particle was before."
    )
    tail_length: int = setting(
        20,
        title="Tail length",
        description="How many frames back the tails reach.",
        unit="frames",
        ge=1,
        shown_when={"tails": (True,)},
        advanced=True,
    )
    scale_bar: bool = setting(
        True,
        title="Scale bar",
        description="Draw a scale bar of a round length, if the movie has a pixel size.",
    )
    clock: bool = setting(
        True,
        title="Clock",
        description="Show the time of the frame; its number if the movie has no frame time.",
    )
    quantity: str | None = setting(
        None,
        title="Shown quantity",
        description="Column of the holder's log to show beside the clock, such as pressure_mbar.",
        none_means="the temperature",
        advanced=True,
    )
    saturated: float = setting(
        0.5,
        title="Saturated pixels",
        description="Part of the pixels that may be black, and that may be white; the greys "
        "between are stretched, alike in all frames.",
        unit="%",
        ge=0,
        le=20,
        step=0.1,
        advanced=True,
    )


class Painter:
    """Draws the frames of one video.

    Parameters
    ----------
    movie : Movie
        What is shown.
    segmentation, tracking : optional
        Whose outlines and tails are drawn.
    options : VideoSettings
        What to show.

    Raises
    ------
    MovieError
        When masks and movie do not belong together.
    """

    def __init__(
        self,
        movie: Movie,
        segmentation: Segmentation | None,
        tracking: Tracking | None,
        options: VideoSettings,
    ) -> None:
        masks = segmentation or (tracking.segmentation if tracking is not None else None)
        if masks is not None and tuple(masks.labels.shape) != tuple(movie.data.shape):
            raise MovieError(
                f"The masks and the movie '{movie.name}' are of different size; they do not "
                "belong together."
            )
        self.movie, self.options, self.tracked = movie, options, tracking is not None
        self.masks = masks if options.outlines else None
        self.tails = (
            overlay.Tails.from_particles(tracking.particles, options.tail_length)
            if tracking is not None and options.tails
            else None
        )
        self.size, self.scale = _size(movie.frame_shape, options.longest_edge)
        self.low, self.high = _limits(movie, options.saturated)
        width, height = self.size
        self.letters = max(11, round(min(width, height) / 32))
        self.line = max(1, round(max(width, height) / 640))
        self.rate = options.frames_per_second or _natural_rate(movie.frame_time)
        self.times = movie.time
        self.reading = reading_of(movie, options.quantity)

    def frames(self) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
        """Yield what `paint` takes, one frame after another."""
        for index, image in enumerate(self.movie.iter_frames()):
            yield index, image, self.masks.frame(index) if self.masks is not None else None

    def paint(self, item: tuple[int, np.ndarray, np.ndarray | None]) -> np.ndarray:
        """Return a frame with all that belongs on it."""
        from PIL import Image, ImageDraw

        index, image, labels = item
        grey = _resized(np.asarray(image, np.float32), self.size, smooth=True)
        grey = np.nan_to_num((grey - self.low) * (255 / (self.high - self.low)))
        picture = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        if labels is not None:
            small = _resized(labels.astype(np.int32, copy=False), self.size, smooth=False)
            overlay.draw_outlines(picture, small, width=self.line, by_number=self.tracked)
        canvas = Image.fromarray(picture)
        draw = ImageDraw.Draw(canvas, "RGBA")
        if self.tails is not None:
            self.tails.draw(draw, index, self.scale, self.line)
        if self.options.scale_bar and self.movie.pixel_size:
            overlay.draw_scale_bar(
                draw, self.size, self.movie.pixel_size / self.scale, self.letters
            )
        overlay.draw_text(draw, self.size, self._words(index), self.letters)
        return np.asarray(canvas)

    def _words(self, index: int) -> list[str]:
        words = []
        if self.options.clock and self.times is not None:
            words.append(
                clock_text(self.times[index], frame_time=self.movie.frame_time, last=self.times[-1])
            )
        elif self.options.clock:
            words.append(f"frame {index}")
        if self.reading is not None:
            words.append(self.reading.text(index))
        return words


def _size(shape: tuple[int, int], longest: int | None) -> tuple[tuple[int, int], float]:
    """Return the video's (width, height), which are even, and its scale."""
    height, width = shape
    scale = 1.0
    if longest is not None and max(shape) > longest:
        scale = longest / max(shape)
    elif longest is not None and 2 * max(shape) <= longest:
        scale = float(longest // max(shape))
    even = [max(2, int(round(length * scale)) // 2 * 2) for length in (width, height)]
    return (even[0], even[1]), scale


def _resized(image: np.ndarray, size: tuple[int, int], *, smooth: bool) -> np.ndarray:
    from PIL import Image

    if image.shape == (size[1], size[0]):
        return image
    reduces = size[0] < image.shape[1]
    method = Image.Resampling.BOX if smooth and reduces else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(image).resize(size, method))


def _limits(movie: Movie, saturated: float) -> tuple[float, float]:
    """Return the greys that become black and white, from a dozen frames of the movie."""
    picks = np.unique(np.linspace(0, movie.n_frames - 1, 12).astype(int))
    step = max(1, int(np.sqrt(np.prod(movie.frame_shape) / 65536)))
    sample = np.concatenate([movie.frame(i)[::step, ::step].ravel() for i in picks]).astype(float)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = np.percentile(sample, (saturated, 100 - saturated))
    if high <= low:
        low, high = float(sample.min()), float(sample.max())
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def _natural_rate(frame_time: float | None) -> float:
    if frame_time is not None and 5 <= 1 / frame_time <= 30:
        return 1 / frame_time
    return 10.0
