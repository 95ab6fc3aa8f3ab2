"""Importing is light: nothing heavy before it is used."""

import subprocess
import sys

HEAVY = ("torch", "matplotlib", "rsciio", "napari.viewer", "skimage", "trackpy", "pandas")


def _loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert not _loaded_after("import napari_insitu_tem").intersection(HEAVY)


def test_the_tasks_load_nothing_heavy():
    statement = "from napari_insitu_tem.tasks.registry import all_tasks; list(all_tasks())"
    assert not _loaded_after(statement).intersection(HEAVY)
