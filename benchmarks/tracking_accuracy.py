"""Target 2: the whole pipeline, with default settings, on simulated nanocubes.

200 cubes of about 24 px diffuse, rotate and touch for 200 frames, under drift, at a moderate
dose (45 electrons a pixel). Aligned, segmented, tracked and measured with default settings; then
compared with the truth. A second movie, in which cubes attach face to face and come apart
again, tests merges and splits.

    python benchmarks/tracking_accuracy.py [--dose 2] [--seed 1] [--frames 200]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from _measure import drift_of, job, print_table, timed, verdict

from napari_insitu_tem.analysis.identity import graph_events, score_events, score_identity
from napari_insitu_tem.simulate.particles import (
    ParticleMovieSettings,
    SimulatedMovie,
    simulate_particles,
)
from napari_insitu_tem.tasks.registry import get_task


def cubes(arguments) -> ParticleMovieSettings:
    return ParticleMovieSettings(
        n_frames=arguments.frames,
        height=arguments.view,
        width=arguments.view,
        particles=arguments.particles,
        dose=arguments.dose,
    )


def attaching_cubes(arguments) -> ParticleMovieSettings:
    return cubes(arguments).model_copy(
        update={
            "joining": "aligned",
            "clearance": 2.0,
            "joining_probability": 1.0,
            "splitting_probability": 0.01,
        }
    )


def run(simulated: SimulatedMovie, seconds: dict[str, float]):
    """Run the main job; return what every stage gave."""
    results: dict[str, Any] = {}
    subject: Any = simulated.movie
    for name in ("align", "segment", "track", "measure"):
        if name == "segment":
            subject = subject.movie
        subject, seconds[name] = timed(lambda name=name, s=subject: get_task(name)(s, None, job()))
        results[name] = subject
    return results


def in_recording(particles, alignment):
    """Return the table with positions in the recorded image, not in the aligned one."""
    frame = particles["frame"].to_numpy()
    back = drift_of(alignment)[frame] + np.array(alignment.offset)
    return particles.assign(y=particles["y"] + back[:, 0], x=particles["x"] + back[:, 1])


def diffusion_of_truth(simulated: SimulatedMovie) -> tuple[float, float]:
    """D and rotational D that `measure` finds on the exact poses, without drift."""
    truth = simulated.tracking
    poses = truth.particles.assign(y=truth.particles["y_sample"], x=truth.particles["x_sample"])
    measured = get_task("measure")(truth.replace(particles=poses), None, job())
    ensemble = measured.curves["ensemble"].iloc[0]
    return ensemble["diffusion"], ensemble["rotational_diffusion"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dose", type=float, default=2.0, help="e/Å² and frame")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--particles", type=int, default=200)
    parser.add_argument("--view", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    seconds: dict[str, float] = {}
    simulated, seconds["simulate"] = timed(
        lambda: simulate_particles(cubes(arguments), job(arguments.seed))
    )
    results = run(simulated, seconds)
    shift = drift_of(results["align"])
    drift_rmse = float(np.sqrt(np.mean((shift - shift[0] - simulated.drift) ** 2)))
    tracking, measured = results["track"], results["measure"]
    score = score_identity(simulated.poses, in_recording(tracking.particles, results["align"]))
    ensemble = measured.curves["ensemble"].iloc[0]
    true_d, true_rotation = diffusion_of_truth(simulated)
    found_d, found_rotation = ensemble["diffusion"], ensemble["rotational_diffusion"]

    attached = simulate_particles(attaching_cubes(arguments), job(arguments.seed))
    others = run(attached, {})
    tracked = others["track"]
    found = graph_events(in_recording(tracked.particles, others["align"]), tracked.graph)
    truth = attached.tracking
    true = graph_events(truth.particles, truth.graph)
    events = score_events(found, true, frames=5, reach=30.0)
    identity = score_identity(attached.poses, in_recording(tracked.particles, others["align"]))

    ratio_d, ratio_rotation = found_d / true_d, found_rotation / true_rotation
    print_table(
        f"{arguments.particles} nanocubes × {arguments.frames} frames of {arguments.view}², "
        f"{arguments.dose:g} e/Å² and frame, seed {arguments.seed}, default settings",
        ["quantity", "truth", "found", "target", "verdict"],
        [
            ["IDF1", 1.0, f"{score.idf1:.4f}", "≥ 0.98", verdict(score.idf1, 0.98, at_least=True)],
            ["detection F1", 1.0, f"{score.detection_f1:.4f}", "", ""],
            ["identity switches", 0, score.switches, "", ""],
            ["centroid RMSE (px)", 0, score.centroid_rmse, "≤ 0.3",
             verdict(score.centroid_rmse, 0.3, at_least=False)],
            ["orientation RMSE (°)", 0, score.orientation_rmse, "≤ 1.5",
             verdict(score.orientation_rmse, 1.5, at_least=False)],
            ["drift RMSE (px)", 0, drift_rmse, "", ""],
            ["D (px²/frame)", true_d, found_d, "within 10 %",
             verdict(abs(ratio_d - 1), 0.1, at_least=False)],
            ["D rotational (deg²/frame)", true_rotation, found_rotation, "within 10 %",
             verdict(abs(ratio_rotation - 1), 0.1, at_least=False)],
        ],
    )  # fmt: skip
    kinds = [
        f"{sum(e['kind'] == kind for e in true)} {kind}s, found "
        f"{sum(e['kind'] == kind for e in found)}"
        for kind in ("merge", "split")
    ]
    print_table(
        f"Attaching and splitting cubes ({'; '.join(kinds)}; right within 5 frames and 30 px)",
        ["quantity", "truth", "found", "target", "verdict"],
        [
            ["events F1", 1.0, f"{events.f1:.3f}", "≥ 0.9",
             verdict(events.f1, 0.9, at_least=True)],
            ["events", events.true, f"{events.found} ({events.matched} right)", "", ""],
            ["IDF1", 1.0, f"{identity.idf1:.4f}", "", ""],
        ],
    )  # fmt: skip
    print_table(
        "Seconds and frames per second",
        ["stage", "s", "frames/s"],
        [[name, value, arguments.frames / value] for name, value in seconds.items()],
    )


if __name__ == "__main__":
    main()
