"""A folded formula has the values of the unfolded one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hologram.isa.affine import Poly
from hologram.isa.formula import OPERATIONS, FormulaBuilder, evaluate
from hologram.isa.operands import Slot

N, M = Slot(0), Slot(1)
BOUNDS = {N: (-5, 9), M: (0, None)}
NAMES = ["add", "sub", "mul", "min", "max", "ceildiv", "less", "both", "negate", "select"]
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), *[st.integers(0, 40)] * 3), max_size=25)


@given(STEPS, st.integers(-5, 9), st.integers(0, 50))
def test_folding_and_sharing_keep_every_value(steps: list[tuple[str, int, int, int]], n: int, m: int) -> None:
    b = FormulaBuilder()
    nodes = [b.source("slot", N, BOUNDS[N]), b.source("slot", M, BOUNDS[M]), b.source("lanes", 1, (0, 100))]
    nodes += [b.const(c) for c in (-3, 0, 1, 2)]
    expected = [n, m, 7, -3, 0, 1, 2]
    for op, *picks in steps:
        i, j, k = (p % len(nodes) for p in picks)
        x, y, z = expected[i], expected[j], expected[k]
        a, c, d = nodes[i], nodes[j], nodes[k]
        one = b.const(1)
        made = {
            "add": lambda a=a, c=c, x=x, y=y: (b.add(a, c), x + y),
            "sub": lambda a=a, c=c, x=x, y=y: (b.sub(a, c), x - y),
            "mul": lambda a=a, c=c, x=x, y=y: (b.mul(a, c), x * y),
            "min": lambda a=a, c=c, x=x, y=y: (b.min(a, c), min(x, y)),
            "max": lambda a=a, c=c, x=x, y=y: (b.max(a, c), max(x, y)),
            "ceildiv": lambda a=a, c=c, x=x, y=y, one=one: (b.ceildiv(a, b.max(c, one)), -(-x // max(y, 1))),
            "less": lambda a=a, c=c, x=x, y=y: (b.less(a, c), int(x < y)),
            "both": lambda a=a, c=c, x=x, y=y: (b.both(b.less(a, c), b.less(c, a)), 0),
            "negate": lambda a=a, c=c, x=x, y=y: (b.negate(b.less(a, c)), int(x >= y)),
            "select": lambda a=a, c=c, d=d, x=x, y=y, z=z: (b.select(b.less(a, c), c, d), y if x < y else z),
        }[op]()
        nodes.append(made[0])
        expected.append(made[1])
    formula = b.build(nodes)
    values = evaluate(formula, {N: n, M: m}, (3, 7, 1))
    assert [values[r] for r in formula.results] == expected
    for node in formula.nodes:
        assert len(node.args) == OPERATIONS[node.op][0]


def test_what_the_ranges_decide_is_folded_away() -> None:
    b = FormulaBuilder()
    n = b.source("slot", N, (0, 9))
    assert b.constant(b.less(n, b.const(10))) == 1
    assert b.constant(b.less(b.const(9), n)) == 0
    assert b.max(n, b.const(0)) == n
    assert b.sub(b.const(0), b.sub(b.const(0), n)) == n
    assert len(b.build([n]).nodes) == 1


def test_polynomials() -> None:
    b = FormulaBuilder()
    poly = Poly.slot(N) * Poly.slot(M) * 3 - Poly.slot(N) + 4
    formula = b.build([b.poly(poly, BOUNDS.__getitem__)])
    assert evaluate(formula, {N: 2, M: 10}, ())[-1] == 62
