"""Electron optics in numbers: wavelength, and how strongly an atom scatters.

Lengths are in Å and spatial frequencies in 1/Å throughout the HRTEM simulator.
"""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis.electrons import (
    ELECTRON_MASS,
    ELEMENTARY_CHARGE,
    LIGHT_SPEED,
    wavelength,
)

__all__ = ["ELEMENTS", "phase_factor", "scattering_factor", "wavelength"]

# Five Gaussians a·exp(-b·s²), s = q/2, for 0 ≤ s ≤ 2 1/Å: a in Å (first five), b in Å².
# Values: Peng, Ren, Dudarev and Whelan, Acta Cryst. A 52, 257 (1996), table 1.
_GAUSSIANS: dict[str, tuple[float, ...]] = {
    "C": (0.0893, 0.2563, 0.7570, 1.0487, 0.3575, 0.2465, 1.7100, 6.4094, 18.6113, 50.2523),
    "O": (0.0974, 0.2921, 0.6910, 0.6990, 0.2039, 0.2067, 1.3815, 4.6943, 12.7105, 32.4726),
    "Mg": (0.2314, 0.6866, 0.9677, 2.1882, 1.1339, 0.3278, 2.2720, 10.9241, 39.2898, 101.9748),
    "Al": (0.2390, 0.6573, 1.2011, 2.5586, 1.2312, 0.3138, 2.1063, 10.4163, 34.4552, 98.5344),
    "Si": (0.2519, 0.6372, 1.3795, 2.5082, 1.0500, 0.3075, 2.0174, 9.6746, 29.3744, 80.4732),
    "S": (0.2497, 0.5628, 1.3899, 2.1865, 0.7715, 0.2681, 1.6711, 7.0267, 19.5377, 50.3888),
    "Fe": (0.3946, 1.2725, 1.7031, 2.3140, 1.4795, 0.2717, 2.0443, 7.6007, 29.9714, 86.2265),
    "Co": (0.4118, 1.3161, 1.6493, 2.1930, 1.2830, 0.2742, 2.0372, 7.7205, 29.9680, 84.9383),
    "Ni": (0.3860, 1.1765, 1.5451, 2.0730, 1.3814, 0.2478, 1.7660, 6.3107, 25.2204, 74.3146),
    "Cu": (0.4314, 1.3208, 1.5236, 1.4671, 0.8562, 0.2694, 1.9223, 7.3474, 28.9892, 90.6246),
    "Zn": (0.4288, 1.2646, 1.4472, 1.8294, 1.0934, 0.2593, 1.7998, 6.7500, 25.5860, 73.5284),
    "Zr": (0.6719, 1.4684, 3.1668, 3.9557, 2.8920, 0.3036, 2.1249, 8.9236, 36.8458, 108.2049),
    "Mo": (0.6773, 1.4798, 3.1788, 3.0824, 1.8384, 0.2920, 2.0606, 8.1129, 30.5336, 100.0658),
    "Rh": (0.6413, 1.3690, 2.9854, 2.6952, 1.5433, 0.2580, 1.7721, 6.3854, 23.2549, 85.1517),
    "Pd": (0.5904, 1.1775, 2.6519, 2.2875, 0.8689, 0.2324, 1.5019, 5.1591, 15.5428, 46.8213),
    "Ag": (0.6377, 1.3790, 2.8294, 2.3631, 1.4553, 0.2466, 1.6974, 5.7656, 20.0943, 76.7372),
    "Ce": (0.8551, 2.3915, 4.5772, 5.0278, 4.5118, 0.2805, 2.1200, 10.1808, 42.0633, 130.9893),
    "W": (0.9853, 2.1167, 3.3570, 3.7981, 2.2798, 0.2569, 1.6745, 7.0098, 26.9234, 81.3910),
    "Ir": (1.0194, 2.0645, 3.4425, 3.4914, 1.6976, 0.2554, 1.6475, 6.5966, 23.2269, 70.0272),
    "Pt": (0.9148, 1.8096, 3.2134, 3.2953, 1.5754, 0.2263, 1.3813, 5.3243, 17.5987, 60.0171),
    "Au": (0.9674, 1.8916, 3.3993, 3.0524, 1.2607, 0.2358, 1.4712, 5.6758, 18.7119, 61.5286),
    "Pb": (1.0891, 2.1867, 3.6160, 3.8031, 1.8994, 0.2552, 1.7174, 6.5131, 23.9170, 74.7039),
}

ELEMENTS = tuple(_GAUSSIANS)


def scattering_factor(element: str, frequency: np.ndarray) -> np.ndarray:
    """Return the elastic electron scattering factor in Å of a neutral atom at rest.

    Parameters
    ----------
    element : str
        Chemical symbol; one of `ELEMENTS`.
    frequency : array
        Spatial frequency q in 1/Å, 0 to 4.

    Raises
    ------
    ValueError
        For an element that is not in the table.
    """
    if element not in _GAUSSIANS:
        raise ValueError(
            f"There is no scattering factor for {element!r} (there are: {', '.join(ELEMENTS)})."
        )
    table = np.array(_GAUSSIANS[element], np.float64)
    squared = (np.asarray(frequency, np.float64) / 2) ** 2
    factor = np.zeros_like(squared)
    for strength, width in zip(table[:5], table[5:], strict=True):
        factor += strength * np.exp(-width * squared)
    return factor


def phase_factor(
    element: str, frequency: np.ndarray, *, energy: float, thermal_factor: float
) -> np.ndarray:
    """Return the Fourier transform in rad·Å² of the phase that one atom gives to the wave.

    It is γ·λ·f(q)·exp(−B·q²/4): the interaction constant times the projected potential, in
    which Planck's constant, mass and charge cancel (Kirkland, *Advanced Computing in Electron
    Microscopy*, 2nd ed., equations 5.6, 5.9 and 5.19).

    Parameters
    ----------
    element : str
        Chemical symbol.
    frequency : array
        Spatial frequency in 1/Å.
    energy : float
        Energy of the electrons, keV.
    thermal_factor : float
        Debye-Waller factor B of the atom, Å².
    """
    lorentz = 1 + energy * 1e3 * ELEMENTARY_CHARGE / (ELECTRON_MASS * LIGHT_SPEED**2)
    damped = np.exp(-thermal_factor * np.asarray(frequency) ** 2 / 4)
    return lorentz * wavelength(energy) * scattering_factor(element, frequency) * damped
