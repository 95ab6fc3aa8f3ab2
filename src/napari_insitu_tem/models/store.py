"""The model store: the models that ship with the package, and the user's own, in one list."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from napari_insitu_tem.models import weights
from napari_insitu_tem.models.building import build_checked
from napari_insitu_tem.models.card import (
    CARD,
    ModelCard,
    ModelError,
    NameTaken,
    check_name,
    read_card,
)
from napari_insitu_tem.models.disk import remove_folder, writing
from napari_insitu_tem.models.model import Broken, Model

if TYPE_CHECKING:
    import torch

__all__ = [
    "Broken",
    "Model",
    "ModelError",
    "delete_model",
    "free_name",
    "get_model",
    "list_broken",
    "list_models",
    "open_model",
    "rename_model",
    "save_model",
    "user_folder",
]

#: The models of the package.
SHIPPED = Path(__file__).parent / "shipped"


def user_folder() -> Path:
    """Return where the user's models lie: ``INSITU_TEM_MODELS``, or the user's data folder."""
    chosen = os.environ.get("INSITU_TEM_MODELS")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_dir

    return Path(user_data_dir("napari-insitu-tem", appauthor=False)) / "models"


def open_model(folder: str | Path) -> Model:
    """Open a model that lies anywhere; its card is read, its weights are not.

    Raises
    ------
    ModelError
        When it has no card or weights, or the card cannot be used.
    """
    folder = Path(folder)
    if not (folder / CARD).exists() and folder.is_dir():
        weights.refuse_pickles(sorted(each.name for each in folder.iterdir()))
    card = read_card(folder)
    weights.stored_tensors(folder)
    return Model(card, folder, shipped=_is(folder.parent, SHIPPED))


def list_models(task: str | None = None) -> list[Model]:
    """Return all models, or those for one task: the shipped ones first, then by name.

    Only cards and headers are read. What cannot be used is in `list_broken`.
    """
    found = [each for each in _scan() if isinstance(each, Model)]
    return [model for model in found if task is None or model.card.task == task]


def list_broken() -> list[Broken]:
    """Return what lies in the folders of models and cannot be used, with reasons."""
    return [each for each in _scan() if isinstance(each, Broken)]


def get_model(name: str) -> Model:
    """Return the model called `name`, a shipped one first.

    Raises
    ------
    ModelError
        When there is none, or it is broken.
    """
    found = list(_scan())
    for each in found:
        if isinstance(each, Model) and each.name == name:
            return each
    for each in found:
        if isinstance(each, Broken) and each.name == name:
            raise ModelError(each.reason)
    names = [each.name for each in found if isinstance(each, Model)]
    known = f"There are: {', '.join(names)}." if names else "There are none yet; train or import."
    raise ModelError(f"There is no model '{name}'. {known}")


def free_name(wanted: str) -> str:
    """Return `wanted`, or `wanted` with the first number from 2 on that no model has yet."""
    taken, number, name = _taken(user_folder()), 2, wanted
    while name.lower() in taken:
        name = f"{wanted[: 63 - len(str(number))]}-{number}"
        number += 1
    return name


def save_model(
    card: ModelCard,
    state: Mapping[str, torch.Tensor],
    folder: str | Path | None = None,
    *,
    half: bool = False,
    replace: bool = False,
) -> Model:
    """Write a model: whole or not at all.

    Parameters
    ----------
    card : ModelCard
        Its `sha256` is filled in here.
    state : mapping of str to torch.Tensor
        As from ``network.state_dict()``; it must fit the card's network.
    folder : path, optional
        In which the model's own folder, called as the card says, shall lie; the user's store
        by default.
    half : bool
        Store the weights as float16, in half the space.
    replace : bool
        Take the place of a model of the same name there.

    Returns
    -------
    Model
        As it lies on disk.

    Raises
    ------
    ModelError
        When the name is taken, a weight is not finite or does not fit, or nothing can be
        written there.
    """
    parent = user_folder() if folder is None else Path(folder)
    if not replace:
        check_free(card.name, parent)
    elif _is(parent, user_folder()):
        _check_not_shipped(card.name)
    build_checked(card, state)
    content = weights.encode(state, half=half)
    card = card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    target = parent / card.name
    old = target if replace and os.path.lexists(target) else None
    with writing(target, instead_of=old) as temporary:
        (temporary / weights.WEIGHTS).write_bytes(content)
        (temporary / CARD).write_text(card.to_json(), encoding="utf-8")
    return Model(card, target, shipped=_is(parent, SHIPPED))


def rename_model(old: str, new: str) -> Model:
    """Give one of the user's models another name.

    Raises
    ------
    ModelError
        When there is no such model, it is shipped, or the new name is taken or not allowed.
    """
    model = _changeable(old, "renamed")
    try:
        check_name(new)
    except ValueError as error:
        raise ModelError(f"{error}.") from None
    if new == old:
        return model
    if new.lower() != old.lower():
        check_free(new, model.folder.parent)
    card = model.card.model_copy(update={"name": new})
    target = model.folder.with_name(new)
    with writing(target, instead_of=model.folder) as temporary:
        shutil.copyfile(model.folder / weights.WEIGHTS, temporary / weights.WEIGHTS)
        (temporary / CARD).write_text(card.to_json(), encoding="utf-8")
    return Model(card, target)


def delete_model(name: str) -> None:
    """Delete one of the user's models.

    Raises
    ------
    ModelError
        When there is no such model, it is shipped, or the folder cannot be changed.
    """
    model = _changeable(name, "deleted")
    remove_folder(model.folder)


def check_free(name: str, parent: Path) -> None:
    """Raise a `ModelError` if a model in `parent` may not be called so any more."""
    if _is(parent, user_folder()):
        _check_not_shipped(name)
    if name.lower() in _taken(parent):
        raise NameTaken(
            name,
            f"There is a model '{name}' already in {parent}. Choose another name, or rename or "
            "delete that one first.",
        )


# -- inside ------------------------------------------------------------------------------------


def _scan() -> Iterator[Model | Broken]:
    shipped = list(_scan_folder(SHIPPED))
    names = {each.name.lower() for each in shipped}
    yield from shipped
    for each in _scan_folder(user_folder()):
        if isinstance(each, Model) and each.name.lower() in names:
            yield Broken(
                each.folder,
                f"'{each.name}' has the name of a model that ships with the package by now. "
                "Give its folder, and the name in its card.json, another name.",
            )
        else:
            yield each


def _scan_folder(parent: Path) -> Iterator[Model | Broken]:
    try:
        paths = sorted(parent.iterdir(), key=lambda path: path.name.lower())
    except OSError:
        return  # no folder yet: no models yet
    for path in paths:
        if path.name.startswith((".", "_")):
            continue  # unfinished, set aside, __pycache__
        if path.is_file():
            if path.suffix.lower() in weights.PICKLES:
                yield Broken(path, str(weights.refusal(path.name, "a checkpoint")))
            continue
        try:
            model = open_model(path)
        except ModelError as error:
            yield Broken(path, str(error))
            continue
        if model.name == path.name:
            yield model
        else:
            yield Broken(
                path,
                f"The folder is called '{path.name}', but its card says '{model.name}'. "
                "Make them the same.",
            )


def _is(folder: Path, other: Path) -> bool:
    return folder.resolve() == other.resolve()


def _taken(parent: Path) -> set[str]:
    """Lower-case names, since some file systems do not tell them apart."""
    parents = (parent, SHIPPED) if _is(parent, user_folder()) else (parent,)
    return {path.name.lower() for each in parents if each.is_dir() for path in each.iterdir()}


def _check_not_shipped(name: str) -> None:
    if name.lower() in {each.name.lower() for each in _scan_folder(SHIPPED)}:
        raise NameTaken(
            name, f"'{name}' is a model that ships with the package. Choose another name."
        )


def _changeable(name: str, done: str) -> Model:
    model = get_model(name)
    if model.shipped:
        raise ModelError(f"'{name}' ships with the package and cannot be {done}.")
    return model
