"""A camera's transfer function, gain and dose from simulated vacuum, and denoising with it.

The peer is what is done by hand: the radial mean of the frames' periodograms, its square root
fitted by least squares (scipy.optimize.curve_fit), and the gain from variance over mean.

    python benchmarks/transfer.py fit [--size 1024] [--frames 10] [--seeds 3]
    python benchmarks/transfer.py denoise [--size 256]
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from _measure import job, print_table, timed, verdict
from denoise import psnr, scene
from scipy.optimize import curve_fit

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis import denoise as methods
from napari_insitu_tem.io.cameras import Camera
from napari_insitu_tem.simulate.detector import (
    DetectorSettings,
    apply_transfer,
    detect,
    modulation_transfer_function,
)
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise
from napari_insitu_tem.tasks.detector import DetectorFitSettings, detector

FREQUENCY = np.linspace(0, 0.5, 501)


@dataclass(frozen=True)
class Case:
    """A camera, its light, and what the fit is told."""

    name: str
    camera: dict[str, Any] = field(default_factory=dict)
    dose: float = 30
    frames: int | None = None
    uneven: float = 0.0
    pattern: float = 0.0
    particles: int = 0
    readout_known: bool = False
    offset: float | None = None


CASES = (
    Case("camera of the simulators"),
    Case("the same, readout noise known", readout_known=True),
    Case("no readout noise, not rounded", {"readout_noise": 0, "number_type": "float32"}),
    Case("c1 0.01, c2 0.3, c3 2.6", {"mtf_c1": 0.01, "mtf_c2": 0.3, "mtf_c3": 2.6}),
    Case("c1 0.05, c2 0.4, c3 2.4", {"mtf_c1": 0.05, "mtf_c2": 0.4, "mtf_c3": 2.4}),
    Case("sharper: c2 0.5, c3 2", {"mtf_c2": 0.5, "mtf_c3": 2}),
    Case("the same, readout noise known", {"mtf_c2": 0.5, "mtf_c3": 2}, readout_known=True),
    Case("blurred: c2 0.15, c3 3", {"mtf_c2": 0.15, "mtf_c3": 3}),
    Case("readout noise 2 e", {"readout_noise": 2}),
    Case("8 bit, 0.7 counts/e", {"gain": 0.7, "offset": 20, "number_type": "uint8"}),
    Case("8 bit, 0.15 counts/e", {"gain": 0.15, "offset": 20, "number_type": "uint8"}),
    Case("light falls by 60 %", uneven=0.6),
    Case("fixed pattern of 5 %", pattern=0.05),
    Case("between 60 particles, vacuum found", particles=60),
    Case("3 e/px", dose=3),
    Case("0.3 e/px", dose=0.3),
    Case("0.3 e/px, readout noise known", dose=0.3, readout_known=True),
    Case("1 frame", frames=1),
    Case("100 frames of 256²", frames=-100),
    Case("offset taken as 0", offset=0),
)


def recorded(case: Case, size: int, frames: int, seed: int) -> Movie:
    """Simulate a recording of vacuum."""
    rng = np.random.default_rng(seed)
    camera = DetectorSettings(**case.camera)
    frames = frames if case.frames is None else case.frames
    if frames < 0:
        frames, size = -frames, 256
    light = np.full((size, size), float(case.dose))
    if case.uneven:
        y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
        light = light * (1 - case.uneven * (x**2 + y**2) / 2)
    y, x = np.mgrid[:size, :size]
    for _ in range(case.particles):
        row, column = rng.uniform(0, size, 2)
        light[(y - row) ** 2 + (x - column) ** 2 < rng.uniform(10, 25) ** 2] = case.dose / 2
    # A fixed pattern is one of gain, not of electrons: it comes after the counting.
    pattern = 1 + case.pattern * rng.normal(size=light.shape)
    taken = []
    for _ in range(frames):
        frame = detect(light, camera, rng)
        if case.pattern:
            frame = np.rint((frame - camera.offset) * pattern + camera.offset).astype(frame.dtype)
        taken.append(frame)
    return Movie(np.stack(taken))


def by_hand(movie: Movie, offset: float) -> tuple[np.ndarray, float]:
    """Return the peer's transfer at `FREQUENCY`, and its gain."""
    size = movie.frame_shape[0]
    power = np.zeros((size, size))
    for frame in movie.iter_frames():
        frame = frame.astype(float)
        power += np.abs(np.fft.fft2(frame - frame.mean())) ** 2 / frame.size
    power /= movie.n_frames
    axis = np.fft.fftfreq(size)
    ring = np.rint(np.hypot(axis[:, None], axis) * size).astype(int)
    radial = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    transfer = np.sqrt(radial[1 : size // 2])
    frequency = np.arange(1, size // 2) / size

    def form(q, top, c1, c2, c3):
        return top * modulation_transfer_function(q, 1.0, c1, c2, c3)

    start = (transfer[:5].mean(), 0.01, 0.35, 2.0)
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it does not converge well is what is measured
        found, _ = curve_fit(form, frequency, transfer, p0=start, maxfev=20000)
    frames = np.asarray(movie.data, float)
    return form(FREQUENCY, 1.0, *found[1:]), frames.var() / (frames.mean() - offset)


def errors(case: Case, size: int, frames: int, seed: int) -> dict[str, float]:
    """Return how wrong the fit and the peer are."""
    camera = DetectorSettings(**case.camera)
    movie = recorded(case, size, frames, seed)
    offset = camera.offset if case.offset is None else case.offset
    settings = DetectorFitSettings(
        region="automatic" if case.particles else "whole frame",
        offset=offset,
        readout_noise=camera.readout_noise * camera.gain if case.readout_known else None,
    )
    found, seconds = timed(lambda: detector(movie, settings, job()))
    fit = found.transfer
    truth = modulation_transfer_function(
        FREQUENCY, 1.0, camera.mtf_c1, camera.mtf_c2, camera.mtf_c3
    )
    try:
        curve, gain = by_hand(movie, offset)
    except RuntimeError:  # no convergence
        curve, gain = np.full_like(truth, np.nan), np.nan
    # Of uneven light, the dose is that of its mean.
    dose = case.dose * (1 - case.uneven / 3)
    return {
        "curve": np.abs(fit.transfer(FREQUENCY) - truth).max(),
        "said": float(fit.transfer_error(FREQUENCY).max()),
        "c1": abs(fit.c1 - camera.mtf_c1),
        "c2": 100 * abs(fit.c2 / camera.mtf_c2 - 1),
        "c3": 100 * abs(fit.c3 / camera.mtf_c3 - 1),
        "gain": 100 * abs(fit.gain / camera.gain - 1),
        "dose": 100 * abs(fit.electrons / dose - 1),
        "peer curve": np.abs(curve - truth).max(),
        "peer gain": 100 * abs(gain / camera.gain - 1),
        "seconds": seconds,
    }


def fit_table(size: int, frames: int, seeds: int) -> None:
    rows, first = [], None
    for case in CASES:
        found = [errors(case, size, frames, seed) for seed in range(seeds)]
        worst = {name: max(each[name] for each in found) for name in found[0]}
        first = first or worst
        rows.append([case.name, *worst.values()])
    print_table(
        f"Fitted to {frames} frames of {size}² at 30 e/px, the worst of {seeds} seeds",
        ["recording", "largest error of the curve", "its stated error", "c1 (absolute)", "c2 (%)",
         "c3 (%)", "gain (%)", "dose (%)", "by hand: curve", "by hand: gain (%)", "s"],
        rows,
    )  # fmt: skip
    assert first is not None
    print(f"\ncurve ≤ 0.02: {verdict(first['curve'], 0.02, at_least=False)}")
    parameters = max(100 * first["c1"], first["c2"], first["c3"])
    print(f"parameters within 5 %: {verdict(parameters, 5, at_least=False)}")


def denoise_table(size: int) -> None:
    camera = DetectorSettings()
    stored = Camera(name="known", c1=0, c2=camera.mtf_c2, c3=camera.mtf_c3, gain=camera.gain,
                    offset=camera.offset, readout_noise=camera.readout_noise)  # fmt: skip
    import os
    import tempfile

    from napari_insitu_tem.io.cameras import save_camera

    os.environ["INSITU_TEM_CAMERAS"] = tempfile.mkdtemp()
    save_camera(stored)
    scenes, rows = scene(2, size), []
    peers = {
        "total variation": methods.denoise_total_variation,
        "non-local means": methods.denoise_non_local_means,
        "wavelets": methods.denoise_wavelets,
    }
    for dose in (1, 5, 20, 100):
        rng = np.random.default_rng(1)
        noisy = np.stack([detect(dose * frame, camera, rng) for frame in scenes])
        truth = np.stack(
            [camera.gain * apply_transfer(dose * frame, camera) + camera.offset for frame in scenes]
        )
        for method, peer in peers.items():
            found = {}
            for name in (None, "known"):
                settings = DenoiseSettings(method=method, camera=name)
                found[name] = psnr(np.asarray(denoise(Movie(noisy), settings, job()).data), truth)
            tuned = max(
                psnr(np.stack([peer(f.astype(np.float32), strength=s) for f in noisy]), truth)
                for s in (1, 2, 3, 4)
            )
            rows.append([f"{dose:g}", method, f"{psnr(noisy, truth):.1f}", f"{found[None]:.1f}",
                         f"{found['known']:.1f}", f"{found['known'] - found[None]:+.1f}",
                         f"{tuned:.1f}"])  # fmt: skip
    print_table(
        f"Denoising 2 frames of {size}² that a blurring camera took: PSNR (dB) against what it "
        "would have shown without noise",
        ["e/px", "method", "noisy", "camera unknown", "camera known", "gain",
         "unknown, best of 4 strengths by the truth"],
        rows,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("fit", "denoise"))
    parser.add_argument("--size", type=int)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.what == "fit":
        fit_table(arguments.size or 1024, arguments.frames, arguments.seeds)
    else:
        denoise_table(arguments.size or 256)


if __name__ == "__main__":
    main()
