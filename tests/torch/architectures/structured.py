"""Models of sequences and graphs: a loop of LSTM cells, graph attention over a dense adjacency."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.torch.architectures.case import Case


class Recurrence(nn.Module):
    """An LSTM written as a loop over time, its gates spelled out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.given, self.kept = nn.Linear(width, 4 * width), nn.Linear(width, 4 * width, bias=False)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = c = x.new_zeros(x.shape[1], x.shape[2])
        outputs = []
        for step in x:
            i, f, g, o = (self.given(step) + self.kept(h)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return self.head(torch.stack(outputs)).squeeze(-1)


def lstm_loop(batch: int, steps: int, width: int) -> Case:
    """A loop of LSTM cells under a squared error."""
    return Case.of(Recurrence(width), nn.MSELoss(), (torch.randn(steps, batch, width),), torch.randn(steps, batch))


class GraphAttention(nn.Module):
    """A layer of graph attention with several heads over a dense adjacency matrix."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.project = nn.Linear(width, width, bias=False)
        self.source, self.target = (nn.Parameter(0.3 * torch.randn(heads, self.size)) for _ in range(2))
        self.head = nn.Linear(width, 7)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        h = self.project(x).view(-1, self.heads, self.size)
        source, target = (h * self.source).sum(-1).t(), (h * self.target).sum(-1).t()
        scores = F.leaky_relu(source[:, :, None] + target[:, None, :], 0.2)
        weights = scores.masked_fill(~adjacency, float("-inf")).softmax(-1)
        mixed = torch.einsum("hij,jhd->ihd", weights, h).flatten(1)
        return self.head(F.elu(mixed)).log_softmax(-1)


def graph_attention(nodes: int, width: int, heads: int) -> Case:
    """Graph attention in dense form, each node its own neighbour, under the negative log-likelihood."""
    adjacency = (torch.rand(nodes, nodes) < 0.2) | torch.eye(nodes, dtype=torch.bool)
    inputs = (torch.randn(nodes, width), adjacency)
    return Case.of(GraphAttention(width, heads), F.nll_loss, inputs, torch.randint(7, (nodes,)))
