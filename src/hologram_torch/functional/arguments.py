"""Arguments that functions along axes have in common, refused as PyTorch refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hologram_torch.formulas import TITLES

MAX_AXES = 64
Dims = int | Sequence[int] | None


def dims_of(dim: Any, rank: int, empty_is_all: bool = True) -> tuple[int, ...]:
    """The axes that are meant, in order.

    Raises TypeError for what is no axis, IndexError for one that there is not, RuntimeError for one named twice.
    """
    if rank > MAX_AXES:
        raise RuntimeError(f"only tensors with up to {MAX_AXES} dims are supported")
    if dim is None or (empty_is_all and isinstance(dim, Sequence) and not len(dim)):
        return tuple(range(rank))
    given = tuple(dim) if isinstance(dim, Sequence) else (dim,)
    found = [dim_of(d, rank) for d in given]
    for d in found:
        if found.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return tuple(sorted(d for d in found if d < rank))


def dim_of(dim: Any, rank: int) -> int:
    """One axis, counted from the first; a tensor without axes has those 0 and -1."""
    if isinstance(dim, bool) or not isinstance(dim, int | torch.SymInt):
        raise TypeError(f"argument 'dim' must be int, not {type(dim).__name__}")
    axes = max(rank, 1)
    if not -axes <= dim < axes:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-axes}, {axes - 1}], but got {dim})")
    return int(dim) % axes


def as_real(name: str, input: Tensor, dtype: torch.dtype | None = None) -> torch.dtype:
    """The type of a result that is real: the input's, or the one that is wanted."""
    found = input.dtype if dtype is None else dtype
    if not found.is_floating_point:
        raise RuntimeError(f"{name}(): expected a floating point tensor, got {type_name(found)}")
    return found


def type_name(dtype: torch.dtype) -> str:
    """PyTorch's own name of a type in messages."""
    return TITLES.get(dtype, str(dtype))
