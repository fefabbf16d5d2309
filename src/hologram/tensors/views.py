"""What a tensor's layout says about it, and the views that are other layouts of the same memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hologram.errors import ArgumentValueError
from hologram.runtime.executor import Executor
from hologram.tensors.layout import Layout, Shape, broadcast_shapes, inferred, lengths, row_major

if TYPE_CHECKING:
    from hologram.tensors.array import Tensor


class Views:
    """Shape, strides and views of a tensor; axes and indices may be negative, counted from the end."""

    __slots__ = ()

    if TYPE_CHECKING:
        _layout: Layout

        def _view(self, layout: Layout) -> Tensor: ...
        def copy(self, executor: Executor | None = None) -> Tensor: ...

    @property
    def layout(self) -> Layout:
        """Shape, strides and offset together."""
        return self._layout

    @property
    def shape(self) -> Shape:
        """Lengths along each axis."""
        return self._layout.shape

    @property
    def strides(self) -> Shape:
        """Elements from one to the next along each axis."""
        return self._layout.strides

    @property
    def offset(self) -> int:
        """The place of the first element in the buffer, in elements."""
        return self._layout.offset

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._layout.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._layout.size

    def numel(self) -> int:
        """Number of elements."""
        return self._layout.size

    def is_contiguous(self) -> bool:
        """True where the elements follow each other in C order, whatever the offset."""
        return self._layout.is_contiguous

    # The same elements in another shape or order.

    def contiguous(self, executor: Executor | None = None) -> Tensor:
        """This tensor where it is contiguous, else a packed copy."""
        return self._view(self._layout) if self._layout.is_contiguous else self.copy(executor)

    def reshape(self, *shape: Any) -> Tensor:
        """Another shape for the same elements, a view wherever strides can say it, else a packed copy.

        `reshape(2, 6)`, `reshape((2, -1))`; a leading executor is accepted and is where a copy is made.
        """
        executor, given = executor_first(shape)
        wanted = inferred(_several(given), self.size)
        layout = self._layout.reshape(wanted)
        return self._view(layout) if layout else self.copy(executor)._view(row_major(wanted))

    def view_1d(self) -> Tensor:
        """All elements of a contiguous tensor along one axis; raises ArgumentValueError for another."""
        if not self._layout.is_contiguous:
            raise ArgumentValueError("view_1d needs a contiguous tensor; use contiguous().view_1d() or flatten()")
        return self._view(row_major((self.size,), self.offset))

    def ravel(self) -> Tensor:
        """All elements along one axis, a view where strides can say it."""
        return self.reshape(-1 if self.size else 0)

    def flatten(self) -> Tensor:
        """A copy with all elements along one axis."""
        return self.copy()._view(row_major((self.size,)))

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in opposite order, or in the order given, as in NumPy."""
        given = _several(axes, "an axis")
        return self._view(self._layout.permute(given) if axes and axes != (None,) else self._layout.reversed())

    def permute(self, *axes: Any) -> Tensor:
        """The axes in another order: `permute(2, 0, 1)` or `permute((2, 0, 1))`."""
        return self._view(self._layout.permute(_several(axes, "an axis")))

    @property
    def T(self) -> Tensor:
        """The axes in opposite order."""
        return self._view(self._layout.reversed())

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged: every matrix of a stack transposed."""
        return self.swapaxes(-2, -1)

    def swapaxes(self, first: int, second: int) -> Tensor:
        """Two axes exchanged."""
        a, b = self._layout.axis(first), self._layout.axis(second)
        order = list(range(self.ndim))
        order[a], order[b] = b, a
        return self._view(self._layout.permute(order))

    def expand_dims(self, *axes: Any) -> Tensor:
        """New axes of length 1, which are at these places in the result."""
        return self._view(self._layout.expand_dims(_several(axes, "an axis")))

    def squeeze(self, axis: Any = None) -> Tensor:
        """Without one or several axes of length 1, or without all of them."""
        return self._view(self._layout.squeeze(None if axis is None else lengths(axis)))

    def broadcast_to(self, shape: int | Sequence[int]) -> Tensor:
        """The same elements again and again along axes of length 1 and new leading ones; a view."""
        return self._view(self._layout.broadcast_to(lengths(shape)))

    def is_broadcast_compatible_with(self, other: Tensor) -> bool:
        """True where an operation on both has a shape."""
        try:
            broadcast_shapes(self.shape, other.shape)
        except ArgumentValueError:
            return False
        return True

    @staticmethod
    def broadcast_shapes(*shapes: Any) -> Shape:
        """The shape that arrays of these shapes have together, by NumPy's rule."""
        return broadcast_shapes(*shapes)

    # Parts.

    def select(self, axis: int, index: int) -> Tensor:
        """The part at one index of an axis, without the axis."""
        return self._view(self._layout.select(axis, index))

    def narrow(self, axis: int, start: int, length: int) -> Tensor:
        """`length` indices of an axis from `start`, all of which must exist."""
        return self._view(self._layout.narrow(axis, start, length))

    def slice(self, axis: int, start: int | None = None, end: int | None = None, step: int | None = None) -> Tensor:
        """Every `step`-th index of an axis from `start`, which must exist, to before `end`, which may lie beyond."""
        return self._view(self._layout.slice(axis, start, end, step))

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The elements whose indices on two axes differ by `offset`, along a last axis; a view."""
        return self._view(self._layout.diagonal(axis1, axis2, offset))


def executor_first(arguments: Sequence[Any]) -> tuple[Executor | None, tuple[Any, ...]]:
    """A leading executor, as the original calls have it, and the rest."""
    if arguments and isinstance(arguments[0], Executor):
        return arguments[0], tuple(arguments[1:])
    return None, tuple(arguments)


def _several(given: Sequence[Any], what: str = "a length") -> Shape:
    """Integers given one by one or as one sequence."""
    return lengths(given[0] if len(given) == 1 else given)
