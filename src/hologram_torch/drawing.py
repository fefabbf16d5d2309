"""The operator `hologram::kept` of PyTorch: which elements dropout keeps, from a seed that PyTorch's generator gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hologram.runtime.notes import unrepeatable
from hologram_torch.roads import check_host
from hologram_torch.transforms import operator

SEEDS = 2**63 - 1
"""How many seeds there are."""


@operator("hologram::kept")
def kept(seed: Tensor, shape: Sequence[int], p: float) -> Tensor:
    """A truth value for each element of a shape, true with probability p: the same ones for the same seed."""
    from hologram import ops  # loaded with the first launch: it takes longer than all of this package

    check_host([seed])
    unrepeatable()  # the seed is read
    made = torch.empty(tuple(shape), dtype=torch.bool)
    ops.bernoulli(tuple(shape), p, seed=int(seed), out=made)
    return made


@kept.register_fake
def _(seed: Tensor, shape: Sequence[int], p: float) -> Tensor:
    return seed.new_empty(tuple(shape), dtype=torch.bool)


@kept.register_vmap
def _(info: Any, in_dims: Any, seed: Tensor, shape: Sequence[int], p: float) -> tuple[Tensor, int]:
    return torch.stack([kept(each, shape, p) for each in seed.unbind(in_dims[0])]), 0


def drawn(like: Tensor, p: float) -> Tensor:
    """A truth value for each element of a tensor, true with probability p; the seed comes from PyTorch's generator."""
    seed = torch.randint(SEEDS, (), dtype=torch.int64, device=like.device)
    made: Tensor = kept(seed, list(like.shape), p)
    return made
