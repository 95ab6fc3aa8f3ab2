"""The course of all sites together: one hidden Markov model of which of them hold a column.

A state is a set of occupied sites; between two frames one move may lead to another (see `moves`).
So a hop needs the evidence of both of its sites together, and leaving and coming back is weighed
against staying. States are too many to go through, but few are likely in a frame: only these are
kept (a beam). Forwards and backwards through them gives probabilities (Rabiner, Proc. IEEE 77,
257, 1989).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from napari_insitu_tem.analysis.columns.moves import Moves

__all__ = ["JointCourse", "joint_course"]

_KEPT = 256
"""States that are kept in a frame."""
_FAR = 28.0
"""How much less likely than the best (natural logarithm) a state may be to be kept."""
_OPEN = 8
"""Sites of which both states are tried in the first frame."""


@dataclass(frozen=True, eq=False)
class JointCourse:
    """What the frames say of all sites together.

    Parameters
    ----------
    probability : (t, s) array
        Of a site being occupied.
    moved : (t, m) array
        Of a move between the frame before and this one.
    """

    probability: np.ndarray
    moved: np.ndarray


def joint_course(
    favour: np.ndarray,
    first: np.ndarray,
    moves: Moves,
    *,
    check: Callable[[], None] = lambda: None,
) -> JointCourse:
    """Find the course of the sites of a cluster.

    Parameters
    ----------
    favour : (t, s) array
        How much every frame speaks for "full" against "empty" (natural logarithm).
    first : (s,) array
        About how likely the sites are occupied in the first frame.
    moves : Moves
        What can happen between two frames.
    check : callable
        Called for every frame; raises to stop.
    """
    n_frames, n_sites = favour.shape
    # Beside the sites there is one that is always full, to come from, and one that is always
    # empty, to go to.
    favour = np.pad(favour.astype(float), ((0, 0), (0, 2)))
    model = _Model(
        np.where(moves.left < 0, n_sites, moves.left),
        np.where(moves.taken < 0, n_sites + 1, moves.taken),
        moves.chance,
        np.append(np.random.default_rng(0).integers(1, 2**63 - 1, n_sites), [0, 0]),
    )
    beams = [_start(favour[0], first, model)]
    for evidence in favour[1:]:
        check()
        beams.append(_next(beams[-1], evidence, model))
    return _backwards(beams, n_sites, len(moves.chance))


@dataclass(frozen=True, eq=False)
class _Model:
    """Moves, and a random number for every site: a state's is the exclusive or of its sites'."""

    left: np.ndarray
    taken: np.ndarray
    chance: np.ndarray
    number: np.ndarray

    @property
    def flip(self) -> np.ndarray:
        return self.number[self.left] ^ self.number[self.taken]


@dataclass(frozen=True, eq=False)
class _Beam:
    """The likely states of a frame, and how they came from those of the frame before.

    Parameters
    ----------
    full : (n, s + 2) bool array
        Which sites are occupied.
    number : (n,) int array
        Of every state; see `_Model`.
    weight : (n,) array
        Log likelihood of the frames up to this one.
    source, target, move : (k,) int arrays
        State before, state now, and the move between them; −1 for none.
    step : (k,) array
        Log likelihood of the frames up to this one by this way.
    """

    full: np.ndarray
    number: np.ndarray
    weight: np.ndarray
    source: np.ndarray
    target: np.ndarray
    move: np.ndarray
    step: np.ndarray


def _start(evidence: np.ndarray, first: np.ndarray, model: _Model) -> _Beam:
    """Return the states of the first frame: the likeliest, and those around it."""
    undecided = np.argsort(np.abs(first - 0.5), kind="stable")[:_OPEN]
    full = np.tile(np.append(first > 0.5, [True, False]), (2 ** len(undecided), 1))
    full[:, undecided] = np.arange(len(full))[:, None] >> np.arange(len(undecided)) & 1
    number = np.bitwise_xor.reduce(np.where(full, model.number, 0), axis=1)
    none = np.zeros(0, int)
    return _Beam(full, number, full @ evidence, none, none, none, np.zeros(0))


def _next(before: _Beam, evidence: np.ndarray, model: _Model) -> _Beam:
    """Return the likely states of the next frame."""
    stay = before.weight + before.full @ evidence
    gain = model.chance + evidence[model.taken] - evidence[model.left]
    score = np.where(
        before.full[:, model.left] & ~before.full[:, model.taken], stay[:, None] + gain, -np.inf
    )
    least = max(stay.max(), score.max(initial=-np.inf)) - _FAR
    still = np.flatnonzero(stay > least)
    row, happens = np.nonzero(score > least)
    source = np.concatenate([still, row])
    move = np.concatenate([np.full(len(still), -1), happens])
    step = np.concatenate([stay[still], score[row, happens]])
    number = before.number[source] ^ np.where(move < 0, 0, model.flip[move])
    number, example, target = np.unique(number, return_index=True, return_inverse=True)
    weight = _log_sums(step, target, len(number))
    kept = np.sort(np.argsort(-weight, kind="stable")[:_KEPT])
    renamed = np.full(len(number), -1)
    renamed[kept] = np.arange(len(kept))
    target = renamed[target]
    on = target >= 0
    full, last = before.full[source[example[kept]]], move[example[kept]]
    moved = np.flatnonzero(last >= 0)
    full[moved, model.left[last[moved]]] = False
    full[moved, model.taken[last[moved]]] = True
    full[:, -2:] = True, False
    return _Beam(full, number[kept], weight[kept], source[on], target[on], move[on], step[on])


def _backwards(beams: list[_Beam], n_sites: int, n_moves: int) -> JointCourse:
    """Return the probabilities, from the last frame to the first."""
    probability = np.zeros((len(beams), n_sites))
    moved = np.zeros((len(beams), n_moves), np.float32)
    total = float(logsumexp(beams[-1].weight))
    later = np.zeros(len(beams[-1].weight))
    for frame in range(len(beams) - 1, -1, -1):
        beam = beams[frame]
        probability[frame] = np.exp(beam.weight + later - total) @ beam.full[:, :n_sites]
        if not frame:
            break
        way = beam.step + later[beam.target]
        happened = beam.move >= 0
        np.add.at(moved[frame], beam.move[happened], np.exp(way[happened] - total))
        before = beams[frame - 1].weight
        later = _log_sums(way - before[beam.source], beam.source, len(before))
    return JointCourse(np.clip(probability, 0, 1), moved)


def _log_sums(values: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Return the logarithm of the sum of exp(values) of every group; −∞ of none."""
    top = np.full(n_groups, -np.inf)
    np.maximum.at(top, group, values)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return shift + np.log(np.bincount(group, np.exp(values - shift[group]), n_groups))
