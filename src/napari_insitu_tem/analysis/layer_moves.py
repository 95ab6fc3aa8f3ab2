"""Moves of particles between layers, as a list that can be repeated.

A move is plain data: ``(particle, layer)``, ``(particle, layer, first frame)`` or
``(particle, layer, first frame, last frame)``; layers are counted from 1, frames from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.layer_frames import LayerPlan

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Move", "MoveError", "apply_moves", "carry_over", "check_move", "describe_move"]

Move = tuple[int, ...]


class MoveError(ValueError):
    """A particle cannot be moved; the message says why and what to do."""


def check_move(move: Sequence[int]) -> Move:
    """Return a move if it has the right form.

    Raises
    ------
    MoveError
        Otherwise.
    """
    if not 2 <= len(move) <= 4 or not all(
        isinstance(n, int) and not isinstance(n, bool) for n in move
    ):
        raise MoveError(
            "A particle is moved by [particle, layer], [particle, layer, first frame] or "
            f"[particle, layer, first frame, last frame], not by {list(move)}."
        )
    if move[0] < 1 or move[1] < 1 or min(move[2:], default=0) < 0:
        raise MoveError(
            f"{list(move)} moves nothing: particles and layers are counted from 1, frames from 0."
        )
    if len(move) == 4 and move[3] < move[2]:
        raise MoveError(f"{list(move)} ends before it begins.")
    return tuple(move)


def describe_move(move: Move, names: Sequence[str]) -> str:
    """Say in words what a move does."""
    particle, layer, *frames = check_move(move)
    name = names[layer - 1] if layer <= len(names) else f"layer {layer}"
    when = ""
    if len(frames) == 1:
        when = f" from frame {frames[0]} on"
    elif frames:
        one = frames[0] == frames[1]
        when = f" in frame {frames[0]}" if one else f" in frames {frames[0]} to {frames[1]}"
    return f"Particle {particle} to {name}{when}"


def carry_over(
    moves: Iterable[Move], before: pd.DataFrame, after: pd.DataFrame
) -> tuple[list[Move], list[Move]]:
    """Find the particles that were moved by hand in a new result.

    Parameters
    ----------
    moves : iterable of tuples
        Made in the earlier result.
    before, after : pandas.DataFrame
        Tables of the earlier and the new `results.Layers` of one movie.

    Returns
    -------
    carried, lost : list of tuples
        Moves with the particles' new numbers, and those whose particle is not there any more:
        no centroid lies within a third of its diameter in most of its frames.
    """
    carried: list[Move] = []
    lost: list[Move] = []
    for move in moves:
        mine = before[before["particle"] == move[0]]
        both = mine.merge(after, on="frame", suffixes=("", "_new"))
        away = np.hypot(both["y"] - both["y_new"], both["x"] - both["x_new"])
        near = both[away < np.sqrt(both["area"]) / 3]
        votes = near["particle_new"].value_counts()
        if len(votes) and votes.iloc[0] > 0.5 * len(mine):
            carried.append((int(votes.index[0]), *move[1:]))
        else:
            lost.append(move)
    return carried, lost


def apply_moves(
    plan: LayerPlan, particles: pd.DataFrame, moves: Iterable[Move], *, n_layers: int
) -> tuple[LayerPlan, pd.DataFrame]:
    """Move particles, one move after another.

    Parameters
    ----------
    plan : LayerPlan
        Where they are.
    particles : pandas.DataFrame
        Table of a `results.Layers`.
    moves : iterable of tuples
        See this module.
    n_layers : int
        How many layers there are.

    Returns
    -------
    plan, particles
        New ones.

    Raises
    ------
    MoveError
        When there is no such particle or layer, or not in these frames.
    """
    table = particles.copy()
    number, frame = (table[name].to_numpy() for name in ("particle", "frame"))
    layer = table["layer"].to_numpy().copy()
    for move in moves:
        particle, target, *span = check_move(move)
        if target > n_layers:
            raise MoveError(f"There is no layer {target}; there are 1 to {n_layers}.")
        mine = number == particle
        if not mine.any():
            raise MoveError(
                f"There is no particle {particle}. Numbers are the same only for the same movie, "
                "model and settings; after a change, move it again."
            )
        first = span[0] if span else 0
        last = span[1] if len(span) > 1 else int(frame.max())
        rows = mine & (frame >= first) & (frame <= last)
        if not rows.any():
            raise MoveError(
                f"Particle {particle} is in no frame from {first} to {last}, but from "
                f"{frame[mine].min()} to {frame[mine].max()}."
            )
        layer[rows] = target
        plan = plan.moved(particle, target - 1, np.unique(frame[rows]).tolist())
    table["layer"] = layer
    return plan, table
