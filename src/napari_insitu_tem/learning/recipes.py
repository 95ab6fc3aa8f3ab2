"""Recipes of models: everything that makes a model again, as TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.data_source import DataSource, RecipeError
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.samples import SimulatedSet, TrainingSet
from napari_insitu_tem.learning.settings import TrainSettings
from napari_insitu_tem.learning.splits import set_aside
from napari_insitu_tem.settings import Settings, SettingsError, setting

__all__ = ["RecipeError", "TrainRecipe", "find_recipe", "shipped_recipes"]

_SHIPPED = Path(__file__).parent / "shipped"
#: Validation samples are drawn with this added to the seed of the training samples.
_OTHER_SEED = 1_000_003


class TrainRecipe(Settings):
    """What makes a model: network, data, training, and what its card says."""

    name: str = setting(..., title="Name", description="Name of the model.")
    title: str = setting("", title="Title", description="In a few words.")
    description: str = setting("", title="Description", description="What the model is for.")
    task: str = setting("segment", title="Task", description="What the model does.")
    channels: tuple[str, ...] = setting(
        ("foreground", "core"),
        title="Channels",
        description="What the network's output channels mean: all of a layer's particles, or "
        "(core …) their inner parts.",
    )
    network: str = setting("unet", title="Network", description="`unet` or `msdnet`.")
    arguments: dict[str, Any] = setting({}, title="Arguments", description="Of the network.")
    start_from: str | None = setting(
        None,
        title="Start from",
        description="A model of the same network, whose weights are the start.",
        none_means="new weights",
    )
    patch: int = setting(
        256, title="Patch", description="Edge of the training patches.", unit="px", ge=16
    )
    normalisation: str = setting(
        "standard", title="Normalisation", description="How frames are prepared."
    )
    polarity: Literal["bright", "dark", "any"] = setting(
        "any", title="Polarity", description="What the particles are in the training frames."
    )
    diameters: tuple[float, float] | None = setting(
        None,
        title="Diameters",
        description="Smallest and largest typical diameter (px) in the training frames.",
        none_means="not said",
    )
    pixel_size: tuple[float, float] | None = setting(
        None,
        title="Pixel size",
        description="Range (nm/px) in the training frames, if that matters.",
        none_means="does not matter",
    )
    trained_on: str = setting("", title="Trained on", description="The data, in words.")
    licence: str = setting("GPL-3.0-or-later", title="Licence", description="Of the model.")
    version: str = setting("1", title="Version", description="Of the model.")
    half: bool = setting(False, title="Half", description="Store the weights in 16 bits.")
    data: DataSource = setting(DataSource(), title="Data", description="What to learn from.")
    validation: DataSource | None = setting(
        None,
        title="Validation",
        description="What to judge by.",
        none_means="a part of the data",
    )
    validation_share: float = setting(
        0.2,
        title="Share for validation",
        description="Part of the data that is set aside: whole recordings, or the last frames.",
        ge=0,
        le=0.9,
    )
    augmentation: AugmentSettings = setting(
        AugmentSettings(), title="Augmentation", description="How patches are varied."
    )
    training: TrainSettings = setting(
        TrainSettings(), title="Training", description="How it is trained."
    )
    clips: ForecastClips | None = setting(
        None,
        title="Clips",
        description="For forecasts: how clips are cut out of movies.",
        none_means="not for forecasts",
    )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Validate a mapping.

        Raises
        ------
        SettingsError
            With one plain sentence a wrong value, and the table that it is in.
        """
        sections: dict[str, type[Settings]] = {
            "data": DataSource,
            "validation": DataSource,
            "augmentation": AugmentSettings,
            "training": TrainSettings,
            "clips": ForecastClips,
        }
        for name, kind in sections.items():
            if isinstance(values.get(name), dict):
                try:
                    kind.from_dict(values[name])
                except SettingsError as error:
                    raise SettingsError(f"In [{name}]: {error}") from None
        return super().from_dict(values)

    @classmethod
    def from_toml(cls, text: str, folder: Path | None = None) -> TrainRecipe:
        """Read a recipe; folders in it are relative to `folder`.

        Raises
        ------
        RecipeError
            When it is no TOML, or a value is missing, unknown or wrong.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"This recipe is not valid TOML: {error}.") from None
        for key in ("data", "validation"):
            source = document.get(key)
            if folder is not None and isinstance(source, dict) and source.get("folder"):
                source["folder"] = str(folder / str(source["folder"]))
        try:
            return cls.from_dict(document)
        except SettingsError as error:
            raise RecipeError(f"This recipe cannot be used. {error}") from None

    @classmethod
    def from_file(cls, path: str | Path) -> TrainRecipe:
        """Read a recipe file; see `from_toml`."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise RecipeError(f"The recipe {path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise RecipeError(f"{path} is not a text file, so it is no recipe.") from None
        return cls.from_toml(text, path.parent)

    def to_toml(self) -> str:
        """As TOML text; inverse of `from_toml`."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())

    def replace(self, **values: Any) -> TrainRecipe:
        """Return a copy with other values, validated."""
        return type(self).from_dict({**self.to_dict(), **values})

    def with_training(self, **values: Any) -> TrainRecipe:
        """Return a copy whose `TrainSettings` have other values; None leaves one as it is."""
        changed = {name: value for name, value in values.items() if value is not None}
        return self.replace(training={**self.training.to_dict(), **changed})

    def as_seen(self, samples: TrainingSet) -> TrainingSet:
        """Return a user's own frames as a network of this recipe will be given them."""
        from napari_insitu_tem.learning.seen import Seen

        if self.pixel_size is not None or self.task in ("denoise", "forecast", "latent"):
            return samples  # frames of another pixel size must be rescaled before
        return Seen(samples, likes=self.polarity)

    def sets(self) -> tuple[TrainingSet, TrainingSet | None]:
        """Return the training set and the validation set."""
        seed = self.training.seed
        whole = self.data.open(seed, self.task)
        if self.task == "forecast":
            return whole, None  # parts of every movie are set aside, as the clips say
        if self.data.kind == "folder":
            whole = self.as_seen(whole)
        if self.validation is not None:
            held = self.validation.open(seed + _OTHER_SEED, self.task)
            return whole, self.as_seen(held) if self.validation.kind == "folder" else held
        if self.data.kind == "simulated":
            other = self.data.open(seed + _OTHER_SEED, self.task)
            count = min(self.training.validation_patches, len(other))
            assert isinstance(other, SimulatedSet)
            return whole, SimulatedSet(other.draw, count, other.seed)
        return set_aside(whole, self.validation_share)


def shipped_recipes() -> list[str]:
    """Return the names of the recipes in the package."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def find_recipe(name: str) -> TrainRecipe:
    """Return a recipe: one that ships with the package, a file, or that of a model.

    Parameters
    ----------
    name : str
        Looked for in this order.

    Raises
    ------
    RecipeError
        When there is none.
    """
    if name in shipped_recipes():
        return TrainRecipe.from_file(_SHIPPED / f"{name}.toml")
    if name.endswith(".toml") or Path(name).is_file():
        return TrainRecipe.from_file(name)
    from napari_insitu_tem.models.store import list_models

    for model in list_models():
        if model.name == name and "retrain" in model.card.training:
            raise RecipeError(
                f"'{name}' was retrained on corrected frames, which no recipe holds. Retrain "
                f"again from '{model.card.parent}', or train from a recipe of your own."
            )
        if model.name == name and model.card.training:
            return TrainRecipe.from_dict(model.card.training)
    raise RecipeError(
        f"There is no recipe '{name}': give a file (recipe.toml), one of your models, or one of "
        f"those that ship with the package ({', '.join(shipped_recipes()) or 'none yet'})."
    )
