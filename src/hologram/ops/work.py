"""The launches of one call, put together step by step: parts of arrays, copies between them, kernels on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import BOOL, Bool, Kind
from hologram.isa.templates.formula import Mode, Source, computed_in
from hologram.language.kernel import Kernel
from hologram.ops import dtypes, kinds
from hologram.ops.elementwise import Meaning, kernel_of
from hologram.ops.layout import pieces
from hologram.ops.operation import Call
from hologram.ops.plan import Plan, Step, launch
from hologram.runtime import recording
from hologram.runtime.executor import default_executor
from hologram.runtime.host import HostArray, element_type
from hologram.types import Type

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """Elements in an array that somebody owns: `view` is how they lie."""

    name: str
    owner: Any
    view: HostArray

    @property
    def element(self) -> Kind:
        """The type of the elements; bool among them."""
        return dtypes.element(self.name, self.view.dtype)

    @property
    def type(self) -> Type:
        """The type that the elements are stored as."""
        return dtypes.stored(self.element)

    @property
    def shape(self) -> Shape:
        """Lengths of the axes."""
        return tuple(self.view.shape)

    def seen(self, view: HostArray) -> Region:
        """Other elements of the same array, or the same in another shape."""
        return replace(self, view=view)

    def argument(self) -> Any:
        """What a launch takes for these elements."""
        view = self.view.view(np.uint8) if self.view.dtype.kind == "b" else self.view
        return kinds.kind_of(self.name, self.owner).part(self.owner, view)


class Work:
    """Collects the steps of a call; `plan` gives them, with the result."""

    def __init__(self, name: str, call: Call, arrays: Sequence[Any], like: Any = None) -> None:
        given = [a for a in (*arrays, call.out, like) if a is not None and not kinds.is_scalar(a)]
        self.name, self.call = name, call
        self.kind = kinds.common(name, given)
        self.executor = call.executor or kinds.executor_of(name, self.kind, given)
        self.like = next(iter(given), None)
        self.steps: list[Step] = []
        self._out: Any = call.out
        self._in_place = call.out is not None
        self._given: list[HostArray] = []
        self._late: tuple[Region, Region] | None = None

    def region(self, value: Any) -> Region:
        """An argument's elements; raises ArgumentTypeError for what is no array of elements."""
        if value is None or kinds.is_scalar(value):
            raise ArgumentTypeError(f"{self.name}() takes arrays here, not {type(value).__name__}; cure: np.asarray(x)")
        view = kinds.kind_of(self.name, value).array(value)
        dtypes.element(self.name, view.dtype)
        self._given.append(view)
        return Region(self.name, value, view)

    def new(self, shape: Sequence[int], element: Kind) -> Region:
        """New memory of the kind of the arguments."""
        dtype = dtypes.dtype_of(element)
        made = kinds.new(self.kind, shape, dtype, self.like, self.executor)
        view = kinds.kind_of(self.name, made).array(made)
        return Region(self.name, made, view if view.dtype == dtype else view.view(dtype))

    def result(self, shape: Sequence[int], element: Kind, *, converts: bool = False, in_place: bool = False) -> Region:
        """Where the result goes: `out`, which has to fit, or a new array; `converts` allows out any type.

        Where out shares memory with an argument the result goes there at the end, unless it is made `in_place`.
        """
        if not self._in_place:
            made = self.new(shape, element)
            self._out = made.owner
            return made
        given = list(self._given)
        target = self.region(self._out)
        if target.shape != tuple(shape):
            raise ArgumentValueError(f"{self.name}(): out has shape {target.shape}, the result {tuple(shape)}")
        if not converts:
            dtypes.check_out(self.name, element, target.element)
        if in_place or not any(np.may_share_memory(view, target.view) for view in given):
            return target
        made = self.new(shape, target.element)
        self._late = made, target
        return made

    def plan(self) -> Plan:
        """All steps, and what they give."""
        if self._late is not None:
            self.move(*self._late)
        return Plan(self.steps, self.executor, self._out, self.kind, self.like, not self._in_place)

    # Steps.

    def launch(self, kernel: Kernel, *arguments: Region | int | float) -> None:
        """A kernel on regions and numbers."""
        taken = tuple(a.argument() if isinstance(a, Region) else a for a in arguments)
        self.steps.append(Step(kernel, taken))

    def move(self, source: Region, target: Region) -> None:
        """Copy elements, which broadcast, into others, converted where the types differ."""
        meaning = _conversion(source.element, target.element)
        views = [_bits(source.view), _bits(target.view)]
        for piece in pieces(views, target.shape):
            mode = Mode.FIXED if piece.is_fixed(0) else Mode.EACH
            kernel = kernel_of(
                "copy" if meaning.formula == "x" else "truth",
                meaning,
                (Source(source.type, mode),),
                target.type,
                piece.rank,
            )
            taken = [r.seen(piece.argument(k)).argument() for k, r in enumerate((source, target))]
            self.steps.append(Step(kernel, (*taken, *_count(piece.rank, piece.count))))

    def fill(self, target: Region, value: Any) -> None:
        """Set all elements to a number; raises ArgumentTypeError and ArgumentValueError for one that does not fit."""
        number = fitting(self.name, value, target.element)
        meaning = Meaning("x", target.type, target.type, target.type)
        for piece in pieces([_bits(target.view)], target.shape):
            kernel = kernel_of(
                "fill", meaning, (Source(target.type, Mode.NUMBER),), target.type, piece.rank, piece.is_strided
            )
            part = target.seen(piece.argument(0)).argument()
            self.steps.append(Step(kernel, (number, part, *_count(piece.rank, piece.count))))

    def packed(self, region: Region) -> Region:
        """The elements in C order: the region itself where they are, else a copy."""
        if region.view.flags.c_contiguous:
            return region
        made = self.new(region.shape, region.element)
        self.move(region, made)
        return made

    def flat(self, region: Region) -> Region:
        """The elements in C order along one axis."""
        made = self.packed(region)
        return made.seen(made.view.reshape(-1))

    def around(self, region: Region, axis: int) -> Region:
        """The elements along three axes: those before an axis, the axis, those behind it; a copy where it has to be."""
        return self._grouped(region, _beside(axis, region.view.ndim))

    def planes(self, region: Region) -> Region:
        """Matrices, all other axes as one before them; a copy where it has to be."""
        return self._grouped(region, _last_two(region.view.ndim))

    def _grouped(self, region: Region, parts: Sequence[slice]) -> Region:
        found = _as_three(region.view, parts)
        if found is None:
            region = self.packed(region)
            found = _as_three(region.view, parts)
            assert found is not None, "packed elements can be seen along any axes"
        return region.seen(found)

    def around_out(self, target: Region, axis: int, element: Kind) -> Region:
        """Where a kernel writes elements of a type that go to a target along three axes: there, or to new memory."""
        return self._grouped_out(target, _beside(axis, target.view.ndim), element)

    def planes_out(self, target: Region, element: Kind) -> Region:
        """The same for matrices with all other axes before them."""
        return self._grouped_out(target, _last_two(target.view.ndim), element)

    def _grouped_out(self, target: Region, parts: Sequence[slice], element: Kind) -> Region:
        found = _as_three(target.view, parts) if target.element == element else None
        return self._grouped(self.new(target.shape, element), parts) if found is None else target.seen(found)

    def back(self, made: Region, target: Region) -> None:
        """Copy what a kernel made to where it belongs, unless it is there."""
        if made.owner is not target.owner:
            self.move(made.seen(made.view.reshape(target.shape)), target)

    def writes(self, array: Any) -> None:
        """The result is one of the arguments."""
        self._out, self._in_place = array, True

    def now(self) -> None:
        """Run the steps so far: the host has to read what they give. Raises RecordingError in a recording."""
        recording.refuse(f"{self.name}() looks at the values of its arguments, which cannot be had", "do so before it")
        chosen = None if self.executor is default_executor() else self.executor
        for step in self.steps:
            launch(step, chosen)
        self.steps.clear()


def _conversion(source: Kind, target: Kind) -> Meaning:
    """What copying means: truth is what is not 0."""
    held = dtypes.stored(source)
    if isinstance(target, Bool) and not isinstance(source, Bool):
        return Meaning(("!=", "x", 0.0), computed_in(held), held, target)
    return Meaning("x", held, held, target)


def _bits(array: HostArray) -> HostArray:
    return array.view(np.uint8) if array.dtype.kind == "b" else array


def _count(rank: int, count: int) -> tuple[int, ...]:
    return (count,) if rank == 1 else ()


def _beside(axis: int, ndim: int) -> tuple[slice, slice, slice]:
    """The axes before one, the one, those behind it."""
    return slice(0, axis), slice(axis, axis + 1), slice(axis + 1, ndim)


def _last_two(ndim: int) -> tuple[slice, slice, slice]:
    """All axes but two, and those."""
    return slice(0, ndim - 2), slice(ndim - 2, ndim - 1), slice(ndim - 1, ndim)


def _as_three(view: HostArray, parts: Sequence[slice]) -> HostArray | None:
    """Groups of axes as one each; None where that would be a copy."""
    runs = [_run(view.shape[p], view.strides[p], view.itemsize) for p in parts]
    if any(r is None for r in runs):
        return None
    lengths, strides = zip(*[r for r in runs if r is not None], strict=True)
    return np.lib.stride_tricks.as_strided(view, lengths, strides, writeable=view.flags.writeable)


def _run(shape: Shape, strides: Shape, size: int) -> tuple[int, int] | None:
    """Length and stride of axes as one; None where they cannot be."""
    length, step = 1, size
    if 0 in shape:
        return prod(shape), step
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n == 1:
            continue
        if length == 1:
            length, step = n, stride
        elif stride == step * length:
            length *= n
        else:
            return None
    return length, step


def axis_of(name: str, axis: Any, ndim: int) -> int:
    """An axis counted from the first; raises ArgumentTypeError and ArgumentRangeError (an IndexError)."""
    if not isinstance(axis, int | np.integer) or isinstance(axis, bool):
        raise ArgumentTypeError(f"{name}(): axis is a number, not {type(axis).__name__}")
    if not -ndim <= axis < ndim:
        raise ArgumentRangeError(f"{name}(): axis {axis} is out of bounds for an array of {ndim} axes")
    return int(axis) % ndim


def integer(name: str, label: str, value: Any, low: int | None = None) -> int:
    """A parameter that is an integer; raises ArgumentTypeError and ArgumentValueError."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ArgumentTypeError(f"{name}(): {label} is an integer, not {type(value).__name__}")
    if low is not None and value < low:
        raise ArgumentValueError(f"{name}(): {label} is at least {low}, got {value}")
    return int(value)


def lengths(name: str, shape: Any) -> Shape:
    """A shape, given as a number or as numbers; raises ArgumentTypeError and ArgumentValueError."""
    given = shape if isinstance(shape, tuple | list) else (shape,)
    return tuple(integer(name, "a length of the shape", n, 0) for n in given)


def element_named(name: str, dtype: Any) -> Kind:
    """The element type that a dtype argument names: a Type, its name, bool, a NumPy or a PyTorch dtype."""
    if type(dtype).__module__ == "torch":
        dtype = str(dtype).removeprefix("torch.")
    if isinstance(dtype, Bool) or (not isinstance(dtype, Type) and (dtype in (bool, np.bool_) or str(dtype) == "bool")):
        return BOOL
    try:
        return element_type(dtype)
    except ArgumentValueError as error:
        raise ArgumentValueError(f"{name}(): {error}") from None
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{name}(): {error}") from None


def fitting(name: str, value: Any, element: Kind) -> int | float:
    """A number as an element of a type; raises ArgumentTypeError and ArgumentValueError where it cannot be one."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, bool | int | float):
        raise ArgumentTypeError(f"{name}(): a number is needed, not {type(value).__name__}")
    if isinstance(element, Bool):
        return int(value != 0)
    if element.is_float:
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, float):
        raise ArgumentTypeError(f"{name}(): elements of {element.value} cannot be {value}; cure: int({value})")
    if not element.minimum <= value <= element.maximum:
        raise ArgumentValueError(
            f"{name}(): {value} is no {element.value}; that holds {element.minimum} to {element.maximum}"
        )
    return int(value)
