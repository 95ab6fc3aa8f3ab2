"""What all forecasting networks share: frames in, any number of frames out, rolled forward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Forecaster", "RecurrentForecaster", "check_arguments"]

#: Spreads are kept between exp of these, in units of the prepared frames.
_LOG_SPREAD = (-6.0, 3.0)


class Forecaster(nn.Module, ABC):
    """A network that goes on with a movie.

    A frame has channels: the image, and behind it `auxiliary` maps (a temperature, evenly over
    the frame). An answer has `out_channels`: the image, and possibly the logarithm of its spread
    (the standard deviation of what may come instead).

    Parameters
    ----------
    in_channels : int
        Frames that it is given.
    out_channels : {1, 2}
        The image alone, or with its spread.
    auxiliary : int
        Maps beside the image of every frame.
    head : {"linear", "sigmoid"}
        A sigmoid's images are between 0 and 1; frames of zero mean need the linear one.

    Attributes
    ----------
    calibration : (in_channels,) tensor
        What is added to the logarithm of the spread at step 1, 2, … (the last one for all
        further steps), found on clips that were set aside. Of a network without a spread, the
        logarithm of its errors' size.
    """

    multiple: int = 4
    #: Whether it also predicts the frames that it is given, from those before each.
    warms_up: bool = False

    def __init__(self, *, in_channels: int, out_channels: int, auxiliary: int, head: str) -> None:
        super().__init__()
        check_arguments(in_channels, out_channels, auxiliary, head)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.auxiliary, self.head = auxiliary, head
        self.calibration: Tensor
        self.register_buffer("calibration", torch.zeros(in_channels))

    def forward(self, frames: Tensor, steps: int = 1, *, future: Tensor | None = None) -> Tensor:
        """Return the frames that follow.

        Parameters
        ----------
        frames : (n, frames, 1 + auxiliary, y, x) tensor
            What is known; or (n, frames, y, x), where auxiliary maps are 0.
        steps : int
            How many frames to go on for.
        future : (n, steps, auxiliary, y, x) tensor, optional
            The auxiliary maps of the frames to come, where they are known; the last ones stay
            otherwise.

        Returns
        -------
        (n, steps, out_channels, y, x) tensor
            Of (n, frames, y, x), the next frame (n, out_channels, y, x).
        """
        if frames.ndim == 4:
            maps = frames.new_zeros(*frames.shape[:2], self.auxiliary, *frames.shape[-2:])
            return self.forward(torch.cat([frames.unsqueeze(2), maps], dim=2))[:, 0]
        answers = self.uncalibrated(frames, steps, future=future)
        if self.out_channels == 1:
            return answers
        more = self.calibration[: answers.shape[1]]
        last = self.calibration[-1:].expand(max(0, answers.shape[1] - len(self.calibration)))
        more = torch.cat([more, last]).reshape(1, -1, 1, 1, 1)
        return torch.cat([answers[:, :, :1], answers[:, :, 1:] + more], dim=2)

    def uncalibrated(
        self, frames: Tensor, steps: int = 1, *, future: Tensor | None = None
    ) -> Tensor:
        """Return the frames that follow, with the spread as it was learnt; see `forward`."""
        return self._ahead(_extended(frames, steps, future), frames.shape[1])

    @abstractmethod
    def every(self, clip: Tensor, given: int, *, forced: bool = False) -> Tensor:
        """Return all that is predicted of a clip, for training.

        Parameters
        ----------
        clip : (n, frames, 1 + auxiliary, y, x) tensor
            What is given, and what came then.
        given : int
            How many of its frames are given.
        forced : bool
            Teacher forcing: go on from what came, in place of what was predicted.

        Returns
        -------
        (n, predicted, out_channels, y, x) tensor
            Of networks that warm up, of all frames but the first; of others, of those that
            follow what is given.
        """

    def penalty(self) -> Tensor | None:
        """Return what is added to the loss for the sake of the weights; None for nothing."""
        return None

    def _ahead(self, clip: Tensor, given: int) -> Tensor:
        answers = self.every(clip, given)
        return answers[:, given - 1 :] if self.warms_up else answers

    def _finish(self, raw: Tensor) -> Tensor:
        """Return an answer (n, out_channels, y, x) of what the last layer gave."""
        image = torch.sigmoid(raw[:, :1]) if self.head == "sigmoid" else raw[:, :1]
        if self.out_channels == 1:
            return image
        return torch.cat([image, raw[:, 1:].clamp(*_LOG_SPREAD)], dim=1)


class RecurrentForecaster(Forecaster):
    """A network with a memory, which sees one frame after the other."""

    warms_up = True

    @abstractmethod
    def step(self, frame: Tensor, memory: Any) -> tuple[Tensor, Any]:
        """Return the next frame and the memory after this one.

        Parameters
        ----------
        frame : (n, 1 + auxiliary, y, x) tensor
            The present frame.
        memory : object
            What the step before returned; None at the first.

        Returns
        -------
        (n, out_channels, y, x) tensor, object
            The answer, and the memory.
        """

    def every(self, clip: Tensor, given: int, *, forced: bool = False) -> Tensor:
        """Return the prediction of every frame but the first; see `Forecaster.every`."""
        answers, memory = [], None
        frame = clip[:, 0]
        for time in range(1, clip.shape[1]):
            answer, memory = self.step(frame, memory)
            answers.append(answer)
            frame = clip[:, time]
            if time >= given and not forced:
                frame = torch.cat([answer[:, :1], frame[:, 1:]], dim=1)
        return torch.stack(answers, dim=1)


def check_arguments(in_channels: int, out_channels: int, auxiliary: int, head: str) -> None:
    """Raise `ValueError` where a forecasting network cannot be of this kind."""
    if in_channels < 1 or auxiliary < 0:
        raise ValueError("a forecaster is given at least one frame, and no fewer than 0 maps")
    if out_channels not in (1, 2):
        raise ValueError("a forecaster gives one channel (the frame) or two (and its spread)")
    if head not in ("linear", "sigmoid"):
        raise ValueError("the head of a forecaster is linear or sigmoid")


def _extended(frames: Tensor, steps: int, future: Tensor | None) -> Tensor:
    """Return the clip with empty frames for those to come, their auxiliary maps filled in."""
    empty = torch.zeros_like(frames[:, -1:]).repeat(1, steps, 1, 1, 1)
    maps = frames[:, -1:, 1:].expand_as(empty[:, :, 1:]) if future is None else future
    empty = torch.cat([empty[:, :, :1], maps], dim=2)
    return torch.cat([frames, empty], dim=1)
