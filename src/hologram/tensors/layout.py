"""Where the elements of a tensor are: shape, strides and offset, counted in elements; views are other layouts."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Element [i, j, …] is at offset + i·strides[0] + j·strides[1] + …; every method gives another layout.

    Axes and indices may be negative, counted from the end. Methods raise ArgumentRangeError (an IndexError) for an axis
    or index that does not exist, ArgumentValueError for shapes that do not fit.
    """

    shape: Shape
    strides: Shape
    offset: int = 0

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """True where the elements follow each other in C order; strides over one element do not matter."""
        if 0 in self.shape:
            return True
        expected = 1
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length != 1 and stride != expected:
                return False
            expected *= length
        return True

    @property
    def bounds(self) -> tuple[int, int]:
        """The place of the first element in memory and the one after the last; nothing is (0, 0)."""
        if 0 in self.shape:
            return 0, 0
        steps = [(n - 1) * s for n, s in zip(self.shape, self.strides, strict=True)]
        return self.offset + sum(s for s in steps if s < 0), self.offset + sum(s for s in steps if s > 0) + 1

    def axis(self, axis: Any) -> int:
        """An axis counted from the front."""
        number = integer(axis, "an axis")
        if not -self.ndim <= number < self.ndim:
            raise ArgumentRangeError(f"axis {number} does not exist in a tensor of {_axes(self.ndim)}")
        return number % self.ndim

    def axes(self, axes: Iterable[Any]) -> Shape:
        """Several different axes counted from the front."""
        found = tuple(self.axis(a) for a in axes)
        if len(set(found)) != len(found):
            raise ArgumentValueError(f"an axis is named twice in {tuple(axes)}")
        return found

    # Axes.

    def permute(self, axes: Sequence[Any]) -> Layout:
        """The same axes in another order."""
        order = self.axes(axes)
        if len(order) != self.ndim:
            raise ArgumentValueError(f"permute takes all {_axes(self.ndim)} in some order, got {tuple(axes)}")
        return self._of(order)

    def reversed(self) -> Layout:
        """The axes in opposite order."""
        return self._of(range(self.ndim)[::-1])

    def _of(self, order: Iterable[int]) -> Layout:
        axes = tuple(order)
        return Layout(tuple(self.shape[a] for a in axes), tuple(self.strides[a] for a in axes), self.offset)

    def expand_dims(self, axes: Sequence[Any]) -> Layout:
        """New axes of length 1, which are at these places in the result."""
        ndim = self.ndim + len(axes)
        places = Layout((1,) * ndim, (0,) * ndim).axes(axes)
        rest = iter(zip(self.shape, self.strides, strict=True))
        parts = [(1, 1) if k in places else next(rest) for k in range(ndim)]
        return Layout(tuple(n for n, _ in parts), tuple(s for _, s in parts), self.offset)

    def squeeze(self, axes: Sequence[Any] | None) -> Layout:
        """Without these axes of length 1, or without all of them."""
        dropped = self.axes(axes) if axes is not None else tuple(k for k, n in enumerate(self.shape) if n == 1)
        for axis in dropped:
            if self.shape[axis] != 1:
                raise ArgumentValueError(
                    f"axis {axis} has length {self.shape[axis]}; only those of length 1 are squeezed"
                )
        return self._of(k for k in range(self.ndim) if k not in dropped)

    # Parts.

    def select(self, axis: Any, index: Any) -> Layout:
        """The part at one index of an axis, without the axis."""
        k = self.axis(axis)
        place = self.index(k, index)
        rest = self._of(a for a in range(self.ndim) if a != k)
        return Layout(rest.shape, rest.strides, self.offset + place * self.strides[k])

    def index(self, axis: int, index: Any) -> int:
        """An index on an axis, counted from the front."""
        number, length = integer(index, "an index"), self.shape[axis]
        if not -length <= number < length:
            raise ArgumentRangeError(f"index {number} is out of range on axis {axis}, which has length {length}")
        return number % length

    def narrow(self, axis: Any, start: Any, length: Any) -> Layout:
        """`length` indices of an axis from `start`."""
        k, count = self.axis(axis), integer(length, "a length")
        first, limit = integer(start, "a start"), self.shape[k]
        first += limit if first < 0 else 0
        if not (first >= 0 and count >= 0 and first + count <= limit):
            raise ArgumentRangeError(f"narrow({k}, {start}, {length}) leaves axis {k}, which has length {limit}")
        return self.spread(k, first, 1, count)

    def slice(self, axis: Any, start: Any = None, stop: Any = None, step: Any = None) -> Layout:
        """Every `step`-th index of an axis from `start` to before `stop`, as in Python; `start` must exist."""
        k = self.axis(axis)
        limit = self.shape[k]
        if start is not None and not -limit <= integer(start, "a start") < limit:
            raise ArgumentRangeError(f"slice starts at {start} on axis {k}, which has length {limit}")
        return self.sliced(k, slice(start, stop, step))

    def sliced(self, axis: int, part: Any) -> Layout:
        """A Python slice of an axis: ends beyond the axis are cut."""
        try:
            start, stop, step = part.indices(self.shape[axis])
        except TypeError as error:
            raise ArgumentTypeError(f"a slice is made of integers or None, got {part}") from error
        except ValueError as error:
            raise ArgumentValueError(f"the step of a slice must not be 0, got {part}") from error
        return self.spread(axis, start, step, len(range(start, stop, step)))

    def spread(self, axis: int, start: int, step: int, count: int) -> Layout:
        """`count` indices of an axis from `start`, `step` apart."""
        shape, strides = list(self.shape), list(self.strides)
        offset = self.offset + (start * strides[axis] if count else 0)
        shape[axis], strides[axis] = count, strides[axis] * step
        return Layout(tuple(shape), tuple(strides), offset)

    def diagonal(self, first: Any, second: Any, offset: Any = 0) -> Layout:
        """Where the index on the second axis is that on the first one plus `offset`, as a last axis."""
        a, b = self.axes((first, second))
        down, right = max(0, -integer(offset, "an offset")), max(0, offset)
        count = max(0, min(self.shape[a] - down, self.shape[b] - right))
        rest = self._of(k for k in range(self.ndim) if k not in (a, b))
        start = self.offset + (down * self.strides[a] + right * self.strides[b] if count else 0)
        return Layout((*rest.shape, count), (*rest.strides, self.strides[a] + self.strides[b]), start)

    # Shapes.

    def broadcast_to(self, shape: Shape) -> Layout:
        """The same elements again and again, by NumPy's rule."""
        new = len(shape) - self.ndim
        fits = new >= 0 and all(n in (1, m) for n, m in zip(self.shape, shape[max(new, 0) :], strict=False))
        if not fits:
            raise ArgumentValueError(f"a tensor of shape {self.shape} cannot be broadcast to {shape}")
        kept = zip(self.shape, self.strides, shape[new:], strict=True)
        return Layout(shape, (0,) * new + tuple(s if n == m else 0 for n, s, m in kept), self.offset)

    def reshape(self, shape: Shape) -> Layout | None:
        """Another shape over the same elements, or None where they would have to move; -1 is inferred before."""
        if 0 in shape:
            return row_major(shape, self.offset)
        groups = self.merged()
        strides: list[int] = []
        lengths = list(shape)
        for length, stride in reversed(groups):
            inside = 1
            while inside < length:
                if not lengths:
                    return None
                n = lengths.pop()
                strides.append(stride * inside)
                inside *= n
            if inside != length:
                return None
        strides += [1] * len(lengths)  # axes of length 1 in front
        return Layout(shape, tuple(reversed(strides)), self.offset)

    def merged(self) -> list[tuple[int, int]]:
        """The fewest axes (length, stride) that go over the same elements in the same order; none for one element."""
        shape, (strides,) = merged(self.shape, self.strides)
        return list(zip(shape, strides, strict=True))


def merged(shape: Shape, *strides: Shape) -> tuple[Shape, tuple[Shape, ...]]:
    """The fewest axes over which several arrays of one shape are gone over in C order: lengths, and strides of each.

    >>> merged((2, 3, 4), (12, 4, 1), (24, 8, 2))
    ((24,), ((1,), (2,)))
    """
    found: list[tuple[int, ...]] = []
    for length, *steps in zip(shape, *strides, strict=True):
        if length == 1:
            continue
        if found and all(last == length * step for last, step in zip(found[-1][1:], steps, strict=True)):
            found[-1] = found[-1][0] * length, *steps
        else:
            found.append((length, *steps))
    columns = tuple(zip(*found, strict=True)) or ((),) * (1 + len(strides))
    return columns[0], columns[1:]


def row_major(shape: Shape, offset: int = 0) -> Layout:
    """The layout of elements that follow each other in C order.

    >>> row_major((3, 4, 5)).strides
    (20, 5, 1)
    """
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(1, length)
    return Layout(shape, tuple(reversed(strides)), offset)


def broadcast_shapes(*shapes: Any) -> Shape:
    """The shape that arrays of these shapes have together, by NumPy's rule.

    >>> broadcast_shapes((3, 1, 5), (1, 4, 5))
    (3, 4, 5)

    Raises ArgumentValueError where lengths differ and neither is 1.
    """
    given = [lengths(shape) for shape in shapes]
    ndim = max(map(len, given), default=0)
    result = []
    for column in zip(*((1,) * (ndim - len(s)) + s for s in given), strict=True):
        wanted = {n for n in column if n != 1}
        if len(wanted) > 1:
            raise ArgumentValueError(f"the shapes {', '.join(map(str, given))} cannot be broadcast together")
        result.append(wanted.pop() if wanted else 1)
    return tuple(result)


def inferred(shape: Shape, size: int) -> Shape:
    """A shape of `size` elements, in which one length may be -1 and is found out."""
    known = prod(n for n in shape if n != -1)
    if shape.count(-1) > 1 or any(n < -1 for n in shape):
        raise ArgumentValueError(f"a shape has lengths of 0 and more, and at most one -1; got {shape}")
    if -1 in shape and known and size % known == 0:
        return tuple(size // known if n == -1 else n for n in shape)
    if -1 in shape or known != size:
        raise ArgumentValueError(f"{size} elements cannot be given the shape {shape}")
    return shape


def lengths(shape: Any) -> Shape:
    """A shape given as an integer or a sequence of integers."""
    parts = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    return tuple(integer(n, "a length") for n in parts)


def integer(value: Any, what: str) -> int:
    """An integer of any kind; raises ArgumentTypeError for what is none."""
    try:
        return operator.index(value)
    except TypeError as error:
        raise ArgumentTypeError(f"{what} is an integer, got {value!r}") from error


def _axes(count: int) -> str:
    return f"{count} {'axis' if count == 1 else 'axes'}"
