"""Models: cards and weights, those that ship with the package and the user's own."""

from napari_insitu_tem.models.archive import export_model, import_model
from napari_insitu_tem.models.card import ModelCard, ModelError, NameTaken
from napari_insitu_tem.models.model import Broken, Model
from napari_insitu_tem.models.store import (
    delete_model,
    free_name,
    get_model,
    list_broken,
    list_models,
    open_model,
    rename_model,
    save_model,
    user_folder,
)

__all__ = [
    "Broken",
    "Model",
    "ModelCard",
    "ModelError",
    "NameTaken",
    "delete_model",
    "export_model",
    "free_name",
    "get_model",
    "import_model",
    "list_broken",
    "list_models",
    "open_model",
    "rename_model",
    "save_model",
    "user_folder",
]
