"""Target 4: the frame in which a simulated catalyst becomes disordered, found by surprise.

One network learns from rigid movies; it is then asked about movies that it has never seen, each
with a transition at a known frame, and about movies without one (false alarms). The same detector
looks at the plain frame difference.

    python benchmarks/forecast_onset.py [--movies 40] [--minutes 10] [--doses 100 400]
"""

from __future__ import annotations

import argparse

import numpy as np
from _measure import job, print_table, verdict

from napari_insitu_tem.analysis.forecast.change_points import change_points
from napari_insitu_tem.analysis.forecast.clips import Split
from napari_insitu_tem.learning.forecast_movies import clip_movies
from napari_insitu_tem.learning.forecast_presets import FORECAST_PRESETS, forecast_recipe
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.forecast_training import train_on_movies
from napari_insitu_tem.learning.make import first_network
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.simulate.catalyst import CatalystSettings, simulate_catalyst_lazily
from napari_insitu_tem.tasks.forecast.network import Known
from napari_insitu_tem.tasks.forecast.passes import pass_over

NEAR, FOUND, FALSE = 3, 0.8, 1.0
TRACKS = ("surprise", "peak", "error", "frame_difference")


def catalyst(onset: int | None, dose: float, seed: int, frames: int, edge: int) -> Movie:
    """Return a simulated movie in memory."""
    settings = CatalystSettings(
        n_frames=frames, height=edge, width=edge, diameter=0.5 * edge, onset=onset, dose=dose
    )
    movie = simulate_catalyst_lazily(settings, seed).movie
    return movie.replace(data=np.asarray(movie.data))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--movies", type=int, default=40)
    parser.add_argument("--rigid", type=int, default=10, help="movies without a transition")
    parser.add_argument("--learnt", type=int, default=6, help="rigid movies to learn from")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--given", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--doses", type=float, nargs="*", default=[100.0])
    parser.add_argument("--penalty", type=float, default=3.0)
    arguments = parser.parse_args()
    rows = []
    for dose in arguments.doses:
        known = _learnt(arguments, dose)
        found = {name: [0, 0, 0] for name in TRACKS}  # hits, false alarms, rigid frames
        rng = np.random.default_rng(5)
        for number in range(arguments.movies + arguments.rigid):
            rigid = number >= arguments.movies
            onset = None if rigid else int(rng.integers(arguments.frames // 3,
                                                        2 * arguments.frames // 3))  # fmt: skip
            movie = catalyst(onset, dose, 1000 + number, arguments.frames, arguments.edge)
            for name, track in _tracks(known, movie).items():
                _count(found[name], track, onset, arguments)
        for name, (hits, alarms, frames) in found.items():
            rate = 500 * alarms / max(frames, 1)
            share = hits / max(arguments.movies, 1)
            rows.append([dose, name, f"{hits} of {arguments.movies}",
                         verdict(share, FOUND, at_least=True), f"{rate:.2f}",
                         verdict(rate, FALSE, at_least=False)])  # fmt: skip
    print_table(
        f"{arguments.movies} movies of {arguments.frames} frames of {arguments.edge}², within "
        f"± {NEAR} frames",
        ["dose (e/Å²)", "track", "found", "≥ 80 %", "false alarms in 500 frames", "≤ 1"],
        rows,
    )


def _learnt(arguments: argparse.Namespace, dose: float) -> Known:
    clips = ForecastClips(given=arguments.given)
    movies = [
        catalyst(None, dose, number, arguments.frames, arguments.edge)
        for number in range(arguments.learnt)
    ]
    recipe = forecast_recipe(
        "onset", FORECAST_PRESETS["cpu-small"], clips, patch=arguments.edge,
        minutes=arguments.minutes, steps=arguments.steps,
    )  # fmt: skip
    network = first_network(recipe)
    read = clip_movies(movies, clips, patch=recipe.patch, job=job())
    network.load_state_dict(train_on_movies(recipe, network, read, job()).state)
    none = np.zeros(0, int)
    values = np.zeros((arguments.frames, 0), np.float32)
    learnt = network.eval().requires_grad_(False)
    return Known(learnt, clips, read[0].scaling, values, Split(none, none, none), [])


def _tracks(known: Known, movie: Movie) -> dict[str, np.ndarray]:
    passed = pass_over(movie, known, steps=1, lead=1, start=None, tested=frozenset(),
                       data_range=1.0, device="cpu", job=job())  # fmt: skip
    tracks = {name: np.full(movie.n_frames, np.nan) for name in TRACKS}
    for row in passed.rows:
        for name in TRACKS:
            tracks[name][int(row["frame"])] = np.log(max(row[name], 1e-12))
    return tracks


def _count(
    counts: list[int], track: np.ndarray, onset: int | None, arguments: argparse.Namespace
) -> None:
    rises = [each.frame for each in change_points(track, penalty=arguments.penalty)
             if each.size > 0]  # fmt: skip
    if onset is None:
        counts[1] += len(rises)
        counts[2] += arguments.frames
        return
    near = [frame for frame in rises if abs(frame - onset) <= NEAR]
    counts[0] += bool(near)
    counts[1] += sum(frame < onset - NEAR for frame in rises)
    counts[2] += onset


if __name__ == "__main__":
    main()
