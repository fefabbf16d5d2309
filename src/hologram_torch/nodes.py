"""One node of the graph of gradients for a call of which somebody wants gradients, outside of transforms.

A node belongs to a plan, which tells what a call on tensors that lie in one way computes, and its gradients. Both ways
are calls of functions that remember, so those that came before are machine code; what differentiates gradients again,
or takes them for a batch, goes to Python, which computes them by functions that have gradients.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import torch
from torch import Tensor
from torch._functorch.utils import unwrap_dead_wrappers
from torch.autograd import forward_ad

from hologram_torch.remembered.calls import remembering
from hologram_torch.remembered.trained import note_of

MOST = 1024
"""Plans that are kept by what they were made of."""
_numbers = count()
_plans: WeakValueDictionary[str, Plan] = WeakValueDictionary()
_backwards: WeakValueDictionary[str, Back] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Like:
    """A tensor's shape and type."""

    shape: torch.Size
    dtype: torch.dtype


class Plan(ABC):
    """What a call computes, and its gradients."""

    def __init__(self, several: bool) -> None:
        """A plan of a call with one result, or `several` in a tuple."""
        self.name = f"plan {next(_numbers)}"
        """A text that no other plan has, by which remembered calls know it."""
        self.several = several
        self.backs: dict[tuple[bool, ...], Back] = {}
        _plans[self.name] = self

    @abstractmethod
    def run(self, *tensors: Tensor) -> Any:
        """The result, or a tuple of results, by launches on tensors in host memory."""

    @abstractmethod
    def kept(self, wanted: Sequence[bool]) -> Sequence[int]:
        """The places, among the tensors and then the results, of what the gradients of some tensors read."""

    @abstractmethod
    def gradients(
        self, wanted: Sequence[bool], kept: Sequence[Tensor], given: Sequence[Tensor | None], asked: Sequence[bool]
    ) -> Sequence[Tensor | None]:
        """Gradients of all tensors, None for those that are not `asked` for, from those of the results.

        `kept` is what was kept for the `wanted` ones, of which some are asked for.
        """

    def hands_on(self, asked: Sequence[bool]) -> bool:
        """True where the gradient of the result is that of each tensor that is asked for."""
        return False

    def back(self, wanted: tuple[bool, ...]) -> Back:
        """The way back to some tensors."""
        found = self.backs.get(wanted)
        if found is None:
            found = self.backs[wanted] = Back(self, wanted, wanted)
        return found


class Back:
    """The way back from the results of a plan to the tensors that gradients are `asked` of."""

    def __init__(self, plan: Plan, wanted: tuple[bool, ...], asked: tuple[bool, ...]) -> None:
        """`wanted` and `asked` begin with the plan itself, of which there is no gradient."""
        self.name = f"back {next(_numbers)}"
        self.plan, self.wanted, self.asked = plan, wanted, asked
        self.places = tuple(plan.kept(wanted[1:]))
        self.pick = itemgetter(*self.places) if self.places else tuple
        self.is_one = len(self.places) == 1
        self.hands_on = plan.hands_on(asked[1:])
        self.is_whole = all(asked[1:])
        self.parts: dict[tuple[bool, ...], Back] = {}
        _backwards[self.name] = self

    def part(self, asked: tuple[bool, ...]) -> Back:
        """The way back to fewer tensors."""
        found = self.parts.get(asked)
        if found is None:
            found = self.parts[asked] = Back(self.plan, self.wanted, asked)
        return found

    def run(self, *values: Any) -> tuple[Tensor, ...]:
        """The gradients that are asked for, in order, from what was kept and the gradients of the results."""
        kept = len(self.places)
        found = self.plan.gradients(self.wanted[1:], values[:kept], values[kept:], self.asked[1:])
        return tuple(g for g, is_asked in zip(found, self.asked[1:], strict=True) if is_asked and g is not None)


@remembering
def _forwards(name: str, *tensors: Tensor) -> Any:
    return _plans[name].run(*tensors)


@remembering
def _back(name: str, *values: Any) -> tuple[Tensor, ...]:
    return _backwards[name].run(*values)


class Node(torch.autograd.Function):
    """A call of a plan on tensors."""

    @classmethod
    def apply(cls, plan: Plan, *tensors: Tensor) -> Any:
        """Compute it; gradients go on through the results."""
        with note_of(applied, plan, tensors) as note:
            note.result = applied(plan, *unwrap_dead_wrappers(tensors))
        return note.result

    @staticmethod
    def forward(ctx: Any, plan: Plan, *tensors: Tensor) -> Any:
        made = _forwards(plan.name, *tensors)
        wanted = ctx.needs_input_grad
        ctx.back = back = plan.backs.get(wanted) or plan.back(wanted)
        if plan.several:
            ctx.set_materialize_grads(False)
            values = (*tensors, *made)
        else:
            values = (*tensors, made)
        if back.is_one:
            ctx.save_for_backward(back.pick(values))
        elif back.places:
            ctx.save_for_backward(*back.pick(values))
        return made

    @staticmethod
    def backward(ctx: Any, *given: Tensor | None) -> Any:
        back: Back = ctx.back
        asked = ctx.needs_input_grad
        if asked != back.asked:
            back = back.part(asked)
        if back.plan.several and not any(g is not None for g in given):
            return (None,) * len(asked)
        if back.hands_on and given[0] is not None:
            return tuple(given[0] if is_asked else None for is_asked in asked)
        made = _back(back.name, *ctx.saved_tensors, *given)
        if back.is_whole:
            return None, *made
        found = iter(made)
        return tuple(next(found) if is_asked else None for is_asked in asked)


applied: Callable[..., Any] = super(torch.autograd.Function, Node).apply
"""PyTorch's own `apply`, without what it does for transforms."""


def is_plain() -> bool:
    """False inside of transforms and where there may be tangents, which nodes know nothing of."""
    return forward_ad._current_level < 0 and not torch._C._are_functorch_transforms_active()


P = TypeVar("P", bound=Plan)


class Plans(dict[Hashable, P]):
    """The plans of a kind by what they were made of; all are forgotten when there are too many."""

    def of(self, key: Hashable, make: Callable[[], P]) -> P:
        """The plan of a key, made if there is none."""
        found = self.get(key)
        if found is None:
            if len(self) >= MOST:
                self.clear()
            found = self[key] = make()
        return found
