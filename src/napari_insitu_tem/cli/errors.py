"""What goes wrong in a command, as one line on standard error and an exit status."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from napari_insitu_tem.job import Cancelled

__all__ = ["plain_errors"]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what goes wrong into one line on standard error and an exit status."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        typer.echo(f"Note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        warnings.showwarning = show  # type: ignore[assignment]
        try:
            yield
        except (KeyboardInterrupt, Cancelled):
            typer.echo("Cancelled; nothing was left half-written.", err=True)
            raise typer.Exit(130) from None
        except (ValueError, OSError, MemoryError) as error:
            typer.echo(f"Error: {str(error) or type(error).__name__}", err=True)
            raise typer.Exit(1) from None
