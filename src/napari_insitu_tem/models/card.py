"""The model card: what a trained network is, what it is for and how good it is, as JSON."""

from __future__ import annotations

import datetime
import json
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

__all__ = ["CARD", "ModelCard", "ModelError", "NameTaken", "check_name", "read_card"]

#: What the card is called in a model's folder.
CARD = "card.json"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
#: Windows keeps these for devices, whatever the folder.
_RESERVED = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in "123456789"
}
_LARGEST = 1_000_000  # bytes; a card is a page of text


class ModelError(ValueError):
    """A model cannot be used, stored or found; the message says why and what to do."""


class NameTaken(ModelError):
    """There is a model of this name already."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


def check_name(name: str) -> str:
    """Return `name` if a model may be called so.

    Raises
    ------
    ValueError
        Otherwise; a name is also a folder's name, on any system.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be a model's name: use up to 64 letters, digits, - and _, "
            "the first a letter or digit"
        )
    if name.lower() in _RESERVED:
        raise ValueError(f"'{name}' cannot be a model's name: Windows keeps it for itself")
    return name


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("it must not be empty")
    return text


def _plain(value: Any) -> Any:
    """As JSON would give it back, so that a card equals itself after writing and reading."""

    def convert(other: Any) -> Any:
        if hasattr(other, "tolist"):  # NumPy's numbers and arrays
            return other.tolist()
        if isinstance(other, Path):
            return other.as_posix()
        raise ValueError(f"{type(other).__name__} is nothing that JSON can hold")

    try:
        return json.loads(json.dumps(value, default=convert, allow_nan=False))
    except TypeError as error:
        raise ValueError(str(error)) from None


def _range(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    if limits is not None and not 0 < limits[0] <= limits[1] < math.inf:
        raise ValueError("it must be two finite numbers above 0, the smaller one first")
    return limits


def _date(text: str) -> str:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("it must be a date such as 2025-03-31") from None
    return text


def _today() -> str:
    return datetime.date.today().isoformat()


Filled = Annotated[str, AfterValidator(_filled)]
Plain = Annotated[dict[str, Any], BeforeValidator(_plain)]
Range = Annotated[tuple[float, float] | None, AfterValidator(_range)]


class ModelCard(BaseModel):
    """What must be known of a trained network to use it, to judge it and to make it again.

    Parameters
    ----------
    name : str
        Letters, digits, ``-`` and ``_``; also the name of the model's folder.
    title, description : str
        In the user's words.
    task : str
        What the model does: ``"segment"``, ``"layers"`` and so on.
    network : str
        Which network; with `arguments` it goes to `networks.build_network`.
    arguments : dict
        The network's arguments, as JSON types.
    channels : tuple of str
        What the output channels mean: ``("foreground", "core")``.
    normalisation : str
        How a frame is prepared: ``"standard"`` is zero mean and unit standard deviation.
    polarity : {"bright", "dark", "any"}
        What the particles must be for the network; frames of the other polarity are inverted.
    diameters : (float, float), optional
        Typical diameters (px) that the network was trained for.
    pixel_size : (float, float), optional
        Range (nm/px) that it was trained on, if that matters.
    bin : int
        Frames are averaged over so many pixels along each side before a denoising network sees
        them, and what it makes of them is enlarged again.
    trained_on : str
        The data, in words.
    training : dict
        The recipe (settings) that makes the model again.
    quality : tuple of dict
        What was measured: rows of ``data``, ``measure``, ``value``, ``baseline``, ``command``.
    parent : str, optional
        Name of the model that this one was retrained from.
    licence : str
        SPDX identifier.
    created : str
        ISO date.
    version : str
        The model's own version.
    sha256 : str
        Of the weights' file; filled in by `store.save_model`.

    Examples
    --------
    >>> card = ModelCard(
    ...     name="mine", task="segment", network="unet", channels=("foreground", "core"),
    ...     trained_on="three corrected frames",
    ... )
    >>> card.polarity
    'any'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    name: Annotated[str, AfterValidator(check_name)]
    title: str = ""
    description: str = ""
    task: Filled
    network: Filled
    arguments: Plain = Field(default_factory=dict)
    channels: Annotated[tuple[Filled, ...], Field(min_length=1)]
    normalisation: Filled = "standard"
    polarity: Literal["bright", "dark", "any"] = "any"
    diameters: Range = None
    pixel_size: Range = None
    bin: Annotated[int, Field(ge=1)] = 1
    trained_on: str
    training: Plain = Field(default_factory=dict)
    quality: tuple[Plain, ...] = ()
    parent: str | None = None
    licence: Filled = "GPL-3.0-or-later"
    created: Annotated[str, AfterValidator(_date)] = Field(default_factory=_today)
    version: Filled = "1"
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""

    @model_validator(mode="after")
    def _channels_fit(self) -> ModelCard:
        outputs = self.arguments.get("out_channels", len(self.channels))
        if outputs != len(self.channels):
            raise ValueError(
                f"it names {len(self.channels)} channels ({', '.join(self.channels)}), "
                f"but its network has {outputs}"
            )
        return self

    def to_json(self) -> str:
        """As indented JSON text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read a card's text.

        Raises
        ------
        ModelError
            When it is no JSON, or a field is missing, unknown or wrong.
        """
        try:
            values = json.loads(text, parse_constant=_refuse_constant)
        except ValueError as error:
            raise ModelError(f"The card is not valid JSON ({error}).") from None
        except RecursionError:
            raise ModelError("The card is not valid JSON (nested too deeply).") from None
        if not isinstance(values, dict):
            raise ModelError("The card is not a JSON object with named fields.")
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelCard:
        """Validate a mapping; see `from_json`."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ModelError(_explain(error)) from None


def read_card(folder: str | Path) -> ModelCard:
    """Read the card in a model's folder.

    Raises
    ------
    ModelError
        When there is none, or it cannot be used.
    """
    path = Path(folder) / CARD
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise ModelError(
            f"There is no {CARD} in '{path.parent.name}': a model is a folder with {CARD} and "
            "weights.safetensors, as Export writes it."
        ) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from None
    return card_from_bytes(raw, f"'{path.parent.name}'")


def card_from_bytes(raw: bytes, where: str) -> ModelCard:
    """Read a card from a file's content; `where` names its model in messages."""
    if len(raw) > _LARGEST:
        raise ModelError(f"The {CARD} of {where} is no card: it is larger than a megabyte.")
    try:
        return ModelCard.from_json(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ModelError(f"The {CARD} of {where} is no text (UTF-8).") from None
    except ModelError as error:
        raise ModelError(f"Model {where}: {error}") from None


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")


def _explain(error: ValidationError) -> str:
    """Every wrong field in a sentence."""
    sentences = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ").replace("Input", "it")
        if problem["type"] == "extra_forbidden":
            sentences.append(
                f"The card has a field '{name}' that this version does not know; "
                "it may come from a newer one."
            )
        elif problem["type"] == "missing":
            sentences.append(f"The card lacks the field '{name}'.")
        elif problem["type"] == "string_pattern_mismatch":
            sentences.append(f"The card's {name} is not 64 hexadecimal digits.")
        elif not name:
            sentences.append(f"The card contradicts itself: {said}.")
        else:
            sentences.append(f"The card's {name} cannot be used: {said}.")
    return " ".join(sentences)
