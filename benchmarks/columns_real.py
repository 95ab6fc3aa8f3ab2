"""Columns and atoms in recordings, which were looked at while the finder was made.

    python benchmarks/columns_real.py supracrystal
    python benchmarks/columns_real.py haadf [--every 1]
    python benchmarks/columns_real.py graphene [--frames 115] [--sites] [--movie graphene.webp]

`haadf` compares with a Laplacian of a Gaussian whose scale and threshold are tuned on the very same
images for the best F1.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path

import numpy as np
from _measure import job, print_table, recordings, verdict
from scipy import ndimage, spatial
from scipy.optimize import linear_sum_assignment

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.analysis.columns.peaks import local_maxima
from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.tasks.columns import Columns, ColumnsSettings, columns

TRAIL = 8
"""Frames."""
COLOURS = {"atom": (255, 154, 46), "patch": (255, 111, 208)}


def matches(found: np.ndarray, listed: np.ndarray, within: float) -> int:
    """Return how many places are matched one to one."""
    if not len(found) or not len(listed):
        return 0
    distance = spatial.distance.cdist(found, listed)
    rows, others = linear_sum_assignment(np.where(distance <= within, distance, 1e6))
    return int(np.count_nonzero(distance[rows, others] <= within))


def places_of(movie: Movie, polarity: str) -> np.ndarray:
    settings = ColumnsSettings(method="spots", polarity=polarity, follow=False)
    try:
        return columns(movie, settings, job()).table[["y", "x"]].to_numpy(float)
    except ColumnsError:
        return np.empty((0, 2))


def supracrystal() -> None:
    folder = recordings("supracrystal")
    movie = read_movie(folder / "SAMPLE_0001.tif")
    listed = np.loadtxt(folder / "SAMPLE_0001.txt")[:, [2, 1]]
    spacing = float(np.median(spatial.cKDTree(listed).query(listed, 2)[0][:, 1]))
    rows = []
    for polarity in ("auto", "dark"):
        found = places_of(movie, polarity)
        hits = matches(found, listed, spacing / 3)
        share, false = 100 * hits / len(listed), 100 * (1 - hits / max(len(found), 1))
        rows.append(
            [polarity, len(found), share, verdict(share, 95, at_least=True), false,
             verdict(false, 5, at_least=False)]
        )  # fmt: skip
    print_table(
        f"supracrystal: {len(listed)} listed, within {spacing / 3:.1f} px",
        ["polarity", "found", "of the listed, %", "target 95", "false, %", "target 5"],
        rows,
    )


def haadf(every: int) -> None:
    folder = recordings("haadf-atoms")
    images, marks = [], []
    for path in sorted((folder / "images").glob("*.tif"))[::every]:
        images.append(read_movie(path))
        with (folder / "coordinates" / f"{path.stem}.csv").open() as file:
            rows = [(float(row["Y"]), float(row["X"])) for row in csv.DictReader(file)]
        marks.append(np.array(rows))
    total = sum(len(each) for each in marks)
    table = []
    for polarity in ("bright", "auto"):
        found = [places_of(image, polarity) for image in images]
        hits = sum(matches(f, m, 3) for f, m in zip(found, marks, strict=True))
        count = sum(len(each) for each in found)
        table.append([f"spots, {polarity}", count, hits, 2 * hits / (count + total)])
        print(table[-1], flush=True)
    best = ["tuned LoG", 0, 0, 0.0]
    for scale in (1.5, 2.0, 2.5, 3.0, 4.0):
        maxima = []
        for image in images:
            values = image.frame(0).astype(np.float32)
            response = -ndimage.gaussian_laplace(values - values.mean(), scale)
            maxima.append(local_maxima(response / response.std(), least=2.0, reach=1.6 * scale))
        for least in np.arange(2.0, 8.1, 0.5):
            found = [places[heights >= least] for places, heights in maxima]
            hits = sum(matches(f, m, 3) for f, m in zip(found, marks, strict=True))
            count = sum(len(each) for each in found)
            score = 2 * hits / (count + total)
            if score > best[3]:
                best = [f"tuned LoG ({scale:g} px, {least:g} sd)", count, hits, score]
    table.append(best)
    print_table(
        f"haadf-atoms: {len(images)} images, {total} marks, within 3 px",
        ["way", "found", "right", "F1"], table,
    )  # fmt: skip
    print(f"at least equal: {verdict(table[0][3], best[3], at_least=True)}")


def graphene(frames: int, sites: bool, target: Path | None) -> None:
    path = recordings("stem-graphene") / "movie.mp4"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        movie = read_movie(path).select(0, frames)
    settings = ColumnsSettings(method="spots", polarity="bright", follow=sites, heavy=True)
    found = columns(movie, settings, job())
    print(found.message)
    if found.dynamics is not None:
        seen = found.table.groupby("site")["frame"].nunique().drop(index=0, errors="ignore")
        long = int((seen >= 0.5 * movie.n_frames).sum())
        print(f"{len(seen)} sites, {long} of them seen in at least half of {movie.n_frames} frames")
    if found.heavy is not None:
        tracks = found.heavy.tracks
        rows = []
        for kind, part in tracks.groupby("kind"):
            length = part.groupby("atom").size()
            each = [kind, len(length), float(length.median()), int((length >= 10).sum())]
            rows.append([*each, int(length.max()), part.groupby("frame").size().mean()])
        names = ["kind", "number", "median frames", "of 10 or more", "longest", "a frame"]
        print_table(f"bright spots, {len(found.heavy.hops)} hops of atoms", names, rows)
    if target is not None:
        _draw(movie, found, target)
        print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")


def _draw(movie: Movie, found: Columns, target: Path) -> None:
    """Write a movie: columns as dots, heavy atoms as rings with where they came from."""
    from PIL import Image, ImageDraw

    table, zoom, pictures = found.table, 2, []
    tracks = (
        found.heavy.tracks if found.heavy is not None else table.head(0).assign(atom=0, kind="")
    )
    low, high = np.percentile(movie.frame(movie.n_frames // 2), (25, 99.7))

    def on_picture(y: float, x: float) -> tuple[float, float]:
        return (x + 0.5) * zoom, (y + 0.5) * zoom

    for t in range(movie.n_frames):
        grey = np.clip((movie.frame(t) - low) / (high - low), 0, 1) * 255
        picture = Image.fromarray(grey.astype(np.uint8)).convert("RGB")
        picture = picture.resize((picture.width * zoom, picture.height * zoom))
        draw = ImageDraw.Draw(picture)
        for row in table[table["frame"] == t].itertuples():
            x, y = on_picture(row.y, row.x)
            draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=(51, 193, 255))
        recent = tracks[(tracks["frame"] <= t) & (tracks["frame"] > t - TRAIL)]
        for _, part in recent.groupby("atom"):
            colour = COLOURS[part["kind"].iloc[0]]
            ends = [on_picture(*each) for each in part[["y", "x"]].to_numpy(float)]
            if len(ends) > 1:
                draw.line(ends, fill=colour, width=2)
            if part["frame"].iloc[-1] == t:
                x, y = ends[-1]
                draw.ellipse((x - 11, y - 11, x + 11, y + 11), outline=colour, width=2)
        pictures.append(picture)
    pictures[0].save(
        target, save_all=True, append_images=pictures[1:], duration=150, loop=0, quality=10,
        method=4,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["supracrystal", "haadf", "graphene"])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--frames", type=int, default=115)
    parser.add_argument("--sites", action="store_true", help="follow the columns as well")
    parser.add_argument("--movie", type=Path)
    chosen = parser.parse_args()
    if chosen.what == "supracrystal":
        supracrystal()
    elif chosen.what == "haadf":
        haadf(chosen.every)
    else:
        graphene(chosen.frames, chosen.sites, chosen.movie)


if __name__ == "__main__":
    main()
