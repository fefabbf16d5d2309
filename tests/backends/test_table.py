"""The whole instruction table, on every backend: each instruction gives the specified result, or is refused by name.

What computes a value is compared with exact arithmetic (`oracle`) on a grid of edge values; everything else has a small
kernel that uses it (`scenarios`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Backend, Checks
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import UnsupportedError, VerificationError
from hologram.isa.builder import Builder
from hologram.isa.instructions import TABLE, Category, OperandSpec, Spec
from hologram.isa.operands import Condition, Imm, Operand, RegisterIndirect, Scope, Slot, Special
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.types import Type
from tests.backends.cases import outcome
from tests.backends.cpu.columns import (
    Array,
    Column,
    columns,
    conversions,
    launch,
    one_nan,
    program,
    pure_instructions,
)
from tests.backends.interpreter.conftest import Exact
from tests.backends.oracle import corners, expected, grid, halfway, is_exact, math_bound, math_error
from tests.backends.scenarios import SCENARIOS

BACKENDS: list[Backend] = [InterpreterBackend(), CpuBackend()]
CHECKED = pytest.param(CpuBackend(checks=Checks()), marks=pytest.mark.slow)
EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
EACH_TYPE = pytest.mark.parametrize("ty", list(Type), ids=lambda t: t.value)
EACH_FLOAT = pytest.mark.parametrize("ty", [t for t in Type if t.is_float], ids=lambda t: t.value)


@cache
def operands(ty: Type, full: bool) -> list[Array]:
    """All pairs of edge values, or of some; the third operand is another edge value, or one that makes a sum cancel."""
    values = grid(ty) if full else corners(ty)
    rows = [(a, b, values[(7 * k) % len(values)]) for k, (a, b) in enumerate(itertools.product(values, values))]
    if ty.is_float:
        rows += [
            (a, b, expected(Column("NEG", ty), expected(Column("MUL", ty), a, b, 0), 0, 0)) for a, b, _ in rows[::3]
        ]
    return [np.array(column, np.uint64).astype(f"u{ty.size}") for column in zip(*rows, strict=True)]


@cache
def wanted(column: Column, full: bool) -> Array:
    """The exact results of a column for its operands; each set of operands that it reads is calculated once."""
    if column.op == "CVT":
        given = [sources(column.source or column.type)] * 3
    else:
        given = operands(column.type, full)
    known: dict[tuple[int, ...], int] = {}
    out, read = [], column.reads
    for row in zip(*(x.tolist() for x in given), strict=True):
        if row[:read] not in known:
            known[row[:read]] = expected(column, *row)
        out.append(known[row[:read]])
    return np.array(out, np.uint64).astype(f"u{column.type.size}")


def assert_exact(
    chosen: Sequence[Column],
    given: Sequence[Array],
    got: Sequence[Array],
    places: Any = slice(None),
    full: bool = False,
) -> None:
    """Compare with the exact results (all NaN count as one) of the operands at some places."""
    wrong = []
    for column, bits in zip(chosen, got, strict=True):
        exact = wanted(column, full)[places]
        differ = np.flatnonzero(one_nan(column.type, bits) != one_nan(column.type, exact))
        if len(differ):
            k = differ[0]
            shown = ", ".join(hex(x[k]) for x in given)
            wrong.append(f"{column} of {shown}: {bits[k]:#x}, not {exact[k]:#x} ({len(differ)} differ)")
    assert not wrong, "\n".join(wrong)


def exact_columns(ty: Type, full: bool = False) -> list[Column]:
    """Every exact instruction of a type, and those that take immediates with some, or with two."""
    plain = [c for math in (False, True) for c in columns(ty, math) if is_exact(c)]
    few = grid(ty)[:: len(grid(ty)) // 4] if full else corners(ty)[4:12:5]
    with_immediates = [
        Column(c.op, ty, c.condition, immediate=v % (1 << 32) if c.op in ("SHL", "SHR") else v)
        for c in plain
        if c.takes_immediate
        for v in few
    ]
    folds = [Column(c.op, ty, immediate=count) for c in plain if c.op.startswith("Reduce") for count in (0, 1)]
    return [*plain, *with_immediates, *folds]


def batches(chosen: Sequence[Column]) -> list[list[Column]]:
    return [list(chosen[k : k + 40]) for k in range(0, len(chosen), 40)]


@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["corners", "all edges"])
@EACH_TYPE
@EACH_BACKEND
def test_calculations_are_exact(backend: Backend, ty: Type, full: bool) -> None:
    given = operands(ty, full)
    for chosen in batches(exact_columns(ty, full)):
        faulted, got = launch(backend.compile(program(chosen)), given)
        assert_exact(chosen, given, got, full=full)
        divides = [c for c in chosen if ty.is_integer and c.op in ("DIV", "REM") and not c.immediate]
        assert faulted == bool(divides)


@EACH_TYPE
def test_calculations_on_what_all_lanes_share_are_exact(ty: Type) -> None:
    """Values that do not differ between lanes are scalar code on the CPU: some lanes, one launch each."""
    given = operands(ty, full=False)
    for chosen in batches(exact_columns(ty)):
        scalar = CpuBackend().compile(program(chosen, uniform=True))
        for lane in np.linspace(0, len(given[0]) - 1, 40).astype(int).tolist():
            one = [x[lane : lane + 1] for x in given]
            assert_exact(chosen, one, launch(scalar, one)[1], slice(lane, lane + 1))


@cache
def sources(ty: Type) -> Array:
    """What is converted from a type: edges, places halfway between results, and numbers of every size."""
    rng = np.random.default_rng([7, list(Type).index(ty)])
    random = [int(v) >> int(rng.integers(64 - ty.bits, 64)) for v in rng.integers(0, 1 << 63, 200, np.uint64)]
    limits = [b for t in Type if t.is_integer for v in (t.minimum, t.maximum) for b in around(ty, v)]
    values = [*grid(ty), *halfway(ty), *limits, *random, *(v ^ (1 << (ty.bits - 1)) for v in random)]
    return np.array([v % (1 << ty.bits) for v in values], np.uint64).astype(f"u{ty.size}")


def around(ty: Type, value: int) -> list[int]:
    """Bits of an integer and its neighbours in a type."""
    at = Exact.round(ty, Exact.value(Type.I64, value % (1 << 64))) if ty.is_float and abs(value) < 1 << 63 else value
    return [at - 1, at, at + 1]


@EACH_TYPE
@EACH_BACKEND
def test_conversions_round_once(backend: Backend, ty: Type) -> None:
    chosen, values = conversions(ty), sources(ty)
    _, got = launch(backend.compile(program(chosen)), [values] * 3)
    assert_exact(chosen, [values], got)
    if backend.name == "cpu":
        scalar = backend.compile(program(chosen, uniform=True))
        for lane in range(0, len(values), 7):
            one = [values[lane : lane + 1]] * 3
            assert_exact(chosen, one[:1], launch(scalar, one)[1], slice(lane, lane + 1))


@pytest.mark.parametrize("ty", [Type.F32, Type.F64], ids=lambda t: t.value)
@EACH_BACKEND
def test_functions_stay_within_their_bounds(backend: Backend, ty: Type) -> None:
    chosen = [c for c in columns(ty, math=True) if not is_exact(c)]
    values = np.array(grid(ty), np.uint64).astype(f"u{ty.size}")
    few = values[::2][:30]
    pairs = [np.repeat(few, len(few)), np.tile(few, len(few))]
    for op_arity, given in ((1, [values]), (2, pairs)):
        some = [c for c in chosen if c.arity == op_arity]
        _, got = launch(backend.compile(program(some)), [*given, *[given[-1]] * (3 - len(given))])
        for column, bits in zip(some, got, strict=True):
            rows = zip(*(x.view(ty.dtype).tolist() for x in given), bits.view(ty.dtype).tolist(), strict=True)
            for *args, result in rows:
                error = math_error(column.op, ty, args, result)
                assert error <= math_bound(column.op, ty), (str(column), args, result, error)


def cases() -> Iterator[Any]:
    """Every row with each of its types; what takes long to compile has its 8- and 16-bit integers in the long run."""
    for spec in TABLE:
        for ty in sorted(spec.types, key=str) if spec.typed else [None]:
            narrow = ty is not None and ty.is_integer and ty.bits < 32
            heavy = spec.category in (Category.ATOMIC, Category.CROSS)
            name = f"{spec.name}-{ty.value}" if ty else spec.name
            yield pytest.param(spec, ty, id=name, marks=[pytest.mark.slow] * (narrow and heavy))


@pytest.mark.parametrize(("spec", "ty"), list(cases()))
@pytest.mark.filterwarnings("ignore::hologram.errors.PrintIgnoredWarning")
@pytest.mark.parametrize("backend", [*BACKENDS, CHECKED], ids=["interpreter", "cpu", "checked"])
def test_runs_as_specified_or_is_refused_by_name(backend: Backend, spec: Spec, ty: Type | None) -> None:
    if not backend.implements(spec, ty):
        with pytest.raises(UnsupportedError, match=spec.text.replace(".", r"\.")):
            backend.compile(sample(spec, ty))
        return
    if ty is not None and (spec in pure_instructions(ty) or spec.name == "CVT"):
        return  # the tests above run these on the whole grid
    case = SCENARIOS[spec.name](spec.name, ty)
    assert any(ins.op == spec.name and ins.type is ty for ins in case.program.instructions)
    exact_arrays = [*case.expected, *([] if case.resonance is None else [case.resonance])]
    for got, exact in zip(outcome(case, backend), exact_arrays, strict=True):
        raw, true = (np.ascontiguousarray(v).view(f"u{v.itemsize}") for v in (got, exact))
        kind = Type.of_dtype(got.dtype)
        assert kind is not None
        np.testing.assert_array_equal(one_nan(kind, raw), one_nan(kind, true))


def sample(spec: Spec, ty: Type | None, source: Type = Type.I32) -> Program:
    """A program with one instruction, all it reads being defined before."""
    b = Builder("sample")
    b.shared_bytes = 64
    array, end = b.array("x", ty or Type.I32, access="rw"), b.label("end")
    scalar = b.scalar("s", ty or Type.I32)
    b.message("hello")

    def register(kind: str) -> Operand:
        wanted = ty if kind == "T" else source if kind == "S" else Type[kind]
        assert wanted is not None
        made = b.reg()
        b.emit("MOV_IMM", wanted, made, Imm(0))
        return made

    def handle() -> RegisterIndirect:
        made = b.reg()
        shared = spec.name in ("LDS", "STS")
        b.emit("MOV_IMM" if shared else "MOV_PARAM", Type.U64, made, Imm(0) if shared else Slot(array))
        return RegisterIndirect(made, 0)

    def operand(o: OperandSpec) -> Operand:
        if o.kind in ("reg", "src"):
            return b.reg() if o.written else register(o.type)
        if o.kind == "pred":
            made = b.pred()
            if not o.written:
                b.emit("SETcc", Type.I32, Condition.EQ, made, register("I32"), Imm(0))
            return made
        others: dict[str, Any] = {
            "guard": None, "imm": Imm(0), "label": end, "slot": Slot(scalar), "sreg": Special.GLOBAL_X,
            "cond": Condition.EQ, "scope": Scope.BLOCK, "f64": 0.5,
        }  # fmt: skip
        return handle() if o.kind == "addr" else others.get(o.kind, 0)

    args = [operand(o) for o in spec.operands]
    b.emit(spec.name, ty, *args, source_type=source if any(o.type == "S" for o in spec.operands) else None)
    b.place(end)
    return b.build()


def test_the_verifier_refuses_every_type_an_instruction_does_not_have() -> None:
    for spec, ty in itertools.product(TABLE, Type):
        if ty not in spec.types:
            with pytest.raises(VerificationError, match=rf"{spec.name} (does not exist for {ty.value}|has no type)"):
                verify(sample(spec, ty))


def test_the_verifier_refuses_a_missing_type_and_unsigned_conditions_on_others() -> None:
    for spec in TABLE:
        if spec.typed and spec.name not in ("MOV_PARAM",):
            b = Builder("untyped")
            b.emit(spec.name, None, *[None] * len(spec.operands))
            with pytest.raises(VerificationError, match=f"{spec.name} needs a type"):
                verify(b.build())
    for ty, condition in itertools.product([t for t in Type if not t.is_unsigned], Condition):
        if len(condition.value) == 3:
            b = Builder("compares")
            a, p = b.reg(), b.pred()
            b.emit("MOV_IMM", ty, a, Imm(0))
            b.emit("SETcc", ty, condition, p, a, a)
            with pytest.raises(VerificationError, match=f"condition {condition.value} compares unsigned numbers"):
                verify(b.build())


def test_the_walk_is_complete() -> None:
    """Every instruction is a calculation with an oracle, a conversion, or has a scenario; both backends have all."""
    calculations = {spec.name for ty in Type for spec in pure_instructions(ty)} | {"CVT"}
    assert not calculations & SCENARIOS.keys()
    assert calculations | SCENARIOS.keys() == {s.name for s in TABLE}
    assert all(b.implements(s, ty) for b in BACKENDS for s in TABLE for ty in (s.types or {None}))
    assert math.isfinite(sum(math_bound(c.op, ty) for ty in (Type.F32, Type.F64) for c in columns(ty, math=True)))
