"""Taking models along: a model's folder, or a zip of it, into and out of the user's store."""

from __future__ import annotations

import contextlib
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.job import Job
from napari_insitu_tem.models import weights
from napari_insitu_tem.models.building import build_checked
from napari_insitu_tem.models.card import (
    CARD,
    ModelCard,
    ModelError,
    card_from_bytes,
    check_name,
    read_card,
)
from napari_insitu_tem.models.disk import plain_disk_errors, writing
from napari_insitu_tem.models.model import Model
from napari_insitu_tem.models.store import check_free, get_model, user_folder

__all__ = ["export_model", "import_model"]

_CHUNK = 1 << 20
_LARGEST = 4 << 30  # bytes of weights in a zip; more is a mistake or a trap
_LARGEST_CARD = 1_000_001


def import_model(path: str | Path, *, name: str | None = None, job: Job = Job()) -> Model:
    """Copy a model into the user's store, after checking that it works.

    Parameters
    ----------
    path : path
        A model's folder, the card or the weights in it, or a zip of it.
    name : str, optional
        What to call it here; as on its card by default.
    job : Job
        Can cancel it; nothing is left half-copied.

    Raises
    ------
    ModelError
        When it is no model, is damaged, does not fit its card, or the name is taken.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"There is no '{path}'.")
    if path.name in (CARD, weights.WEIGHTS):
        path = path.parent
    if path.is_dir():
        folder = _model_folder(path)
        card = _renamed(read_card(folder), name)
        check_free(card.name, user_folder())
        with writing(user_folder() / card.name) as temporary:
            _copy_weights(folder / weights.WEIGHTS, temporary, job)
            _finish(card, temporary, job)
    else:
        with _reading_zip(path) as archive:
            inside = _model_in(archive, path.name)
            card = card_from_bytes(_read_card(archive, inside), f"'{path.name}'")
            card = _renamed(card, name)
            check_free(card.name, user_folder())
            with writing(user_folder() / card.name) as temporary:
                _extract_weights(archive, inside, temporary, job)
                _finish(card, temporary, job)
    return Model(card, user_folder() / card.name)


def export_model(name: str, path: str | Path, *, job: Job = Job()) -> Path:
    """Copy a model out of the store, to give it to somebody.

    Parameters
    ----------
    name : str
        Which model; a shipped one, too.
    path : path
        ``something.zip``, or a folder into which the model's own folder goes.
    job : Job
        Can cancel it.

    Returns
    -------
    pathlib.Path
        The zip, or the model's folder.

    Raises
    ------
    ModelError
        When there is no such model, it is damaged, or nothing can be written there.
    """
    model, path = get_model(name), Path(path)
    model.state()  # what is damaged shall not spread
    job.check()
    card, stored = model.folder / CARD, model.folder / weights.WEIGHTS
    if path.suffix.lower() != ".zip":
        target = path / model.name
        with writing(target) as temporary:
            _copy_weights(stored, temporary, job)
            shutil.copyfile(card, temporary / CARD)
        return target
    with plain_disk_errors(path), replacing(path) as unfinished:
        _pack(unfinished, model.name, (card, stored), job)
    return path


# -- folders -----------------------------------------------------------------------------------


def _model_folder(path: Path) -> Path:
    """Return the folder with the card: `path`, or the only one in it, as unzipping leaves it."""
    if (path / CARD).exists():
        return path
    found = sorted(card.parent for card in path.glob(f"*/{CARD}"))
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found)
        raise ModelError(f"There are several models in '{path.name}': {names}. Import one of them.")
    if found:
        return found[0]
    if not (path / weights.WEIGHTS).exists():
        weights.refuse_pickles([each.name for each in sorted(path.iterdir())])
    return path  # reading the card will say what is missing


def _copy_weights(source: Path, folder: Path, job: Job) -> None:
    weights.stored_tensors(source.parent)  # says what is wrong before anything is copied
    with source.open("rb") as file, (folder / weights.WEIGHTS).open("wb") as goal:
        _copy(file, goal, job)


# -- zips --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _reading_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; what is wrong with it is said in plain words while it is read, too."""
    with _opened(path) as archive:
        try:
            yield archive
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise _damaged(path) from None
        except (RuntimeError, NotImplementedError) as error:  # encrypted; unknown compression
            raise ModelError(
                f"'{path.name}' cannot be unpacked ({error}). Unpack it yourself and import "
                "the folder."
            ) from None


def _damaged(path: Path) -> ModelError:
    return ModelError(f"'{path.name}' is a damaged zip file. Get it again from its source.")


def _opened(path: Path) -> zipfile.ZipFile:
    with plain_disk_errors(path), path.open("rb") as file:
        head = file.read(16)
    if path.suffix.lower() in weights.PICKLES:
        raise weights.refusal(path.name, weights.foreign_format(head) or "a checkpoint")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        pass
    if head.startswith(b"PK"):
        raise _damaged(path)
    what = weights.foreign_format(head)
    if what is not None:
        raise weights.refusal(path.name, what)
    raise ModelError(
        f"'{path.name}' is no model: choose a model's folder (with {CARD} and "
        f"{weights.WEIGHTS}) or a .zip of it."
    )


def _model_in(archive: zipfile.ZipFile, name: str) -> PurePosixPath:
    """Return the folder in the zip that holds the one model."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    for entry in entries:
        if _leads_out(entry):
            raise ModelError(
                f"'{name}' was not imported: '{entry.filename}' in it leads out of its folder. "
                "Do not trust this file."
            )
    paths = [PurePosixPath(entry.filename) for entry in entries]
    paths = [path for path in paths if path.parts[0] != "__MACOSX"]
    folders = [path.parent for path in paths if path.name == CARD]
    if len(folders) > 1:
        names = ", ".join(str(folder) for folder in folders)
        raise ModelError(
            f"There are several models in '{name}': {names}. Unpack it and import one of them."
        )
    held = {path.name for path in paths if not folders or path.parent == folders[0]}
    if weights.WEIGHTS not in held:
        weights.refuse_pickles(sorted({path.name for path in paths}), name)
    for wanted in (CARD, weights.WEIGHTS):
        if wanted not in held:
            raise ModelError(
                f"There is no {wanted} in '{name}': a model is a folder with {CARD} and "
                f"{weights.WEIGHTS}, as Export writes it."
            )
    return folders[0]


def _leads_out(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    linked = stat.S_ISLNK(entry.external_attr >> 16)
    return linked or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]


def _read_card(archive: zipfile.ZipFile, folder: PurePosixPath) -> bytes:
    with archive.open(str(folder / CARD)) as file:
        return file.read(_LARGEST_CARD)


def _pack(path: Path, folder: str, files: tuple[Path, ...], job: Job) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            # Without the date of today, so that the same model gives the same file.
            entry = zipfile.ZipInfo(f"{folder}/{file.name}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as goal:
                _copy(source, goal, job)


def _extract_weights(
    archive: zipfile.ZipFile, inside: PurePosixPath, folder: Path, job: Job
) -> None:
    entry = archive.getinfo(str(inside / weights.WEIGHTS))
    if entry.file_size > _LARGEST:
        raise ModelError(f"The weights in '{Path(archive.filename or '').name}' are over 4 GB.")
    with archive.open(entry) as source, (folder / weights.WEIGHTS).open("wb") as goal:
        _copy(source, goal, job)


# -- both --------------------------------------------------------------------------------------


def _finish(card: ModelCard, temporary: Path, job: Job) -> None:
    """Check the copied weights against the card by building the network, then add the card."""
    job.check()
    build_checked(card, weights.load_state(card, temporary))
    (temporary / CARD).write_text(card.to_json(), encoding="utf-8")
    job.check()


def _copy(source: IO[bytes], goal: IO[bytes], job: Job) -> None:
    while chunk := source.read(_CHUNK):
        goal.write(chunk)
        job.check()


def _renamed(card: ModelCard, name: str | None) -> ModelCard:
    if name is None:
        return card
    try:
        return card.model_copy(update={"name": check_name(name)})
    except ValueError as error:
        raise ModelError(f"{error}.") from None
