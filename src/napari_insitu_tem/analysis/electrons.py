"""Fast electrons in numbers: their wavelength, and the constants that it follows from."""

from __future__ import annotations

import math

__all__ = [
    "ELECTRON_MASS",
    "ELEMENTARY_CHARGE",
    "LIGHT_SPEED",
    "PLANCK",
    "wavelength",
]

PLANCK = 6.62607015e-34
ELECTRON_MASS = 9.1093837015e-31
ELEMENTARY_CHARGE = 1.602176634e-19
LIGHT_SPEED = 299792458.0


def wavelength(energy: float) -> float:
    """Return the relativistic wavelength in Å of electrons of `energy` keV."""
    joule = energy * 1e3 * ELEMENTARY_CHARGE
    momentum = math.sqrt(2 * ELECTRON_MASS * joule + (joule / LIGHT_SPEED) ** 2)
    return 1e10 * PLANCK / momentum
