"""Norms and products of vectors."""

from __future__ import annotations

from hologram.errors import ArgumentTypeError
from hologram.operators import NORMS, REDUCTIONS, Reduction
from hologram.ops import kinds
from hologram.ops.along import Given
from hologram.ops.operation import Call, Form
from hologram.ops.reduction import Reduce, form_of
from hologram.runtime.executor import Executor

_EUCLIDEAN = NORMS[2.0]


class Norm(Reduce):
    """The norm of all elements, or along axes; `ord` is its order, 2 where none is named."""

    def __init__(self, name: str = "norm", executor: Executor | None = None) -> None:
        keywords = form_of(_EUCLIDEAN).keywords
        form = Form(("x",), keywords=keywords, gives_number=True, own={"ord": None, "axis": None})
        super().__init__(_EUCLIDEAN, name, executor, form)
        self.__doc__ = "The norm of order `ord` (2 if None; any number, ±inf too) over all elements or along axes."

    def on(self, executor: Executor) -> Norm:
        return Norm(self.__name__, executor)

    def chosen(self, call: Call) -> Reduction:
        return NORMS.get(self._order(call)) or NORMS[None]

    def number(self, call: Call, name: str) -> float:
        return self._order(call) if name == "p" else super().number(call, name)

    def _order(self, call: Call) -> float:
        return 2.0 if call.values.get("ord") is None else super().number(call, "ord")


class Dot(Reduce):
    """The sum of products of two vectors."""

    def __init__(self, name: str = "vector_dot", executor: Executor | None = None) -> None:
        super().__init__(REDUCTIONS["dot"], name, executor, Form(("x", "y"), gives_number=True))
        self.__doc__ = "The sum of x · y for two vectors of one length."

    def on(self, executor: Executor) -> Dot:
        return Dot(self.__name__, executor)

    def given(self, call: Call) -> Given:
        self.check_arrays(call)
        shapes = [kinds.kind_of(self.__name__, v).array(v).shape for v in call.inputs]
        if not call.original and any(len(shape) != 1 for shape in shapes):
            listed = " and ".join(map(str, shapes))
            raise ArgumentTypeError(f"{self.__name__}() takes two vectors, got shapes {listed}; cure: matmul(x, y)")
        return super().given(call)
