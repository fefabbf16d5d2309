"""PyTorch's tensors in launches: which may be used, as which arrays, and telling PyTorch what was written.

PyTorch is never imported here: who has a tensor has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from hologram.isa.program import Program
from hologram.runtime import dlpack
from hologram.runtime.entry.tensors import meet
from hologram.types import Type


def pytorch() -> Any:
    """The module `torch` where somebody imported it, else None."""
    return sys.modules.get("torch")


def is_tensor(value: Any) -> bool:
    """True for tensors of PyTorch, of whatever subclass."""
    torch = pytorch()
    return torch is not None and isinstance(value, torch.Tensor)


def elements(tensor: Any) -> np.ndarray[Any, Any] | None:
    """The elements of a tensor in place; None where it must not be used, or its type does not exist here."""
    meet(pytorch())
    return None if trouble(tensor) else read(tensor)


def read(tensor: Any) -> np.ndarray[Any, Any] | None:
    """The elements in place of a tensor in host memory, of which `trouble` is known to say nothing.

    Unlike `Tensor.numpy()` this leaves the tensor resizable.
    """
    torch = pytorch()
    export = getattr(torch._C, "_to_dlpack_versioned", None)
    if export is None:
        return dlpack.imported(tensor)
    same_size = tensor.view(torch.int16) if tensor.dtype is torch.bfloat16 else tensor
    try:
        array = np.from_dlpack(dlpack.Holder(export(same_size)))
    except (BufferError, RuntimeError, TypeError):  # NumPy has no such elements
        return None
    return array if same_size is tensor else array.view(Type.BF16.dtype)


def trouble(tensor: Any, name: str = "x") -> tuple[str, str] | None:
    """Why a tensor called `name` cannot be used in place, and the cure; None where it can."""
    if tensor.layout is not pytorch().strided:
        return f"is a tensor of layout {tensor.layout}", f"{name}.to_dense()"
    if tensor.device.type != "cpu":
        return f"is a tensor on {tensor.device}, not in host memory", f"{name}.cpu()"
    if _stands_for_another(tensor):
        return "is a tensor without memory, which stands for others", "make an operator with hologram_torch.op(kernel)"
    if tensor.requires_grad:
        cure = f"{name}.detach(), or hologram_torch.op(kernel), which records them"
        return "requires grad, and a launch does not record gradients", cure
    if tensor.is_neg() or tensor.is_conj():
        return "is a view that shows its memory with other signs", f"{name}.resolve_neg().resolve_conj()"
    if tensor._is_zerotensor():
        return "is a tensor of zeros without memory", f"torch.zeros({name}.shape)"
    if tensor.numel() and not (tensor.data_ptr() and tensor.untyped_storage().data_ptr()):
        return "is a tensor whose memory is gone", f"torch.empty_like({name})"
    return None


def _stands_for_another(tensor: Any) -> bool:
    """True for what torch.func, torch.compile and fake tensors put in the place of tensors."""
    torch = pytorch()
    if type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        return True
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor) or torch._is_functional_tensor(tensor))


def tell_written(program: Program, given: Iterable[Any]) -> None:
    """Tell PyTorch which tensors a launch writes."""
    for param, value in zip(program.params, given, strict=True):
        if param.is_written:
            tell(value)


def tell(written: Any) -> None:
    """Tell PyTorch that a value is written, so that it does not use it for gradients of what it was."""
    if is_tensor(written):
        pytorch().autograd.graph.increment_version(written)


def hold(given: Iterable[Any]) -> None:
    """Have the memory of tensors stay where it is: PyTorch then refuses to resize it, as for `Tensor.numpy()`."""
    for value in given:
        if is_tensor(value):
            torch = pytorch()
            same_size = value.view(torch.int16) if value.dtype is torch.bfloat16 else value
            same_size.numpy()
