"""Element-wise templates: every such instruction of the table, for every type it has, against the oracle and NumPy."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import BuildError, DivisionByZeroError
from hologram.isa import templates
from hologram.isa.instructions import TABLE, Spec
from hologram.isa.operands import Condition, Slot
from hologram.isa.program import Program
from hologram.isa.templates.elementwise import arity
from hologram.isa.verify import verify
from hologram.types import HALVES, Type
from tests.differential.compare import canonical
from tests.differential.inputs import array

N = 203
ELEMENTWISE = [s for s in TABLE if arity(s) is not None]
INTERPRETER, CPU = InterpreterBackend(), CpuBackend()
MATH = [s for s in ELEMENTWISE if s.category.value == "transcendental"]
CHEAP = [s for s in ELEMENTWISE if s not in MATH]
NUMPY: dict[str, Any] = {
    "ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "AND": np.bitwise_and, "OR": np.bitwise_or,
    "XOR": np.bitwise_xor, "NOT": np.invert, "NEG": np.negative, "SQRT": np.sqrt, "FLOOR": np.floor, "CEIL": np.ceil,
    "ROUND": np.rint, "TRUNC": np.trunc, "MOV": np.positive, "MAD": lambda a, b, c: a * b + c,
}  # fmt: skip


def arguments(program: Program, n: int = N) -> list[Any]:
    rng = random.Random(program.name)
    return [array(p.type, (n,), rng) if p.is_array else n for p in program.params]


def run(program: Program, given: list[Any], backend: Any, lanes: int = N) -> bool:
    """Run; True where an integer was divided by zero."""
    try:
        backend.compile(program).launch(given, Domain((lanes, 1, 1), (1, 1, 1), (256, 1, 1)))
    except DivisionByZeroError:
        return True
    return False


def agree(program: Program) -> list[Any]:
    """The interpreter's arguments after a launch, which the CPU's must equal."""
    expected, native = arguments(program), arguments(program)
    faults = [run(program, given, backend) for given, backend in ((expected, INTERPRETER), (native, CPU))]
    assert faults[0] == faults[1]
    out = program.param("out")
    assert np.array_equal(canonical(expected[out]), canonical(native[out])), program.name
    return expected


def ordered(spec: Spec) -> list[Type]:
    return [t for t in Type if t in spec.types]


@pytest.mark.parametrize("spec", ELEMENTWISE, ids=lambda s: s.name)
def test_every_type_runs_on_the_interpreter_and_gives_what_numpy_does(spec: Spec) -> None:
    for type in ordered(spec):
        program = templates.elementwise(spec.name, type)
        assert len(program.params) == len(spec.operands) + 1
        given, out = arguments(program), program.param("out")
        before = given[out].copy()
        run(program, given, INTERPRETER)
        assert not np.array_equal(canonical(given[out]), canonical(before)), program.name
        if spec.name in NUMPY and type not in HALVES:
            with np.errstate(all="ignore"):
                wanted = np.asarray(NUMPY[spec.name](*given[:out])).astype(type.dtype)
            assert np.array_equal(canonical(given[out]), canonical(wanted)), program.name


def test_one_type_of_every_cheap_instruction_agrees_on_the_cpu() -> None:
    for number, spec in enumerate(CHEAP):
        types = ordered(spec)
        agree(templates.elementwise(spec.name, types[number % len(types)]))


@pytest.mark.slow
@pytest.mark.parametrize("spec", ELEMENTWISE, ids=lambda s: s.name)
def test_every_type_agrees_on_the_cpu(spec: Spec) -> None:
    for type in ordered(spec):
        agree(templates.elementwise(spec.name, type))


def test_arity_is_that_of_the_table() -> None:
    assert {s.name for s in ELEMENTWISE} >= {"ADD", "FMA", "NEG", "SHL", "POW", "SIGMOID", "CLZ", "REM"}
    assert not {s.name for s in ELEMENTWISE} & {"LDG", "CVT", "SEL", "SETcc", "BRED_ADD", "ReduceAdd", "ATOM_ADD"}
    assert templates.unary("NEG", Type.F32) is templates.elementwise("NEG", Type.F32)
    assert templates.binary("ADD", Type.I8) is templates.elementwise("ADD", Type.I8)
    assert templates.ternary("FMA", Type.F64) is templates.elementwise("FMA", Type.F64)


@pytest.mark.parametrize("type", list(Type))
def test_comparisons_selections_copies_and_fills(type: Type) -> None:
    for condition in (Condition.LT, Condition.NE, *([Condition.GEU] if type.is_unsigned else [])):
        program = templates.compare(condition, type)
        given = a, b, out, _ = arguments(program)
        run(program, given, INTERPRETER)
        holds = {Condition.LT: np.less, Condition.NE: np.not_equal, Condition.GEU: np.greater_equal}[condition]
        with np.errstate(invalid="ignore"):
            assert np.array_equal(out, holds(a, b).astype(np.uint8))
    chosen, a, b, out, _ = agree(templates.select(type))
    assert np.array_equal(canonical(out), canonical(np.where(chosen != 0, a, b)))
    program = templates.copy(type)
    given = a, out, _ = arguments(program)
    run(program, given, INTERPRETER)
    assert np.array_equal(a.view(np.uint8), out.view(np.uint8))
    out = np.zeros(N, type.dtype)
    run(templates.fill(type), [3, out, N], INTERPRETER, N - 3)
    assert (out[: N - 3] == 3).all() and (out[N - 3 :] == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("type", list(Type))
def test_comparisons_and_conversions_agree_on_the_cpu(type: Type) -> None:
    for condition in Condition:
        if type.is_unsigned or not condition.value.endswith("u"):
            agree(templates.compare(condition, type))
    for source in Type:
        agree(templates.convert(type, source))


@pytest.mark.parametrize("target", list(Type))
def test_all_conversions(target: Type) -> None:
    for source in Type:
        program = templates.convert(target, source)
        given = arguments(program)
        run(program, given, INTERPRETER)
        assert given[1].dtype == target.dtype


def test_programs_carry_their_extent_and_are_made_once() -> None:
    program = templates.binary("MUL", Type.F32)
    assert [p.render(lambda s: "n") for p in program.extent] == ["n"]
    assert program.extent[0].slots() == frozenset({Slot(3)})
    assert templates.binary("MUL", Type.F32) is program
    assert len({templates.fill(t).digest for t in Type}) == len(Type)
    verify(program)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: templates.unary("ADD", Type.F32), r"ADD does not compute one value of 1: a \+ b"),
        (lambda: templates.binary("AND", Type.F32), "AND does not exist for f32"),
        (lambda: templates.elementwise("LDG", Type.F32), "LDG is not element-wise: load from"),
        (lambda: templates.elementwise("FADD", Type.F32), "there is no instruction 'FADD'"),
    ],
)
def test_what_is_not_elementwise_is_refused(make: Any, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        make()
