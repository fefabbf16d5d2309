"""The operator `hologram::elementwise`: its registrations, its gradients of any order, transforms and tracing."""

from __future__ import annotations

import pytest
import torch

from hologram.operators import TABLE
from hologram_torch.elementwise import apply, elementwise, packed
from hologram_torch.formulas import text_of

SIGMOID, MULTIPLY, TANH = (text_of(TABLE[name].formula) for name in ("sigmoid", "mul", "tanh"))


def operands(count: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    torch.manual_seed(count)
    return [torch.randn(3, 4, dtype=dtype, requires_grad=True) for _ in range(count)]


@pytest.mark.parametrize(("formula", "count"), [(SIGMOID, 1), (MULTIPLY, 2)])
def test_the_registrations_are_complete_and_agree(formula: str, count: int) -> None:
    torch.library.opcheck(elementwise, (formula, *packed(operands(count))))


@pytest.mark.parametrize(("formula", "count"), [(SIGMOID, 1), (TANH, 1), (MULTIPLY, 2)])
def test_gradients_are_those_of_differences(formula: str, count: int) -> None:
    given = tuple(operands(count))
    assert torch.autograd.gradcheck(lambda *a: apply(formula, *a), given, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(lambda *a: apply(formula, *a), given)


def test_transforms_of_torch_func_compose() -> None:
    x = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(3, 4)
    found = torch.func.vmap(torch.func.vmap(torch.func.grad(lambda e: apply(TANH, e))))(x)
    torch.testing.assert_close(found, 1 - torch.tanh(x) ** 2)


def test_a_traced_function_has_no_breaks_and_the_same_gradients() -> None:
    x = torch.linspace(-2, 2, 12, dtype=torch.float64, requires_grad=True)
    compiled = torch.compile(lambda e: apply(MULTIPLY, apply(TANH, e), e).sum(), backend="aot_eager", fullgraph=True)
    (found,) = torch.autograd.grad(compiled(x), x)
    (wanted,) = torch.autograd.grad((torch.tanh(x) * x).sum(), x)
    torch.testing.assert_close(found, wanted)


def test_gradients_of_broadcast_operands_are_summed_by_programs() -> None:
    x, (y, *_) = operands(1)[0], operands(2)[0].unbind()
    incoming = torch.ones(3, 4, dtype=torch.float64)
    with torch.profiler.profile() as seen:
        (found,) = torch.autograd.grad(apply(MULTIPLY, x, y), y, incoming)
    torch.testing.assert_close(found, x.detach().sum(0))
    assert "aten::sum" not in {event.key for event in seen.key_averages()}
