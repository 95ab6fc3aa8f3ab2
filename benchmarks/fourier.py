"""Angles, spacings and areas of lattices by Fourier analysis, against simulated truth.

The peer is what is done by hand: the brightest element of a zero-padded transform in a Hann
window, twice as fine as the region gives it.

    python benchmarks/fourier.py pair [--size 512] [--frames 40] [--seeds 2]
    python benchmarks/fourier.py growth [--size 512] [--frames 40] [--seeds 2]
    python benchmarks/fourier.py lattices [--seeds 40]
    python benchmarks/fourier.py hrtem [--seeds 40]
    python benchmarks/fourier.py patches
"""

from __future__ import annotations

import argparse

import numpy as np
from _measure import job, print_table, timed, verdict

from napari_insitu_tem.analysis.fourier.fringes import fringe_strength
from napari_insitu_tem.analysis.fourier.lattice import weighted_mean
from napari_insitu_tem.analysis.fourier.pairs import Pair, find_pairs
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import Window
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame
from napari_insitu_tem.simulate.hrtem.crystals import MATERIALS
from napari_insitu_tem.simulate.hrtem.structures import ZONES, orientation
from napari_insitu_tem.simulate.lattice import (
    LatticeMovieSettings,
    LatticeScene,
    simulate_lattice,
)
from napari_insitu_tem.tasks.fourier import FourierSettings, fourier

DOSES = (1, 2, 5, 10)


def by_hand(image: np.ndarray, window: Window, near: np.ndarray) -> np.ndarray:
    """Return the brightest frequency (2,) near one that is known, as read off a transform."""
    part = image[window.rows, window.columns].astype(float)
    part = (part - part.mean()) * np.outer(*(np.hanning(length) for length in part.shape))
    shape = [2 * length for length in part.shape]
    power = np.abs(np.fft.fft2(part, shape)) ** 2
    y, x = (np.fft.fftfreq(length) for length in shape)
    far = np.hypot(y[:, np.newaxis] - near[0], x - near[1]) > 0.3 * np.hypot(*near)
    row, column = np.unravel_index(np.argmax(np.where(far, 0, power)), power.shape)
    return np.array([y[row], x[column]])


def angle_of(frequency: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(-frequency[0], frequency[1]))) % 180


def turned(angle: float) -> float:
    return (angle + 90) % 180 - 90


def pair_table(size: int, frames: int, seeds: int) -> None:
    rows, kept = [], 0.0
    for dose in DOSES:
        ours, said, hand, seconds = [], [], [], 0.0
        for seed in range(seeds):
            settings = LatticeMovieSettings(
                change="pair", dose=dose, n_frames=frames, height=size, width=size, angle=3.0
            )
            made = simulate_lattice(settings, job(seed))
            edge = 0.1 * size + 8
            middle = size / 2
            text = (
                f"{edge},{edge} {size - edge},{middle - 8}; "
                f"{edge},{middle + 8} {size - edge},{size - edge}"
            )
            found, took = timed(
                lambda movie=made.movie, text=text: fourier(
                    movie, FourierSettings(regions=text, extent=False), job()
                )
            )
            seconds += took
            truth = made.misorientation[found.angles["frame"]]
            ours += list(found.angles["misorientation"] - truth)
            said += list(found.angles["misorientation_error"])
            labels = np.asarray(made.regions[0])
            windows = [Window.of_mask(labels == number) for number in (1, 2)]
            for index in range(0, frames, 4):
                image = made.movie.frame(index)
                rotation = [made.truth["angle"][2 * index + number] for number in (0, 1)]
                seen = []
                for window, angle in zip(windows, rotation, strict=True):
                    turn = np.radians(angle)
                    near = np.array([-np.sin(turn), np.cos(turn)]) / settings.period
                    seen.append(angle_of(by_hand(image, window, near)))
                hand.append(turned(seen[1] - seen[0] - made.misorientation[index]))
        rmse = float(np.sqrt(np.mean(np.square(ours))))
        kept = rmse if dose == 5 else kept
        rows.append(
            [f"{dose:g}", rmse, float(np.median(said)), float(np.sqrt(np.mean(np.square(hand)))),
             f"{len(ours)} of {seeds * frames}", seconds / seeds / frames]
        )  # fmt: skip
    print_table(
        f"Angle between two grains that goes from 13.7° to 9.3°: {frames} frames of {size}², "
        f"{seeds} seeds",
        ["e/px", "RMSE (°)", "stated error (°)", "by hand: RMSE (°)", "frames", "s a frame"],
        rows,
    )
    print(f"\nRMSE at 5 e/px ≤ 0.2°: {verdict(kept, 0.2, at_least=False)}")


def growth_table(size: int, frames: int, seeds: int) -> None:
    rows, worst = [], 0.0
    for change in ("growth", "ripening"):
        for dose in DOSES[1:]:
            errors, areas = [], []
            for seed in range(seeds):
                settings = LatticeMovieSettings(
                    change=change, dose=dose, n_frames=frames, height=size, width=size, angle=10
                )
                made = simulate_lattice(settings, job(seed))
                low, high = np.array([0.28, 0.44]) * size, np.array([0.72, 0.56]) * size
                left = "" if change == "growth" else (
                    f"{0.34 * size},{0.12 * size} {0.66 * size},{0.44 * size}; "
                    f"{0.39 * size},{0.61 * size} {0.61 * size},{0.83 * size}"
                )  # fmt: skip
                text = left or f"{low[0]},{low[1] * 0.8} {high[0]},{high[1]}"
                try:
                    found = fourier(made.movie, FourierSettings(regions=text), job())
                except ValueError as error:
                    print(change, dose, error)
                    continue
                # What is averaged over a few frames at each end is the state in their middle.
                count = min(10, frames // 4)
                truth = made.change((count - 1) // 2, frames - 1 - (count - 1) // 2)
                kind = np.asarray(found.change.labels[0])
                errors.append([
                    100 * (np.count_nonzero(kind == each) / np.count_nonzero(truth == each) - 1)
                    for each in (2, 3)
                ])  # fmt: skip
                total = made.truth.groupby("frame")["area"].sum()
                mine = found.areas.groupby("frame")["lattice_area"].sum()
                areas.append(100 * np.mean(np.abs(mine / total[mine.index] - 1)))
            if not errors:
                continue
            grown, shrunk = np.mean(errors, axis=0)
            if change == "growth" and dose == 5:
                worst = max(abs(grown), abs(shrunk))
            rows.append([change, f"{dose:g}", f"{grown:+.1f}", f"{shrunk:+.1f}", float(
                np.abs(errors).max()), float(np.mean(areas))])  # fmt: skip
    print_table(
        f"Grown and shrunk area between both ends, and the area in single frames: {frames} frames "
        f"of {size}², {seeds} seeds",
        ["what happens", "e/px", "grown: error (%)", "shrunk: error (%)", "worst (%)",
         "area in single frames: mean error (%)"],
        rows,
    )  # fmt: skip
    print(f"\ngrown and shrunk at 5 e/px within 5 %: {verdict(worst, 5, at_least=False)}")


def lattices_table(seeds: int) -> None:
    """Single frames of lattices of any period, angle and kind."""
    rows = []
    for dose in (2, 5, 20):
        spacing, angle, pulls, missed, false = [], [], [], 0, 0
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            settings = LatticeMovieSettings(
                change="still", n_frames=1, dose=dose, height=256, width=256,
                period=float(np.exp(rng.uniform(*np.log([6, 25])))), angle=rng.uniform(0, 90),
                lattice=str(rng.choice(["square", "hexagonal"])),
            )  # fmt: skip
            y, x = np.mgrid[:256, :256]
            mask = np.hypot(y - 128, x - 120) < 100
            image = LatticeScene(settings, seed).image(0)
            pairs = find_pairs(Spectrum.of(image, Window.of_mask(mask)))
            known = reciprocal(settings)
            found = [nearest(pair, known) for pair in pairs]
            false += sum(each is None for each in found)
            first = [each for each in found if each is not None]
            missed += not first
            for pair, true in zip(pairs, found, strict=True):
                if true is not None:
                    spacing.append(100 * (pair.spacing * np.hypot(*true) - 1))
                    angle.append(turned(pair.angle - angle_of(true)))
                    pulls.append(angle[-1] / pair.angle_error)
        rows.append(
            [f"{dose:g}", len(spacing), *within(spacing, 0.5), *within(angle, 0.2),
             float(np.std(pulls)), false, missed]
        )  # fmt: skip
    print_table(
        f"Pairs of peaks in a disc of 200 px of {seeds} simulated lattices (period 6 to 25 px)",
        ["e/px", "pairs", "spacing: median error (%)", "within 0.5 %", "angle: median error (°)",
         "within 0.2°", "error over stated error", "false pairs", "lattices without any"],
        rows,
    )  # fmt: skip


def reciprocal(settings: LatticeMovieSettings) -> np.ndarray:
    """Return the frequencies (n, 2) of a simulated lattice, cycles per pixel."""
    from napari_insitu_tem.simulate.lattice.spots import basis

    vectors = np.linalg.inv(basis(settings.lattice, settings.period, settings.angle)).T
    steps = [(h, k) for h in range(-4, 5) for k in range(-4, 5) if (h, k) != (0, 0)]
    return np.array(steps) @ vectors


def nearest(pair: Pair, known: np.ndarray, reach: float = 0.08) -> np.ndarray | None:
    """Return the true frequency that a pair is, if it is one."""
    distance = np.hypot(*(known - pair.frequency).T)
    best = int(np.argmin(distance))
    return known[best] if distance[best] < reach * pair.magnitude else None


def within(errors: list[float], limit: float) -> list[str]:
    size = np.abs(errors)
    return [f"{np.median(size):.3f}", f"{100 * np.mean(size <= limit):.0f} %"]


def hrtem_table(seeds: int) -> None:
    rows = []
    for dose, uncorrected in ((100, 0.0), (200, 0.0), (400, 0.0), (200, 1.0)):
        single: dict[str, list[float]] = {"spacing": [], "angle": [], "pull": []}
        whole: dict[str, list[float]] = {"spacing": [], "angle": []}
        seen = false = 0
        for seed in range(seeds):
            settings = HrtemSettings(
                particles=(1, 1), diameter=(3.0, 6.0), twinned=0.0, tilt=(0.0, 0.0),
                zone_axes=("100", "110", "111"), dose=(dose, dose), uncorrected=uncorrected,
            )  # fmt: skip
            frame = draw_frame(settings, np.random.default_rng(seed))
            particle = frame.particles[0]
            known = bragg_peaks(particle, frame.pixel_size)
            mask = frame.labels == 1
            if np.count_nonzero(mask) * frame.pixel_size**2 < 5:
                continue  # mostly out of view
            pairs = find_pairs(
                Spectrum.of(frame.image, Window.of_mask(mask)), longest=0.45 / frame.pixel_size
            )
            found = [nearest(pair, known) for pair in pairs]
            false += sum(each is None for each in found)
            good = [(p, t) for p, t in zip(pairs, found, strict=True) if t is not None]
            if not good:
                continue
            seen += 1
            spacing = [100 * (p.spacing * np.hypot(*t) - 1) for p, t in good]
            angle = [turned(p.angle - angle_of(t)) for p, t in good]
            single["spacing"] += spacing
            single["angle"] += angle
            single["pull"] += [a / p.angle_error for a, (p, _) in zip(angle, good, strict=True)]
            relative = [100 * p.spacing_error / p.spacing for p, _ in good]
            errors = [p.angle_error for p, _ in good]
            whole["spacing"].append(weighted_mean(np.array(spacing), np.array(relative))[0])
            whole["angle"].append(weighted_mean(np.array(angle), np.array(errors))[0])
        rows.append(
            [f"{dose:g}", "no" if uncorrected else "yes", seen,
             *within(whole["spacing"], 0.5), *within(whole["angle"], 0.2),
             *within(single["spacing"], 0.5), *within(single["angle"], 0.2),
             float(np.std(single["pull"])), false]
        )  # fmt: skip
    print_table(
        f"{seeds} simulated HRTEM frames, each with a particle of 3 to 6 nm on its zone axis "
        "(truth: the crystal's reciprocal lattice)",
        ["e/Å²", "aberration-corrected", "with peaks",
         "lattice: spacing (%)", "within 0.5 %", "lattice: angle (°)",
         "within 0.2°", "single pairs: spacing (%)", "within 0.5 %", "single pairs: angle (°)",
         "within 0.2°", "error over stated error", "pairs that are none"],
        rows,
    )  # fmt: skip


def bragg_peaks(particle: dict, pixel_size: float) -> np.ndarray:
    """Return the frequencies (n, 2), cycles per pixel, of a crystal on its zone axis."""
    material = MATERIALS[particle["material"]]
    turn = orientation(np.array(ZONES[particle["zone_axis"]], float), 0, 0, particle["rotation"])
    steps = np.arange(-6, 7)
    miller = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    odd = miller % 2
    if material.centring == "F":
        allowed = (odd == odd[:, :1]).all(axis=1)
    else:
        allowed = miller.sum(axis=1) % 2 == 0
    seen = (miller[allowed & miller.any(axis=1)] / material.lattice) @ turn.T
    return seen[np.abs(seen[:, 2]) < 1e-6, :2] * 10 * pixel_size


def patches_table() -> None:
    rows = []
    for size in (64, 96, 128):
        for dose in (5, 10, 20):
            settings = LatticeMovieSettings(
                change="growth", n_frames=1, dose=dose, height=640, width=640
            )
            scene = LatticeScene(settings, 2)
            image, labels = scene.image(0), scene.label_image(0) > 0
            rng = np.random.default_rng(0)
            corners = rng.integers(0, 640 - size, (600, 2))
            patches = np.stack([image[y : y + size, x : x + size] for y, x in corners])
            inside = np.array([labels[y : y + size, x : x + size].mean() for y, x in corners])
            free, seconds = timed(lambda patches=patches: fringe_strength(patches))
            told = fringe_strength(patches, shortest=15, longest=30)
            rows.append([size, f"{dose:g}", area_under(free, inside), area_under(told, inside),
                         1e6 * seconds / len(patches)])  # fmt: skip
    print_table(
        "Patches wholly in a lattice of period 24.7 px told from patches wholly outside: area "
        "under the curve",
        ["patch (px)", "e/px", "any spacing", "15 to 30 px", "µs a patch"],
        rows,
    )


def area_under(strength: np.ndarray, inside: np.ndarray) -> float:
    one, none = strength[inside > 0.95], strength[inside < 0.05]
    return float(np.mean(one[:, np.newaxis] > none))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("pair", "growth", "lattices", "hrtem", "patches"))
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--seeds", type=int)
    arguments = parser.parse_args()
    if arguments.what == "pair":
        pair_table(arguments.size, arguments.frames, arguments.seeds or 2)
    elif arguments.what == "growth":
        growth_table(arguments.size, arguments.frames, arguments.seeds or 2)
    elif arguments.what == "lattices":
        lattices_table(arguments.seeds or 40)
    elif arguments.what == "hrtem":
        hrtem_table(arguments.seeds or 40)
    else:
        patches_table()


if __name__ == "__main__":
    main()
