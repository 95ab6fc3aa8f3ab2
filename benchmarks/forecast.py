"""Forecasts on simulated and real movies: skill, trust, the published protocol, speed.

    python benchmarks/forecast.py skill [--minutes 8] [--given 4 6 8] [--movies "4 nm" …]
    python benchmarks/forecast.py protocol [--preset paper] [--edge 128] [--steps 2000]
    python benchmarks/forecast.py graphene
    python benchmarks/forecast.py speed

The onset of disorder is in benchmarks/forecast_onset.py, the authors' code in
benchmarks/forecast_reference.py.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from _measure import job, peak_memory, print_table, recordings, timed, verdict

from napari_insitu_tem import Movie
from napari_insitu_tem.simulate.forecast_movies import FORECAST_MOVIES, forecast_movie
from napari_insitu_tem.tasks.forecast import Forecast, ForecastSettings, forecast

CATALYSTS = ("4 nm", "2 nm", "single layer")
#: Published means of three strategies' movies (Fu et al., Table 1).
PUBLISHED = {
    "4 nm": (0.53, 0.46, 0.73),
    "2 nm": (0.57, 0.51, 0.76),
    "single layer": (0.55, 0.51, 0.78),
}  # noqa: E501
SSIM_GAIN, RANK, COVERED, SECONDS = 0.05, 0.5, (0.85, 0.95), 0.5


def movie_of(name: str, frames: int, edge: int, dose: float | None, seed: int = 0) -> Movie:
    """Return a simulated movie in memory."""
    lazy = forecast_movie(name, n_frames=frames, edge=edge, dose=dose, seed=seed)
    return lazy.replace(data=np.asarray(lazy.data))


def learnt(movie: Movie, arguments: argparse.Namespace, **values: object) -> tuple[Forecast, float]:
    """Train on a movie and forecast it."""
    common = {"preset": arguments.preset, "minutes": arguments.minutes, "steps": arguments.steps}
    settings = ForecastSettings(**{**common, **values})
    return timed(lambda: forecast(movie, settings, job(arguments.seed)))


def skill(arguments: argparse.Namespace) -> None:
    """Targets 2 and 5: better than every baseline at every frame, honest where nothing can be."""
    rows, trusted = [], []
    for name, given in itertools.product(arguments.movies, arguments.given):
        movie = movie_of(name, arguments.frames, arguments.edge, arguments.dose, arguments.seed)
        result, seconds = learnt(movie, arguments, given=given)
        raw = result.skill[result.skill["way"] == "raw"]
        if not len(raw):
            rows.append([name, given, "no test clip", *[""] * 4, f"{seconds / 60:.1f}", ""])
            continue
        trusted.append(_trust(name, given, result))
        last = raw.iloc[-1]
        foreseeable = name not in ("noise", "diffusion")
        better = bool((raw["mse_skill"] > 0).all() and (raw["ssim_gain"] > 0).all())
        gain = float(last["ssim_gain_over_last"])
        rows.append([
            name, given, f"{raw['mse_skill'].min():+.3f}", raw["best_by_mse"].iloc[-1],
            f"{raw['ssim_gain'].min():+.3f}", raw["best_by_ssim"].iloc[-1], f"{gain:+.3f}",
            f"{seconds / 60:.1f}",
            ("met" if better and gain >= SSIM_GAIN else "MISSED") if foreseeable
            else ("says so" if (raw["mse_skill"] <= 0).any() else "claims skill"),
        ])  # fmt: skip
    print_table(
        f"{arguments.preset}, {arguments.frames} frames of {arguments.edge}², by time, "
        f"learnt for {arguments.minutes:g} min",
        ["movie", "N_f", "least MSE skill", "best baseline", "least SSIM gain", "best baseline",
         "SSIM over last frame, at the end", "min", "target 2"],
        rows,
    )  # fmt: skip
    print_table(
        "Trust; maps: errors of all test clips at a pixel; attainable: single errors drawn from "
        "the spread itself",
        ["movie", "N_f", "in 90 %", "85–95 %", "rank, maps", "≥ 0.5", "rank, single errors",
         "attainable"],
        trusted,
    )  # fmt: skip


def protocol(arguments: argparse.Namespace) -> None:
    """Target 3: N_f × N_s, raw and matched, and what the random split does to the figures."""
    rows, frames = [], []
    splits = {"by time": "by time", "random": "random clips (as published)"}
    for name, given, every, (words, split) in itertools.product(
        arguments.movies, arguments.given, arguments.every, splits.items()
    ):
        movie = movie_of(name, arguments.frames, arguments.edge, arguments.dose, arguments.seed)
        result, _ = learnt(movie, arguments, given=given, every=every, split=split, turned=False,
                           scaling="z-score of each frame")  # fmt: skip
        deviation = float(np.std(np.asarray(movie.data, float), axis=(1, 2)).mean())
        table = result.metrics
        for way in ("raw", "matched"):
            ours, kept = (
                table[(table["predictor"] == who) & (table["way"] == way)]
                for who in ("forecast", "last frame")
            )
            if not len(ours):
                continue
            published = PUBLISHED.get(name, ("", "", ""))
            rows.append([
                name, given, every, words, way, f"{ours['mae'].mean() / deviation:.2f}",
                f"{ours['mse'].mean() / deviation**2:.2f}", f"{ours['ssim'].mean():.3f}",
                f"{kept['mse'].mean() / deviation**2:.2f}", f"{kept['ssim'].mean():.3f}",
                "/".join(map(str, published)),
            ])  # fmt: skip
            steps = " ".join(f"{value:.3f}" for value in ours["ssim"])
            frames.append([name, given, every, words, way, steps])
    print_table(
        f"{arguments.preset}, {arguments.frames} frames of {arguments.edge}² (z-scored units), "
        f"learnt for {arguments.minutes:g} min; "
        "'random' is the published split, which leaks",
        ["movie", "N_f", "N_s", "split", "way", "MAE", "MSE", "SSIM", "last frame: MSE",
         "last frame: SSIM", "published MAE/MSE/SSIM (matched, random split)"],
        rows,
    )  # fmt: skip
    print_table("SSIM of each predicted frame", ["movie", "N_f", "N_s", "split", "way", "1, 2, …"],
                frames)  # fmt: skip


def _trust(name: str, given: int, result: Forecast) -> list[object]:
    """Target 5: what intervals hold, and how error and spread agree."""
    table = result.coverage[result.coverage["nominal"] == 0.9]
    covered = float(table[table["step"] == 0]["covered"].iloc[0])
    inside = "met" if COVERED[0] <= covered <= COVERED[1] else "MISSED"
    ranks = result.ranks
    return [name, given, f"{100 * covered:.1f} %", inside, f"{ranks['maps']:.2f}",
            verdict(ranks["maps"], RANK, at_least=True), f"{ranks['pixels']:.2f}",
            f"{ranks['attainable']:.2f}"]  # fmt: skip


def graphene(arguments: argparse.Namespace) -> None:
    """Target 6: a real movie, split by time, as it is."""
    from napari_insitu_tem import read_movie

    path = sorted(recordings("stem-graphene").glob("*.mp4"))[0]
    movie = read_movie(path)
    for given in arguments.given:
        result, seconds = learnt(movie, arguments, given=given, gap=given)
        table = result.metrics[result.metrics["way"] == "raw"]
        shown = table.pivot(index="predictor", columns="step", values="ssim").round(3)
        rows = [[name, *values] for name, values in zip(shown.index, shown.to_numpy(), strict=True)]
        print_table(
            f"stem-graphene, {movie.n_frames} frames, N_f {given}, {arguments.preset}, "
            f"{seconds / 60:.1f} min: SSIM of every step",
            ["predictor", *map(str, shown.columns)],
            rows,
        )
        print(f"\n{result.message}\n")


def speed(arguments: argparse.Namespace) -> None:
    """Target 7: a forecast of six frames at 128², and a training step, with memory."""
    import torch

    from napari_insitu_tem.analysis.forecast.scaling import Fixed
    from napari_insitu_tem.inference.forecaster import MovieForecaster
    from napari_insitu_tem.learning.forecast_presets import FORECAST_PRESETS
    from napari_insitu_tem.learning.forecast_settings import ForecastClips
    from napari_insitu_tem.learning.forecast_training import ForecastTrainer
    from napari_insitu_tem.networks import build_network

    rows, frames = [], np.random.default_rng(0).normal(size=(6, 128, 128)).astype(np.float32)
    for name, preset in FORECAST_PRESETS.items():
        network = build_network(preset.network, {**preset.arguments, "in_channels": 6,
                                                 "out_channels": 2})  # fmt: skip
        ready = MovieForecaster(network.eval(), scaling=Fixed(0.0, 1.0), steps=6)
        ready.ahead(frames)
        seconds = min(timed(lambda: ready.ahead(frames))[1] for _ in range(5))  # noqa: B023
        trainer = ForecastTrainer(network.train(), ForecastClips(given=6))
        batch = torch.randn(arguments.batch, 12, 64, 64)
        start = time.perf_counter()
        trainer(batch).square().mean().backward()
        step = time.perf_counter() - start
        rows.append([name, f"{seconds:.3f}", verdict(seconds, SECONDS, at_least=False),
                     f"{step:.2f}", f"{peak_memory():.2f}"])  # fmt: skip
    print_table(
        f"{torch.get_num_threads()} threads; a training step of {arguments.batch} clips of 64²",
        ["preset", "6 frames at 128² (s)", f"≤ {SECONDS} s", "training step (s)",
         "peak memory so far (GB)"],
        rows,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=list(_PARTS))
    parser.add_argument("--movies", nargs="*", choices=list(FORECAST_MOVIES), default=None)
    parser.add_argument("--given", type=int, nargs="*", default=None)
    parser.add_argument("--every", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--dose", type=float)
    parser.add_argument("--preset", default=None)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    part, movies, given, preset = _PARTS[arguments.what]
    arguments.movies = arguments.movies or list(movies)
    arguments.given = arguments.given or list(given)
    arguments.preset = arguments.preset or preset
    part(arguments)


_PARTS = {
    "skill": (skill, tuple(FORECAST_MOVIES), (4, 6, 8), "cpu-small"),
    "protocol": (protocol, CATALYSTS, (4, 6, 8), "cpu-small"),
    "graphene": (graphene, (), (4, 6), "cpu-small"),
    "speed": (speed, (), (6,), "cpu-small"),
}

if __name__ == "__main__":
    main()
