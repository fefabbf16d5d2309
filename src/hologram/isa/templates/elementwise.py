"""One instruction on every element: `out[i] = op(a[i], b[i], …)` for i below n."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hologram.errors import BuildError
from hologram.isa.builder import Builder, Value
from hologram.isa.cache import ProgramKey
from hologram.isa.instructions import BY_NAME, Spec
from hologram.isa.operands import Condition, Pred, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import Type

TRUTH = Type.U8
"""Elements of truth values: 0 is false, what is not 0 is true; results are 0 and 1."""

Body = Callable[[Builder, Sequence[Value]], Value]


def arity(spec: Spec) -> int | None:
    """How many values an instruction makes one value of; None where it is not of that kind."""
    target, *sources = spec.operands or (None,)
    computes = target is not None and target.written and target.kind == "reg" and target.type == "T"
    plain = all(o.kind in ("reg", "src") and o.type != "S" for o in sources)
    return len(sources) if computes and plain and sources and spec.name not in _ACROSS else None


_ACROSS = frozenset({"PoolLoad", *(f"BRED_{op}" for op in ("ADD", "MIN", "MAX", "MUL"))})
"""Instructions of that form that do more than compute."""


def unary(op: str, type: Type) -> Program:
    """`op(a, out, n)`: out[i] = op a[i], for any instruction with one operand."""
    return _of_arity(op, type, 1)


def binary(op: str, type: Type) -> Program:
    """`op(a, b, out, n)`: out[i] = a[i] op b[i], for any instruction with two operands (a shift's second is u32)."""
    return _of_arity(op, type, 2)


def ternary(op: str, type: Type) -> Program:
    """`op(a, b, c, out, n)`: out[i] = op(a[i], b[i], c[i]), for any instruction with three operands."""
    return _of_arity(op, type, 3)


def _of_arity(op: str, type: Type, wanted: int) -> Program:
    spec = _row(op, type)
    if arity(spec) != wanted:
        raise BuildError(f"{op} does not compute one value of {wanted}: {spec.doc}")
    return elementwise(op, type)


def elementwise(op: str, type: Type) -> Program:
    """The element-wise program of an instruction that makes one value of one, two or three."""
    spec = _row(op, type)
    if arity(spec) is None:
        raise BuildError(f"{op} is not element-wise: {spec.doc}")
    inputs = {o.name: type if o.type == "T" else Type[o.type] for o in spec.operands[1:]}

    def body(b: Builder, values: Sequence[Value]) -> Value:
        result = b.instruction(spec, values, type)
        assert isinstance(result, Value)
        return result

    return _mapped(f"{spec.text.replace('.', '_')}_{type.value}", inputs, type, body)


def _row(op: str, type: Type) -> Spec:
    spec = BY_NAME.get(op)
    if spec is None:
        raise BuildError(f"there is no instruction '{op}'")
    if spec.typed and type not in spec.types:
        raise BuildError(f"{op} does not exist for {type.value}")
    return spec


def convert(target: Type, source: Type) -> Program:
    """`convert(a, out, n)`: out[i] = a[i] converted, for all 144 pairs of types."""
    name = f"cvt_{target.value}_{source.value}"
    return _mapped(name, {"a": source}, target, lambda b, v: b.cvt(v[0], type=target))


def compare(condition: Condition | str, type: Type) -> Program:
    """`compare(a, b, out, n)`: out[i] = 1 where the condition holds for a[i] and b[i], else 0; out is u8."""
    relation = Condition(condition)

    def body(b: Builder, values: Sequence[Value]) -> Value:
        holds: Pred = b.set(relation, *values)
        result: Value = b.sel(holds, 1, 0, type=TRUTH)
        return result

    return _mapped(f"set{relation.value}_{type.value}", {"a": type, "b": type}, TRUTH, body)


def select(type: Type) -> Program:
    """`select(chosen, a, b, out, n)`: out[i] = a[i] where chosen[i] is not 0, else b[i]; chosen is u8."""

    def body(b: Builder, values: Sequence[Value]) -> Value:
        holds: Pred = b.set("ne", values[0], 0)
        result: Value = b.sel(holds, values[1], values[2])
        return result

    return _mapped(f"sel_{type.value}", {"chosen": TRUTH, "a": type, "b": type}, type, body)


def copy(type: Type) -> Program:
    """`copy(a, out, n)`: out[i] = a[i]."""
    return _mapped(f"copy_{type.value}", {"a": type}, type, lambda b, v: v[0])


def fill(type: Type) -> Program:
    """`fill(value, out, n)`: out[i] = value."""

    def make() -> Program:
        b = Builder(f"fill_{type.value}")
        value, out, n = b.scalar("value", type), b.array("out", type, access="w"), b.scalar("n", Type.I64)
        view, i = b.view(out), b.global_id()
        with b.if_(b.set("lt", i, b.mov_param(n))):
            b.store(b.mov_param(value), view, i)
        return b.build([Slot(n)])

    return made(ProgramKey(f"fill_{type.value}", (type,)), make)


def _mapped(name: str, inputs: dict[str, Type], result: Type, body: Body) -> Program:
    def make() -> Program:
        b = Builder(name)
        slots = [b.array(k, t) for k, t in inputs.items()]
        out, n = b.array("out", result, access="w"), b.scalar("n", Type.I64)
        views, target, i = [b.view(s) for s in slots], b.view(out), b.global_id()
        with b.if_(b.set("lt", i, b.mov_param(n))):
            b.store(body(b, [b.load(view, i) for view in views]), target, i)
        return b.build([Slot(n)])

    return made(ProgramKey(name, (*inputs.values(), result)), make)
