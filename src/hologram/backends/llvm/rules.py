"""How each pure instruction is written with basic operations: one table from mnemonic to rule.

A rule gets the lanes to work on (a strip's vector or a scalar), the instruction, its operands by name, and a
place to report faults; it gives the result. Memory, atomics, control flow and reductions are not here.
"""

from __future__ import annotations

from dataclasses import replace

from hologram.backends.llvm import halves, resonance
from hologram.backends.llvm.atomics import ATOMICS
from hologram.backends.llvm.ir import Value
from hologram.backends.llvm.lanes import VectorLanes, suffix
from hologram.backends.llvm.remainder import remainder
from hologram.backends.llvm.report import Report
from hologram.isa.elementary import EXPANSIONS
from hologram.isa.instructions import Spec
from hologram.isa.operands import Condition
from hologram.isa.program import Instruction
from hologram.types import HALVES, Type

Operands = dict[str, Value]
Rule = resonance.Rule


def _type(ins: Instruction) -> Type:
    assert ins.type is not None
    return ins.type


def _wide_operands(op: Rule) -> Rule:
    """A rule for f16 and bf16, too: their operands go in as f32."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        ty = _type(ins)
        if ty in HALVES:
            o = {name: halves.widen(m, ty, value) for name, value in o.items()}
            ins = replace(ins, type=Type.F32)
        return op(m, ins, o, fault)

    return rule


def _in_f32(op: Rule) -> Rule:
    """A rule for f16 and bf16, too: computed in f32 and rounded once."""
    wide = _wide_operands(op)

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        result, ty = wide(m, ins, o, fault), _type(ins)
        return halves.narrow(m, ty, result) if ty in HALVES else result

    return rule


def _basic(method: str) -> Rule:
    """A rule that is one basic operation on a, b, c."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        return getattr(m, method)(_type(ins), *(o[k] for k in ("a", "b", "c") if k in o))  # type: ignore[no-any-return]

    return _in_f32(rule)


def _extreme(name: str, propagates: bool) -> Rule:
    """Minimum or maximum ("min", "max"); a NaN wins if it `propagates`, else it loses."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        ty, a, b = _type(ins), o["a"], o["b"]
        if ty.is_integer:
            return m.intrinsic(f"{'s' if ty.is_signed else 'u'}{name}", a, b)
        if not propagates:
            # Not LLVM's minimumnum: 22 gives NaN for (x, NaN) on x86 where it knows that x is none.
            a, b = (m.select(ty, m.compare("eq", ty, x, x), x, other) for x, other in ((a, b), (b, a)))
        return m.intrinsic(f"{name}imum", a, b)

    return _in_f32(rule)


def _carried_extreme(beyond: str) -> Rule:
    """Minimum or maximum ("lt", "gt") into a value that a loop carries along; a NaN wins.

    From one round to the next it takes fewer steps than LLVM's. Equal numbers differ in the sign of a zero alone, of
    which either bit decides.
    """

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        ty, so_far, other = _type(ins), o["a"], o["b"]
        takes = m.mask_or(m.compare(beyond, ty, other, so_far), m.compare("ne", ty, other, other))
        chosen = m.select(ty, takes, other, so_far)
        bits = m.bits(ty, so_far), m.bits(ty, other)
        both = (m.and_ if beyond == "gt" else m.or_)(ty, *bits)
        return m.select(ty, m.compare("eq", ty, other, so_far), m.from_bits(ty, both), chosen)

    return rule


def _mad(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    product = _MUL(m, ins, {"a": o["a"], "b": o["b"]}, fault)
    return _ADD(m, ins, {"a": product, "b": o["c"]}, fault)


def _div(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    ty = _type(ins)
    return m.div(ty, o["a"], o["b"]) if ty.is_float else _quotient(m, ty, o["a"], o["b"], fault)


def _rem(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    ty = _type(ins)
    if ty.is_float:
        return remainder(m, ty, o["a"], o["b"])
    zero = m.compare("eq", ty, o["b"], m.const(ty, 0))
    quotient = _quotient(m, ty, o["a"], o["b"], fault)
    rest = m.sub(ty, o["a"], m.mul(ty, quotient, o["b"]))
    return m.select(ty, zero, m.const(ty, 0), rest)


def _quotient(m: VectorLanes, ty: Type, a: Value, b: Value, fault: Report) -> Value:
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


def _not(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    return m.xor(_type(ins), o["a"], m.const(_type(ins), -1))


def _shift(method: str) -> Rule:
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        ty = _type(ins)
        unsigned = Type[f"U{ty.bits}"]
        count = m.and_(Type.U32, o["amount"], m.const(Type.U32, ty.bits - 1))
        return getattr(m, method)(ty, o["a"], m.convert(unsigned, Type.U32, count))  # type: ignore[no-any-return]

    return rule


def _compare(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    condition = ins.args[0]
    assert isinstance(condition, Condition)
    return m.compare(condition.value.removesuffix("u"), _type(ins), o["a"], o["b"])


def _select(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    return m.select(_type(ins), o["pred"], o["a"], o["b"])


def _convert(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    assert ins.source_type is not None
    return converted(m, _type(ins), ins.source_type, o["a"])


def converted(m: VectorLanes, target: Type, source: Type, a: Value) -> Value:
    """A value in another type, as CVT gives it."""
    if target in HALVES:
        return halves.convert(m, target, source, a)
    if source in HALVES:
        a, source = halves.widen(m, source, a), Type.F32
    if source.is_float and target.is_integer:
        return m.saturate(target, source, a)
    return m.convert(target, source, a)


def _counting(name: str, *extra: str) -> Rule:
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        a = m.spread(o["a"])
        return m.w.call(f"llvm.{name}.{suffix(a.element, a.lanes)}", a.type, a.lanes, a, *extra, element=a.element)

    return rule


def _fold(op: Rule) -> Rule:
    """Left-to-right fold of consecutive registers, starting from the identity."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
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
    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        return m.binary(method, o["a"], o["b"])

    return rule


def _expansion(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
    # Expansions count on every rounding they ask for, in fast programs too.
    m = m.exact()
    result: Value = EXPANSIONS[ins.op, _type(ins)](m, *(m.spread(o[k]) for k in ("a", "b") if k in o))
    return result


def _sign_bit(method: str, mask: int, op: Rule) -> Rule:
    """A rule that for f16 and bf16 changes the sign bit alone."""

    def rule(m: VectorLanes, ins: Instruction, o: Operands, fault: Report) -> Value:
        return m.binary(method, o["a"], m.const(Type.U16, mask)) if _type(ins) in HALVES else op(m, ins, o, fault)

    return rule


_MIN, _MAX = _extreme("min", False), _extreme("max", False)
_ADD, _MUL = _basic("add"), _basic("mul")
_EXPANSION = _in_f32(_expansion)

PURE: dict[str, Rule] = {
    "MOV": lambda m, ins, o, fault: o["a"],
    "CVT": _convert,
    "ADD": _ADD,
    "SUB": _basic("sub"),
    "MUL": _MUL,
    "DIV": _in_f32(_div),
    "REM": _in_f32(_rem),
    "MAD": _mad,
    "FMA": _basic("fma"),
    "MIN": _MIN,
    "MAX": _MAX,
    "MINP": _extreme("min", True),
    "MAXP": _extreme("max", True),
    "ABS": _sign_bit("and", 0x7FFF, _basic("abs")),
    "NEG": _sign_bit("xor", 0x8000, _basic("neg")),
    "AND": _basic("and_"),
    "OR": _basic("or_"),
    "XOR": _basic("xor"),
    "NOT": _not,
    "SHL": _shift("shl"),
    "SHR": _shift("shr"),
    "SETcc": _wide_operands(_compare),
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
    **resonance.RULES,
}
CARRIED: dict[str, Rule] = {"MINP": _carried_extreme("lt"), "MAXP": _carried_extreme("gt")}
"""Rules in f32 and f64 where a loop carries the first operand to the result."""

MEMORY = frozenset({"LDG", "STG"})
SHARED = frozenset({"LDS", "STS"})
SILENT = frozenset({"MemFence", "Print", "Assert"})
"""Instructions that no code is made for."""
CONTROL = frozenset({"BRA", "LOOP", "EXIT", "CALL", "RET", "BarSync"})
SOURCES = frozenset({"MOV_IMM", "MOV_PARAM", "MOV_SREG"})
_COMBINING = {
    "ADD": (_ADD, -0.0, 0),
    "MUL": (_MUL, 1.0, 1),
    "MIN": (_extreme("min", True), float("inf"), None),
    "MAX": (_extreme("max", True), float("-inf"), None),
}
REDUCTIONS = {f"{kind}_{name}": row for kind in ("GRED", "BRED") for name, row in _COMBINING.items()}
"""Mnemonic to (operation, float value that leaves any other unchanged, the same for integers or None: the type's end).

Minimum and maximum over a launch or a block propagate NaN, as NumPy's do.
"""
LAUNCH_REDUCTIONS = frozenset(name for name in REDUCTIONS if name.startswith("GRED"))
BLOCK_REDUCTIONS = frozenset(REDUCTIONS) - LAUNCH_REDUCTIONS


def implements(spec: Spec, type: Type | None) -> bool:
    """True when the lowering has the instruction for a type."""
    if type is not None and type not in spec.types:
        return False
    if spec.name in PURE or spec.name in MEMORY | SHARED | ATOMICS | CONTROL | SILENT | SOURCES:
        return True
    if spec.name in REDUCTIONS or spec.name in resonance.OF_THE_LAUNCH:
        return True
    return type is not None and is_expanded(spec.name, type)


def is_expanded(mnemonic: str, type: Type) -> bool:
    """True for functions that are many basic operations."""
    return (mnemonic, Type.F32 if type in HALVES else type) in EXPANSIONS


def rule_for(ins: Instruction, carried: bool) -> Rule:
    """The rule of a pure instruction; `carried` says that its result takes its first operand's place in a loop."""
    rules = CARRIED if carried and ins.op in CARRIED and ins.type in (Type.F32, Type.F64) else PURE
    return rules.get(ins.op, _EXPANSION)
