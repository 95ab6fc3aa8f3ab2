"""U-Nets: plain ones of any width, and any encoder of segmentation-models-pytorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from segmentation_models_pytorch import Unet
from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import nn

__all__ = ["PAPER_CHANNELS", "SMALL_CHANNELS", "EncoderUNet", "PlainUNet", "unet"]

#: Channels of Qian et al.'s network, from full resolution down.
PAPER_CHANNELS = (64, 128, 256, 512, 1024)
#: Channels of the networks that ship: 0.8 million parameters, made for two processors.
SMALL_CHANNELS = (16, 32, 64, 96, 128)


def unet(
    *,
    encoder: str = "plain",
    channels: Sequence[int] = SMALL_CHANNELS,
    fold: int = 1,
    depth: int = 5,
    in_channels: int = 1,
    out_channels: int = 1,
    bounded: bool = False,
) -> nn.Module:
    """Return a U-Net with fresh weights.

    Parameters
    ----------
    encoder : str
        ``"plain"`` for two convolutions a level, as Qian et al. have them, or the name of any
        encoder of segmentation-models-pytorch (``"resnet18"``, ``"tu-convnext_atto"``, …).
    channels : sequence of int
        Of a plain network: channels a level, from its finest resolution down.
    fold : int
        Of a plain network: see `PlainUNet`.
    depth : int
        Of any other: how often the encoder halves the resolution.
    in_channels, out_channels : int
        Images in, maps out.
    bounded : bool
        End in a sigmoid, as Katsuno et al.'s network does, whose images lie between 0 and 1.
    """
    network: nn.Module
    if encoder == "plain":
        network = PlainUNet(channels, fold=fold, in_channels=in_channels, out_channels=out_channels)
    else:
        network = EncoderUNet(
            encoder, depth=depth, in_channels=in_channels, out_channels=out_channels
        )
    return Bounded(network) if bounded else network


class PlainUNet(nn.Module):
    """Two 3x3 convolutions a level on the way down, smp's decoder on the way up.

    Unlike smp's own U-Nets it hands on features at full resolution, on which particles of a
    few pixels depend.

    Parameters
    ----------
    channels : sequence of int
        Channels a level, from its finest resolution down; at least two levels.
    fold : int
        So many pixels a side go into channels, and the network works on frames that much
        smaller: 2 is almost four times as fast, and enough to denoise (FFDNet; Zhang, Zuo and
        Zhang, IEEE Trans. Image Process. 27, 4608, 2018).
    in_channels, out_channels : int
        Images in, maps out.
    """

    def __init__(
        self,
        channels: Sequence[int] = SMALL_CHANNELS,
        *,
        fold: int = 1,
        in_channels: int = 1,
        out_channels: int,
    ) -> None:
        super().__init__()
        if len(channels) < 2:
            raise ValueError("a U-Net has at least two levels of channels")
        if fold < 1:
            raise ValueError("fold is a number of pixels, 1 or more")
        self.folded, self.unfolded = nn.PixelUnshuffle(fold), nn.PixelShuffle(fold)
        in_channels, out_channels = (n * fold**2 for n in (in_channels, out_channels))
        before = (in_channels, *channels[:-1])
        self.levels = nn.ModuleList(_level(i, o) for i, o in zip(before, channels, strict=True))
        self.pool = nn.MaxPool2d(2)
        # smp's decoder leaves out the first of the features, which would be the image itself.
        self.decoder = UnetDecoder(
            encoder_channels=(in_channels, *channels),
            decoder_channels=tuple(channels[-2::-1]),
            n_blocks=len(channels) - 1,
        )
        self.head = SegmentationHead(channels[0], out_channels)
        steps = range(len(channels))
        self.multiple = fold * 2 ** steps[-1]
        self.receptive_radius = (
            fold
            * (
                sum(2 * 2**k for k in steps)  # convolutions on the way down
                + sum(2 * 2**k for k in steps[:-1])  # and up
                + sum(2**k for k in steps[:-1])  # pooling and its inverse
                + 1  # the head
            )
            + fold
            - 1
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits of the images' size."""
        features = [self.folded(images)]
        for number, level in enumerate(self.levels):
            features.append(level(self.pool(features[-1]) if number else features[0]))
        maps: torch.Tensor = self.unfolded(self.head(self.decoder(features)))
        return maps


class EncoderUNet(nn.Module):
    """smp's U-Net with any of its encoders, without pre-trained weights."""

    def __init__(self, encoder: str, *, depth: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        widths = (256, 128, 64, 32, 16)[-depth:]
        self.network = Unet(
            encoder,
            encoder_depth=depth,
            encoder_weights=None,
            decoder_channels=widths,
            in_channels=in_channels,
            classes=out_channels,
        )
        self.multiple = 2**depth
        # Encoders differ; most see a few times their coarsest step.
        self.receptive_radius = 4 * self.multiple

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits of the images' size."""
        logits: torch.Tensor = self.network(images)
        return logits


class Bounded(nn.Module):
    """A U-Net whose maps lie between 0 and 1."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.multiple, self.receptive_radius = network.multiple, network.receptive_radius

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return maps of the images' size."""
        return torch.sigmoid(self.network(images))


def _level(in_channels: int, out_channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in (in_channels, out_channels):
        layers += [
            nn.Conv2d(number, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
