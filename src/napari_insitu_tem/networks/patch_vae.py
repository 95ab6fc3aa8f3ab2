"""Variational autoencoders of small windows: an image becomes a few dozen latent variables.

Wang et al. encode every 64 × 64 px window of every frame by itself. Windows that begin 8 px from
each other overlap 64-fold, and a network of plain convolutions computes the same for all of them
over and over. `PatchVAE` has convolutions without padding, strides that multiply to 8 and a
receptive field of exactly one window: applied to a whole frame it gives the latents of all
windows with a step of 8 px at once, and they are those of separate windows. `PaperVAE` is the
published network, whose padding and dense layers allow no sharing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["STEP", "WINDOW", "PaperVAE", "PatchVAE", "WindowVAE"]

#: Edge of a window, and the step at which `PatchVAE` shares its computation, px.
WINDOW, STEP = 64, 8
#: Convolutions of `PatchVAE`: the strides multiply to `STEP`, the receptive field is `WINDOW`.
_KERNELS, _STRIDES = (6, 4, 4, 3, 4), (2, 2, 2, 1, 1)
#: Values between 0 and 1 are taken around this, and so much larger, by `PatchVAE`.
_MIDDLE, _SPREAD = 0.5, 5.0


class WindowVAE(nn.Module):
    """What both networks have in common: a subclass brings ``features`` and ``rest``.

    Attributes
    ----------
    latents : int
        Number of latent variables.
    shared_step : int or None
        Step (px) at which windows share their computation in `encode`; None where each needs a
        pass of its own.
    training_variance : (latents,) tensor
        Variance of every latent's mean over the training set, ascending; zeros before the
        training.
    """

    #: From (n, 1, y, x) images to (n, hidden, rows, columns), a column a window.
    features: nn.Sequential
    #: From (n, hidden) to reconstructions (n, 1, 64, 64), before the sigmoid.
    rest: nn.Sequential
    multiple = WINDOW
    receptive_radius = WINDOW // 2
    shared_step: int | None = None
    training_variance: Tensor

    def __init__(
        self, latents: int, encoded: int, decoded: int, in_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        if latents < 1:
            raise ValueError("there is at least one latent variable")
        if (in_channels, out_channels) != (1, 1):
            raise ValueError("images have one channel, and so have their reconstructions")
        self.latents = latents
        self.mean = nn.Conv2d(encoded, latents, 1)
        self.log_variance = nn.Conv2d(encoded, latents, 1)
        self.begin = nn.Linear(latents, decoded)
        self.register_buffer("training_variance", torch.zeros(latents))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (n, latents, rows, columns) of every window's latents.

        Parameters
        ----------
        images : (n, 1, y, x) tensor
            0 … 1; windows of 64 × 64 px or, where ``shared_step`` is not None, larger images,
            of which every window at that step is encoded.
        """
        features = self.features(images)
        return self.mean(features), self.log_variance(features)

    def encode_mean(self, images: Tensor) -> Tensor:
        """Return the mean only, as maps are made of."""
        mean: Tensor = self.mean(self.features(images))
        return mean

    def decode(self, latents: Tensor) -> Tensor:
        """Return windows (n, 1, 64, 64), before the sigmoid, of latents (n, latents)."""
        windows: Tensor = self.rest(self.begin(latents))
        return windows

    def forward(self, images: Tensor) -> Tensor:
        """Return what becomes of windows (n, 1, 64, 64), before the sigmoid, without chance."""
        return self.decode(self.encode_mean(images)[:, :, 0, 0])

    @torch.no_grad()
    def order_latents(self, variance: Tensor) -> None:
        """Put the latents into the order of their variances, and remember these.

        Wang et al. number them so: the last one has the largest variance. What the network
        computes stays the same but for the numbering.

        Parameters
        ----------
        variance : (latents,) tensor
            Of the mean of every latent on the training set.
        """
        order = torch.argsort(variance.to(self.training_variance.device), stable=True)
        for head in (self.mean, self.log_variance):
            head.weight.copy_(head.weight[order])
            assert head.bias is not None
            head.bias.copy_(head.bias[order])
        self.begin.weight.copy_(self.begin.weight[:, order])
        self.training_variance.copy_(variance.to(order.device)[order])


class PatchVAE(WindowVAE):
    """The default: windows that overlap share their computation, exactly.

    Five convolutions without padding (kernels 6, 4, 4, 3, 4; strides 2, 2, 2, 1, 1) see 64 × 64
    px and move by 8.

    Parameters
    ----------
    latents : int
        Number of latent variables.
    channels : sequence of int
        Feature maps of the five convolutions.
    decoder : sequence of int
        Feature maps of the decoder at 8, 16 and 32 px.
    in_channels, out_channels : int
        Always 1; in every model's card.
    """

    shared_step = STEP

    def __init__(
        self,
        *,
        latents: int = 64,
        channels: Sequence[int] = (32, 32, 48, 48, 64),
        decoder: Sequence[int] = (64, 48, 32),
        in_channels: int = 1,
        out_channels: int = 1,
    ) -> None:
        if len(channels) != len(_KERNELS) or len(decoder) != 3:
            raise ValueError("the encoder has five convolutions and the decoder three sizes")
        first, edge = decoder[0], WINDOW // 8
        super().__init__(latents, channels[-1], first * edge**2, in_channels, out_channels)
        layers: list[nn.Module] = [_Centre()]
        for before, after, kernel, stride in zip(
            (1, *channels[:-1]), channels, _KERNELS, _STRIDES, strict=True
        ):
            layers += [nn.Conv2d(before, after, kernel, stride), nn.ReLU(inplace=True)]
        self.features = nn.Sequential(*layers)
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True), nn.Unflatten(1, (first, edge, edge)), *_grown((*decoder, 1))
        )
        self._start()

    def _start(self) -> None:
        """Begin with weights that keep the size of the signal (He et al., ICCV 2015).

        With PyTorch's own, hardly anything of a window would reach its latents at first, and the
        divergence would switch them off before the decoder has learnt to use them.
        """
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            elif isinstance(layer, nn.ConvTranspose2d):
                # A pixel of its output is made of a quarter of the kernel.
                taps = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1] / 4
                nn.init.normal_(layer.weight, std=(2 / taps) ** 0.5)
            else:
                continue
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.log_variance.weight)


class PaperVAE(WindowVAE):
    """The network of Wang et al. (2023), as in their code.

    Four convolutions 1 → 32 → 32 → 64 → 64 (kernel 4, stride 2, padded to halve the size), a
    dense layer of 4096, then mean and log variance; the decoder is the mirror image. Their text
    has a convolution instead of the dense layers. Weights begin as in Keras (Glorot, zeros).

    Parameters
    ----------
    latents : int
        Number of latent variables.
    hidden : int
        Width of the dense layers.
    in_channels, out_channels : int
        Always 1; in every model's card.
    """

    def __init__(
        self, *, latents: int = 64, hidden: int = 4096, in_channels: int = 1, out_channels: int = 1
    ) -> None:
        super().__init__(latents, hidden, hidden, in_channels, out_channels)
        channels, edge = (1, 32, 32, 64, 64), WINDOW // 16
        layers: list[nn.Module] = []
        for before, after in zip(channels[:-1], channels[1:], strict=True):
            layers += [nn.Conv2d(before, after, 4, 2, padding=1), nn.ReLU(inplace=True)]
        # A dense layer on what is left (64 maps of 4 × 4) is a convolution that sees all of it.
        layers += [nn.Conv2d(channels[-1], hidden, edge), nn.ReLU(inplace=True)]
        self.features = nn.Sequential(*layers)
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels[-1] * edge**2),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (channels[-1], edge, edge)),
            *_grown(channels[::-1]),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)


class _Centre(nn.Module):
    """Brings 0 … 1 to about zero mean and unit deviation.

    Otherwise all that latents say at first is how bright a window is.
    """

    def forward(self, images: Tensor) -> Tensor:
        return (images - _MIDDLE) * _SPREAD


def _grown(channels: Sequence[int]) -> list[nn.Module]:
    """Return transposed convolutions, each of which doubles the size; the last one is linear."""
    layers: list[nn.Module] = []
    for before, after in zip(channels[:-1], channels[1:], strict=True):
        layers += [nn.ConvTranspose2d(before, after, 4, 2, padding=1), nn.ReLU(inplace=True)]
    return layers[:-1]
