"""Nodes of the graph of gradients: what they keep, and what they hand on."""

from __future__ import annotations

import gc
import weakref

import torch
import torch.nn.functional as F

from hologram_torch import functional as H
from hologram_torch.elementwise import apply
from hologram_torch.nodes import MOST, Plan, Plans
from hologram_torch.rows.normalisations import standardised
from hologram_torch.rows.operator import apply as rows


def test_a_gradient_that_goes_on_as_it_is_is_not_copied() -> None:
    x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    given = torch.arange(3.0)
    found = torch.autograd.grad(H.add(x, y), (x, y), given)
    assert all(f.data_ptr() == given.data_ptr() for f in found)
    H.add(x, y).backward(given)
    assert x.grad is not None and x.grad.data_ptr() != given.data_ptr(), "it is the caller's"
    wider = torch.ones(2, 3, requires_grad=True)
    found = torch.autograd.grad(H.add(wider, y), (wider, y), torch.ones(2, 3))
    torch.testing.assert_close(found, (torch.ones(2, 3), torch.full((3,), 2.0)))


def test_results_that_nobody_goes_back_from_count_as_nothing() -> None:
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    made = rows(standardised(x.dtype, False, False, False, False), [x], [1e-5], x.shape, [1])
    given = [torch.randn_like(m) for m in made]
    (whole,) = torch.autograd.grad(made, x, given, retain_graph=True)
    parts = [torch.autograd.grad(m, x, g, retain_graph=True)[0] for m, g in zip(made, given, strict=True)]
    torch.testing.assert_close(whole, torch.stack(parts).sum(0))


def test_numbers_that_are_written_alike_are_told_apart() -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    for number in (0.0, -0.0, 1, 1.0, True, float("nan"), float("nan")):
        torch.testing.assert_close(
            apply("mul", x, number).detach(), torch.mul(x, number).detach(), rtol=0, atol=0, equal_nan=True
        )
        assert torch.equal(torch.signbit(apply("mul", x, number)), torch.signbit(torch.mul(x, number)))


def test_plans_are_forgotten_when_there_are_too_many() -> None:
    plans: Plans[Plan] = Plans()
    made: list[weakref.ref[Plan]] = []

    class Empty(Plan):
        def run(self, *tensors: torch.Tensor) -> torch.Tensor:
            return tensors[0]

        def kept(self, wanted: object) -> tuple[int, ...]:
            return ()

        def gradients(self, *args: object) -> list[torch.Tensor | None]:
            return []

    def make() -> Plan:
        plan = Empty(False)
        made.append(weakref.ref(plan))
        return plan

    for k in range(MOST + 1):
        assert plans.of(k, make) is plans.of(k, make)
    gc.collect()
    assert len(plans) == 1 and sum(ref() is not None for ref in made) == 1


def test_gradients_outlive_the_plan_of_their_call() -> None:
    from hologram_torch.rows import operator

    x = torch.randn(3, 4, requires_grad=True)
    made = H.log_softmax(x, 0)
    operator._plans.clear()
    H.log_softmax._slow.trained.clear()
    gc.collect()
    torch.testing.assert_close(
        torch.autograd.grad(made[0].sum(), x), torch.autograd.grad(F.log_softmax(x, 0)[0].sum(), x)
    )
