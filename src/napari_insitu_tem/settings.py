"""Settings: every choice a user can make, declared once.

From one declaration come the widget's form with tooltips, the command's options, the
recipe's TOML section, the validation messages and the table in the docs.
"""

from __future__ import annotations

import importlib
import types
import typing
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

__all__ = [
    "Settings",
    "SettingsError",
    "choices",
    "is_automatic",
    "setting",
    "setting_of",
    "value_type",
]


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message says which and why."""


def setting(
    default: Any,
    *,
    title: str,
    description: str,
    unit: str | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    step: float | None = None,
    advanced: bool = False,
    none_means: str = "automatic",
    shown_when: dict[str, tuple[Any, ...]] | None = None,
    hidden_when: dict[str, tuple[Any, ...]] | None = None,
    choices_from: str | None = None,
    file_filter: str | None = None,
) -> Any:
    """Declare one field of a `Settings` class.

    Parameters
    ----------
    default : object
        A value that works on unseen data. ``None`` (in an optional field) means that the
        value is found from the data.
    title, description : str
        What the form shows and what its tooltip says, in the user's words.
    unit : str, optional
        Shown behind the value, for example ``"px"`` or ``"nm"``.
    ge, gt, le : float, optional
        Bounds.
    step : float, optional
        Step of the spin box.
    advanced : bool
        Folded away in the form.
    none_means : str
        The word shown for ``None`` in an optional field.
    shown_when : dict, optional
        Field name to values of that field for which this one has any effect.
    hidden_when : dict, optional
        Field name to values of that field for which this one has no effect.
    choices_from : str, optional
        For a text field whose values are only known when it is used, such as the names of
        models: ``"module:function"``; the function returns (value, words) pairs.
    file_filter : str, optional
        For path fields: the file dialog's filter.
    """
    extra: dict[str, Any] = {"advanced": advanced, "none_means": none_means}
    if unit:
        extra["unit"] = unit
    if step is not None:
        extra["step"] = step
    if shown_when:
        extra["shown_when"] = {name: list(values) for name, values in shown_when.items()}
    if hidden_when:
        extra["hidden_when"] = {name: list(values) for name, values in hidden_when.items()}
    if choices_from:
        extra["choices_from"] = choices_from
    if file_filter:
        extra["file_filter"] = file_filter
    return Field(
        default=default,
        title=title,
        description=description,
        ge=ge,
        gt=gt,
        le=le,
        json_schema_extra=extra,
    )


class Settings(BaseModel):
    """Base of every task's settings: immutable, validated, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @property
    def context(self) -> tuple[int, int]:
        """Frames needed (before, after) a frame to compute it; for previews on one frame."""
        return (0, 0)

    @property
    def models_used(self) -> tuple[str, ...]:
        """Names of the models that a task with these settings runs.

        Tasks that run any wait for each other, so that they do not share the device.
        """
        return ()

    @property
    def uses_network(self) -> bool:
        """Whether a task with these settings runs a network, trained before or meanwhile."""
        return bool(self.models_used)

    @property
    def no_preview(self) -> str | None:
        """Why one frame cannot be shown beforehand, in plain words; None where it can."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """All values as plain TOML and JSON types; fields that are ``None`` are left out."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> typing.Self:
        """Validate a mapping.

        Raises
        ------
        SettingsError
            With one plain sentence a wrong field.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(cls._explain(error)) from None

    @classmethod
    def _explain(cls, error: ValidationError) -> str:
        sentences = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
            field = cls.model_fields.get(name)
            if problem["type"] == "extra_forbidden":
                known = ", ".join(sorted(cls.model_fields))
                sentences.append(f"There is no setting '{name}' (there are: {known}).")
            elif field is None:
                sentences.append(f"{problem['msg'].removeprefix('Value error, ')}.")
            else:
                got = f", not {problem['input']!r}" if "input" in problem else ""
                message = problem["msg"].removeprefix("Value error, ").replace("Input", "it")
                sentences.append(f"{field.title} ({name}): {message}{got}.")
        return " ".join(sentences)

    @classmethod
    def markdown_table(cls) -> str:
        """Rows of the docs' settings table, written from the declaration."""
        rows = ["| setting | default | unit | what it does |", "| --- | --- | --- | --- |"]
        for name, field in cls.model_fields.items():
            extra = extras(field)
            default = extra["none_means"] if field.default is None else field.default
            if field.is_required():
                default = "must be given"
            elif isinstance(default, Settings):
                default = "see there"
            rows.append(f"| `{name}` | {default} | {extra.get('unit', '')} | {field.description} |")
        return "\n".join(rows)


def setting_of(declared: type[Settings], name: str, default: Any) -> Any:
    """Declare a field as it is declared in another class, with another default.

    Parameters
    ----------
    declared : type of Settings
        The other class.
    name : str
        Of its field; title, unit, bounds and all else are the same.
    default : object
        The default here.
    """
    field = declared.model_fields[name]
    bounded = {
        bound: getattr(constraint, bound)
        for constraint in field.metadata
        for bound in ("ge", "gt", "le")
        if hasattr(constraint, bound)
    }
    words: dict[str, Any] = {"title": field.title or "", "description": field.description or ""}
    return setting(default, **words, **bounded, **extras(field))


def extras(field: FieldInfo) -> dict[str, Any]:
    """Return what `setting` declared beyond pydantic's own: unit, step, advanced and so on."""
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {"advanced": False, "none_means": "none"}


def is_automatic(field: FieldInfo) -> bool:
    """Whether the field may be ``None``."""
    return type(None) in typing.get_args(field.annotation)


def value_type(field: FieldInfo) -> Any:
    """Return the field's type without its ``| None``."""
    annotation = field.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return annotation


def choices(field: FieldInfo) -> tuple[Any, ...]:
    """Return the values of a ``Literal`` field, or nothing for any other."""
    kind = value_type(field)
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def current_choices(field: FieldInfo) -> tuple[tuple[str, str], ...] | None:
    """Return what a field declared with ``choices_from`` may be now, as (value, words) pairs."""
    source = extras(field).get("choices_from")
    if source is None:
        return None
    module, _, name = source.partition(":")
    return tuple(getattr(importlib.import_module(module), name)())


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """Return the lowest and highest value allowed."""
    low = high = None
    for constraint in field.metadata:
        low = getattr(constraint, "ge", getattr(constraint, "gt", low))
        high = getattr(constraint, "le", getattr(constraint, "lt", high))
    return low, high
