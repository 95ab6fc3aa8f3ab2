"""`insitu-tem live` follows a running experiment; `simulate-microscope` runs one to try it on."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from napari_insitu_tem.cli.errors import plain_errors
from napari_insitu_tem.cli.tasks import setting_parameters
from napari_insitu_tem.cli.terminal import until_interrupted
from napari_insitu_tem.live.settings import LiveSettings

__all__ = ["live", "simulate_microscope"]

_STOPPING = "Stopping ..."


def live(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder that frames are written into, a growing MRC file or TIFF stack, or a "
            "growing file of raw pixels (with --raw-height and --raw-width). Need not be there "
            "yet."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Record into a new folder in this one: raw, refined."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long.")] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Take frames that are there already, too.")
    ] = False,
    **values: Any,
) -> None:
    """Follow a running experiment: refine, count particles, map activity, record."""
    with plain_errors():
        from napari_insitu_tem.live.follower import Follower
        from napari_insitu_tem.live.opening import open_source
        from napari_insitu_tem.live.refining import make_refiner

        given = {name: value for name, value in values.items() if value is not None}
        settings = LiveSettings.from_dict(given)
        refine = make_refiner(settings)
        # What takes long to import is there before frames come.
        refine(np.zeros((64, 64), np.float32))
        follower = Follower(
            open_source(source, settings),
            lambda: refine,
            frames=settings.frames,
            make_finder=_make_finder if settings.find_particles else None,
            make_map=_map_maker(settings) if settings.map_activity else None,
            settings=settings.to_dict(),
            from_start=from_start,
            record_into=out,
        )
        end = None if seconds is None else time.monotonic() + seconds
        with until_interrupted(_STOPPING) as is_stopped:
            follower.start()
            _tell(follower, lambda: is_stopped() or (end is not None and time.monotonic() > end))
            follower.stop(5.0)
        for note in follower.notes():
            typer.echo(note)


def _tell(follower: Any, is_over: Callable[[], bool]) -> None:
    """Print a line a second, and what happened."""
    from napari_insitu_tem.live.words import region_words, standing_words

    shown, mapped, told = None, None, 0.0
    while not is_over():
        picture = follower.latest
        if picture is not None and picture is not shown:
            follower.was_shown(picture)
            shown = picture
        if time.monotonic() - told >= 1.0:
            told = time.monotonic()
            for note in follower.notes():
                typer.echo(f"  {note}")
            standing = follower.standing()
            typer.echo(", ".join(standing_words(standing, picture)))
            if standing.activity is not None and standing.activity is not mapped:
                mapped = standing.activity
                for words in region_words(mapped):
                    typer.echo(f"  {words}")
        time.sleep(0.01)


def _make_finder(is_stopped: Callable[[], bool]) -> Any:
    from napari_insitu_tem.live.finding import ParticleFinder
    from napari_insitu_tem.models.choices import CLASSICAL
    from napari_insitu_tem.tasks.segment import SegmentSettings, propose_settings, segment

    return ParticleFinder(propose_settings, segment, SegmentSettings(model=CLASSICAL), is_stopped)


def _map_maker(settings: LiveSettings) -> Any:
    from napari_insitu_tem.live.activity_map import make_activity_map

    return lambda is_stopped: make_activity_map(
        settings.map_model, frames=settings.map_frames, is_stopped=is_stopped
    )


def _with_settings(command: Callable[..., None]) -> None:
    """Give a command the options of `LiveSettings`, in place of its ``**values``."""
    own = [
        each
        for each in inspect.signature(command, eval_str=True).parameters.values()
        if each.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    parameters = [*own, *setting_parameters(LiveSettings)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}


_with_settings(live)


def simulate_microscope(
    place: Annotated[Path, typer.Argument(help="Folder or file to write.")],
    kind: Annotated[
        str, typer.Option(help="tif, npy, tree (Hour/Minute/Second), mrc, tiff stack or raw.")
    ] = "tif",
    movie: Annotated[
        Path | None, typer.Option(help="A movie to play; simulated nanocubes otherwise.")
    ] = None,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.01)] = 20.0,
    size: Annotated[int, typer.Option(help="Edge of simulated frames, px.", min=128)] = 512,
    dose: Annotated[float, typer.Option(help="Of simulated frames, e/px.", min=1e-6)] = 1.0,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long.")] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="Half-written, missing, swapped, resized frames.")
    ] = False,
    keep: Annotated[int | None, typer.Option(help="Keep only the last so many files.")] = None,
) -> None:
    """Write frames as a running microscope would, to try `insitu-tem live` on."""
    with plain_errors():
        from napari_insitu_tem.io.read import read_movie
        from napari_insitu_tem.simulate.microscope import (
            KINDS,
            Faults,
            endless,
            liquid_cell_frames,
            run_microscope,
        )

        if kind not in KINDS:
            raise ValueError(f"There is no kind '{kind}'; there are {', '.join(KINDS)}.")
        played = read_movie(movie) if movie is not None else liquid_cell_frames(size, dose=dose)
        end = None if seconds is None else time.monotonic() + seconds
        with until_interrupted(_STOPPING) as is_stopped:
            count = run_microscope(
                endless(played),
                place,
                kind=kind,
                rate=rate,
                faults=Faults(13, 41, 17, 29, 200) if faults else Faults(),
                pixel_size=played.pixel_size,
                keep=keep,
                is_stopped=lambda: is_stopped() or (end is not None and time.monotonic() > end),
            )
        typer.echo(f"{count} frames were written to '{place}'.")
