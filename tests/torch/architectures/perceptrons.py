"""Models of plain layers: a perceptron, a mixture of experts, a variational autoencoder, a normalising flow."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.torch.architectures.case import Case


def mlp(batch: int, width: int) -> Case:
    """Two hidden layers, GELU and tanh, layer norm, cross-entropy with smoothed labels."""
    model = nn.Sequential(
        nn.Linear(width, 2 * width),
        nn.GELU(),
        nn.LayerNorm(2 * width),
        nn.Linear(2 * width, width),
        nn.Tanh(),
        nn.Linear(width, 10),
    )
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    return Case.of(model, loss, (torch.randn(batch, width),), torch.randint(10, (batch,)))


class Experts(nn.Module):
    """Each row goes to its two best experts, weighted by the softmax of their scores; the load is kept balanced."""

    def __init__(self, width: int, experts: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, experts, bias=False)
        self.inner = nn.Parameter(torch.randn(experts, width, 2 * width) / math.sqrt(width))
        self.outer = nn.Parameter(torch.randn(experts, 2 * width, width) / math.sqrt(2 * width))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        chances = self.gate(x).softmax(-1)
        best, places = chances.topk(2, dim=-1)
        weights = torch.zeros_like(chances).scatter(-1, places, best / best.sum(-1, keepdim=True))
        hidden = F.silu(torch.einsum("bi,eih->ebh", x, self.inner))
        answers = torch.einsum("ebh,eho->ebo", hidden, self.outer)
        load = (weights > 0).to(x.dtype).mean(0)
        balance = (load * chances.mean(0)).sum() * chances.shape[-1]
        return x + (weights.t()[:, :, None] * answers).sum(0), balance


def mixture_of_experts(batch: int, width: int, experts: int) -> Case:
    """A mixture-of-experts gate with a balancing loss."""

    def loss(output: tuple[Tensor, Tensor], target: Tensor) -> Tensor:
        return F.smooth_l1_loss(output[0], target) + 0.01 * output[1]

    return Case.of(Experts(width, experts), loss, (torch.randn(batch, width),), torch.randn(batch, width))


class Autoencoder(nn.Module):
    """A variational autoencoder; the noise of its samples is an input."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(width, width // 2), nn.Softplus())
        self.mean, self.spread = nn.Linear(width // 2, code), nn.Linear(width // 2, code)
        self.decode = nn.Sequential(nn.Linear(code, width // 2), nn.LeakyReLU(0.1), nn.Linear(width // 2, width))

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encode(x)
        mean, spread = self.mean(hidden), self.spread(hidden)
        return self.decode(mean + noise * torch.exp(0.5 * spread)), mean, spread


def variational_autoencoder(batch: int, width: int, code: int) -> Case:
    """Reconstruction by binary cross-entropy and the divergence from the normal distribution."""

    def loss(output: tuple[Tensor, Tensor, Tensor], target: Tensor) -> Tensor:
        logits, mean, spread = output
        reconstruction = F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        divergence = -0.5 * torch.sum(1 + spread - mean.pow(2) - spread.exp())
        return (reconstruction + divergence) / target.numel()

    x = torch.rand(batch, width)
    return Case.of(Autoencoder(width, code), loss, (x, torch.randn(batch, code)), x)


class Coupling(nn.Module):
    """An affine coupling layer: half the coordinates scale and shift the other half."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width // 2, 2 * width), nn.ELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = x.chunk(2, dim=-1)
        scale, shift = self.net(kept).chunk(2, dim=-1)
        scale = 2 * torch.tanh(scale / 2)
        return torch.cat([moved * scale.exp() + shift, kept], dim=-1), scale.sum(-1)


class Flow(nn.Module):
    """Coupling layers one after another, with the logarithm of their Jacobian."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Coupling(width) for _ in range(layers))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(x.shape[0])
        for layer in self.layers:
            x, logdet = layer(x)
            total = total + logdet
        return x, total


def normalising_flow(batch: int, width: int, layers: int) -> Case:
    """The likelihood of data under a flow to the normal distribution."""

    def loss(output: tuple[Tensor, Tensor]) -> Tensor:
        z, logdet = output
        return (0.5 * (z**2 + math.log(2 * math.pi)).sum(-1) - logdet).mean()

    return Case.of(Flow(width, layers), loss, (torch.randn(batch, width),))
