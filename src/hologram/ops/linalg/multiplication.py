"""Products of matrices and vectors by NumPy's rules: matmul, dot, tensordot and their relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops.layout import broadcast_shapes
from hologram.ops.linalg.frame import Frame, Held
from hologram.ops.linalg.operation import LinearOperation
from hologram.ops.linalg.products import multiply
from hologram.ops.linalg.rows import row_products, total
from hologram.ops.operation import Call
from hologram.ops.plan import Plan


class MatMul(LinearOperation):
    """Matrices in the last two axes, others broadcast; vectors are rows on the left and columns on the right."""

    axes = (0, 0)
    """How many axes the innermost things have on each side; 0 leaves it to the argument, vectors being allowed."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        return matrix_product(frame, call.out, a, b, self.axes)


class MatVec(MatMul):
    """Matrices times vectors, or vectors times matrices."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        if call.original and call.sizes:
            return sized_vector(call, frame, self.row.form.sizes)
        return super().planned(call, frame)

    axes = (2, 1)


class VecMat(MatMul):
    """Vectors times matrices."""

    axes = (1, 2)


def matrix_product(frame: Frame, given: Any, a: Held, b: Held, axes: tuple[int, int] = (0, 0)) -> Plan:
    """The plan of a product by NumPy's rules."""
    name = frame.name
    shapes = a.view.shape, b.view.shape
    for shape, wanted in zip(shapes, axes, strict=True):
        if len(shape) < max(wanted, 1):
            raise ArgumentValueError(f"{name}(): shapes {shapes[0]} and {shapes[1]}: too few axes")
    is_row = axes[0] == 1 or (not axes[0] and a.view.ndim == 1)
    is_column = axes[1] == 1 or (not axes[1] and b.view.ndim == 1)
    left = a.seen(a.view[..., np.newaxis, :]) if is_row else a
    right = b.seen(b.view[..., np.newaxis]) if is_column else b
    if left.view.shape[-1] != right.view.shape[-2]:
        raise ArgumentValueError(
            f"{name}(): shapes {shapes[0]} and {shapes[1]} do not fit: {left.view.shape[-1]} columns meet "
            f"{right.view.shape[-2]} rows"
        )
    batch = broadcast_shapes(name, [left.view.shape[:-2], right.view.shape[:-2]])
    rows = () if is_row else left.view.shape[-2:-1]
    columns = () if is_column else right.view.shape[-1:]
    out = frame.output(given, (*batch, *rows, *columns), frame.joined(a, b))
    if is_row and is_column:
        row_products(frame, left.seen(left.view[..., 0, :]), right.seen(right.view[..., 0]), out)
    else:
        target = out.view[..., np.newaxis] if is_column else out.view
        multiply(frame, left, right, out.seen(target[..., np.newaxis, :] if is_row else target))
    return frame.plan(out, given is None)


class VecDot(LinearOperation):
    """Dot products along one axis, others broadcast."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        axis = call.values["axis"]
        moved = []
        for held in (a, b):
            if not isinstance(axis, int) or not -held.view.ndim <= axis < held.view.ndim:
                raise ArgumentValueError(f"{frame.name}(): axis {axis} of an array of shape {held.view.shape}")
            moved.append(held.seen(np.moveaxis(held.view, axis, -1)))
        lengths = [h.view.shape[-1] for h in moved]
        if lengths[0] != lengths[1]:
            raise ArgumentValueError(
                f"{frame.name}(): shapes {a.view.shape} and {b.view.shape} have {lengths[0]} and {lengths[1]} elements "
                f"along axis {axis}"
            )
        shape = broadcast_shapes(frame.name, [h.view.shape[:-1] for h in moved])
        out = frame.output(call.out, shape, frame.joined(a, b))
        row_products(frame, moved[0], moved[1], out)
        return frame.plan(out, call.out is None)


class Dot(LinearOperation):
    """NumPy's dot: vectors, matrices, or the last axis of the first with the last but one of the second."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        if call.original:
            return self.in_cell(call, frame, a, b)
        if not a.view.ndim or not b.view.ndim:
            out = frame.output(call.out, a.view.shape or b.view.shape, frame.joined(a, b))
            frame.elementwise("mul", [a, b], out)
            return frame.plan(out, call.out is None)
        axis = max(b.view.ndim - 2, 0)
        return contraction(frame, call.out, a, b, ([a.view.ndim - 1], [axis]))

    def in_cell(self, call: Call, frame: Frame, a: Held, b: Held) -> Plan:
        """The original form: n elements of vectors, their sum in the first cell of the output."""
        from hologram.ops.elementwise import flat

        left, right = (h.seen(flat(frame.name, h.view)) for h in (a, b))
        sizes = left.view.size, right.view.size
        n = call.sizes.get("n", sizes[0])
        if "n" not in call.sizes and sizes[0] != sizes[1]:
            raise ArgumentValueError(f"{frame.name}(): arrays of {sizes[0]}, {sizes[1]} elements; give n= for less")
        if not 0 <= n <= min(sizes):
            raise ArgumentValueError(f"{frame.name}(): n is {n}, the arrays have {sizes[0]}, {sizes[1]} elements")
        whole = frame.held(call.out)
        cells = whole.seen(flat(frame.name, whole.view)[:1])
        if not cells.view.size:
            raise ArgumentValueError(f"{frame.name}(): the output has no cell for the result")
        out = frame.output(call.out, whole.view.shape, frame.joined(a, b))
        total(frame, left.seen(left.view[:n]), right.seen(right.view[:n]), cells)
        return frame.plan(out, False)


class VDot(LinearOperation):
    """The dot product of all elements in C order."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        if a.view.size != b.view.size:
            raise ArgumentValueError(f"{frame.name}(): shapes {a.view.shape} and {b.view.shape} differ in elements")
        out = frame.output(call.out, (), frame.joined(a, b))
        left, right = (frame.reshaped(h, (h.view.size,)) for h in (a, b))
        row_products(frame, left, right, out)
        return frame.plan(out, call.out is None)


class Inner(LinearOperation):
    """Sums of products over the last axes."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        if not a.view.ndim or not b.view.ndim:
            out = frame.output(call.out, a.view.shape or b.view.shape, frame.joined(a, b))
            frame.elementwise("mul", [a, b], out)
            return frame.plan(out, call.out is None)
        return contraction(frame, call.out, a, b, ([a.view.ndim - 1], [b.view.ndim - 1]))


class Outer(LinearOperation):
    """Every element of the first with every one of the second."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        out = frame.output(call.out, (a.view.size, b.view.size), frame.joined(a, b))
        left, right = (frame.reshaped(h, (h.view.size,)) for h in (a, b))
        left, right = frame.apart(left, out), frame.apart(right, out)
        frame.elementwise("mul", [left.seen(left.view[:, np.newaxis]), right.seen(right.view[np.newaxis])], out)
        return frame.plan(out, call.out is None)


class TensorDot(LinearOperation):
    """Sums of products over several axes of each."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        return contraction(frame, call.out, a, b, _pairs(frame.name, call.values["axes"], a.view.ndim, b.view.ndim))


def _pairs(name: str, axes: Any, first: int, second: int) -> tuple[list[int], list[int]]:
    """The axes that are summed over, as lists of the same length."""
    if isinstance(axes, int):
        if not 0 <= axes <= min(first, second):
            raise ArgumentValueError(f"{name}(): axes={axes} of arrays of {first} and {second} axes")
        return list(range(first - axes, first)), list(range(axes))
    try:
        left, right = ([x] if isinstance(x, int) else list(x) for x in axes)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{name}(): axes is a number or two lists of axes, not {axes!r}") from None
    found = []
    for given, count in ((left, first), (right, second)):
        if any(not isinstance(x, int) or not -count <= x < count for x in given):
            raise ArgumentValueError(f"{name}(): axes {given} of an array of {count} axes")
        found.append([x % count for x in given])
    if len(left) != len(right) or any(len(set(given)) < len(given) for given in found):
        raise ArgumentValueError(f"{name}(): axes {left} and {right} are not as many different ones")
    return found[0], found[1]


def contraction(frame: Frame, given: Any, a: Held, b: Held, axes: tuple[Sequence[int], Sequence[int]]) -> Plan:
    """The plan of sums of products over axes of both, which are the last of one matrix and the first of another."""
    first, second = axes
    if [a.view.shape[x] for x in first] != [b.view.shape[x] for x in second]:
        raise ArgumentValueError(
            f"{frame.name}(): shapes {a.view.shape} and {b.view.shape} do not fit along axes {list(first)} and "
            f"{list(second)}"
        )
    rest = [x for x in range(a.view.ndim) if x not in first], [x for x in range(b.view.ndim) if x not in second]
    rows, columns = (tuple(h.view.shape[x] for x in r) for h, r in zip((a, b), rest, strict=True))
    out = frame.output(given, (*rows, *columns), frame.joined(a, b))
    depth = int(np.prod([a.view.shape[x] for x in first], dtype=int))
    m, n = (int(np.prod(lengths, dtype=int)) for lengths in (rows, columns))
    left = frame.reshaped(a.seen(a.view.transpose(*rest[0], *first)), (m, depth))
    right = frame.reshaped(b.seen(b.view.transpose(*second, *rest[1])), (depth, n))
    if not rows and not columns:
        row_products(frame, left.seen(left.view[0]), right.seen(right.view[:, 0]), out)
        return frame.plan(out, given is None)
    target = _as_matrix(out, (m, n))
    place = target or frame.temporary((m, n), out.type)
    multiply(frame, left, right, place)
    if target is None:
        frame.copy(place.seen(place.view.reshape(out.view.shape)), out)
    return frame.plan(out, given is None)


def _as_matrix(out: Held, shape: tuple[int, int]) -> Held | None:
    """The output as a matrix, None where its strides do not allow that."""
    try:
        view = out.view.view()
        view.shape = shape
    except AttributeError:
        return None
    return out.seen(view)


def sized_vector(call: Call, frame: Frame, names: Sequence[str]) -> Plan:
    """The original form: y[m] = A[m, n] · x[n] in buffers that may be longer, rows lda elements apart."""
    from hologram.ops.linalg.sized import Sized

    sized = Sized.of(frame, call, names, ("m", "n"))
    a, x, y = map(frame.held, (*call.inputs, call.out))
    m, n = sized["m"], sized["n"]
    matrix = sized.matrix(a, "A", (m, n), sized.get("lda", n))
    result = sized.matrix(y, "y", (m, 1), 1)
    out = frame.output(call.out, y.view.shape, frame.joined(a, x))
    multiply(frame, matrix, sized.matrix(x, "x", (n, 1), 1), result)
    return frame.plan(out, False)
