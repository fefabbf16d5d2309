"""The operator `hologram::rows` of PyTorch: any function over rows, with gradients of any order, `vmap` and tangents.

Its wide tensors and results have a shape that all tensors broadcast to, narrow ones the same with length 1 along the
axes that are folded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hologram.isa.region import Fold
from hologram_torch.nodes import Like, Node, Plan, Plans, is_plain
from hologram_torch.remembered.calls import remembering
from hologram_torch.roads import Differentiated, Road, check_devices, of_batches, road_of
from hologram_torch.rows.function import DTYPES, NAMES, RowFunction, builder, computed, function_of, row_function
from hologram_torch.rows.gradients import added_up, backward, forward, mark_of
from hologram_torch.rows.launch import run
from hologram_torch.transforms import differentiated, operator

Number = float


@operator("hologram::rows")
def rows(
    function: str, tensors: Sequence[Tensor], numbers: Sequence[Number], shape: Sequence[int], dims: Sequence[int]
) -> list[Tensor]:
    """A function over rows of a shape: its tensors, wide ones first, its numbers, and the axes that are folded."""
    return run(function_of(function), tensors, numbers, shape, dims)


@rows.register_fake
def _(
    function: str, tensors: Sequence[Tensor], numbers: Sequence[Number], shape: Sequence[int], dims: Sequence[int]
) -> list[Tensor]:
    meant = function_of(function)
    wide, narrow = list(shape), narrowed(shape, dims)
    return [
        tensors[0].new_empty(wide if name in meant.wide_names else narrow, dtype=DTYPES[dtype])
        for name, dtype in meant.outputs
    ]


def narrowed(shape: Sequence[int], dims: Sequence[int]) -> list[int]:
    """The shape of values of which there is one a row."""
    return [1 if k in dims else n for k, n in enumerate(shape)]


def apply(
    function: str,
    tensors: Sequence[Tensor],
    numbers: Sequence[Number],
    shape: Sequence[int],
    dims: Sequence[int],
    outputs: Sequence[Tensor | None] | None = None,
) -> list[Tensor]:
    """Compute a function over rows on the road that its tensors ask for; `outputs` takes results of direct launches."""
    if outputs is None:
        return list(_remembered(function, (*shape,), (*dims,), len(tensors), *tensors, *numbers))
    return list(_apply(function, tensors, numbers, shape, dims, outputs))


def _whole(function: str, shape: Any, dims: Any, count: int, *rest: Any) -> tuple[Tensor, ...]:
    return tuple(_apply(function, rest[:count], rest[count:], shape, dims, None))


_remembered = remembering(_whole)


def _apply(
    function: str,
    tensors: Sequence[Tensor],
    numbers: Sequence[Number],
    shape: Sequence[int],
    dims: Sequence[int],
    outputs: Sequence[Tensor | None] | None,
) -> list[Tensor]:
    road = road_of(tensors)
    if road is Road.DIRECT:
        return run(function_of(function), tensors, numbers, shape, dims, outputs)
    check_devices(tensors)
    if road is Road.OPERATOR:
        found: list[Tensor] = rows(function, tensors, numbers, shape, dims)
        return found
    if road is Road.FUNCTION and is_plain():
        given = Node.apply(plan_of(function, tensors, numbers, shape, dims), *tensors)
        return [given] if isinstance(given, Tensor) else list(given)
    through: Any = partial(_Rows.apply, function, tuple(numbers), tuple(shape), tuple(dims))
    return list(of_batches(through, *tensors) if road is Road.BATCHES else through(*tensors))


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Sequence[Tensor]) -> None:
    _keep(ctx, inputs, output, [t.requires_grad for t in inputs[1]], False)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as its derivatives know it: shapes and types of its tensors, and which inputs have gradients of a type.

    `names` are the inputs and outputs whose values are kept.
    """

    function: RowFunction
    numbers: Sequence[Number]
    shape: Sequence[int]
    dims: Sequence[int]
    given: Mapping[str, tuple[Sequence[int], torch.dtype]]
    types: tuple[tuple[str, str], ...]
    names: tuple[str, ...]


def _call(inputs: tuple[Any, ...], wanted: Sequence[bool], with_tangents: bool) -> tuple[_Call, tuple[int, ...]]:
    """A call whose derivatives along some tensors are wanted, and the places of what these read.

    `inputs` are the function's text, its tensors (or what has shapes and types like them), its numbers, the shape and
    the axes that are folded.
    """
    text, tensors, numbers, shape, dims = inputs
    function = function_of(text)
    types = _types(function, tuple(t.dtype if w else None for t, w in zip(tensors, wanted, strict=True)))
    names, places = read_by_derivatives(function, types, with_tangents)
    given = {k: (t.shape, t.dtype) for k, t in zip(function.inputs, tensors, strict=True)}
    return _Call(function, numbers, shape, dims, given, types, names), places


def _keep(
    ctx: Any, inputs: tuple[Any, ...], output: Sequence[Tensor], wanted: Sequence[bool], with_tangents: bool
) -> None:
    """Keep what derivatives along the wanted tensors read, and of the other tensors their shapes and types."""
    ctx.call, places = _call(inputs, wanted, with_tangents)
    ctx.set_materialize_grads(False)
    values = (*inputs[1], *output)
    kept = [values[k] for k in places]
    ctx.save_for_backward(*kept)
    if with_tangents:
        ctx.save_for_forward(*kept)


def _outputs(function: RowFunction) -> tuple[str, ...]:
    return tuple(name for name, _ in function.outputs)


@cache
def _types(function: RowFunction, dtypes: tuple[torch.dtype | None, ...]) -> tuple[tuple[str, str], ...]:
    """The inputs that have gradients, and the types of these; None stands for one whose gradient nobody wants."""
    pairs = zip(function.inputs, dtypes, strict=True)
    return tuple((k, NAMES[d]) for k, d in pairs if d is not None and d.is_floating_point)


@cache
def read_by_derivatives(
    function: RowFunction, types: tuple[tuple[str, str], ...], with_tangents: bool
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The inputs and outputs whose values gradients (and tangents) need, and their places among inputs and outputs."""
    if not types:
        return (), ()
    read = {*backward(function, (True,) * len(function.outputs), types).inputs}
    if with_tangents:
        read.update(forward(function, tuple(k for k, _ in types)).inputs)
    values = {k: place for place, k in enumerate((*function.inputs, *_outputs(function)))}
    return tuple(k for k in values if k in read), tuple(place for k, place in values.items() if k in read)


def _backward(ctx: Any, gradients: Sequence[Tensor | None]) -> tuple[Any, ...]:
    call: _Call = ctx.call
    found = _gradients(call, call.types, ctx.saved_tensors, gradients)
    # PyTorch takes empty lists for lists of tensors
    return None, found, *(None if len(part) else [] for part in (call.numbers, call.shape, call.dims))


rows.register_autograd(_backward, setup_context=_setup)


def _gradients(
    call: _Call, types: tuple[tuple[str, str], ...], kept: Sequence[Tensor], gradients: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """The gradients of the tensors of some types, None for others, from what was kept and the results' gradients."""
    function = call.function
    given = tuple(g is not None for g in gradients)
    if not any(given) or not types:
        return [None] * len(call.given)
    mark = mark_of(function)
    values = dict(zip(call.names, kept, strict=True))
    moves = {f"g{mark}{place}": g for place, g in enumerate(gradients) if g is not None}
    made: dict[str, Tensor] = {}
    left = list(types)
    for dims, several in _spread(call, types).items():  # made of nothing else along the axes that they are spread over
        if (total := added_up(backward(function, given, several))) is not None:
            made |= zip((k for k, _ in several), _derived(call, total, values, moves, dims), strict=True)
            left = [pair for pair in left if pair not in several]
    if left:
        found = _derived(call, backward(function, given, tuple(left)), values, moves, call.dims)
        made |= {
            k: sum_to(g.expand(_wide_or_narrow(call, k)), call.given[k][0])
            for (k, _), g in zip(left, found, strict=True)
        }
    return [made[k].reshape(shape) if k in made else None for k, (shape, _) in call.given.items()]


def _wide_or_narrow(call: _Call, name: str) -> Sequence[int]:
    """The shape in which the gradient of an input is computed."""
    return call.shape if name in call.function.wide else narrowed(call.shape, call.dims)


def _spread(call: _Call, types: Sequence[tuple[str, str]]) -> dict[tuple[int, ...], tuple[tuple[str, str], ...]]:
    """The wide inputs that are spread over axes, by these."""
    found: dict[tuple[int, ...], tuple[tuple[str, str], ...]] = {}
    for name, dtype in types:
        if name in call.function.wide and (dims := tuple(spread_dims(call.shape, call.given[name][0]))):
            found[dims] = (*found.get(dims, ()), (name, dtype))
    return found


def spread_dims(whole: Sequence[int], shape: Sequence[int]) -> list[int]:
    """The axes that a tensor of a shape is spread over in a larger one."""
    missing = len(whole) - len(shape)
    return [k for k, n in enumerate(whole) if k < missing or (shape[k - missing] == 1 and n != 1)]


def _derived(
    call: _Call, meant: RowFunction, kept: Mapping[str, Tensor], moves: Mapping[str, Tensor], dims: Sequence[int]
) -> list[Tensor]:
    """A derivative at the values that were kept, with the numbers of the function that it belongs to."""
    values = {**kept, **moves}
    numbers = dict(zip(call.function.numbers, call.numbers, strict=True))
    if not meant.inputs:  # a constant, which is 0: nothing moves
        shape, device = narrowed(call.shape, dims), next(iter(moves.values())).device
        return [torch.zeros(shape, dtype=DTYPES[d], device=device) for _, d in meant.outputs]
    tensors = [values[k] for k in meant.inputs]
    return apply(meant.text, tensors, [numbers[k] for k in meant.numbers], call.shape, dims)


class RowsPlan(Plan):
    """A function over rows as a node."""

    def __init__(self, text: str, given: Sequence[Like], numbers: Any, shape: Any, dims: Any) -> None:
        function = function_of(text)
        super().__init__(len(function.outputs) > 1)
        self.function, self.shape, self._inputs = function, shape, (text, given, numbers, shape, dims)
        self._calls: dict[tuple[bool, ...], tuple[_Call, tuple[int, ...]]] = {}

    def run(self, *tensors: Tensor) -> Any:
        made = run(self.function, tensors, *self._inputs[2:])
        return tuple(made) if self.several else made[0]

    def kept(self, wanted: Sequence[bool]) -> Sequence[int]:
        return self._call(tuple(wanted))[1]

    def gradients(
        self, wanted: Sequence[bool], kept: Sequence[Tensor], given: Sequence[Tensor | None], asked: Sequence[bool]
    ) -> Sequence[Tensor | None]:
        call = self._call(tuple(wanted))[0]
        names = {k for k, is_asked in zip(self.function.inputs, asked, strict=True) if is_asked}
        return _gradients(call, tuple(pair for pair in call.types if pair[0] in names), kept, given)

    def _call(self, wanted: tuple[bool, ...]) -> tuple[_Call, tuple[int, ...]]:
        if wanted not in self._calls:
            self._calls[wanted] = _call(self._inputs, wanted, False)
        return self._calls[wanted]


_plans: Plans[RowsPlan] = Plans()


def plan_of(
    text: str, tensors: Sequence[Tensor | Like], numbers: Sequence[Number], shape: Sequence[int], dims: Sequence[int]
) -> RowsPlan:
    """The plan of a call on tensors like these."""
    given = tuple(Like(t.shape, t.dtype) for t in tensors)
    parts = text, given, tuple(map(float, numbers)), tuple(shape), tuple(dims)
    return _plans.of((*parts[:2], repr(parts[2]), *parts[3:]), lambda: RowsPlan(*parts))


def _batched(
    in_dims: Sequence[int | None], tensors: Sequence[Tensor], shape: Sequence[int], dims: Sequence[int]
) -> tuple[list[Tensor], list[int], list[int]]:
    """Tensors, shape and folded axes with the batch as a first axis."""
    rank, found, size = len(shape), [], 1
    for tensor, dim in zip(tensors, in_dims, strict=True):
        if dim is None:
            found.append(tensor)
            continue
        moved = tensor.movedim(dim, 0)
        size = moved.shape[0]
        found.append(moved.reshape(size, *[1] * (rank + 1 - moved.dim()), *moved.shape[1:]))
    return found, [size, *shape], [d + 1 for d in dims]


class _Rows(Differentiated):
    """The same for `torch.func` and in forward mode."""

    @staticmethod
    def forward(text: str, numbers: Any, shape: Any, dims: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        if road_of(tensors) is Road.OPERATOR:
            return tuple(rows(text, tensors, numbers, shape, dims))
        return tuple(run(function_of(text), tensors, numbers, shape, dims))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        text, numbers, shape, dims, *tensors = inputs
        with_tangents = forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active()
        wanted = [True] * len(tensors) if with_tangents else ctx.needs_input_grad[4:]
        _keep(ctx, (text, tensors, numbers, shape, dims), output, wanted, with_tangents)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Any, ...]:
        call: _Call = ctx.call
        return None, None, None, None, *_gradients(call, call.types, ctx.saved_tensors, gradients)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple[Tensor, ...]:
        call: _Call = ctx.call
        function = call.function
        moving = {k: t for k, t in zip(function.inputs, tangents[4:], strict=True) if t is not None}
        mark = mark_of(function)
        moves = {f"t{mark}{place}": t for place, t in enumerate(moving.values())}
        kept = dict(zip(call.names, ctx.saved_tensors, strict=True))
        made = _derived(call, forward(function, tuple(moving)), kept, moves, call.dims)
        narrow = narrowed(call.shape, call.dims)
        wide = function.wide_names
        return tuple(
            m.expand(call.shape if k in wide else narrow) for m, k in zip(made, _outputs(function), strict=True)
        )

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, text: str, numbers: Any, shape: Any, dims: Any, *tensors: Tensor
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        given, lengths, axes = _batched(in_dims[4:], tensors, shape, dims)
        made = apply(text, given, numbers, lengths, axes)
        return tuple(made), (0,) * len(made)


differentiated(
    rows,
    lambda function, tensors, numbers, shape, dims: list(
        _Rows.apply(function, tuple(numbers), tuple(shape), tuple(dims), *tensors)
    ),
)


@builder
def _sum(dtype: torch.dtype, result: torch.dtype) -> RowFunction:
    return row_function(["x"], [Fold("out", "ADD", "x", computed(dtype))], [("out", NAMES[result])])


def sum_to(x: Tensor, shape: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
    """What of a gradient belongs to a tensor of a shape that was broadcast to the gradient's, in a type."""
    dims = spread_dims(x.shape, shape)
    if not dims:
        return x if dtype is None else x.to(dtype)
    (found,) = apply(_sum(x.dtype, dtype or x.dtype), [x], [], x.shape, dims)
    return found.reshape(shape)
