"""The displacement of atoms around an edge dislocation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["edge_dislocation"]

_POISSON = 0.3
_CORE = 0.5  # of the Burgers vector; continuum theory fails within


def edge_dislocation(
    core: tuple[float, float], burgers: float, angle: float
) -> Callable[[np.ndarray], np.ndarray]:
    r"""Return the displacement field of an edge dislocation in an isotropic crystal.

    .. math::
        u_1 = \frac{b}{2\pi}\left[\theta + \frac{x_1 x_2}{2(1-\nu) r^2}\right], \qquad
        u_2 = -\frac{b}{2\pi}\left[\frac{1-2\nu}{4(1-\nu)} \ln r^2
              + \frac{x_1^2 - x_2^2}{4(1-\nu) r^2}\right]

    (Hirth and Lothe, Theory of Dislocations, eq. 3-45), with Poisson's ratio 0.3 and r in Burgers
    vectors. Behind the core (at negative x1) the two halves have slipped by one Burgers vector
    against each other, which a lattice with that period does not show.

    Parameters
    ----------
    core : (float, float)
        Where it is (y, x), px.
    burgers : float
        Length of the Burgers vector, a period of the lattice, px.
    angle : float
        Direction of the Burgers vector, degrees counter-clockwise from the right.

    Returns
    -------
    callable
        Takes (n, 2) points (y, x) of the perfect lattice, gives their (n, 2) displacements, px.
    """
    turn = np.radians(angle)
    along = np.array([-np.sin(turn), np.cos(turn)])
    across = np.array([-np.cos(turn), -np.sin(turn)])  # upwards on the screen at angle 0

    def displacement(points: np.ndarray) -> np.ndarray:
        away = (points - np.asarray(core)) / burgers
        first, second = away @ along, away @ across
        square = np.maximum(first**2 + second**2, _CORE**2)
        slip = np.arctan2(second, first) + first * second / (2 * (1 - _POISSON) * square)
        climb = (1 - 2 * _POISSON) / (4 * (1 - _POISSON)) * np.log(square)
        climb += (first**2 - second**2) / (4 * (1 - _POISSON) * square)
        scale = burgers / (2 * np.pi)
        return scale * (slip[:, np.newaxis] * along - climb[:, np.newaxis] * across)

    return displacement
