"""How evenly the pairs of peaks of a crystal are lit: near 1 on a zone axis, 0 with one row.

Larsen et al. take the ratio of the brightest to the dimmest pair for it. Which pair is the dimmest
that was found depends on the noise, though, so that the ratio hardly tells crystals apart when
there are few electrons. Here all pairs count, each by what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_insitu_tem.analysis.fourier.pairs import Pair

__all__ = ["evenness"]


def evenness(pairs: Sequence[Pair]) -> float:
    r"""Return how evenly the pairs of peaks of a particle are lit.

    From the second moments of the frequencies g, weighted by the amplitudes of the fringes:

    .. math:: M = \sum_i A_i\, g_i g_i^T, \qquad
              \mathrm{evenness} = \frac{2 \lambda_2}{\lambda_1 + \lambda_2}

    with the eigenvalues λ₁ ≥ λ₂ of M. A crystal seen along a zone axis has pairs in several
    directions, and λ₂ is near λ₁; when it is tilted, the row of peaks along the axis of the tilt
    stays and all others fade, the sooner the further they lie from that row. The peaks' distances
    from the row are what counts here, and noise decides on faint pairs only.

    Parameters
    ----------
    pairs : sequence of Pair
        Of one particle, by `find_pairs`; higher orders may be among them. What noise adds to a
        squared amplitude is subtracted.

    Returns
    -------
    float
        0 (no pair, or all in one direction) to 1 (the same in all directions, as of a square or
        hexagonal net with equal amplitudes).
    """
    if len(pairs) < 2:
        return 0.0
    frequencies = np.array([pair.frequency for pair in pairs])
    square = np.array([pair.amplitude**2 - 2 * pair.amplitude_error**2 for pair in pairs])
    amplitudes = np.sqrt(np.maximum(square, 0))
    moments = (amplitudes * frequencies.T) @ frequencies
    total = float(np.trace(moments))
    if total <= 0:
        return 0.0
    return float(np.clip(2 * np.linalg.eigvalsh(moments)[0] / total, 0, 1))
