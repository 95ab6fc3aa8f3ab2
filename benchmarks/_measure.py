"""What the benchmarks share: tables, timing, peak memory of a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem import Job

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data"
QUIET = Job(on_progress=lambda progress: None)


def job(seed: int = 0, workers: int | None = None) -> Job:
    """Return a job that shows no bar, so that tables stay clean."""
    return Job(on_progress=lambda progress: None, on_log=lambda text: None, seed=seed,
               workers=workers)  # fmt: skip


def recordings(name: str) -> Path:
    """Return a folder of real recordings, or end with a plain reason."""
    folder = RECORDINGS / name
    if not folder.is_dir():
        sys.exit(f"The recording {folder.name} (../shared/data) is not on this machine.")
    return folder


def drift_of(alignment: Any) -> np.ndarray:
    """Return the displacement (t, 2) of the scene that `align` found."""
    return alignment.drift[["drift_y", "drift_x"]].to_numpy(float)


def print_table(title: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a Markdown table, each row as it comes."""
    print(f"\n{title}\n")
    print("| " + " | ".join(headers) + " |")
    print("|" + " --- |" * len(headers))
    for row in rows:
        print("| " + " | ".join(_text(value) for value in row) + " |", flush=True)


def verdict(value: float, limit: float, *, at_least: bool) -> str:
    """Say whether a target is met."""
    return "met" if (value >= limit if at_least else value <= limit) else "MISSED"


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a function's result and its duration in seconds."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


@contextmanager
def stopwatch(wall: dict[str, float], cpu: dict[str, float], name: str):
    """Note the duration of a block, and the processor time of all its threads."""
    start, start_cpu = time.perf_counter(), time.process_time()
    yield
    wall[name] = time.perf_counter() - start
    cpu[name] = time.process_time() - start_cpu


def peak_memory() -> float:
    """Return the highest resident memory of this process so far, in GB."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike ru_maxrss, not inherited from the parent
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024 / 1e9
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9


def in_fresh_process(script: str, *arguments: str) -> dict[str, Any]:
    """Run a script with arguments, and return the JSON object that it prints last."""
    command = [sys.executable, script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return str(value)
