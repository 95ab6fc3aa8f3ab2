"""Fourier analysis of single particles, against simulated truth and on a real recording.

    python benchmarks/crystals.py peaks [--seeds 150]
    python benchmarks/crystals.py evenness [--seeds 300]
    python benchmarks/crystals.py index [--seeds 100]
    python benchmarks/crystals.py fringes

Simulated particles are of Au, Pt or CeO2, 3 to 6 nm, without twins. A *tuned* microscope is
corrected (300 keV, 4 to 10 nm underfocus, |Cs| up to 20 µm, astigmatism up to 1 nm); *any* draws
from the simulator's whole ranges for corrected ones (80 to 300 keV, −12 to 12 nm, Cs to 40 µm,
astigmatism to 4 nm). Seeds from 5000 on: none below was used but for choosing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from _measure import job, print_table, recordings, verdict
from fourier import angle_of, bragg_peaks, nearest, turned, within

from napari_insitu_tem.analysis.fourier.crystal_lattices import KNOWN_LATTICES
from napari_insitu_tem.analysis.fourier.evenness import evenness
from napari_insitu_tem.analysis.fourier.following import Search
from napari_insitu_tem.analysis.fourier.indexing import index_pairs
from napari_insitu_tem.analysis.fourier.lattice import brightness_ratio
from napari_insitu_tem.analysis.fourier.particle import particle_pairs
from napari_insitu_tem.simulate.hrtem import HrtemFrame, HrtemSettings, draw_frame
from napari_insitu_tem.tasks.crystals import CrystalsSettings

FIRST_SEED = 5000
BAR_NM = 5.0  # what is printed at the scale bar of the fringes
PATCH = 48  # px: wide enough for seven fringes, small against their curvature
TUNED: dict[str, Any] = {
    "energies": (300.0,), "defocus": (4.0, 10.0), "spherical_aberration": (-20.0, 5.0),
    "astigmatism": (0.0, 1.0), "pixel_size": (0.02, 0.045), "focal_spread": (2.0, 3.5),
    "inelastic": (0.0, 0.15), "carbon": (0.0, 4.0),
}  # fmt: skip


def one_particle(seed: int, dose: float, tilt: tuple[float, float], **lens: Any) -> HrtemFrame:
    """Return a frame with one particle, most of which is in view."""
    values: dict[str, Any] = {
        "height": 192, "width": 192, "particles": (1, 1), "diameter": (3.0, 6.0), "twinned": 0.0,
        "materials": ("Au", "Pt", "CeO2"), "zone_axes": ("100", "110", "111"),
        "dose": (dose, dose), "tilt": tilt, "uncorrected": 0.0, **lens,
    }  # fmt: skip
    rng = np.random.default_rng(seed)
    for _ in range(20):
        frame = draw_frame(HrtemSettings(**values), rng)
        if np.count_nonzero(frame.labels == 1) * frame.pixel_size**2 > 5:
            break
    return frame


def pairs_of(frame: HrtemFrame) -> tuple:
    search = Search(max(2.0, 0.09 / frame.pixel_size), 0.45 / frame.pixel_size, 12)
    return particle_pairs(frame.image, frame.labels == 1, search).pairs


def peaks_table(seeds: int) -> None:
    print_table(
        f"All pairs of {seeds} particles within 1.5° of [100], [110] or [111] (truth: the "
        "crystal's reciprocal lattice)",
        ["lens", "e/Å²", "with pairs", "pairs", "spacing: median error (%)", "within 0.5 %",
         "angle: median error (°)", "within 0.2°", "spacing: error over stated error",
         "angle: error over stated error", "pairs that are none"],
        peaks_rows(seeds),
    )  # fmt: skip


def peaks_rows(seeds: int) -> Iterator[list[Any]]:
    """Yield the rows as they are done: targets are medians of 0.5 % and 0.2° at 200 e/Å²."""
    uncorrected = {"uncorrected": 1.0}
    lenses = (
        ("tuned", 200, TUNED), ("any", 200, {}), ("uncorrected", 200, uncorrected),
        ("tuned", 100, TUNED), ("tuned", 400, TUNED),
    )  # fmt: skip
    for name, dose, lens in lenses:
        spacing: list[float] = []
        angle: list[float] = []
        pulls: list[list[float]] = [[], []]
        false = seen = 0
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            frame = one_particle(seed, dose, (0.0, 1.5), **lens)
            known = bragg_peaks(frame.particles[0], frame.pixel_size)
            pairs = pairs_of(frame)
            seen += bool(pairs)
            for pair in pairs:
                true = nearest(pair, known)
                if true is None:
                    false += 1
                    continue
                spacing.append(100 * (pair.spacing * np.hypot(*true) - 1))
                angle.append(turned(pair.angle - angle_of(true)))
                pulls[0].append(spacing[-1] / (100 * pair.spacing_error / pair.spacing))
                pulls[1].append(angle[-1] / pair.angle_error)
        yield [name, dose, f"{seen} of {seeds}", len(spacing), *within(spacing, 0.5),
               *within(angle, 0.2), *(pull(each) for each in pulls), false]  # fmt: skip
        if (name, dose) == ("tuned", 200):
            met = np.median(np.abs(spacing)) <= 0.5 and np.median(np.abs(angle)) <= 0.2
            yield [f"target: {'met' if met else 'MISSED'}", *[""] * 10]


def pull(values: list[float]) -> float:
    """Return the width of errors over stated errors, by their median (1 for honest ones)."""
    return float(np.median(np.abs(values)) / 0.6745)


def evenness_table(seeds: int) -> None:
    print_table(
        f"{seeds} particles, half within 1.5° of their zone axis, half tilted by 4 to 8°: area "
        "under the curve; particles without pairs count as 0",
        ["lens", "e/Å²", "evenness", "brightest over dimmest pair", "on axis: called interpretable",
         "tilted: called interpretable", "target: evenness ≥ 0.95"],
        evenness_rows(seeds),
    )  # fmt: skip


def evenness_rows(seeds: int) -> Iterator[list[Any]]:
    least = CrystalsSettings().evenness
    lenses = (("tuned", 100, TUNED), ("any", 100, {}), ("tuned", 400, TUNED), ("tuned", 50, TUNED))
    for name, dose, lens in lenses:
        values: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            on = seed % 2 == 0
            pairs = pairs_of(one_particle(seed, dose, (0, 1.5) if on else (4, 8), **lens))
            values[on].append((evenness(pairs), -brightness_ratio(pairs)))
        axis, off = np.array(values[True]), np.array(values[False])
        ours, ratio = (area_under(axis[:, k], off[:, k]) for k in (0, 1))
        passed = [f"{100 * np.mean(each[:, 0] >= least):.0f} %" for each in (axis, off)]
        asked = verdict(ours, 0.95, at_least=True) if (name, dose) == ("tuned", 100) else ""
        yield [name, dose, f"{ours:.3f}", f"{ratio:.3f}", *passed, asked]


def area_under(on: np.ndarray, off: np.ndarray) -> float:
    a, b = on[:, np.newaxis], off[np.newaxis]
    return float(np.mean(a > b) + 0.5 * np.mean(a == b))


def index_table(seeds: int) -> None:
    rows = []
    for name, lens in (("tuned", TUNED), ("any", {})):
        right: dict[str, list[bool]] = {}
        refused: dict[tuple[str, str], list[bool]] = {}
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            frame = one_particle(seed, 200, (0.0, 1.5), **lens)
            pairs, known = pairs_of(frame), frame.particles[0]
            if len(pairs) < 2:
                continue
            for other in ("Au", "Pt", "CeO2", "W", "MgO"):
                found = index_pairs(pairs, KNOWN_LATTICES[other], pixel_size=frame.pixel_size)
                if other == known["material"]:
                    form = "".join(map(str, sorted(map(abs, found.zone_axis or ()), reverse=True)))
                    right.setdefault(other, []).append(form == known["zone_axis"])
                else:
                    refused.setdefault((known["material"], other), []).append(not found.fits)
        for material, flags in sorted(right.items()):
            wrong = [
                f"{100 * np.mean(refused[material, other]):.0f} %" if other != material else "–"
                for other in ("Au", "Pt", "CeO2", "W", "MgO")
            ]
            rows.append([name, material, len(flags), f"{100 * np.mean(flags):.0f} %", *wrong])
    print_table(
        f"Particles with two pairs and more, of {seeds}, at 200 e/Å²: right zone axis, and wrong "
        "crystals refused",
        ["lens", "crystal", "particles", "right zone axis", "not Au", "not Pt", "not CeO2",
         "not W", "not MgO"],
        rows,
    )  # fmt: skip


def fringes_table() -> None:
    """Spacing of graphitic fringes, by the scale bar that is drawn into the picture."""
    from napari_insitu_tem import read_movie
    from napari_insitu_tem.tasks.calibrate import CalibrateSettings, calibrate

    movie = read_movie(recordings("fringes") / "carbon-fringes.tif")
    found = calibrate(movie, CalibrateSettings(scale_bar_length=BAR_NM), job())
    pixel_size, image = found.pixel_size, movie.frame(0)
    assert pixel_size is not None
    print(f"pixel size by the scale bar: {pixel_size:.4f} nm")
    found_pairs = []
    for y in range(0, image.shape[0] - PATCH + 1, PATCH // 2):
        for x in range(0, image.shape[1] - PATCH + 1, PATCH // 2):
            mask = np.zeros(image.shape, bool)
            mask[y : y + PATCH, x : x + PATCH] = True
            search = Search(0.2 / pixel_size, 0.5 / pixel_size, 12)
            found_pairs += particle_pairs(image, mask, search).pairs[:1]
    rows = []
    for name, least in (("all", 0.0), ("clear fringes: 30 times the noise", 30.0)):
        chosen = [pair for pair in found_pairs if pair.excess >= least]
        spacings = np.array([pair.spacing for pair in chosen]) * pixel_size
        median = float(np.median(spacings))
        spread = 1.4826 * float(np.median(np.abs(spacings - median)))
        bar = median / (BAR_NM / pixel_size)  # of one pixel of the bar's length
        rows.append([name, len(chosen), f"{median:.4f}", f"{spread:.4f}",
                     f"{spread / len(chosen) ** 0.5:.4f}", f"{bar:.4f}"])  # fmt: skip
    print_table(
        f"Graphitic fringes in windows of {PATCH} px, half overlapping: brightest pair of each",
        ["windows", "count", "median spacing (nm)", "spread of windows (nm)",
         "standard error (nm)", "of one pixel of the scale bar (nm)"],
        rows,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("peaks", "evenness", "index", "fringes"))
    parser.add_argument("--seeds", type=int)
    arguments = parser.parse_args()
    if arguments.what == "peaks":
        peaks_table(arguments.seeds or 150)
    elif arguments.what == "evenness":
        evenness_table(arguments.seeds or 300)
    elif arguments.what == "index":
        index_table(arguments.seeds or 100)
    else:
        fringes_table()


if __name__ == "__main__":
    main()
