"""Target 7: time to import the package, and what the command line costs to start.

Each import runs in a fresh process; the median of several is given, beside that of a bare
interpreter and of NumPy.

    python benchmarks/start_up.py [--repeats 7]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

from _measure import print_table, verdict

STATEMENTS = (
    "pass",
    "import numpy",
    "import napari_insitu_tem",
    "from napari_insitu_tem.tasks.registry import all_tasks; list(all_tasks())",
    "import napari_insitu_tem.cli",
)
HEAVY = ("torch", "matplotlib", "rsciio", "pandas", "skimage", "trackpy", "napari", "qtpy",
         "numba", "dask", "zarr")  # fmt: skip


def measure(statement: str) -> tuple[float, list[str]]:
    """Seconds that a statement takes in a fresh interpreter, and the heavy modules it loads."""
    code = (
        "import time, sys; start = time.perf_counter()\n"
        f"{statement}\n"
        "end = time.perf_counter() - start\n"
        "import json; print(json.dumps([end, [m for m in sys.argv[1:] if m in sys.modules]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True
    )
    seconds, loaded = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds, loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    times, loads = {}, {}
    for statement in STATEMENTS:
        runs = [measure(statement) for _ in range(arguments.repeats)]
        times[statement] = statistics.median(seconds for seconds, _ in runs)
        loads[statement] = ", ".join(runs[0][1]) or "none"
    numpy = times["import numpy"]
    print_table(
        f"Seconds in a fresh interpreter, median of {arguments.repeats}",
        ["statement", "s", "heavy modules loaded", "ratio to numpy"],
        [[f"`{s}`", f"{t:.3f}", loads[s], f"{t / numpy:.2f}"] for s, t in times.items()],
    )
    ours = times["import napari_insitu_tem"]
    print(f"\nTarget: import ≤ 0.3 s: {verdict(ours, 0.3, at_least=False)}")


if __name__ == "__main__":
    main()
