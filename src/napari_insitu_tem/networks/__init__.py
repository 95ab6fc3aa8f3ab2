"""Torch modules and nothing else; every network maps frames to logits of the same size.

A network takes ``(n, in_channels, y, x)`` float32 and gives ``(n, out_channels, y, x)``. It says
of itself of what y and x must be multiples (``multiple``) and how far an output pixel sees
(``receptive_radius``, px).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_insitu_tem.library_clash import load_triton_apart

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NETWORKS", "NetworkError", "build_network"]

#: Name of a network in model cards and recipes, to where it is written.
NETWORKS = {
    "unet": ("napari_insitu_tem.networks.unet", "unet"),
    "msdnet": ("napari_insitu_tem.networks.msdnet", "MSDNet"),
    "blindspot": ("napari_insitu_tem.networks.blind_spot", "BlindSpotUNet"),
    "patchvae": ("napari_insitu_tem.networks.patch_vae", "PatchVAE"),
    "patchvae-paper": ("napari_insitu_tem.networks.patch_vae", "PaperVAE"),
    "phydnet": ("napari_insitu_tem.networks.phydnet", "PhyDNet"),
    "convlstm": ("napari_insitu_tem.networks.convlstm", "ConvLSTMForecaster"),
    "simvp": ("napari_insitu_tem.networks.simvp", "SimVP"),
    "ensemble": ("napari_insitu_tem.networks.ensemble", "Ensemble"),
}


load_triton_apart()


class NetworkError(ValueError):
    """There is no such network, or it cannot be built with these arguments; one sentence."""


def build_network(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Return a network with fresh weights.

    Parameters
    ----------
    name : str
        One of `NETWORKS`.
    arguments : mapping
        What the network's constructor takes, as it stands in a model card.

    Raises
    ------
    NetworkError
        When there is no such network, or it does not take these arguments.
    """
    import importlib

    if name not in NETWORKS:
        raise NetworkError(f"There is no network '{name}'. There are: {', '.join(NETWORKS)}.")
    module, attribute = NETWORKS[name]
    build = getattr(importlib.import_module(module), attribute)
    try:
        network: nn.Module = build(**arguments)
    except (TypeError, ValueError, KeyError) as error:
        raise NetworkError(
            f"The network '{name}' cannot be built with {dict(arguments)}: {error}."
        ) from None
    return network
