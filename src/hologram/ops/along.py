"""What all operations along axes have in common: their arrays, which axes are meant, and where the result goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import Kind
from hologram.ops import dtypes, kinds
from hologram.ops.axes import reduced_axes
from hologram.ops.elementwise import element_count, flat
from hologram.ops.held import Held, Maker, as_bits, held
from hologram.ops.layout import broadcast_shapes
from hologram.ops.operation import Call, Operation
from hologram.ops.plan import Plan, Step
from hologram.runtime.host import element_type


@dataclass(frozen=True, slots=True)
class Given:
    """The arrays of a call, of one shape, and the axes that are meant."""

    inputs: tuple[Held, ...]
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    type: Kind
    maker: Maker

    def plan(self, steps: Sequence[Step], out: Any, is_new: bool) -> Plan:
        """The plan of a call with this output."""
        return Plan(steps, self.maker.executor, out, self.maker.kind, self.maker.like, is_new)


class Along(Operation):
    """An operation along axes."""

    def given(self, call: Call) -> Given:
        """The arrays of a call; in the original form the first n elements of each."""
        name = self.__name__
        self.check_arrays(call)
        arrays = [v for v in (*call.inputs, call.out) if v is not None]
        kind = kinds.common(name, arrays)
        executor = call.executor or kinds.executor_of(name, kind, arrays)
        inputs = [kinds.kind_of(name, v).array(v) for v in call.inputs]
        joined = dtypes.promoted(name, [dtypes.element(name, x.dtype) for x in inputs])
        if call.original:
            inputs = [flat(name, x) for x in inputs]
            sizes = [x.size for x in inputs]
            if "n" not in call.sizes and len(set(sizes)) > 1:
                raise ArgumentValueError(f"{name}(): arrays of {', '.join(map(str, sizes))} elements; give n= for less")
            count = element_count(name, call.sizes["n"], sizes) if "n" in call.sizes else sizes[0]
            inputs = [x[:count] for x in inputs]
        shape = broadcast_shapes(name, [x.shape for x in inputs])
        spread = [x if x.shape == shape else np.broadcast_to(x, shape) for x in inputs]
        axes = self.axes(call, len(shape))
        owned = tuple(Held(v, as_bits(x)) for v, x in zip(call.inputs, spread, strict=True))
        return Given(owned, shape, axes, joined, Maker(kind, call.inputs[0], executor))

    def check_arrays(self, call: Call) -> None:
        """Refuse what is no array: numbers have no axes."""
        for value in call.inputs:
            if value is None or kinds.is_scalar(value):
                found = type(value).__name__
                raise ArgumentTypeError(f"{self.__name__}() takes arrays, not {found}; cure: np.asarray(x)")

    def axes(self, call: Call, ndim: int) -> tuple[int, ...]:
        """The axes that a call means: all of the flat array in the original form."""
        return reduced_axes(self.__name__, call.values.get("axis"), ndim)

    def wanted(self, call: Call) -> Kind | None:
        """The type that a call wants to be computed in, if it names one."""
        dtype = call.values.get("dtype")
        return None if dtype is None else dtypes.element(self.__name__, element_type(dtype).dtype)

    def number(self, call: Call, name: str) -> float:
        """A parameter of a call."""
        value = call.values.get(name, self.defaults.get(name))
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise ArgumentTypeError(f"{self.__name__}(): {name} is a number, not {type(value).__name__}")
        return float(value)

    @property
    def defaults(self) -> dict[str, Any]:
        """The keywords' values where the original form leaves them out."""
        return {**self.form.own, **self.form.keywords}

    def target(self, call: Call, given: Given, shape: tuple[int, ...], result: Kind) -> tuple[Any, Held]:
        """The output and its elements: made where there is none; in the original form as many as the shape asks for.

        A single result goes to the first element of any vector that is given for it.
        """
        name, out = self.__name__, call.out
        if out is None:
            maker = given.maker
            out = kinds.new(maker.kind, shape, dtypes.dtype_of(result), maker.like, maker.executor)
            return out, held(name, out)
        array = kinds.kind_of(name, out).array(out)
        dtypes.check_out(name, result, dtypes.element(name, array.dtype))
        if call.original:
            size = int(np.prod(shape))
            if array.size < size:
                raise ArgumentValueError(f"{name}(): out has {array.size} elements, {size} are needed")
            return out, Held(out, as_bits(flat(name, array)[:size].reshape(shape)))
        if shape == () and array.ndim == 1 and array.size:
            array = array[:1].reshape(())
        if array.shape != shape:
            raise ArgumentValueError(f"{name}(): out has shape {array.shape}, the result {shape}")
        return out, Held(out, as_bits(array))
