"""Where the samples of a recipe come from: a simulator, or a folder of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from napari_insitu_tem.learning.samples import SimulatedSet, TrainingSet
from napari_insitu_tem.settings import Settings, setting

__all__ = ["DataSource", "RecipeError"]


class RecipeError(ValueError):
    """A recipe of a model cannot be used; one plain sentence says why."""


class DataSource(Settings):
    """Where samples come from: a folder of pairs, or a simulator.

    Parameters
    ----------
    kind : {"simulated", "folder", "layers"}
        Which; ``layers`` are what a user gave in the window, and cannot be opened again.
    folder : path
        For ``folder``; relative to the recipe.
    simulator, settings, count : str, dict, int
        For ``simulated``: name of a simulator, its settings, number of different samples.
    """

    kind: Literal["simulated", "folder", "layers"] = setting(
        "simulated", title="Kind", description="A simulator, or a folder of pairs."
    )
    folder: Path | None = setting(
        None,
        title="Folder",
        description="Of images and labels; relative to the recipe.",
        none_means="none",
        shown_when={"kind": ("folder",)},
    )
    simulator: str = setting(
        "", title="Simulator", description="Which.", shown_when={"kind": ("simulated",)}
    )
    settings: dict[str, Any] = setting({}, title="Settings", description="Of the simulator.")
    count: int = setting(
        1_000_000,
        title="Frames",
        description="Number of different simulated frames.",
        ge=1,
        shown_when={"kind": ("simulated",)},
    )

    def open(self, seed: int, task: str = "segment") -> TrainingSet:
        """Return the samples: frames with labels.

        For ``denoise`` they are pairs of images, for ``latent`` frames, for ``forecast`` movies,
        for ``columns`` and ``species`` images with maps, which only simulators have.

        Raises
        ------
        ValueError
            When there are none to be had, in one plain sentence.
        """
        if self.kind == "layers":
            raise RecipeError(
                "This recipe is of a model that was trained on layers in napari. Save images and "
                "masks as a folder of pairs, and give that (--data)."
            )
        if self.kind == "folder":
            if self.folder is None:
                raise RecipeError("The recipe's data are a folder, but it does not say which.")
            found: Any = self._folder(self.folder, task)  # not all of them hold labels
            return found  # type: ignore[no-any-return]
        from napari_insitu_tem.learning.simulators import Simulator

        return SimulatedSet(Simulator(self.simulator, self.settings), self.count, seed)

    @staticmethod
    def _folder(folder: Path, task: str) -> Any:
        if task in ("columns", "species"):
            raise RecipeError(
                f"Models for {task} learn from simulated frames, where every position is known; "
                "a folder of pairs does not say them."
            )
        if task == "denoise":
            from napari_insitu_tem.learning.image_folders import FolderOfImagePairs

            return FolderOfImagePairs(folder)
        if task not in ("forecast", "latent"):
            from napari_insitu_tem.learning.folders import FolderOfPairs

            return FolderOfPairs(folder)
        from napari_insitu_tem.learning.movie_folders import FolderOfMovies

        found = FolderOfMovies(folder)
        if task == "forecast":
            return found
        from napari_insitu_tem.learning.latent_frames import MovieFrames
        from napari_insitu_tem.networks.patch_vae import WINDOW

        return MovieFrames(found.movies, smallest=WINDOW, notes=found.notes)
