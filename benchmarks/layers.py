"""Layers: F1 of overlapping nanocubes over the overlap, layer by layer, against one channel.

    python benchmarks/layers.py [overlap] [noise] [time] [--model NAME] [--frames N] [--seed N]

Cubes in two layers, drawn by a seed that is not the training's. "In its layer" counts a particle
only in the right layer (target: 0.90 up to an overlap of 50 %), "anywhere" in either. Peers, which
have one label image and so are scored anywhere: the network `particles`, whose cores start a
watershed, and the true foreground, split by a distance watershed, which is what a single-channel
network with a perfect answer would give. Particles that the border cuts are left out throughout.
"""

from __future__ import annotations

import argparse

import numpy as np
from _measure import job, print_table, verdict

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.layer_agreement import LayerScore, layer_score, without_border
from napari_insitu_tem.analysis.watershed import split_touching
from napari_insitu_tem.models.store import list_models
from napari_insitu_tem.simulate.layer_movie import LayerMovieSettings, simulate_layers
from napari_insitu_tem.simulate.layers import LayerFrame, LayerFrameSettings, draw_layers
from napari_insitu_tem.tasks.segment import SegmentSettings, segment
from napari_insitu_tem.tasks.separate import SeparateSettings, propose_settings, separate

TARGET = 0.90
OVERLAPS = ((0.0, 0.02), (0.05, 0.15), (0.15, 0.25), (0.25, 0.35), (0.35, 0.45), (0.45, 0.5))
DIFFERENCES = ("focus", "contrast", "nothing")
#: Of the cubes, in the pixels of a frame; noise is as strong as drawn.
SCENE = {
    "edge": 256, "shapes": ("cube",), "diameter": (18.0, 40.0), "coverage": (0.1, 0.3),
    "visibility": (2.0, 8.0), "distractors": 2,
}  # fmt: skip


def frames(count: int, seed: int, **values: object) -> list[LayerFrame]:
    settings = LayerFrameSettings.from_dict({**SCENE, **values})
    return [draw_layers(settings, np.random.default_rng((9000 + seed, i))) for i in range(count)]


def ours(frame: LayerFrame, model: str) -> np.ndarray:
    """Separate one frame with nothing said; (n_layers, y, x)."""
    layers = separate(Movie(frame.image[np.newaxis]), SeparateSettings(model=model), job())
    return np.stack([np.asarray(labels[0]) for labels in layers.labels])


def one_channel(frame: LayerFrame) -> np.ndarray:
    found = segment(Movie(frame.image[np.newaxis]), SegmentSettings(model="particles"), job())
    return np.asarray(found.labels[0])[np.newaxis]


def perfect_foreground(frame: LayerFrame) -> np.ndarray:
    return split_touching((frame.labels > 0).any(axis=0), strength=0.8)[np.newaxis]


def score(drawn: list[LayerFrame], method: object) -> LayerScore:
    total = LayerScore()
    for frame in drawn:
        total += layer_score(*without_border(frame.labels, method(frame)))
    return total


def row(drawn: list[LayerFrame], model: str) -> list[object]:
    """Return ours in its layer, ours anywhere, and the peers."""
    mine = score(drawn, lambda frame: ours(frame, model))
    has_particles = any(known.name == "particles" for known in list_models("segment"))
    network = score(drawn, one_channel).f1_anywhere if has_particles else "not there"
    best = score(drawn, perfect_foreground).f1_anywhere
    return [mine.true, mine.f1, mine.f1_anywhere, network, best, mine.f1 / best if best else ""]


COLUMNS = ["particles", "ours, in its layer", "ours, anywhere", "network `particles`",
           "true foreground + watershed", "ratio to the last"]  # fmt: skip


def over_overlap(model: str, count: int, seed: int) -> None:
    worst = 1.0
    for difference in DIFFERENCES:
        rows = []
        for low, high in OVERLAPS:
            arrangement = "pairs" if high > 0.02 else "scattered"
            drawn = frames(
                count, seed, overlap=(low, high), arrangements=(arrangement,),
                differ_in=(difference,),
            )  # fmt: skip
            values = row(drawn, model)
            rows.append([f"{100 * low:.0f} to {100 * high:.0f} %", *values])
            if difference == "focus":
                worst = min(worst, float(values[1]))
        crystal = frames(
            count, seed, overlap=(0.05, 0.5), arrangements=("crystal",), differ_in=(difference,)
        )
        rows.append(["crystals, up to 50 %", *row(crystal, model)])
        title = f"Cubes whose layers differ in {difference}: F1 at IoU 0.5 over the overlap"
        print_table(title, ["overlap", *COLUMNS], rows)
    print(f"\nLowest F1 in its layer, focus, up to 50 %: {worst:.3f}: "
          f"{verdict(worst, TARGET, at_least=True)}")  # fmt: skip


def over_noise(model: str, count: int, seed: int) -> None:
    rows = []
    for visibility in (0.5, 1.0, 2.0, 4.0, 8.0):
        drawn = frames(
            count, seed, overlap=(0.1, 0.5), arrangements=("pairs",), differ_in=("focus",),
            visibility=(visibility, visibility),
        )  # fmt: skip
        rows.append([visibility, *row(drawn, model)])
    title = "Cubes that overlap by 10 to 50 %: F1 over contrast to noise of a pixel"
    print_table(title, ["contrast / noise", *COLUMNS], rows)


def over_time(model: str, seed: int) -> None:
    rows = []
    for difference in DIFFERENCES:
        settings = LayerMovieSettings.from_dict(
            {**SCENE, "n_frames": 12, "overlap": (0.1, 0.5), "slide": 0.4,
             "differ_in": (difference,), "arrangements": ("pairs",)}
        )  # fmt: skip
        made = simulate_layers(settings, job(seed))
        asked = propose_settings(made.movie, SeparateSettings(model=model), job())
        values = []
        for kind in ("classes", "layers"):
            layers = separate(made.movie, asked.model_copy(update={"kind": kind}), job())
            total = LayerScore()
            for t in range(made.movie.n_frames):
                found = np.stack([np.asarray(labels[t]) for labels in layers.labels])
                total += layer_score(*without_border(made.labels[:, t], found))
            values += [total.f1, total.f1_anywhere]
        table = layers.particles
        values.append(float((table.groupby("particle")["layer"].nunique() == 1).mean()))
        rows.append([difference, *values])
    print_table(
        "A movie of 12 frames, layers sliding: frame by frame, and with every particle followed",
        ["layers differ in", "frame by frame, in its layer", "anywhere", "followed, in its layer",
         "anywhere", "particles with one layer throughout"],
        rows,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["overlap", "noise", "time"])
    parser.add_argument("--model", default="layers")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if "overlap" in chosen.parts:
        over_overlap(chosen.model, chosen.frames, chosen.seed)
    if "noise" in chosen.parts:
        over_noise(chosen.model, chosen.frames, chosen.seed)
    if "time" in chosen.parts:
        over_time(chosen.model, chosen.seed)


if __name__ == "__main__":
    main()
