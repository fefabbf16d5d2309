"""Element-wise functions: PyTorch's arguments, types, `out=`, in place, kinks of gradients, and wrong use."""

from __future__ import annotations

import gc
import inspect
import weakref
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import hologram
from hologram.operators import NORMALISATIONS, NORMS, REDUCTIONS, SCANS, TABLE
from hologram.operators.losses import LOSSES
from hologram_torch import functional as H
from hologram_torch.functional.elementwise import PLANS

WITHOUT_EQUAL = {"cbrt", "popcount", "fma"}
"""Rows that PyTorch has no function for (`fma` is rounded once, `torch.addcmul` twice)."""


def reached_rows() -> set[str]:
    """The rows that the functions compute, found by calling each plan."""
    x, truth = torch.rand(3), torch.tensor([True, False, True])
    more: dict[str, list[tuple[Any, ...]]] = {
        "prelu": [(x, x[0])],
        "where": [(truth, x, x)], "clamp": [(x, 0, 1)], "threshold": [(x, 0.1, 20.0)], "lerp": [(x, x, 0.5)],
    }  # fmt: skip
    found = set()
    for name, plan in PLANS.items():
        count = len([p for p in inspect.signature(plan.planner).parameters.values() if p.default is p.empty])
        for given in more.get(name, [(x,) * count]):
            found.add(plan.planner(*given)[0])
    found.add(PLANS["gelu"].planner(x, approximate="tanh")[0])
    found.add(PLANS["div"].planner(x, x, rounding_mode="floor")[0])
    return found


def test_every_row_that_pytorch_has_is_a_function() -> None:
    assert set(TABLE) - reached_rows() == WITHOUT_EQUAL
    assert not [name for name in PLANS if not (hasattr(torch, name) or hasattr(F, name))]


NAMED_OTHERWISE = {
    **dict.fromkeys(("norm_1", "norm_0", "norm_inf", "norm_least", "norm_p"), "vector_norm"),
    "binary_cross_entropy_loss": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy_with_logits",
    "cross_entropy_loss": "cross_entropy",
    "poisson_nll": "poisson_nll_loss",
    **dict.fromkeys(("ptp", "nanmin", "nanmax"), "PyTorch has no such function"),
}
"""Rows of folds that are another function's, or none's, with the reason."""


def test_every_fold_and_loss_that_pytorch_has_is_a_function_and_an_operator() -> None:
    rows = [*REDUCTIONS.values(), *NORMS.values(), *NORMALISATIONS.values(), *SCANS.values(), *LOSSES]
    missing = [row.name for row in rows if not (hasattr(H, row.name) and hasattr(torch.ops.hologram, row.name))]
    assert set(missing) == set(NAMED_OTHERWISE)
    assert not [n for n in missing if NAMED_OTHERWISE[n] not in H.__all__ and hasattr(torch, n)]
    functions = [n for n in H.__all__ if callable(getattr(H, n)) and not any(n in p.aliases for p in PLANS.values())]
    assert not [n for n in functions if not n.endswith("_") and not hasattr(torch.ops.hologram, n)]


@pytest.mark.parametrize("name", ["leaky_relu", "celu", "elu", "hardtanh", "relu", "silu", "selu", "mish", "relu6"])
def test_signatures_are_those_of_pytorch(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(module, name)).parameters.values() for module in (H, F))
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]


def test_signatures_and_documentation_are_visible() -> None:
    assert str(inspect.signature(H.add)).startswith("(input: 'Any', other: 'Any', *, alpha: 'Any' = 1, out=None)")
    assert H.FUNCTIONS["hypot"].__doc__ == "The length of the vector (x, y), element by element."


def test_a_leading_executor_runs_it() -> None:
    x = torch.tensor([-1.0, 2.0])
    executor = hologram.Executor("interpreter")
    torch.testing.assert_close(H.relu(executor, x), torch.tensor([0.0, 2.0]))
    executor.close()
    with pytest.raises(hologram.errors.BufferFreedError):
        H.relu(executor, x)


KINKS = [
    ("relu", lambda m, x: m.relu(x), [0.0]),
    ("abs", lambda m, x: m.abs(x), [0.0]),
    ("relu6", lambda m, x: m.relu6(x), [0.0, 6.0]),
    ("hardtanh", lambda m, x: m.hardtanh(x), [-1.0, 1.0]),
    ("hardsigmoid", lambda m, x: m.hardsigmoid(x), [-3.0, 3.0]),
    ("hardswish", lambda m, x: m.hardswish(x), [-3.0, 0.0, 3.0]),
    ("hardshrink", lambda m, x: m.hardshrink(x), [-0.5, 0.5]),
    ("softshrink", lambda m, x: m.softshrink(x), [-0.5, 0.5]),
    ("leaky_relu", lambda m, x: m.leaky_relu(x), [0.0]),
    ("elu", lambda m, x: m.elu(x), [0.0]),
    ("selu", lambda m, x: m.selu(x), [0.0]),
    ("celu", lambda m, x: m.celu(x), [0.0]),
    ("threshold", lambda m, x: m.threshold(x, 1.0, 2.0), [1.0]),
    ("softplus", lambda m, x: m.softplus(x), [20.0, 0.0]),
    ("clamp", lambda m, x: m.clamp(x, -1.0, 1.0), [-1.0, 1.0]),
    ("maximum", lambda m, x: m.maximum(x, torch.tensor(1.0)), [1.0]),
    ("minimum", lambda m, x: m.minimum(torch.tensor(1.0), x), [1.0]),
    ("fmax", lambda m, x: m.fmax(x, torch.tensor(1.0)), [1.0, float("nan")]),
    ("pow", lambda m, x: m.pow(x, 2), [0.0]),
    ("pow of 0", lambda m, x: m.pow(x, 0), [0.0, float("nan")]),
    ("sign", lambda m, x: m.sign(x), [0.0]),
    ("sinc", lambda m, x: m.sinc(x), [0.0]),
    ("hypot", lambda m, x: m.hypot(x, torch.tensor(3.0)), [0.0]),
    ("nan_to_num", lambda m, x: m.nan_to_num(x), [float("nan"), float("inf")]),
    ("where", lambda m, x: m.where(x > 0, x, 2 * x), [0.0, 1.0]),
    ("infinite gradient", lambda m, x: m.relu(x).log(), [0.0, -1.0, 1.0]),
]


@pytest.mark.parametrize(("name", "call", "points"), KINKS, ids=[k[0] for k in KINKS])
def test_slopes_at_kinks_are_those_of_pytorch(name: str, call: Any, points: list[float]) -> None:
    found = []
    for module in (H, _Torch()):
        x = torch.tensor(points, requires_grad=True)
        call(module, x).sum().backward()
        found.append(x.grad)
    torch.testing.assert_close(*found, equal_nan=True)


class _Torch:
    """PyTorch's functions wherever they are."""

    def __getattr__(self, name: str) -> Any:
        return getattr(F, name, None) or getattr(torch, name)


def kept_by(result: Tensor) -> int:
    """Tensors that the gradient of a result keeps."""
    assert result.grad_fn is not None
    return len(result.grad_fn.saved_tensors)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "count"), [("sigmoid", 1), ("gelu", 1), ("add", 0), ("neg", 0), ("floor", 0), ("rsqrt", 1), ("silu", 1)]
)
def test_gradients_keep_no_more_than_they_read(name: str, count: int) -> None:
    x = torch.rand(4, requires_grad=True)
    given = (x, torch.rand(4)) if name == "add" else (x,)
    assert kept_by(getattr(H, name)(*given)) == count


def test_an_operand_that_no_gradient_reads_goes_away() -> None:
    x, y = torch.rand(4, requires_grad=True), torch.rand(4)
    gone = weakref.ref(y)
    result = H.mul(H.sub(x, y), 2.0)
    del y
    gc.collect()
    assert gone() is None
    result.sum().backward()


def test_broadcast_gradients_have_the_shapes_of_their_operands() -> None:
    a, b = torch.rand(3, 1, requires_grad=True), torch.rand(4, dtype=torch.float64, requires_grad=True)
    H.mul(a, b).sum().backward()
    torch.testing.assert_close(a.grad, b.sum().float().expand(3, 1))
    assert b.grad is not None and b.grad.dtype is torch.float64


def test_in_place_goes_on_recording() -> None:
    x = torch.rand(4, dtype=torch.float64, requires_grad=True)
    y = x * 2
    assert H.sin_(y) is y
    y.sum().backward()
    torch.testing.assert_close(x.grad, 2 * torch.cos(2 * x.detach()))


def test_in_place_is_seen_by_gradients_of_what_was_there() -> None:
    x = torch.rand(4, requires_grad=True)
    y = x * 1
    z = torch.sin(y)
    with torch.no_grad():
        H.exp_(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_out_grows_and_says_so() -> None:
    x = torch.rand(2, 3)
    out = torch.empty(4)
    with pytest.warns(UserWarning, match="was resized since it had shape"):
        assert H.exp(x, out=out) is out
    torch.testing.assert_close(out, torch.exp(x))


def test_results_keep_the_order_of_axes() -> None:
    x = torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    for result in (H.exp(x), H.add(x, torch.rand(3, 1, 1)), H.mul(x, 2)):
        assert result.is_contiguous(memory_format=torch.channels_last)


LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
ONE_PLACE = "refer to a single memory location"
WRONG = [
    (lambda: H.exp_(torch.rand(3, requires_grad=True)), RuntimeError, LEAF),
    (lambda: H.relu(torch.rand(3, requires_grad=True), inplace=True), RuntimeError, LEAF),
    (lambda: H.exp_(torch.arange(3)), RuntimeError, "result type Float can't be cast to the desired output type Long"),
    (lambda: H.exp(torch.arange(3), out=torch.arange(3)), RuntimeError, "result type Float can't be cast"),
    (lambda: H.exp_(torch.rand(1).expand(3)), RuntimeError, "more than one element of the written-to tensor"),
    (lambda: H.exp(torch.rand(3), out=torch.rand(1).expand(3)), RuntimeError, "more than one element"),
    (lambda: (lambda x: H.exp(x[1:], out=x[:-1]))(torch.rand(4)), RuntimeError, ONE_PLACE),
    (lambda: H.add_(torch.rand(3), torch.rand(2, 3)), RuntimeError, r"output with shape \[3\] doesn't match the broad"),
    (lambda: H.add(torch.rand(3), torch.rand(4)), RuntimeError, r"size of tensor a \(3\) must match .* tensor b \(4\)"),
    (lambda: H.exp(torch.rand(3), out=torch.rand(3, requires_grad=True)), RuntimeError, "automatic differentiation"),
    (lambda: H.exp([1.0]), TypeError, r"exp\(\): argument 'input' \(position 1\) must be Tensor, not list"),
    (lambda: H.pow(1.0, 2.0), TypeError, "must be Tensor, not float"),
    (lambda: H.add(torch.rand(2), "2"), TypeError, "must be Tensor or Number, not str"),
    (lambda: H.gelu(torch.arange(3)), RuntimeError, "\"gelu\" not implemented for 'Long'"),
    (lambda: H.bitwise_and(torch.rand(3), torch.rand(3)), RuntimeError, "not implemented for 'Float'"),
    (lambda: H.exp(torch.rand(3, dtype=torch.complex64)), RuntimeError, "not implemented for 'ComplexFloat'"),
    (lambda: H.remainder(torch.arange(3), 0), RuntimeError, "ZeroDivisionError"),
    (lambda: H.sub(torch.tensor([True]), torch.tensor([True])), RuntimeError, "with two bool tensors"),
    (lambda: H.pow(torch.arange(3), -1), RuntimeError, "Integers to negative integer powers are not allowed"),
    (lambda: H.where(torch.rand(2), 1.0, 2.0), RuntimeError, "condition to be a boolean tensor"),
    (lambda: H.clamp(torch.rand(2)), RuntimeError, "At least one of 'min' or 'max' must not be None"),
    (lambda: H.relu(torch.rand(2), negative_slope=1), TypeError, "unexpected keyword argument 'negative_slope'"),
    (lambda: H.exp(torch.rand(2).to_sparse()), RuntimeError, "dense tensors"),
]


@pytest.mark.parametrize(("wrong", "kind", "says"), WRONG, ids=range(len(WRONG)))
def test_wrong_use_is_refused_as_by_pytorch(wrong: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        wrong()


def test_tensors_without_memory_give_the_shape_and_type_of_results() -> None:
    x = torch.empty(3, 1, device="meta", dtype=torch.float16)
    found = H.add(x, torch.empty(4, device="meta"))
    assert (found.device.type, found.shape, found.dtype) == ("meta", (3, 4), torch.float32)


def test_two_numbers_are_taken_where_pytorch_takes_them() -> None:
    for name, first, second in (
        ("add", 5, 3),
        ("sub", 5, 2.5),
        ("mul", True, 3),
        ("div", 5, 2),
        ("floor_divide", 7, 2),
    ):
        found, wanted = getattr(H, name)(first, second), getattr(torch, name)(first, second)
        torch.testing.assert_close(found, wanted, check_dtype=True)


def test_numbers_beside_halves_keep_the_precision_of_f32() -> None:
    x = torch.linspace(-3, 3, 50).bfloat16()
    wanted = (x.double() + 3.14 * x.double() * x.double()).bfloat16()
    torch.testing.assert_close(H.addcmul(x, x, x, value=3.14), wanted, rtol=0, atol=0)
    assert H.eq(torch.tensor([0.1]).bfloat16(), 0.1)  # compared as an element


def test_integers_to_the_lowest_power_are_0_or_1() -> None:
    x = torch.tensor([0, 1, -1, 2, -128], dtype=torch.int8)
    lowest = torch.full_like(x, -128)
    assert H.pow(x, lowest)[1:].tolist() == [1, 1, 0, 0]


def test_a_given_output_may_have_gaps() -> None:
    out = torch.zeros(3, 2)
    H.mul(torch.arange(3.0), 2, out=out[:, 0])
    torch.testing.assert_close(out, torch.tensor([[0.0, 0], [2, 0], [4, 0]]))


def test_positive_gives_its_tensor_back() -> None:
    x = torch.ones(3, requires_grad=True)
    assert H.positive(x) is x is H.positive(input=x)
    assert torch.ops.hologram.positive(x) is not x
    assert H.positive(hologram.Executor("cpu"), x) is not x
    with pytest.raises(RuntimeError, match="on a bool tensor is not supported"):
        H.positive(x > 0)
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        H.positive(1)
