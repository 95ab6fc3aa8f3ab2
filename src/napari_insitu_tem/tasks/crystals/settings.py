"""What can be chosen of the Fourier analysis of particles, and their lattice."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import model_validator

from napari_insitu_tem.analysis.fourier.crystal_lattices import (
    KNOWN_LATTICES,
    CrystalLattice,
    lattice_named,
)
from napari_insitu_tem.analysis.fourier.following import Search
from napari_insitu_tem.settings import Settings, setting

__all__ = ["CrystalsSettings", "lattice_choices"]

_OWN, _FILE = "parameters", "cif"
_BY_PARAMETERS = {"lattice": (_OWN,)}


def lattice_choices() -> list[tuple[str, str]]:
    """Return what pairs can be indexed against, as (value, words)."""
    known = [(name, f"{name} (a = {each.a:g} nm)") for name, each in KNOWN_LATTICES.items()]
    return [("", "none"), (_OWN, "lattice constants"), (_FILE, "a CIF"), *known]


class CrystalsSettings(Settings):
    """What counts as a pair of peaks, when a crystal can be read, and its lattice."""

    lattice: str = setting(
        "",
        title="Lattice",
        description="Index the pairs against this crystal: a known one by name, 'parameters' for "
        "lattice constants of your own, 'cif' for a file; none if empty.",
        choices_from="napari_insitu_tem.tasks.crystals.settings:lattice_choices",
    )
    a: float | None = setting(
        None, title="a", description="Lattice constant.", unit="nm", gt=0.05, le=20,
        none_means="not given", step=0.01, shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    b: float | None = setting(
        None, title="b", description="Lattice constant.", unit="nm", gt=0.05, le=20,
        none_means="as a", step=0.01, shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    c: float | None = setting(
        None, title="c", description="Lattice constant.", unit="nm", gt=0.05, le=20,
        none_means="as a", step=0.01, shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    alpha: float = setting(
        90.0, title="α", description="Angle between b and c.", unit="°", gt=0, le=179,
        shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    beta: float = setting(
        90.0, title="β", description="Angle between a and c.", unit="°", gt=0, le=179,
        shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    gamma: float = setting(
        90.0, title="γ", description="Angle between a and b.", unit="°", gt=0, le=179,
        shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    centring: Literal["P", "I", "F", "A", "B", "C", "R"] = setting(
        "P", title="Centring", description="Which reflections are extinct.",
        shown_when=_BY_PARAMETERS,
    )  # fmt: skip
    cif: Path | None = setting(
        None,
        title="CIF",
        description="Crystallographic information file; needs ase.",
        none_means="none",
        file_filter="CIF (*.cif)",
        shown_when={"lattice": (_FILE,)},
    )
    spacing_tolerance: float = setting(
        2.0,
        title="Spacings within",
        description="By how much spacings may differ from the lattice's, beyond three standard "
        "errors: strain and the error of the pixel size.",
        unit="%",
        gt=0,
        le=10,
        step=0.5,
        advanced=True,
    )
    angle_tolerance: float = setting(
        2.0,
        title="Angles within",
        description="By how much angles between pairs may differ from the lattice's, beyond "
        "three standard errors.",
        unit="°",
        gt=0,
        le=10,
        step=0.5,
        advanced=True,
    )
    evenness: float = setting(
        0.6,
        title="Interpretable from",
        description="A particle is called interpretable in a frame when its pairs are lit at "
        "least this evenly: 0 is one row of peaks, 1 the same in all directions.",
        ge=0,
        le=1,
        step=0.05,
    )
    longest: float | None = setting(
        None,
        title="Longest spacing",
        description="Of the fringes that are looked for; three of them must cross a particle in "
        "any case.",
        unit="px",
        gt=2,
        none_means="a third of the particle",
    )
    shortest: float = setting(
        2.5,
        title="Shortest spacing",
        description="Of the fringes that are looked for.",
        unit="px",
        ge=2,
        step=0.5,
    )
    most: int = setting(
        12,
        title="Most pairs",
        description="How many pairs of peaks are kept of a particle: the brightest.",
        ge=1,
        le=24,
        advanced=True,
    )
    false_alarm: float = setting(
        0.001,
        title="False alarms",
        description="How probable it may be that noise alone passes for a pair of peaks.",
        gt=0,
        le=0.5,
        advanced=True,
    )
    bragg: bool = setting(
        False,
        title="Bragg-filtered movie",
        description="Also make a movie of what the pairs of each particle make of its image.",
    )

    @property
    def search(self) -> Search:
        """What counts as a pair."""
        return Search(self.shortest, self.longest, self.most, self.false_alarm)

    def chosen_lattice(self) -> CrystalLattice | None:
        """Return the lattice to index against, if any.

        Raises
        ------
        FourierError
            When it cannot be read or is none.
        """
        if not self.lattice:
            return None
        if self.lattice == _FILE:
            from napari_insitu_tem.tasks.crystals.cif import lattice_from_cif

            assert self.cif is not None
            return lattice_from_cif(self.cif)
        if self.lattice == _OWN:
            assert self.a is not None
            return CrystalLattice(
                self.a, self.b or self.a, self.c or self.a, self.alpha, self.beta, self.gamma,
                self.centring,
            )  # fmt: skip
        return lattice_named(self.lattice)

    @model_validator(mode="after")
    def _sensible(self) -> CrystalsSettings:
        if self.longest is not None and self.longest <= self.shortest:
            raise ValueError("the longest spacing must be above the shortest")
        if self.lattice == _OWN and self.a is None:
            raise ValueError("give the lattice constant a, or choose another lattice")
        if self.lattice == _FILE and self.cif is None:
            raise ValueError("name the CIF, or choose another lattice")
        if self.lattice and self.lattice != _FILE:
            self.chosen_lattice()  # says what is wrong with it
        return self
