"""How each pure instruction is written with basic operations: one table from mnemonic to rule.

A rule gets the lanes to work on (a strip's vector or a scalar), the instruction, its operands by name, and a
place to report faults; it gives the result. Memory, atomics, control flow and reductions are not here.
"""

from __future__ import annotations

from collections.abc import Callable

from hologram.backends.llvm.atomics import ATOMICS
from hologram.backends.llvm.ir import Value
from hologram.backends.llvm.lanes import VectorLanes, suffix
from hologram.isa.elementary import EXPANSIONS
from hologram.isa.instructions import Spec
from hologram.isa.operands import Condition
from hologram.isa.program import Instruction
from hologram.types import FLOATS, HALVES, INTEGERS, Type

Operands = dict[str, Value]
Fault = Callable[[Value], None]
Rule = Callable[[VectorLanes, Instruction, Operands, Fault], Value]


def _type(ins: Instruction) -> Type:
    assert ins.type is not None
    return ins.type


def _basic(method: str) -> Rule:
    """A rule that is one basic operation on a, b, c."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
        return getattr(m, method)(_type(ins), *(o[k] for k in ("a", "b", "c") if k in o))  # type: ignore[no-any-return]

    return rule


def _extreme(float_name: str, integer_name: str) -> Rule:
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
        ty = _type(ins)
        name = float_name if ty.is_float else f"{'s' if ty.is_signed else 'u'}{integer_name}"
        return m.intrinsic(name, o["a"], o["b"])

    return rule


def _mad(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    return m.add(_type(ins), m.mul(_type(ins), o["a"], o["b"]), o["c"])


def _div(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    ty = _type(ins)
    return m.div(ty, o["a"], o["b"]) if ty.is_float else _quotient(m, ty, o["a"], o["b"], fault)


def _rem(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    ty = _type(ins)
    zero = m.compare("eq", ty, o["b"], m.const(ty, 0))
    quotient = _quotient(m, ty, o["a"], o["b"], fault)
    rest = m.sub(ty, o["a"], m.mul(ty, quotient, o["b"]))
    return m.select(ty, zero, m.const(ty, 0), rest)


def _quotient(m: VectorLanes, ty: Type, a: Value, b: Value, fault: Fault) -> Value:
    """Truncated integer quotient; 0 and a fault where b is 0, MIN where MIN is divided by -1."""
    zero = m.compare("eq", ty, b, m.const(ty, 0))
    fault(zero)
    safe = m.select(ty, zero, m.const(ty, 1), b)
    if ty.bits <= 32 and m.lanes:
        # Vectors have no integer division; a quotient of 32-bit integers is exact through f64.
        wide = m.div(Type.F64, m.convert(Type.F64, ty, a), m.convert(Type.F64, ty, safe))
        quotient = m.convert(ty, Type.I64, m.convert(Type.I64, Type.F64, wide))
    elif ty.is_signed:
        minus = m.compare("eq", ty, safe, m.const(ty, -1))
        plain = m.binary("sdiv", a, m.select(ty, minus, m.const(ty, 1), safe))
        quotient = m.select(ty, minus, m.neg(ty, a), plain)
    else:
        quotient = m.binary("udiv", a, safe)
    return m.select(ty, zero, m.const(ty, 0), quotient)


def _not(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    return m.xor(_type(ins), o["a"], m.const(_type(ins), -1))


def _shift(method: str) -> Rule:
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
        ty = _type(ins)
        unsigned = Type[f"U{ty.bits}"]
        count = m.and_(Type.U32, o["amount"], m.const(Type.U32, ty.bits - 1))
        return getattr(m, method)(ty, o["a"], m.convert(unsigned, Type.U32, count))  # type: ignore[no-any-return]

    return rule


def _compare(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    condition = ins.args[0]
    assert isinstance(condition, Condition)
    return m.compare(condition.value.removesuffix("u"), _type(ins), o["a"], o["b"])


def _select(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    return m.select(_type(ins), o["pred"], o["a"], o["b"])


def _convert(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    target, source = _type(ins), ins.source_type
    assert source is not None
    if source.is_float and target.is_integer:
        return m.saturate(target, source, o["a"])
    return m.convert(target, source, o["a"])


def _counting(name: str, *extra: str) -> Rule:
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
        a = m.spread(o["a"])
        return m.w.call(f"llvm.{name}.{suffix(a.element, a.lanes)}", a.type, a.lanes, a, *extra, element=a.element)

    return rule


def _fold(op: Rule) -> Rule:
    """Left-to-right fold of consecutive registers, starting from the identity."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
        total = m.const(_type(ins), fold_start(ins))
        for value in o.values():
            total = op(m, ins, {"a": total, "b": value}, fault)
        return total

    return rule


def fold_start(ins: Instruction) -> int | float:
    """What a fold of nothing gives."""
    ty = _type(ins)
    lowest, highest = (float("-inf"), float("inf")) if ty.is_float else (ty.minimum, ty.maximum)
    return {"Add": 0, "Mul": 1, "Min": highest, "Max": lowest}[ins.op[-3:]]


def _mask(method: str) -> Rule:
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
        return m.binary(method, o["a"], o["b"])

    return rule


def _expansion(m: VectorLanes, ins: Instruction, o: Operands, fault: Fault) -> Value:
    result: Value = EXPANSIONS[ins.op, _type(ins)](m, *(m.spread(o[k]) for k in ("a", "b") if k in o))
    return result


_MIN, _MAX = _extreme("minimumnum", "min"), _extreme("maximumnum", "max")
_ADD, _MUL = _basic("add"), _basic("mul")

PURE: dict[str, Rule] = {
    "MOV": lambda m, ins, o, fault: o["a"],
    "CVT": _convert,
    "ADD": _ADD,
    "SUB": _basic("sub"),
    "MUL": _MUL,
    "DIV": _div,
    "REM": _rem,
    "MAD": _mad,
    "FMA": _basic("fma"),
    "MIN": _MIN,
    "MAX": _MAX,
    "MINP": _extreme("minimum", "min"),
    "MAXP": _extreme("maximum", "max"),
    "ABS": _basic("abs"),
    "NEG": _basic("neg"),
    "AND": _basic("and_"),
    "OR": _basic("or_"),
    "XOR": _basic("xor"),
    "NOT": _not,
    "SHL": _shift("shl"),
    "SHR": _shift("shr"),
    "SETcc": _compare,
    "SEL": _select,
    "SQRT": _basic("sqrt"),
    "FLOOR": _basic("floor"),
    "CEIL": _basic("ceil"),
    "ROUND": _basic("round_even"),
    "TRUNC": _basic("trunc"),
    "POPC": _counting("ctpop"),
    "CLZ": _counting("ctlz", "i1 false"),
    "PAND": _mask("and"),
    "POR": _mask("or"),
    "PXOR": _mask("xor"),
    "PNOT": lambda m, ins, o, fault: m.mask_not(o["a"]),
    "ReduceAdd": _fold(_ADD),
    "ReduceMin": _fold(_MIN),
    "ReduceMax": _fold(_MAX),
    "ReduceMul": _fold(_MUL),
}

MEMORY = frozenset({"LDG", "STG"})
SHARED = frozenset({"LDS", "STS"})
CONTROL = frozenset({"BRA", "LOOP", "EXIT", "MemFence", "BarSync"})
SOURCES = frozenset({"MOV_IMM", "MOV_PARAM", "MOV_SREG"})
REDUCTIONS = {
    "GRED_ADD": (_ADD, -0.0, 0),
    "GRED_MUL": (_MUL, 1.0, 1),
    "GRED_MIN": (_extreme("minimum", "min"), float("inf"), None),
    "GRED_MAX": (_extreme("maximum", "max"), float("-inf"), None),
}
"""Mnemonic to (operation, float value that leaves any other unchanged, the same for integers or None: the type's end).

Minimum and maximum over a launch propagate NaN, as NumPy's do.
"""

_BITWISE = frozenset({"MOV", "MOV_IMM", "MOV_PARAM", "SEL", "LDG", "STG", "LDS", "STS"})


def implements(spec: Spec, type: Type | None) -> bool:
    """True when the lowering has the instruction for a type."""
    if type is not None and type not in spec.types:
        return False
    if type in HALVES and spec.name not in _BITWISE:
        return False
    if spec.name == "REM" and type in FLOATS:
        return False
    if spec.name in REDUCTIONS:
        return type in INTEGERS | FLOATS
    if spec.name in PURE or spec.name in MEMORY | SHARED | ATOMICS or spec.name in CONTROL or spec.name in SOURCES:
        return True
    return type is not None and (spec.name, type) in EXPANSIONS


def rule_for(ins: Instruction) -> Rule:
    """The rule of a pure instruction."""
    return PURE.get(ins.op, _expansion)
