"""The loss of a variational autoencoder, and what else is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_insitu_tem.analysis.latent_statistics import active_latents
from napari_insitu_tem.learning.validation import Metric
from napari_insitu_tem.networks.patch_vae import WindowVAE

__all__ = ["LATENT_METRICS", "Autoencoding", "evidence_loss", "target_entropy"]

_BEYOND = 1e-7


class Autoencoding(nn.Module):
    """A network as it is trained: windows in; reconstruction, mean and log variance in one out.

    While it trains, latents are drawn at random from what the encoder says of them (Kingma and
    Welling, ICLR 2014); in eval mode they are the means.

    Parameters
    ----------
    network : WindowVAE
        The encoder and decoder.
    beta_steps : int
        Batches after which the divergence has its whole weight: none in the first half of them,
        more and more in the second. (A linear code has no
        reason to begin where the variance of the data along each of its directions is below
        β / 4, as it is for lattices of all periods and directions.)
    """

    steps: Tensor

    def __init__(self, network: WindowVAE, *, beta_steps: int = 0) -> None:
        super().__init__()
        self.network, self.multiple, self.beta_steps = network, network.multiple, beta_steps
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, windows: Tensor) -> Tensor:
        """Return (n, pixels + 2 · latents + 1): logits, mean and log variance of each window.

        The last number is the share of β that counts at present; 1 in eval mode.
        """
        mean, log_variance = (part.flatten(1) for part in self.network.encode(windows))
        latents, share = mean, 1.0
        if self.training:
            latents = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            self.steps += 1
            share = _share(int(self.steps), self.beta_steps)
        logits = self.network.decode(latents).flatten(1)
        return torch.cat((logits, mean, log_variance, mean.new_full((len(mean), 1), share)), 1)


def evidence_loss(given: Tensor, wanted: Tensor, weights: Tensor, *, beta: float) -> Tensor:
    """Return the loss of Wang et al.: binary cross-entropy over the window plus β · KL.

    Both are sums over a window (over its pixels and over the latents), and means over the batch:
    the negative evidence lower bound with the Kullback-Leibler divergence from a standard normal
    distribution weighted by β (Higgins et al., ICLR 2017). In nats.

    Parameters
    ----------
    given : (n, pixels + 2 · latents + 1) tensor
        What `Autoencoding` gives.
    wanted : (n, 1, y, x) tensor
        The windows, 0 … 1.
    weights : (n, 1, y, x) tensor
        0 for pixels that do not count.
    beta : float
        Weight of the divergence.
    """
    pixels = wanted[0].numel()
    logits, share = given[:, :pixels].float(), given[:, -1].float()
    mean, log_variance = given[:, pixels:-1].float().chunk(2, 1)
    entropy = functional.binary_cross_entropy_with_logits(
        logits, wanted.float().flatten(1), reduction="none"
    )
    reconstruction = (entropy * weights.float().flatten(1)).sum(1)
    divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
    return (reconstruction + beta * share * divergence).mean()


def _share(step: int, steps: int) -> float:
    """Return the share of β that counts at a step."""
    return min(1.0, max(0.0, 2 * step / steps - 1)) if steps else 1.0


def target_entropy(windows: np.ndarray) -> np.ndarray:
    """Return the cross-entropy (nats) of windows (n, …) with themselves, the least there can be.

    Grey pixels have an entropy of their own, which no reconstruction can go below.
    """
    values = np.clip(windows.reshape(len(windows), -1).astype(float), _BEYOND, 1 - _BEYOND)
    return -(values * np.log(values) + (1 - values) * np.log(1 - values)).sum(axis=1)


def _excess(given: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean cross-entropy of the reconstruction less that of the target (nats)."""
    logits = given[:, : wanted[0].size].astype(float)
    target = wanted.reshape(len(wanted), -1).astype(float)
    entropy = np.logaddexp(0, logits) - target * logits
    return float(np.mean(entropy.sum(axis=1) - target_entropy(wanted)))


def _divergence(given: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    mean, log_variance = np.split(given[:, wanted[0].size : -1].astype(float), 2, axis=1)
    each = (mean**2 + np.exp(log_variance) - 1 - log_variance) / 2
    return float(each.sum(axis=1).mean())


def _active(given: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    mean, _ = np.split(given[:, wanted[0].size : -1], 2, axis=1)
    return float(active_latents(mean.var(axis=0)).sum())


#: What is told at every validation, with latents at their means.
LATENT_METRICS: Mapping[str, Metric] = MappingProxyType(
    {"reconstruction less entropy": _excess, "KL": _divergence, "active latents": _active}
)
