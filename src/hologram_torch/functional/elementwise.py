"""Element-wise functions by PyTorch's names and with PyTorch's arguments, made from rows of the operator table."""

from __future__ import annotations

from collections.abc import Iterator

from hologram_torch.functional import activations, arithmetic
from hologram_torch.functional.plans import Function, Plan, callable_of, in_place_of

PLANS: dict[str, Plan] = {plan.name: plan for plan in (*arithmetic.PLANS, *activations.PLANS)}
"""What each function computes, by its name."""


def _functions() -> Iterator[tuple[str, Function]]:
    for plan in PLANS.values():
        function = callable_of(plan)
        yield from ((name, function) for name in (plan.name, *plan.aliases))
        if plan.underscore:
            writing = in_place_of(plan)
            yield from ((f"{name}_", writing) for name in (plan.name, *plan.aliases))


FUNCTIONS: dict[str, Function] = dict(_functions())
"""Every function of this module, by PyTorch's name."""
globals().update(FUNCTIONS)

__all__ = ["FUNCTIONS", *FUNCTIONS]
