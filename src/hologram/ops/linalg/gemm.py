"""BLAS-like operations: scaled products with something added, rank-one updates, symmetric and triangular matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates.products import summed_in
from hologram.isa.templates.triangles import triangle, triangle_name
from hologram.ops.layout import broadcast_shapes
from hologram.ops.linalg.frame import Frame, Held
from hologram.ops.linalg.operation import LinearOperation
from hologram.ops.linalg.products import Scale, multiply
from hologram.ops.linalg.rows import sums
from hologram.ops.linalg.sized import Sized
from hologram.ops.operation import Call
from hologram.ops.plan import Plan, Step, kernel_for
from hologram.types import Type


class Gemm(LinearOperation):
    """alpha · op(A) · op(B) + beta · C."""

    def arrays(self, call: Call) -> tuple[object, ...]:
        return (*call.inputs, call.values.get("c"))

    def planned(self, call: Call, frame: Frame) -> Plan:
        if call.original and call.sizes:
            return self.by_sizes(call, frame)
        a, b = map(frame.held, call.inputs)
        values = call.values
        if values.get("transpose_a"):
            a = _transposed(frame, a)
        if values.get("transpose_b"):
            b = _transposed(frame, b)
        scale = Scale(values.get("alpha", 1), values.get("beta", 0))
        return scaled_product(frame, call.out, a, b, values.get("c"), scale)

    def by_sizes(self, call: Call, frame: Frame) -> Plan:
        """The original form: C[m, n] = A[m, k] · B[k, n] in buffers that may be longer."""
        sized = Sized.of(frame, call, self.row.form.sizes, ("m", "n", "k"))
        m, n, k = (sized[name] for name in "mnk")
        a, b, c = map(frame.held, (*call.inputs, call.out))
        left = sized.matrix(a, "A", (m, k), sized.get("lda", k))
        right = sized.matrix(b, "B", (k, n), sized.get("ldb", n))
        frame.output(call.out, c.view.shape, frame.joined(a, b))
        multiply(frame, left, right, sized.matrix(c, "C", (m, n), sized.get("ldc", n)))
        return frame.plan(c, False)


def _transposed(frame: Frame, held: Held) -> Held:
    if held.view.ndim < 2:
        raise ArgumentValueError(f"{frame.name}(): an array of shape {held.view.shape} cannot be transposed")
    return held.seen(held.view.swapaxes(-1, -2))


def scaled_product(frame: Frame, given: Any, a: Held, b: Held, added: Any, scale: Scale) -> Plan:
    """The plan of alpha · a · b + beta · added for matrices in the last two axes."""
    name = frame.name
    shapes = a.view.shape, b.view.shape
    if min(map(len, shapes)) < 2:
        raise ArgumentValueError(f"{name}(): shapes {shapes[0]} and {shapes[1]}: matrices have two axes or more")
    if shapes[0][-1] != shapes[1][-2]:
        raise ArgumentValueError(
            f"{name}(): shapes {shapes[0]} and {shapes[1]} do not fit: {shapes[0][-1]} columns meet "
            f"{shapes[1][-2]} rows"
        )
    other = None if added is None or not scale.beta else frame.held(added)
    types = [a, b] if other is None else [a, b, other]
    batch = broadcast_shapes(name, [shapes[0][:-2], shapes[1][:-2]])
    shape = (*batch, shapes[0][-2], shapes[1][-1])
    if added is not None:
        shown: tuple[int, ...] = frame.held(added).view.shape
        if len(shown) > len(shape) or any(n not in (1, m) for n, m in zip(shown[::-1], shape[::-1], strict=False)):
            raise ArgumentValueError(f"{name}(): c of shape {shown} does not broadcast to the product's {shape}")
    result = frame.joined(*types)
    for label, number in (("alpha", scale.alpha), ("beta", scale.beta)):
        check_number(name, label, number, result)
    out = frame.output(given, shape, result)
    if other is not None:
        other = other.seen(np.broadcast_to(other.view, shape)) if other.view.shape != shape else other
    multiply(frame, a, b, out, other, scale)
    return frame.plan(out, given is None)


def check_number(name: str, label: str, number: Any, type: Type) -> None:
    """Refuse what is no number of a type: a factor of integer matrices is an integer."""
    if isinstance(number, bool) or not isinstance(number, int | float | np.number):
        raise ArgumentTypeError(f"{name}(): {label} is a number, not {number.__class__.__name__}")
    if type.is_integer and not isinstance(number, int | np.integer):
        raise ArgumentTypeError(f"{name}(): {label} of {type.value} matrices is an integer, got {number!r}")


class Ger(LinearOperation):
    """alpha · x · yᵀ + A."""

    def arrays(self, call: Call) -> tuple[object, ...]:
        return (*call.inputs, call.values["a"])

    def planned(self, call: Call, frame: Frame) -> Plan:
        x, y = map(frame.held, call.inputs)
        if x.view.ndim != 1 or y.view.ndim != 1:
            raise ArgumentValueError(f"{frame.name}(): x and y are vectors, got shapes {x.view.shape}, {y.view.shape}")
        column, row = x.seen(x.view[:, np.newaxis]), y.seen(y.view[np.newaxis])
        return scaled_product(frame, call.out, column, row, call.values["a"], Scale(call.values["alpha"], 1))


def _sided(frame: Frame, side: Any) -> bool:
    """True where the special matrix stands on the left."""
    if side not in ("left", "right"):
        raise ArgumentValueError(f"{frame.name}(): side is 'left' or 'right', got {side!r}")
    return bool(side == "left")


def _written_out(frame: Frame, a: Held, lower: bool, symmetric: bool, unit: bool) -> Held:
    """The whole matrix whose one triangle is given."""
    if a.view.ndim != 2 or a.view.shape[0] != a.view.shape[1]:
        raise ArgumentValueError(f"{frame.name}(): a is a square matrix, got shape {a.view.shape}")
    full = frame.temporary(a.view.shape, a.type)
    if a.view.size:
        key = (a.type, lower, symmetric, unit)
        kernel = kernel_for(("triangle", *key), triangle_name(*key), lambda: triangle(*key))
        frame.steps.append(Step(kernel, (a.argument, full.argument)))
    return full


class Symm(LinearOperation):
    """alpha · A · B + beta · C, or alpha · B · A + beta · C, for a symmetric A."""

    def arrays(self, call: Call) -> tuple[object, ...]:
        return (*call.inputs, call.values["c"])

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        values = call.values
        left = _sided(frame, values["side"])
        full = _written_out(frame, a, bool(values["lower"]), True, False)
        pair = (full, b) if left else (b, full)
        return scaled_product(frame, call.out, *pair, values["c"], Scale(values["alpha"], values["beta"]))


class Trmm(LinearOperation):
    """alpha · op(A) · B, or alpha · B · op(A), for a triangular A."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, b = map(frame.held, call.inputs)
        values = call.values
        left = _sided(frame, values["side"])
        full = _written_out(frame, a, bool(values["lower"]), False, bool(values["unit_diagonal"]))
        if values["transpose"]:
            full = _transposed(frame, full)
        pair = (full, b) if left else (b, full)
        return scaled_product(frame, call.out, *pair, None, Scale(values["alpha"], 0))


class Trace(LinearOperation):
    """Sums along diagonals."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        (a,) = map(frame.held, call.inputs)
        values = call.values
        try:
            diagonal = a.view.diagonal(values["offset"], values["axis1"], values["axis2"])
        except (ValueError, TypeError) as error:
            raise ArgumentValueError(f"{frame.name}(): shape {a.view.shape}: {error}") from None
        result = a.type
        if result.is_integer:
            result = Type.I64 if result.is_signed else Type.U64
        out = frame.output(call.out, diagonal.shape[:-1], result)
        line = a.seen(diagonal)
        target = out if out.view.ndim else out.seen(out.view.reshape(1))
        sums(frame, [line.seen(diagonal[np.newaxis]) if diagonal.ndim == 1 else line], target, summed_in(result))
        return frame.plan(out, call.out is None)


class Linear(LinearOperation):
    """x · weightᵀ + bias."""

    def arrays(self, call: Call) -> tuple[object, ...]:
        return (*call.inputs, call.values["bias"])

    def planned(self, call: Call, frame: Frame) -> Plan:
        x, weight = map(frame.held, call.inputs)
        bias = call.values["bias"]
        name = frame.name
        if not x.view.ndim or weight.view.ndim != 2 or x.view.shape[-1] != weight.view.shape[1]:
            raise ArgumentValueError(
                f"{name}(): x of shape {x.view.shape} and weight of shape {weight.view.shape} do not fit: the last "
                "axis of both is the features that go in"
            )
        features = weight.view.shape[0]
        other = None if bias is None else frame.held(bias)
        if other is not None and other.view.shape != (features,):
            raise ArgumentValueError(f"{name}(): bias has shape {other.view.shape}, it needs ({features},)")
        shape = (*x.view.shape[:-1], features)
        out = frame.output(call.out, shape, frame.joined(*([x, weight] if other is None else [x, weight, other])))
        rows, target = (h if h.view.ndim > 1 else h.seen(h.view[np.newaxis]) for h in (x, out))
        if other is not None:
            other = other.seen(np.broadcast_to(other.view, target.view.shape))
        multiply(frame, rows, _transposed(frame, weight), target, other)
        return frame.plan(out, call.out is None)
