"""The operators torch.ops.hologram.*: schemas, registrations, tracing; and that importing stays quick."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import hologram_torch
from hologram_torch.functional.elementwise import PLANS
from hologram_torch.named import schemas

OPS = torch.ops.hologram
POSITIVE = frozenset({"acosh"})
WHOLE = frozenset(
    ["bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"]
)
NUMBERS = {"negative_slope": 0.1, "alpha": 0.7, "threshold": 0.4, "value": 1.5, "min_val": -0.5, "max_val": 0.5}


def overloads(name: str) -> list[Any]:
    packet = getattr(OPS, name)
    return [getattr(packet, overload) for overload in packet.overloads()]


def arguments(overload: Any, dtype: torch.dtype = torch.float32) -> Iterator[Any]:
    """Something for each argument without a default."""
    name = overload._schema.name.partition("::")[2].removesuffix("_")
    torch.manual_seed(0)
    for place, argument in enumerate(a for a in overload._schema.arguments if not a.has_default_value()):
        if argument.name == "condition":
            yield torch.tensor([True, False, True])
        elif str(argument.type) == "Tensor":
            if name in WHOLE:
                yield torch.randint(0, 7, (3,))
                continue
            shape = (1,) if name == "prelu" and place else (3,)
            value = torch.rand(shape, dtype=dtype) * 0.7 + (1.1 if name in POSITIVE else 0.1)
            yield value.requires_grad_()
        else:
            yield NUMBERS.get(argument.name, 2)
    if name == "clamp":  # which needs one of those that have defaults
        yield from (torch.tensor(0.3), torch.tensor(0.6)) if overload._overloadname == "Tensor" else (0.3, 0.6)


def test_there_is_one_for_each_function_with_its_arguments() -> None:
    for name, plan in PLANS.items():
        written = {str(overload._schema) for overload in overloads(name)}
        assert written == {str(torch._C.parse_schema(f"hologram::{schema}")) for schema in schemas(plan)}


IN_PLACE = [f"{plan.name}_" for plan in PLANS.values() if plan.underscore]


def test_there_is_one_in_place_wherever_there_is_such_a_function() -> None:
    assert {*IN_PLACE, "cumsum_", "cumprod_", "addmm_", "baddbmm_"} <= {*dir(OPS)} | {
        name.partition("::")[2].partition(".")[0] for name in torch._C._dispatch_get_all_op_names()
    }
    assert str(OPS.add_.Scalar._schema) == (
        "hologram::add_.Scalar(Tensor(a!) input, Scalar other, *, Scalar alpha=1) -> Tensor(a!)"
    )


def check_in_place(name: str) -> None:
    dtype = torch.bool if name in ("logical_not_", "logical_and_") else torch.float32
    for overload in overloads(name):
        given = [g.detach() if isinstance(g, torch.Tensor) else g for g in arguments(overload, dtype=torch.float32)]
        if dtype is torch.bool:
            given = [g > 0.5 for g in given]
        torch.library.opcheck(overload, tuple(given))


@pytest.mark.parametrize("name", ["relu_", "add_"])
def test_registrations_in_place_are_complete_and_agree(name: str) -> None:
    check_in_place(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_PLACE)
def test_registrations_of_all_in_place_are_complete_and_agree(name: str) -> None:
    check_in_place(name)


def test_gradients_go_on_through_what_changes_in_place() -> None:
    x = torch.linspace(-1, 1, 5, requires_grad=True)
    y = x * 2
    assert OPS.sigmoid_(y) is y
    y.sum().backward()
    torch.testing.assert_close(x.grad, 2 * torch.sigmoid(2 * x) * (1 - torch.sigmoid(2 * x)))
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        OPS.sigmoid_(x)
    compiled = torch.compile(lambda e: OPS.add_(e * 1, 2), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), x + 2)


@pytest.mark.parametrize("name", ["max", "min", "norm", "batch_norm", "instance_norm", "normalize", "cummax"])
def test_functions_of_several_forms_are_operators(name: str) -> None:
    x, zeros, ones = torch.rand(2, 3, 4, requires_grad=True), torch.zeros(3), torch.ones(3)
    given = {"batch_norm": (x, zeros, ones, None, None, True), "instance_norm": (x, zeros, ones), "cummax": (x, 1)}
    torch.library.opcheck(getattr(OPS, name).default, given.get(name, (x,)))


def test_extremes_have_the_overloads_of_pytorch() -> None:
    x, y = torch.rand(3, 4), torch.rand(4)
    torch.testing.assert_close(tuple(OPS.max.dim(x, 1)), tuple(torch.max(x, 1)))
    torch.testing.assert_close(OPS.min.other(x, y), torch.min(x, y))
    torch.library.opcheck(OPS.max.dim, (x, 1))


@pytest.mark.parametrize("name", ["gelu", "add", "where"])
def test_registrations_are_complete_and_agree(name: str) -> None:
    for overload in overloads(name):
        torch.library.opcheck(overload, tuple(arguments(overload)))


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_registrations_of_all_are_complete_and_agree(name: str) -> None:
    for overload in overloads(name):
        torch.library.opcheck(overload, tuple(arguments(overload)))


def check_gradients(name: str) -> None:
    overload = overloads(name)[0]
    given = tuple(arguments(overload, torch.float64))
    if not isinstance(result := overload(*given), torch.Tensor) or not result.requires_grad:
        return
    assert torch.autograd.gradcheck(overload, given, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(overload, given)


@pytest.mark.parametrize("name", ["gelu", "pow", "softplus", "hypot"])
def test_gradients_are_those_of_differences(name: str) -> None:
    check_gradients(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_gradients_of_all_are_those_of_differences(name: str) -> None:
    check_gradients(name)


def test_they_compose_under_transforms_and_tracing() -> None:
    x = torch.linspace(-2, 2, 12).reshape(3, 4)
    torch.testing.assert_close(torch.func.vmap(OPS.add, in_dims=(0, None))(x, 2.0), x + 2)
    compiled = torch.compile(
        lambda e: hologram_torch.functional.gelu(e, approximate="tanh") + OPS.leaky_relu(e, 0.2),
        backend="aot_eager",
        fullgraph=True,
        dynamic=True,
    )
    wanted = torch.nn.functional.gelu(x, approximate="tanh") + torch.nn.functional.leaky_relu(x, 0.2)
    torch.testing.assert_close(compiled(x), wanted)


def test_importing_loads_no_compiler_and_no_operations() -> None:
    late = (
        *("llvmlite", "hologram_torch.compiler", "torch._dynamo", "hologram.ops", "hologram.stdlib"),
        *("hologram.frontend", "hologram.language", "hologram.isa.builder", "hologram.isa.templates"),
        *("hologram.isa.verify", "hologram.isa.symbolic", "hologram.isa.extents", "hologram.backends.cpu"),
    )
    asked = f"import hologram_torch, sys; print([m for m in sys.modules if m in {late}])"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
