"""A function over rows and the sum of its results as one node of the graph of gradients, as losses of classes are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hologram_torch.elementwise import apply
from hologram_torch.formulas import text_of
from hologram_torch.nodes import Like, Plan, Plans
from hologram_torch.rows.function import DTYPES
from hologram_torch.rows.losses import total
from hologram_torch.rows.operator import RowsPlan, narrowed, plan_of

SUM = text_of(("ADD", "x", "y"))


class Chain(Plan):
    """A function of tensors over rows, and a second one that makes a number of the first results of that.

    There is a gradient of the first tensor alone. The results are the number, and what of the first function's results
    gradients read, so that gradients of gradients find their way.
    """

    def __init__(
        self,
        first: RowsPlan,
        second: RowsPlan,
        view: Callable[[int, Tensor], Tensor],
        check: Callable[[Sequence[Tensor]], None],
    ) -> None:
        """`view` shows the tensor at a place as the first function takes it, `check` looks at all before that."""
        super().__init__(several=True)
        self._first, self._second, self._view, self._check = first, second, view, check
        count, passed = len(first.function.inputs), len(second.function.inputs)
        self._alone = (True, *(False,) * (count - 1))
        self._summed = (True, *(False,) * (passed - 1))
        self._of_first, self._of_second = first.kept(self._alone), second.kept(self._summed)
        self._inputs = [p for p in self._of_first if p < count]
        read = {p - count for p in self._of_first if p >= count} | {*self._of_second}
        self._held = [k for k in range(len(first.function.outputs)) if k in read]

    def run(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        self._check(tensors)
        found = self._first.run(*(self._view(p, t) for p, t in enumerate(tensors)))
        made = self._second.run(*found[: len(self._summed)])
        return made.reshape(()), *(found[k] for k in self._held)

    def kept(self, wanted: Sequence[bool]) -> Sequence[int]:
        return *self._inputs, *(len(self._alone) + 1 + place for place in range(len(self._held)))

    def gradients(
        self, wanted: Sequence[bool], kept: Sequence[Tensor], given: Sequence[Tensor | None], asked: Sequence[bool]
    ) -> Sequence[Tensor | None]:
        count, inputs = len(self._alone), len(self._inputs)
        results = dict(zip(self._held, kept[inputs:], strict=True))
        values = {p: self._view(p, t) for p, t in zip(self._inputs, kept, strict=False)}
        values |= {count + k: result for k, result in results.items()}
        moves: list[Tensor | None] = [None] * len(self._first.function.outputs)
        for k, g in zip(self._held, given[1:], strict=True):
            moves[k] = g
        if given[0] is not None:
            number = given[0].reshape((1,) * len(self._second.shape))
            read = [results[k] for k in self._of_second]
            share = self._second.gradients(self._summed, read, [number], self._summed)[0]
            moves[0] = share if moves[0] is None or share is None else apply(SUM, share, moves[0])
        return self._first.gradients(self._alone, [values[p] for p in self._of_first], moves, self._alone)


_class_plans: Plans[Chain] = Plans()


def class_plan(
    meant: str,
    tensors: Sequence[Tensor],
    numbers: Sequence[float],
    axis: int,
    reduction: str,
    check: Callable[[Tensor, int, int], None],
) -> Chain:
    """The losses of rows of tensors like these, added up, as one node."""
    like = tuple(Like(t.shape, t.dtype) for t in tensors)
    shape = like[0].shape
    classes, ignored = shape[axis], int(numbers[0])

    def view(place: int, tensor: Tensor) -> Tensor:
        if place == len(like) - 1:
            return tensor.unsqueeze(axis)
        return tensor.reshape([-1] + [1] * (len(shape) - axis - 1)) if place else tensor

    def make() -> Chain:
        shown = [Like(view(k, torch.empty(t.shape, device="meta")).shape, t.dtype) for k, t in enumerate(like)]
        first = plan_of(meant, shown, numbers, shape, [axis])
        narrow = torch.Size(narrowed(shape, [axis]))
        over = "mass" if reduction == "mean" else ""
        of = [Like(narrow, DTYPES[dtype]) for _, dtype in first.function.outputs[: 2 if over else 1]]
        name = "f64" if of[0].dtype is torch.float64 else "f32"
        second = plan_of(total(name, like[0].dtype, over), of, [], narrow, range(len(shape)))
        return Chain(first, second, view, lambda given: check(given[-1], classes, ignored))

    return _class_plans.of((meant, like, repr(numbers), axis, reduction), make)
