"""Products of vectors and along axes: wrong use, types in mixed precision, transforms, results in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from hologram_torch import functional

torch.manual_seed(0)
V, W, M = torch.randn(3), torch.randn(4), torch.randn(3, 4)
WHOLE = torch.arange(3)
PAIRS = torch.randn(2, 3, 4), torch.randn(2, 4, 5)


class _Torch:
    """PyTorch's functions wherever they are."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name, None) or getattr(torch.linalg, name)


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "outer of a matrix": (lambda f: f.outer(M, V), "Expected 1-D argument self, but got 2-D"),
    "outer with a matrix": (lambda f: f.ger(V, M), "Expected 1-D argument vec2, but got 2-D"),
    "inner of other lengths": (lambda f: f.inner(M, V), "the last dimension must match on both input tensors"),
    "inner of other types": (lambda f: f.inner(V, WHOLE), "both inputs should have same dtype"),
    "vdot of truths": (lambda f: f.vdot(V > 0, V > 0), "\"dot\" not implemented for 'Bool'"),
    "tensordot of truths": (lambda f: f.tensordot(M > 0, W > 0, 1), "not implemented for 'Bool'"),
    "tensordot of other lengths": (
        lambda f: f.tensordot(M, M, 1),
        "contracted dimensions need to match, but first has",
    ),
    "tensordot below 0": (lambda f: f.tensordot(M, M, -1), "expects dims >= 0, but got dims=-1"),
    "tensordot of too many": (lambda f: f.tensordot(M, M, 3), "expects dims < ndim_a or ndim_b, but got dims=3"),
    "tensordot of words": (lambda f: f.tensordot(M, M, "a"), "expects dims to be int or tuple"),
    "tensordot of lists": (lambda f: f.tensordot(M, M, ([0], [0, 1])), "both dimension lists should have same length"),
    "tensordot of no axis": (lambda f: f.tensordot(M, M, ([0], [5])), "Dimension out of range"),
    "vecdot of whole numbers": (lambda f: f.vecdot(WHOLE, WHOLE), "Expected a floating point or complex tensor"),
    "vecdot of other types": (lambda f: f.vecdot(V, V.double()), "Expected x and y to have the same dtype"),
    "trace of a vector": (lambda f: f.trace(V), "expected a matrix, but got tensor with dim 1"),
    "trace of truths": (lambda f: f.trace(M > 0), "\"trace\" not implemented for 'Bool'"),
    "addr of a matrix": (lambda f: f.addr(M, M, W), "Expected 1-D argument vec1, but got 2-D"),
    "addr to another shape": (lambda f: f.addr(M, W, V), "The expanded size of the tensor"),
    "addr of half a number": (
        lambda f: f.addr(torch.eye(3).long(), WHOLE, WHOLE, alpha=0.5),
        "For integral input tensors, argument alpha must not be a floating point number",
    ),
    "addmv of a vector": (lambda f: f.addmv(V, V, V), "vector \\+ matrix @ vector expected, got 1, 1, 1"),
    "addmv of other lengths": (
        lambda f: f.addmv(V, M, V),
        "size mismatch, got input \\(3\\), mat \\(3x4\\), vec \\(3\\)",
    ),
    "addmv of other types": (
        lambda f: f.addmv(V, M, W.double()),
        "must have the same dtype, but got Float, Float, and",
    ),
    "addbmm of other numbers": (
        lambda f: f.addbmm(torch.ones(3, 5), PAIRS[0], PAIRS[1][:1]),
        "must have same number of batches",
    ),
    "addbmm of other sizes": (lambda f: f.addbmm(M, PAIRS[0], PAIRS[0]), "Incompatible matrix sizes for bmm"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_error_is_of_pytorchs_kind(name: str) -> None:
    case, message = WRONG[name]
    for home in (_Torch(), functional):
        with pytest.raises((RuntimeError, IndexError), match=message):
            case(home)


MIXED: dict[str, Callable[[Any], torch.Tensor]] = {
    "outer": lambda f: f.outer(V, W),
    "inner of vectors": lambda f: f.inner(V, V),
    "inner of matrices": lambda f: f.inner(M, M),
    "vdot": lambda f: f.vdot(V, V),
    "dot": lambda f: f.dot(V, V),
    "mv": lambda f: f.mv(M, W),
    "tensordot": lambda f: f.tensordot(M, M.T, 1),
    "tensordot of all axes": lambda f: f.tensordot(M, M, 2),
    "vecdot": lambda f: f.vecdot(M, M),
    "trace": lambda f: f.trace(M),
    "addr": lambda f: f.addr(M, V, W),
    "addmv": lambda f: f.addmv(V, M, W),
    "addbmm": lambda f: f.addbmm(torch.ones(3, 5), *PAIRS),
}


@pytest.mark.parametrize("name", MIXED)
def test_types_in_mixed_precision_are_those_of_pytorch(name: str) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, wanted = MIXED[name](functional), MIXED[name](_Torch())
    assert found.dtype is wanted.dtype
    torch.testing.assert_close(found, wanted, rtol=2e-2, atol=5e-2)


def test_they_go_through_transforms_and_operators() -> None:
    rows = torch.randn(5, 3)
    torch.testing.assert_close(torch.func.vmap(functional.outer)(rows, rows), torch.func.vmap(torch.outer)(rows, rows))
    slope = torch.func.jacrev(lambda v: functional.tensordot(v, rows, ([0], [1])))(V)
    torch.testing.assert_close(slope, rows)
    over = torch.ops.hologram.tensordot(M, torch.stack((M, M)), [0, 1], [1, 2])
    torch.testing.assert_close(over, torch.tensordot(M, torch.stack((M, M)), ([0, 1], [1, 2])))
    made = torch.ops.hologram.addr(torch.empty(3, 4, device="meta"), V.to("meta"), W.to("meta"))
    assert made.is_meta and made.shape == (3, 4)


def test_axes_may_be_said_by_a_tensor() -> None:
    found = functional.tensordot(M, M, torch.tensor([[1], [1]]))
    torch.testing.assert_close(found, M @ M.T)


def test_a_smaller_sum_grows_in_place() -> None:
    ours, theirs = torch.ones(1), torch.ones(1)
    assert functional.addbmm_(ours, *PAIRS) is ours
    torch.testing.assert_close(ours, theirs.addbmm_(*PAIRS))
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        functional.addbmm_(torch.ones(3, 5, requires_grad=True), *PAIRS)
