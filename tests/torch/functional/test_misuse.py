"""Wrong use is refused with PyTorch's kind of error and message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import hologram_torch.functional as ours

X, INTEGERS = torch.ones(3, 4), torch.ones(3, 4, dtype=torch.int64)
DOUBLES = torch.ones(3, 3, dtype=torch.float64)
PAIRS = {"torch": (ours, torch), "F": (ours, F)}
CASES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "no such axis": ("torch", lambda f: f.sum(X, 2), "Dimension out of range"),
    "an axis twice": ("torch", lambda f: f.mean(X, (0, -2)), "dim 0 appears multiple times"),
    "mean of integers": ("torch", lambda f: f.mean(INTEGERS), "could not infer output dtype"),
    "variance of integers": ("torch", lambda f: f.var(INTEGERS), "std and var only support floating point"),
    "extreme of nothing": ("torch", lambda f: f.amax(torch.ones(0, 3)), "Expected reduction dim"),
    "extreme of an empty axis": ("torch", lambda f: f.amax(torch.ones(0, 3), 0), "non-zero size"),
    "place in nothing": ("torch", lambda f: f.argmax(torch.ones(0)), "Expected reduction dim"),
    "no tensor": ("torch", lambda f: f.sum([1.0, 2.0]), "must be Tensor, not list"),
    "shapes of matrices": ("torch", lambda f: f.mm(X, X), "mat1 and mat2 shapes cannot be multiplied"),
    "types of matrices": ("torch", lambda f: f.mm(X, X.T.double()), "same dtype"),
    "a vector as matrix": ("torch", lambda f: f.mm(X[0], X), "must be a matrix"),
    "features": ("F", lambda f: f.linear(X, torch.ones(2, 3)), "mat1 and mat2 shapes cannot be multiplied"),
    "softmax of integers": ("F", lambda f: f.softmax(INTEGERS, 0), "not implemented for 'Long'"),
    "normalised shape": ("F", lambda f: f.layer_norm(X, (3,)), "expected input with shape"),
    "no normalised shape": ("F", lambda f: f.layer_norm(X, ()), "at least 1-dimensional"),
    "groups": ("F", lambda f: f.group_norm(torch.ones(2, 5), 2), "divisible by num_groups"),
    "one value a channel": ("F", lambda f: f.batch_norm(X[:1], None, None, training=True), "more than 1 value"),
    "no reduction": ("F", lambda f: f.mse_loss(X, X, reduction="all"), "not a valid value for reduction"),
    "no class": ("F", lambda f: f.cross_entropy(X, torch.tensor([0, 1, 4])), "Target 4 is out of bounds"),
    "batches": ("F", lambda f: f.cross_entropy(X, torch.tensor([0, 1])), "to match target batch_size"),
    "classes of another type": ("F", lambda f: f.cross_entropy(X, torch.zeros(3, dtype=torch.int32)), "Long"),
    "class weights": ("F", lambda f: f.cross_entropy(X, torch.tensor([0, 1, 2]), X[0, :2]), "weight tensor"),
    "smoothing": ("F", lambda f: f.cross_entropy(X, INTEGERS[:, 0], label_smoothing=2.0), "label_smoothing must be"),
    "no probability": ("F", lambda f: f.binary_cross_entropy(X * 2, X), "between 0 and 1"),
    "sizes of targets": ("F", lambda f: f.binary_cross_entropy_with_logits(X, X[0]), "must be the same as input size"),
    "truth of a text": ("torch", lambda f: f.sum(X, 0, keepdim="yes"), "'keepdim' .position 3. must be bool, not str"),
    "no correction": ("torch", lambda f: f.var(X, correction="n"), "correction"),
    "no second matrix": ("torch", lambda f: f.mm(X, None), "must be Tensor, not NoneType"),
    "a matrix elsewhere": ("torch", lambda f: f.mm(X, X.T, out=DOUBLES), "Expected out tensor to have dtype"),
    "no weight": ("F", lambda f: f.linear(X, None), "argument 'weight' .position 2. must be Tensor, not NoneType"),
    "a list as weight": (
        "F",
        lambda f: f.layer_norm(X, (4,), [1.0] * 4),
        "argument 'weight' .position 3. must be Tensor",
    ),
    "no target": ("F", lambda f: f.cross_entropy(X, None), "argument 'target' .position 2. must be Tensor"),
    "a tensor as number": ("torch", lambda f: f.nan_to_num(X, nan=X), "argument 'nan' must be"),
    "decimals": ("torch", lambda f: f.round(X, decimals=1.5), "decimals"),
    "types of slopes": (
        "F",
        lambda f: f.prelu(X, DOUBLES[0, :1]),
        "prelu: Type promoting not supported. Got Float and",
    ),
    "types at zero": ("torch", lambda f: f.heaviside(X, X.double()), "not yet implemented for tensors with different"),
    "shapes": ("torch", lambda f: f.add(X, torch.ones(5)), "must match the size of tensor b .5. at non-singleton"),
    "a text beside a tensor": ("torch", lambda f: f.add(X, "2"), "argument 'other' .position 2. must be Tensor"),
    "no such argument": ("torch", lambda f: f.add(X, X, beta=2), "beta"),
    "memory of several elements": (
        "torch",
        lambda f: f.add(X, X, out=X[:1, :1].expand(3, 4)),
        "single memory location",
    ),
    "memory that overlaps": ("torch", lambda f: f.exp(X[0, :3], out=X[0, 1:]), "single memory location"),
    "integers in place of reals": (
        "torch",
        lambda f: f.exp(X, out=INTEGERS),
        "can't be cast to the desired output type",
    ),
    "no probability to drop": ("F", lambda f: f.dropout(X, 1.5), "dropout probability has to be between 0 and 1"),
    "delta": ("F", lambda f: f.huber_loss(X, X, delta=0.0), "does not support non-positive values"),
    "beta": ("F", lambda f: f.smooth_l1_loss(X, X, beta=-1.0), "does not support negative values"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_of_pytorchs_kind(name: str) -> None:
    home, case, message = CASES[name]
    mine, theirs = PAIRS[home]
    with pytest.raises(Exception) as wanted:
        case(theirs)
    with pytest.raises((RuntimeError, TypeError, ValueError, IndexError), match=message) as found:
        case(mine)
    assert isinstance(found.value, RuntimeError if issubclass(wanted.type, RuntimeError) else wanted.type)


def test_integers_that_would_require_grad_are_refused() -> None:
    with pytest.raises(RuntimeError, match="floating point"):
        ours.sum(INTEGERS).requires_grad_()


@pytest.mark.parametrize("call", [ours.exp, ours.sum, lambda x: ours.cummax(x, 0), lambda x: ours.mm(x, x.T)])
def test_complex_tensors_are_refused(call: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, RuntimeError), match=r"complex64|ComplexFloat"):
        call(X.to(torch.complex64))


def test_a_leaf_is_not_written_to() -> None:
    leaf = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        ours.cumsum_(leaf, 0)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        ours.sum(leaf, out=torch.empty(()))
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
        ours.sum(X, out=torch.empty((), dtype=torch.int64))


def test_tensors_without_memory_have_shapes_alone() -> None:
    made = ours.layer_norm(torch.ones(2, 3, device="meta"), (3,))
    assert made.is_meta and made.shape == (2, 3)
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        ours.mse_loss(X, X.to("meta"))


def test_tensors_of_several_devices_are_refused_but_numbers_go_with_all() -> None:
    without = torch.ones(3, device="meta")
    number = torch.tensor(2.0)
    assert all(made.is_meta for made in (ours.add(without, number), ours.add(number, without)))
    for call in (
        lambda: ours.add(X[0, :3], without),
        lambda: ours.where(without > 0, X[0, :3], X[0, :3]),
        lambda: ours.batch_norm(X[:, :3], without, without),
    ):
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            call()
    for into in (ours.exp, ours.sum):
        with pytest.raises(RuntimeError, match="Expected out tensor to have device cpu, but got meta"):
            into(X, out=torch.ones(3, 4, device="meta"))


@pytest.mark.parametrize("call", [ours.exp, ours.sum, lambda x: ours.softmax(x, 0), lambda x: ours.cumsum(x, 0)])
def test_tensors_that_are_not_dense_are_refused_with_the_cure(call: Callable[[Any], Any]) -> None:
    with pytest.raises(RuntimeError, match=r"not on those of torch\.sparse_coo; cure: x\.to_dense\(\)"):
        call(X.to_sparse())


def test_a_result_lies_where_it_is_wanted_whatever_its_strides() -> None:
    out = torch.zeros(4, 6)[:, ::2]
    assert ours.sum(torch.ones(5, 4, 3), 0, out=out) is out
    assert out.eq(5).all()
