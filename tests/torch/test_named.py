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
    name = overload._schema.name.partition("::")[2]
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
