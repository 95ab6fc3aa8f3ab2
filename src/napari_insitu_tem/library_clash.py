"""Two LLVMs in one program: keeps PyTorch's compiler from crashing a window.

On Linux, Mesa (OpenGL on Intel and AMD cards and without a card) brings the system's LLVM into
the program, for everybody to use. Triton, which PyTorch from PyPI loads as soon as it trains or
imports torchvision, has an LLVM of its own inside, whose start-up then calls into the system's
and ends the program with a segmentation fault. Loaded so that it looks for symbols in itself
first, it does not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from napari_insitu_tem.loading import open_library

__all__ = ["load_triton_apart"]


class _TritonApart(MetaPathFinder):
    """Loads triton's library in time; finds nothing itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Load the library when triton is about to be imported, and leave that to others."""
        if fullname == "triton":
            sys.meta_path.remove(self)
            spec = PathFinder.find_spec(fullname, path)
            for folder in (spec and spec.submodule_search_locations) or ():
                for library in sorted(Path(folder, "_C").glob("libtriton*.so")):
                    open_library(library, apart=True)
        return None


def load_triton_apart() -> None:
    """See to it that triton, should anything import it, keeps to its own LLVM.

    Costs nothing until then, and does nothing where it is loaded already, or elsewhere than
    on Linux.
    """
    known = any(isinstance(finder, _TritonApart) for finder in sys.meta_path)
    if sys.platform == "linux" and "triton" not in sys.modules and not known:
        sys.meta_path.insert(0, _TritonApart())
