"""Which operators are taken apart before regions are found: what becomes element-wise operators and reductions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch._decomp import _core_aten_decompositions_post_autograd, get_decompositions

aten = torch.ops.aten
Table = Mapping[Any, Callable[..., Any]]
_ALSO = (
    aten.native_layer_norm, aten.native_group_norm, aten.native_batch_norm, aten._native_batch_norm_legit,
    aten._native_batch_norm_legit_no_training, aten._native_batch_norm_legit_functional,
    aten._batch_norm_with_update_functional, aten.batch_norm_backward,
    aten._softmax, aten._log_softmax, aten.addcmul, aten.addcdiv, aten.hardtanh_backward, aten.native_dropout_backward,
)  # fmt: skip
_WHOLE = (
    aten._scaled_dot_product_flash_attention_for_cpu, aten.embedding_dense_backward, aten.bernoulli,
    aten.index_add, aten.index_copy, aten.index_fill, aten.baddbmm, aten.addr, aten.mv, aten.dot, aten.vdot,
    aten._embedding_bag, aten.upsample_bilinear2d, aten.upsample_linear1d, aten.upsample_trilinear3d,
    aten.upsample_nearest2d_backward, aten.reflection_pad1d, aten.reflection_pad2d, aten.reflection_pad3d,
    aten.reflection_pad1d_backward, aten.reflection_pad2d_backward, aten.reflection_pad3d_backward,
    aten.replication_pad1d, aten.replication_pad2d, aten.replication_pad3d, aten.avg_pool2d_backward,
    aten.col2im, aten.im2col, aten.max_unpool2d, aten.max_unpool3d, aten.take, aten.roll, aten.isin,
    aten.renorm, aten.mvlgamma, aten.linalg_cross, aten.rrelu_with_noise, aten.pixel_shuffle, aten.pixel_unshuffle,
    aten.unfold_backward, aten.gelu_, aten._euclidean_dist, aten.block_diag, aten.channel_shuffle,
    aten._unsafe_index, aten._unsafe_index_put, aten._unsafe_masked_index, aten._unsafe_masked_index_put_accumulate,
    aten.stack, aten._chunk_cat,
    aten.silu, aten.mish, aten.sinc, aten.slice_backward, aten.select_backward,
)  # fmt: skip
"""What core ATen would take apart and is left whole: gathering, moving and products are better done as they are."""


@cache
def table() -> Table:
    """The decompositions."""
    whole = {getattr(packet, overload) for packet in _WHOLE for overload in packet.overloads()}
    found = {k: v for k, v in _core_aten_decompositions_post_autograd().items() if k not in whole}
    found.update(get_decompositions(list(_ALSO)))
    found.update(_OWN)
    return found


def _var_mean(x: torch.Tensor, dim: Any = None, *, correction: float | None = None, keepdim: bool = False) -> Any:
    if x.is_complex():
        return NotImplemented
    if x.dtype in (torch.float16, torch.bfloat16):
        var, mean = _var_mean(x.float(), dim, correction=correction, keepdim=keepdim)
        return var.to(x.dtype), mean.to(x.dtype)
    dims = list(range(x.dim())) if dim is None or dim == [] else [d % max(x.dim(), 1) for d in dim]
    mean = x.mean(dims, keepdim=True) if dims else x.clone()
    apart = x - mean
    count: Any = 1
    for d in dims:
        count = count * x.shape[d]
    total = (apart * apart).sum(dims, keepdim=keepdim) if dims else apart * apart
    left = count - (1 if correction is None else correction)
    left = max(left, 0) if isinstance(left, int | float) else left
    var = total / left
    return var, (mean if keepdim or not dims else mean.squeeze(dims))


def _var(x: torch.Tensor, dim: Any = None, *, correction: float | None = None, keepdim: bool = False) -> Any:
    found = _var_mean(x, dim, correction=correction, keepdim=keepdim)
    return found if found is NotImplemented else found[0]


def _dropout(x: torch.Tensor, p: float, train: bool | None) -> Any:
    """With the random numbers that PyTorch's own takes, so that a seed gives the same result."""
    if train is False or p == 0:
        return x.clone(), torch.ones_like(x, dtype=torch.bool)
    order = _order(x)  # random numbers are dealt out as the mask lies in memory
    lying = torch.empty([x.shape[d] for d in order], dtype=torch.bool, device=x.device)
    mask = aten.bernoulli.p(lying, 1 - p).permute([order.index(d) for d in range(x.dim())])
    return x * mask * (0.0 if p == 1 else 1 / (1 - p)), mask


def _order(x: torch.Tensor) -> list[int]:
    """The axes of what is like a tensor as they lie in memory, outermost first."""
    strides = torch.empty_like(x).stride()
    return sorted(range(x.dim()), key=lambda d: -strides[d])


def _full_like(x: torch.Tensor, value: Any, *, dtype: Any = None, memory_format: Any = None, **options: Any) -> Any:
    """What reads nothing of a tensor but its sizes, so that nothing keeps the tensor."""
    if memory_format not in (None, torch.preserve_format) or options.get("device", x.device) not in (None, x.device):
        return NotImplemented
    order = _order(x)
    made = torch.full([x.shape[d] for d in order], value, dtype=dtype or x.dtype, device=x.device)
    return made.permute([order.index(d) for d in range(x.dim())])


def _class_gradient(
    gradient: torch.Tensor,
    x: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    reduction: int,
    ignore_index: int,
    total_weight: torch.Tensor,
) -> Any:
    """The gradient of the negative log-likelihood as a choice at each class, which fuses with what reads it."""
    if x.dim() < 2:
        return NotImplemented
    beside = [-1, *[1] * (x.dim() - 2)]
    target = target.unsqueeze(1)
    gradient = gradient / total_weight if reduction == _MEAN else gradient
    gradient = gradient.unsqueeze(1) if gradient.dim() else gradient
    if weight is not None:
        gradient = gradient * weight.view(beside)
    classes = torch.arange(x.shape[1], device=x.device).view(beside)
    return torch.where((classes == target) & (target != ignore_index), -gradient, 0.0)


_MEAN = 1
_OWN: Table = {
    aten.nll_loss_backward.default: _class_gradient,
    aten.nll_loss2d_backward.default: _class_gradient,
    aten.full_like.default: _full_like,
    aten.var_mean.correction: _var_mean,
    aten.var.correction: _var,
    aten.native_dropout.default: _dropout,
}
