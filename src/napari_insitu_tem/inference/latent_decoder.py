"""What a latent variable means: windows decoded while it runs through its values."""

from __future__ import annotations

import numpy as np
import torch

from napari_insitu_tem.networks.patch_vae import WindowVAE

__all__ = ["decode", "encode", "traverse"]


@torch.inference_mode()
def decode(network: WindowVAE, latents: np.ndarray) -> np.ndarray:
    """Return windows (n, 64, 64), 0 … 1, of latents (n, latents)."""
    given = torch.from_numpy(np.ascontiguousarray(latents, np.float32))
    given = given.to(network.training_variance.device)
    return torch.sigmoid(network.decode(given))[:, 0].cpu().numpy()


@torch.inference_mode()
def encode(network: WindowVAE, windows: np.ndarray) -> np.ndarray:
    """Return the latents (n, latents) of windows (n, 64, 64), 0 … 1."""
    given = torch.from_numpy(np.ascontiguousarray(windows, np.float32))[:, None]
    given = given.to(network.training_variance.device)
    return network.encode_mean(given)[:, :, 0, 0].cpu().numpy()


def traverse(network: WindowVAE, start: np.ndarray, latent: int, values: np.ndarray) -> np.ndarray:
    """Return windows decoded while one latent takes other values and all others stay.

    Wang et al., Figure 3.

    Parameters
    ----------
    network : WindowVAE
        Trained.
    start : (latents,) array
        Latents of the window to begin with.
    latent : int
        Which one changes.
    values : (n,) array
        What it becomes.

    Returns
    -------
    (n, 64, 64) float32 array
        0 … 1.
    """
    latents = np.repeat(np.asarray(start, np.float32)[np.newaxis], len(values), axis=0)
    latents[:, latent] = values
    return decode(network, latents)
