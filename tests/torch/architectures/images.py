"""Models of images: convolutions with each kind of normalisation, a U-Net block, a vision transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.torch.architectures.case import Case


def cnn(batch: int, channels: int, side: int) -> Case:
    """Two convolutions with ReLU and pooling, dropout that does nothing, cross-entropy."""
    model = nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5).eval(),
        nn.Linear(2 * channels, 10),
    )
    x = torch.randn(batch, 3, side, side)
    return Case.of(model, nn.CrossEntropyLoss(), (x,), torch.randint(10, (batch,)))


class Residual(nn.Module):
    """A residual block with batch norm, which keeps running statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))
        self.head = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norms[0](self.first(x)))
        y = F.relu(self.norms[1](self.second(y)) + x)
        return self.head(y.mean((2, 3)))


def residual_network(batch: int, channels: int, side: int) -> Case:
    """A ResNet block in training: its batch norms change their buffers."""
    x = torch.randn(batch, channels, side, side)
    return Case.of(Residual(channels), nn.CrossEntropyLoss(), (x,), torch.randint(10, (batch,)))


class Down(nn.Module):
    """Convolution, group norm and SiLU, twice."""

    def __init__(self, given: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(given, channels, 3, padding=1),
            nn.GroupNorm(4, channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.GroupNorm(4, channels),
            nn.SiLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class UNet(nn.Module):
    """Down, through, up again, and a skip connection; the time of a diffusion step scales and shifts the middle."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = Down(3, channels)
        self.middle = Down(channels, 2 * channels)
        self.time = nn.Linear(1, 4 * channels)
        self.up = Down(3 * channels, channels)
        self.last = nn.Conv2d(channels, 3, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        skip = self.down(x)
        scale, shift = self.time(time[:, None]).chunk(2, dim=1)
        y = self.middle(F.avg_pool2d(skip, 2)) * (1 + scale[:, :, None, None]) + shift[:, :, None, None]
        y = F.interpolate(y, scale_factor=2.0, mode="nearest")
        return self.last(self.up(torch.cat([y, skip], dim=1)))


def unet(batch: int, channels: int, side: int) -> Case:
    """A U-Net block that learns to tell the noise."""
    x = torch.randn(batch, 3, side, side)
    return Case.of(UNet(channels), nn.MSELoss(), (x, torch.rand(batch)), torch.randn_like(x))


class GroupNormed(nn.Module):
    """A ConvNeXt-like block: depthwise convolution, group norm, a wide pointwise part, a learned scale."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = nn.GroupNorm(1, channels)
        self.wide, self.narrow = nn.Conv2d(channels, 4 * channels, 1), nn.Conv2d(4 * channels, channels, 1)
        self.scale = nn.Parameter(0.1 * torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.narrow(F.gelu(self.wide(self.norm(self.depthwise(x))), approximate="tanh"))


def group_normed(batch: int, channels: int, side: int) -> Case:
    """A block with group norm under a Huber loss."""
    x = torch.randn(batch, channels, side, side)
    return Case.of(GroupNormed(channels), nn.HuberLoss(delta=0.5), (x,), torch.randn_like(x))


class VisionTransformer(nn.Module):
    """Patches, positions, one transformer block written out, and a head."""

    def __init__(self, side: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.patches = nn.Conv2d(3, width, 4, stride=4)
        self.positions = nn.Parameter(0.02 * torch.randn(1, (side // 4) ** 2, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.head = nn.Linear(width, 10)

    def attend(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        return self.mix((weights @ v).transpose(1, 2).reshape(batch, length, width))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        x = x + self.attend(self.norms[0](x))
        x = x + self.narrow(F.gelu(self.wide(self.norms[1](x))))
        return self.head(self.norms[2](x).mean(1))


def vision_transformer(batch: int, side: int, width: int, heads: int) -> Case:
    """A vision transformer of one block with its attention written out."""
    x = torch.randn(batch, 3, side, side)
    return Case.of(VisionTransformer(side, width, heads), nn.CrossEntropyLoss(), (x,), torch.randint(10, (batch,)))
