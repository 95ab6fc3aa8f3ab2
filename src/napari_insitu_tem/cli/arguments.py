"""Arguments that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["MoviePath", "Out", "Signal"]

MoviePath = Annotated[Path, typer.Argument(help="A movie: a file, or a folder of frames.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Signal = Annotated[str | None, typer.Option(help="Which of the file's signals; `info` lists them.")]
