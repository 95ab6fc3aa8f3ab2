"""What the Fourier analysis of particles found, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_insitu_tem.analysis.fourier.crystal_lattices import CrystalLattice

if TYPE_CHECKING:
    from napari_insitu_tem.tasks.crystals.result import Crystals

__all__ = ["summary"]


def summary(found: Crystals, lattice: CrystalLattice | None) -> str:
    """Return how many particles show lattices, and what they are; and what is doubtful."""
    table = found.crystals
    count, pairs = len(table), table["pairs"]
    particles = table["particle"].nunique()
    frames = found.movie.n_frames
    words = [
        f"{particles} particle{'s' if particles != 1 else ''} in {frames} "
        f"frame{'s' if frames != 1 else ''}: in {_share(pairs > 0, count)} of the "
        f"{count} views a lattice shows, {_share(table['interpretable'], count)} are interpretable."
    ]
    if lattice is not None:
        known = table[table["zone_axis"] != ""]
        axes = known["zone_axis"].value_counts()
        words.append(
            f"{lattice.name} fits in {_share(table['explained'] >= 0.5, count)}"
            + (f", most often along {axes.index[0]}." if len(axes) else ".")
        )
    dark = int((pairs == 0).sum())
    if dark:
        reasons = table.loc[pairs == 0, "note"].value_counts()
        words.append(f"{dark} show{'s' if dark == 1 else ''} none; most often: {reasons.index[0]}")
    border = int(table["at_border"].sum())
    if border:
        cut = "1 view is" if border == 1 else f"{border} views are"
        words.append(f"{cut} cut by the edge of the frame.")
    return " ".join(words)


def _share(flags: object, count: int) -> str:
    import numpy as np

    return f"{100 * float(np.mean(np.asarray(flags, bool))):.0f} %" if count else "none"
