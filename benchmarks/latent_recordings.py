"""Target 6 of issue 5: what latent maps show in real recordings, which nothing was tuned to.

stem-graphene, as it is and aligned: which share of the windows shows a lattice, and how much
happens within 40 px of where pixels vary most (the bright atoms that hop) against the rest.
fringes is a still of carbon, of which there are no maps over time: how well windows of it are
encoded (share of the variance that reconstructions explain), where the lattice is, and how far
apart its planes are.

    python benchmarks/latent_recordings.py [--model lattice] [--picture docs/images/latent-real.png]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from _measure import job, print_table, recordings
from scipy import ndimage

from napari_insitu_tem import Movie, read_movie
from napari_insitu_tem.analysis.lattice_scale import dominant_period, zoom_for, zoomed
from napari_insitu_tem.analysis.lattice_windows import lattice_strength, windows_with_lattice
from napari_insitu_tem.analysis.windows import WindowGrid, unit_frame, windows_of
from napari_insitu_tem.movie import CalibrationWarning
from napari_insitu_tem.tasks.align import align
from napari_insitu_tem.tasks.latent import LatentMaps, LatentSettings, latent

NEAR, TIMES, VALUES = 40, 7, np.linspace(-3, 3, 7)
#: Rows of the still above its burned-in scale bar.
ABOVE_BAR = 450


def graphene(model: str) -> LatentMaps:
    """Map the recording as it is and aligned; return the latter."""
    movie = read_movie(recordings("stem-graphene") / "movie.mp4")
    rows, found = [], None
    for name, each in (("as it is", movie), ("aligned", align(movie, job=job()).movie)):
        found = latent(each, LatentSettings(model=model), job())
        activity = found.activity()
        frames = np.stack([each.frame(index) for index in range(each.n_frames)])
        varied = ndimage.gaussian_filter(frames.std(axis=0), 4)
        y, x = np.unravel_index(int(varied.argmax()), varied.shape)
        rows_y, columns_x = found.grid.centres()
        near = np.hypot(rows_y[:, np.newaxis] - y, columns_x - x) <= NEAR
        top = np.unravel_index(int(activity.argmax()), activity.shape)
        rows.append([
            name, f"{100 * found.lattice.mean():.0f} %", f"{y}, {x}",
            f"{activity[near].mean() / activity[~near].mean():.1f}",
            ", ".join(f"{place:.0f}" for place in found.grid.centre(*map(int, top))),
            ", ".join(f"z{number}" for number in found.most_active(near)),
        ])  # fmt: skip
    print_table(
        f"stem-graphene: {movie.n_frames} frames, {len(found.active)} of {found.latents} latents "
        f"are active, frames enlarged {found.grid.zoom:.2f} times",
        ["movie", "windows with a lattice", "pixels vary most at (y, x)",
         f"activity within {NEAR} px of it, times that elsewhere", "most happens at (y, x)",
         "latents that change most there"],
        rows,
    )  # fmt: skip
    return found


def fringes(model: str):
    """Encode and decode windows of the still; return some, their copies and a traversal."""
    from napari_insitu_tem.inference.latent_decoder import decode, encode, traverse
    from napari_insitu_tem.models.store import get_model

    network = get_model(model).expect(task="latent").load("cpu")
    frame = read_movie(recordings("fringes") / "carbon-fringes.tif").frame(0)[:ABOVE_BAR]
    period = dominant_period([frame])
    zoom = zoom_for(period)
    image = unit_frame(zoomed(frame, zoom))
    grid = WindowGrid.of(image.shape, 64, 32, zoom=zoom)
    windows = np.ascontiguousarray(windows_of(image, grid)).reshape(-1, 64, 64)
    looks = [lattice_strength([frame], grid)]
    shown = windows_with_lattice(looks, grid, fringes=LatentSettings().fringes)
    lattice = np.flatnonzero(shown)
    latents = encode(network, windows[lattice])
    copies = decode(network, latents)
    left = ((windows[lattice] - copies) ** 2).mean(axis=(1, 2))
    explained = 1 - left / windows[lattice].var(axis=(1, 2))
    print_table(
        "fringes",
        ["planes are apart (px)", "enlarged", "windows with a lattice",
         "variance that reconstructions explain: median", "10 to 90 % of the windows"],
        [[f"{period:.2f}", f"{zoom:.2f}", f"{100 * len(lattice) / len(windows):.0f} %",
          f"{np.median(explained):.2f}",
          "{:.2f} to {:.2f}".format(*np.percentile(explained, (10, 90)))]],
    )  # fmt: skip
    shown = np.argsort(looks[0].ravel()[lattice])[::-1][:: len(lattice) // TIMES][:TIMES]
    widest = int(np.argmax(latents.var(axis=0)))
    values = VALUES * np.sqrt(float(network.training_variance[widest]))
    walk = traverse(network, latents[shown[0]], widest, values)
    return windows[lattice][shown], copies[shown], walk, widest


def draw(found: LatentMaps, still, path: Path) -> None:
    """Draw overlay, maps, a window over time, traversals."""
    import matplotlib.pyplot as plt

    from napari_insitu_tem.figures.latent import draw_gallery
    from napari_insitu_tem.inference.latent_decoder import traverse
    from napari_insitu_tem.models.store import get_model

    movie, activity = found.movie, found.activity()
    row, column = map(int, np.unravel_index(int(activity.argmax()), activity.shape))
    best = found.most_active(count=12)
    here = np.argsort(found.statistics.time_correlated_variance[row, column])[::-1][:3]
    network = get_model(found.model).load("cpu")
    z = found.at(row, column)
    values = VALUES * np.sqrt(found.training_variance[here[0]])
    walk = traverse(network, z.mean(axis=0), int(here[0]), values)
    times = np.linspace(0, movie.n_frames - 1, TIMES).round().astype(int)

    figure = plt.figure(figsize=(13, 10.5), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(4, 5))
    over, gallery, series = upper.subplots(1, 3, width_ratios=(4, 5, 4))
    y, x = found.grid.centres()
    half = found.grid.spacing / 2
    extent = (x[0] - half, x[-1] + half, y[-1] + half, y[0] - half)
    over.imshow(mean_frame(movie), cmap="gray")
    over.imshow(activity, extent=extent, cmap="inferno", alpha=0.55,
                vmax=np.percentile(activity, 99.5))  # fmt: skip
    over.plot(x[column], y[row], "s", markersize=14, mfc="none", mec="cyan")
    over.set(xlim=(0, movie.frame_shape[1]), ylim=(movie.frame_shape[0], 0))
    over.set_title("stem-graphene, aligned: mean frame,\ntime-correlated variance of all latents")
    over.set_axis_off()
    draw_gallery(found.maps()[..., best], best, gallery)
    gallery.set_title("the twelve latents that change most")
    for number in here:
        series.plot(z[:, number], label=f"z{number}", linewidth=1)
    series.legend()
    series.set(title="the window in the square", xlabel="frame", ylabel="z")
    windows = [found.window(int(time), row, column) for time in times]
    strips = [
        ("that window at seven times", windows, "gray"),
        (f"decoded, with z{here[0]} from −3 to 3 deviations", walk, "gray"),
        ("fringes: windows of the still", still[0], "gray"),
        ("the same after encoding and decoding", still[1], "gray"),
        (f"the first of them, with z{still[3]} from −3 to 3 deviations", still[2], "gray"),
    ]
    grid = lower.subplots(len(strips), TIMES)
    for line, (title, pictures, colours) in zip(grid, strips, strict=True):
        low, high = np.min(pictures), np.max(pictures)
        for axes, picture in zip(line, pictures, strict=True):
            axes.imshow(picture, cmap=colours, vmin=low, vmax=high)
            axes.set_axis_off()
        line[0].set_title(title, loc="left", fontsize=9)
    figure.savefig(path, dpi=75)


def mean_frame(movie: Movie) -> np.ndarray:
    """Return the mean over time."""
    return np.mean([movie.frame(index) for index in range(movie.n_frames)], axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="lattice")
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", CalibrationWarning)
    found = graphene(arguments.model)
    still = fringes(arguments.model)
    if arguments.picture is not None:
        draw(found, still, arguments.picture)


if __name__ == "__main__":
    main()
