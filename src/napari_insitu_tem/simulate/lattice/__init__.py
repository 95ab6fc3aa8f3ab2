"""Movies of lattices in which one known thing happens, with exact truth."""

from napari_insitu_tem.simulate.lattice.movie import (
    SimulatedLattice,
    lattice_movie,
    simulate_lattice,
    simulate_lattice_lazily,
)
from napari_insitu_tem.simulate.lattice.scene import LatticeScene
from napari_insitu_tem.simulate.lattice.settings import LatticeMovieSettings

__all__ = [
    "LatticeMovieSettings",
    "LatticeScene",
    "SimulatedLattice",
    "lattice_movie",
    "simulate_lattice",
    "simulate_lattice_lazily",
]
