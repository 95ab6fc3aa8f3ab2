"""The public names, as a user imports them."""

import napari_insitu_tem
from napari_insitu_tem.tasks.registry import MODULES


def test_every_public_name_can_be_imported():
    for name in napari_insitu_tem.__all__:
        assert getattr(napari_insitu_tem, name) is not None


def test_every_task_is_a_public_function():
    for name in MODULES:
        assert callable(getattr(napari_insitu_tem, name))
