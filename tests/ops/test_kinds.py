"""Operations on PyTorch's tensors: in place, refused where that is wrong, and PyTorch is told."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hologram import Executor, ops
from hologram.errors import ArgumentTypeError

LAYOUTS = {
    "vector": lambda: torch.rand(12),
    "rows": lambda: torch.rand(3, 4),
    "view": lambda: torch.rand(4, 3).T,
    "bf16": lambda: torch.rand(3, 4).to(torch.bfloat16),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_of_first_and_later_calls_are_told_and_right(layout: str) -> None:
    x, y = LAYOUTS[layout](), LAYOUTS[layout]()
    for _ in range(3):
        out = torch.empty_like(x)
        before = out._version
        assert ops.add(x, y, out=out) is out
        assert torch.equal(out, x + y) and out._version > before
        assert torch.equal(ops.add(x, y), x + y)
        assert x._version == y._version == 0
    product = torch.rand(3, 3)
    left, right = torch.rand(3, 3), torch.rand(3, 3)
    for _ in range(3):
        before = product._version
        ops.matmul(left, right, out=product)
        assert torch.allclose(product, left @ right) and product._version > before


def test_tensors_stay_resizable() -> None:
    x, y = torch.rand(5), torch.rand(5)
    for _ in range(3):
        ops.multiply(x, y)
    ops.sum(x)
    assert x.resize_(10).shape == (10,)


@pytest.mark.parametrize("seen", ["first", "later"])
def test_what_must_not_be_used_is_refused(seen: str) -> None:
    x, y = torch.rand(4), torch.rand(4)
    if seen == "later":
        ops.add(x, y, out=torch.empty(4))
    for wrong, message in ((torch._neg_view(x), "other signs"), (x.clone().requires_grad_(), "requires grad")):
        with pytest.raises(ArgumentTypeError, match=message):
            ops.add(wrong, y)
        with pytest.raises(ArgumentTypeError, match=message):
            ops.add(x, y, out=wrong)

    def use(z: Any) -> Any:
        with pytest.raises(ArgumentTypeError, match="stands for others"):
            ops.add(z, z)
        return z

    torch.vmap(use)(torch.rand(2, 4))
    torch.func.functionalize(use)(x)


def test_executors_launch_on_tensors() -> None:
    from hologram.language.kernel import kernel_type
    from hologram.language.program import Program

    kernel = kernel_type()(program=Program.of(_add()))
    x, y = torch.rand(6), torch.rand(6)
    for backend in ("cpu", "interpreter"):
        out = torch.zeros(6)
        Executor(backend).launch(kernel, x, y, out, 6)
        assert torch.equal(out, x + y) and out._version > 0


def _add() -> Any:
    from hologram.frontend import compile_source

    source = """
from hologram.language import kernel, DeviceArray, get_global_id

@kernel
def add(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        c[i] = a[i] + b[i]
"""
    return compile_source(source, "add.py")[0].program
