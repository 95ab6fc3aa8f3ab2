"""Defocus and astigmatism from Thon rings of simulated carbon film, and what is refused.

    python benchmarks/thon.py rings [--seeds 4] [--size 512]
    python benchmarks/thon.py nothing [--seeds 20]

The seeds begin at 5000; those below 1000 were used while constants were chosen. The amplitude
contrast of the films is drawn from 0.02 to 0.10, the fit takes 0.07.
"""

from __future__ import annotations

import argparse

import numpy as np
from _measure import job, print_table, timed
from scipy import ndimage

from napari_insitu_tem import Movie
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame
from napari_insitu_tem.tasks.thon import ThonSettings, thon

DOSES = (20, 100, 400)
DEFOCI = (50, 100, 200, 400)
FIRST = 5000
PIXEL = 0.05


def film(seed: int, size: int, **values):
    settings = {
        "height": size, "width": size, "pixel_size": (PIXEL, PIXEL), "particles": (0, 0),
        "carbon": (4, 8), "film_edge": 0, "energies": (300.0,), "uncorrected": 0,
        "spherical_aberration": (0, 0),
    }  # fmt: skip
    return draw_frame(HrtemSettings(**{**settings, **values}), np.random.default_rng(seed))


def rings(seeds: int, size: int) -> None:
    rows = []
    for defocus in DEFOCI:
        for dose in DOSES:
            errors, stated, seconds, refused = [], [], 0.0, 0
            for number in range(seeds):
                frame = film(
                    FIRST + number, size, defocus=(defocus, defocus), dose=(dose, dose),
                    astigmatism=(0.1 * defocus, 0.1 * defocus),
                )  # fmt: skip
                try:
                    found, took = timed(
                        lambda movie=frame.movie: thon(movie, ThonSettings(), job())
                    )
                except ValueError:
                    refused += 1
                    continue
                seconds += took
                row = found.table.iloc[0]
                truth = frame.conditions
                turn = row["astigmatism_angle"] - truth.astigmatism_angle
                errors.append([
                    row["defocus"] - defocus, row["astigmatism"] - truth.astigmatism,
                    (turn + 90) % 180 - 90,
                ])  # fmt: skip
                stated.append(row[
                    ["defocus_error", "astigmatism_error", "astigmatism_angle_error"]
                ].to_numpy(float))  # fmt: skip
            found_in = f"{len(errors)} of {seeds}"
            if not errors:
                rows.append([defocus, dose, found_in, *["–"] * 5])
                continue
            rmse = np.sqrt(np.mean(np.square(errors), axis=0))
            said = np.median(stated, axis=0)
            rows.append([
                defocus, dose, found_in, *(f"{one:.2f} ({two:.2f})" for one, two in
                zip(rmse, said, strict=True)), f"{100 * rmse[0] / defocus:.2f}",
                f"{seconds / len(errors):.1f}",
            ])  # fmt: skip
    print_table(
        f"Carbon film of 4 to 8 nm, one frame of {size}² at {PIXEL} nm and 300 keV, astigmatism a "
        f"tenth of the defocus: RMSE (in brackets: median stated error), {seeds} seeds",
        ["defocus (nm)", "e/Å²", "found", "defocus (nm)", "astigmatism (nm)", "angle (°)",
         "defocus (%)", "s a frame"],
        rows,
    )  # fmt: skip


def nothing(seeds: int, size: int) -> None:
    def white(rng):
        return rng.poisson(20, (size, size)).astype(float)

    def camera(rng):
        return ndimage.gaussian_filter(white(rng), 0.7)

    def speckle(rng):
        grain = ndimage.gaussian_filter(rng.normal(size=(size, size)), 1.5)
        return 5 * grain + rng.normal(size=(size, size))

    def clouds(rng):
        return rng.poisson(
            np.maximum(20 + 30 * ndimage.gaussian_filter(rng.normal(size=(size, size)), 6), 0)
        ).astype(float)

    def crystals(rng):
        return film(int(rng.integers(1 << 30)), size, particles=(3, 3), carbon=(0, 0)).image

    rows = []
    for name, draw in (
        ("white noise", white), ("noise through a camera's transfer", camera),
        ("speckle without rings", speckle), ("clouds", clouds), ("crystals without film", crystals),
    ):  # fmt: skip
        passed = 0
        for number in range(seeds):
            movie = Movie(draw(np.random.default_rng(FIRST + number))[np.newaxis], pixel_size=PIXEL)
            try:
                thon(movie, ThonSettings(), job())
            except ValueError:
                continue
            passed += 1
        rows.append([name, f"{seeds - passed} of {seeds}"])
    print_table(f"Frames of {size}² without rings", ["what", "refused"], rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["rings", "nothing"])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--size", type=int, default=512)
    chosen = parser.parse_args()
    {"rings": rings, "nothing": nothing}[chosen.what](chosen.seeds, chosen.size)
