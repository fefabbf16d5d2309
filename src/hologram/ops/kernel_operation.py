"""One public operation: dispatch between its two forms, then its kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram.errors import ArgumentTypeError
from hologram.ops.arrange import Arranged, elementwise
from hologram.ops.kernel_table import TABLE, Row
from hologram.runtime import recording
from hologram.runtime.executor import Executor

if TYPE_CHECKING:
    from hologram.language.kernel import Kernel
    from hologram.runtime.launch import Launch


@dataclass(frozen=True, slots=True)
class Call:
    """A call taken apart: `original` is the form with a leading executor; `sizes` are those that were given."""

    executor: Executor | None
    original: bool
    inputs: tuple[Any, ...]
    out: Any
    sizes: dict[str, Any]


class KernelOperation:
    """An operation of the library, on f32 arrays in host memory or Buffers.

    A leading Executor selects the original form, `op(executor, inputs…, output, n=None)`, matrices
    `op(executor, A, B, C, m, n, k)`. Anything else is the NumPy form `op(inputs…, out=None, n=None)`, which makes
    the output where there is none and returns it. Sums return a number.
    """

    def __init__(self, row: Row, executor: Executor | None = None) -> None:
        self.row, self.executor = row, executor
        self._kernel: Kernel | None = None
        self.__name__ = row.name
        self.__doc__ = f"{row.formula}; {row.name}({', '.join(row.inputs)}, out=None)."

    @property
    def kernel(self) -> Kernel:
        """The bundled kernel that does the work."""
        if self._kernel is None:
            from hologram.stdlib import bundled

            self._kernel = bundled(self.row.name)
        return self._kernel

    def __call__(self, *args: Any, out: Any = None, **sizes: int | None) -> Any:
        if not sizes and self.executor is None and _is_plain(self.row, args, out):
            self.kernel(*args, out, len(args[0]))
            return out
        call = self._take_apart(args, out, sizes)
        if self.row.gives_number and (call.original or call.out is None):
            recording.refuse(f"{self.row.name}() gives a number, which cannot be had", "give out= and no executor")
        arranged = self._arrange(call)
        if call.executor is None:
            self.kernel(*arranged.arguments)
        else:
            self.kernel(*arranged.arguments, executor=call.executor)
        if self.row.gives_number and (call.original or call.out is None):
            number = np.float32(arranged.out[0])
            return float(number) if call.original else number
        return None if call.original else arranged.out

    def bind(self, *args: Any, out: Any = None, **sizes: int | None) -> Launch:
        """A bound launch of the operation; the output must be given."""
        call = self._take_apart(args, out, sizes)
        if call.out is None:
            raise ArgumentTypeError(f"{self.row.name}.bind() needs an output: give out=")
        return self.kernel.bind(*self._arrange(call).arguments, executor=call.executor)

    def _take_apart(self, args: tuple[Any, ...], out: Any, sizes: dict[str, int | None]) -> Call:
        row, count = self.row, len(self.row.inputs)
        original = bool(args) and isinstance(args[0], Executor)
        executor, values = (args[0], args[1:]) if original else (self.executor, args)
        if len(values) < count:
            raise ArgumentTypeError(f"{row.name}() is missing {', '.join(row.inputs[len(values) :])}")
        if len(values) > count:
            if out is not None:
                raise ArgumentTypeError(f"{row.name}() got two outputs")
            out = values[count]
        if original and out is None:
            raise ArgumentTypeError(f"{row.name}() with a leading executor needs an output")
        return Call(executor, original, values[:count], out, self._sizes(values[count + 1 :], sizes))

    def _sizes(self, positional: tuple[Any, ...], named: dict[str, int | None]) -> dict[str, Any]:
        row = self.row
        names = (*row.sizes, *(stride for stride, _ in row.strides))
        if len(positional) > len(names):
            raise ArgumentTypeError(f"{row.name}() takes at most {', '.join((*row.inputs, 'out', *names))}")
        given = dict(zip(names, positional, strict=False))
        for name, value in named.items():
            if name not in names:
                raise ArgumentTypeError(f"{row.name}() got an unexpected keyword argument '{name}'")
            if name in given:
                raise ArgumentTypeError(f"{row.name}() got multiple values for argument '{name}'")
            given[name] = value
        return {name: value for name, value in given.items() if value is not None}

    def _arrange(self, call: Call) -> Arranged:
        row, sizes = self.row, call.sizes
        if not row.is_matrix:
            return row.arrange(row.name, call.inputs, call.out, sizes.get("n"))
        if not sizes:
            return row.arrange(row.name, call.inputs, call.out)
        missing = [name for name in row.sizes if name not in sizes]
        if missing or call.out is None:
            wanted = ", ".join([*missing, *(["out"] if call.out is None else [])])
            raise ArgumentTypeError(f"{row.name}() by sizes is missing {wanted}")
        strides = [sizes.get(stride, sizes[packed]) for stride, packed in row.strides]
        return Arranged((*call.inputs, call.out, *(sizes[name] for name in row.sizes), *strides), call.out)

    def on(self, executor: Executor) -> KernelOperation:
        """The same operation on another executor."""
        return KernelOperation(self.row, executor)

    def __repr__(self) -> str:
        place = f" on {self.executor!r}" if self.executor else ""
        return f"<operation {self.row.name}({', '.join(self.row.inputs)}, out=None){place}>"

    def __reduce__(self) -> Any:
        if self.executor is not None:
            raise ArgumentTypeError("an operation of an executor cannot be pickled; use the one of hologram.ops")
        return _by_name, (self.row.name,)


def _is_plain(row: Row, args: tuple[Any, ...], out: Any) -> bool:
    """True for vectors of one length as arguments and output: they are the kernel's arguments as they stand."""
    if type(out) is not np.ndarray or row.arrange is not elementwise or len(args) != len(row.inputs):
        return False
    shape = out.shape
    for array in args:
        if type(array) is not np.ndarray or array.shape != shape:
            return False
    return len(shape) == 1


def _by_name(name: str) -> KernelOperation:
    return KernelOperation(TABLE[name])
