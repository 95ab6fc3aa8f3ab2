"""Cameras by name: what was fitted once is at hand for simulating and denoising ever after.

A camera is a small JSON file in the user's folder of settings (or wherever the environment
variable ``INSITU_TEM_CAMERAS`` says), and can be given to somebody else as that file.
"""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from napari_insitu_tem.io.atomic import replacing

__all__ = [
    "Camera",
    "CameraError",
    "camera_name",
    "cameras_folder",
    "delete_camera",
    "list_cameras",
    "load_camera",
    "save_camera",
]

_NAME = re.compile(r"[\w][\w .+-]{0,79}")


class CameraError(ValueError):
    """A camera is missing, or its file is not one; one plain sentence."""


class Camera(BaseModel):
    """A camera in one of its modes (binning, counting, voltage): each is a camera of its own.

    Parameters
    ----------
    name : str
        What the user calls it; also its file's name.
    c0, c1, c2, c3 : float
        Of `analysis.transfer.modulation_transfer_function`. c0 is 1, since the gain absorbs it.
    gain : float
        Counts for one detected electron.
    offset : float
        Counts without electrons.
    readout_noise : float
        Standard deviation in electrons.
    number_type : {"uint8", "uint16", "float32"}
        Type of its pixels.
    errors : dict of float
        Standard errors by the names above.
    fitted : dict
        From what it was found: movie, frames, windows, electrons per pixel, date.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    c0: float = Field(1.0, gt=0, le=1)
    c1: float = Field(ge=0, le=1)
    c2: float = Field(gt=0)
    c3: float = Field(gt=0)
    gain: float = Field(gt=0)
    offset: float = 0.0
    readout_noise: float = Field(0.0, ge=0)
    number_type: Literal["uint8", "uint16", "float32"] = "uint16"
    errors: dict[str, float] = Field(default_factory=dict)
    fitted: dict[str, Any] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _can_be_a_file(cls, name: str) -> str:
        name = name.strip()
        if not _NAME.fullmatch(name) or name.endswith("."):
            raise ValueError(
                "a camera's name has letters, digits, spaces and . + - _, 80 at most, and begins "
                "with a letter or digit"
            )
        return name

    @classmethod
    def of(cls, **values: Any) -> Camera:
        """Make a camera; what is wrong with it is said in one sentence.

        Raises
        ------
        CameraError
            When it cannot have this name, or a value is out of bounds.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise CameraError(f"This cannot be a camera: {_problems(error)}.") from None

    def to_json(self) -> str:
        """As indented JSON text."""
        return self.model_dump_json(indent=2) + "\n"


def cameras_folder() -> Path:
    """Return the folder of the user's cameras; it need not exist."""
    chosen = os.environ.get("INSITU_TEM_CAMERAS")
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("napari-insitu-tem", appauthor=False) / "cameras"


def list_cameras() -> list[Camera]:
    """Return the user's cameras by name; a file that is none is passed over with a warning."""
    found = []
    for path in sorted(cameras_folder().glob("*.json"), key=lambda path: path.stem.casefold()):
        if path.name.startswith("."):
            continue
        try:
            found.append(_read(path))
        except CameraError as error:
            warnings.warn(str(error), stacklevel=2)
    return found


def load_camera(name: str | Path) -> Camera:
    """Return a camera by its name, or from a file by its path (ending in ``.json``).

    Raises
    ------
    CameraError
        When there is none, with the names there are.
    """
    if str(name).endswith(".json"):
        return _read(Path(name))
    path = _path(str(name))
    if not path.exists():
        known = ", ".join(camera.name for camera in list_cameras())
        there_are = f"There are: {known}." if known else "None has been saved yet."
        raise CameraError(
            f"There is no camera '{name}'. {there_are} Fit one under Detector, or give the path of "
            "a camera's .json file."
        )
    return _read(path)


def save_camera(camera: Camera) -> Path:
    """Keep a camera under its name, in place of an older one; returns its file."""
    path = _path(camera.name)
    with replacing(path) as temporary:
        temporary.write_text(camera.to_json(), encoding="utf-8")
    return path


def delete_camera(name: str) -> None:
    """Remove a camera.

    Raises
    ------
    CameraError
        When there is none of that name.
    """
    try:
        _path(name).unlink()
    except FileNotFoundError:
        raise CameraError(f"There is no camera '{name}' to delete.") from None


def camera_name(text: str) -> str:
    """Return a text without what the name of a camera cannot have."""
    return re.sub(r"[^\w .+-]+", "_", text).strip("_ .+-")[:80] or "camera"


def _path(name: str) -> Path:
    """Return a camera's file; refuses names that could lead elsewhere."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise CameraError(
            f"'{name}' cannot be a camera's name: use letters, digits, spaces and . + - _, and "
            "begin with a letter or digit."
        )
    return cameras_folder() / f"{name}.json"


def _read(path: Path) -> Camera:
    try:
        return Camera.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CameraError(f"The camera {path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise CameraError(f"{path.name} is not a camera's file: {_problems(error)}.") from None
    except UnicodeDecodeError:
        raise CameraError(f"{path.name} is not a camera's file: it is not text.") from None


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors()[:3]
    )
