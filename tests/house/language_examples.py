"""Examples of everything the kernel language accepts, and of where its results are not NumPy's.

In the examples x is [1.5, -2.0, 3.0, 0.25], m is [[0, 1, 2], [3, 4, 5]], n is 4, j is -7, f is 2.5, flag is True, i is
the number of one of four lanes, LIMIT is a constant of the module and half a device function.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A construct, lines that use it, and what they leave in the four elements of `out`."""

    what: str
    lines: str
    gives: tuple[float, ...]
    kind: str = "i32"


@dataclass(frozen=True)
class Difference:
    """A NumPy expression and kernel lines that say the same and give something else, by a rule of the language."""

    numpy: str
    lines: str
    kind: str
    rule: str


def _all(value: float) -> tuple[float, ...]:
    return (value,) * 4


ACCEPTED = [
    # Statements
    Example("assignment", "y = n\nout[i] = i32(y)", _all(4)),
    Example("annotated", "y: i64 = n\nout[i] = i32(y)", _all(4)),
    Example("augmented", "out[i] = 3\nout[i] *= 5\nout[i] -= 1", _all(14)),
    Example("of tuples", "a, b = 1, 2\na, b = b, a\nout[i] = 10 * a + b", _all(21)),
    Example("chained", "a = b = 3\nout[i] = a + b", _all(6)),
    Example(
        "`if`, `elif`, `else`",
        "if i < 1:\n    out[i] = 5\nelif i < 3:\n    out[i] = 6\nelse:\n    out[i] = 7",
        (5, 6, 6, 7),
    ),
    Example("`for` over `range`", "for k in range(4):\n    out[i] += i32(k)", _all(6)),
    Example("… with start and step", "for k in range(1, 10, 4):\n    out[i] += i32(k)", _all(15)),
    Example("… downwards", "for k in range(9, 0, -3):\n    out[i] = 10 * out[i] + i32(k)", _all(963)),
    Example("`while`", "c = 1\nwhile c < 100:\n    c *= 3\nout[i] = c", _all(243)),
    Example("`break`", "for k in range(9):\n    if k == i:\n        break\n    out[i] += 1", (0, 1, 2, 3)),
    Example("`continue`", "for k in range(4):\n    if k == i:\n        continue\n    out[i] += i32(k)", (6, 5, 4, 3)),
    Example("`pass`", "if i > 1:\n    pass\nelse:\n    out[i] = 1", (1, 1, 0, 0)),
    Example("`return`", "if i > 1:\n    return\nout[i] = 1", (1, 1, 0, 0)),
    Example("`assert`", 'assert n > 0, "there are elements"\nout[i] = 1', _all(1)),
    Example("`print`", 'if i > 9:\n    print("i =", i, f"{f:.1f}")\nout[i] = 1', _all(1)),
    Example("calls for their effect", "atomic_add(out, 0, 2)", (8, 0, 0, 0)),
    Example("docstrings", '"""Ones."""\nout[i] = 1', _all(1)),
    # Expressions
    Example("arithmetic", "out[i] = f * f - f + 1.0", _all(4.75), "f32"),
    Example("division", "out[i] = j / 2", _all(-3.5), "f32"),
    Example("rounding down", "out[i] = 10 * (j // 2) + j % 2", _all(-39)),
    Example("… of floats", "out[i] = -f // 1.0 * 10.0 + -f % 1.0", _all(-29.5), "f32"),
    Example("powers", "out[i] = f ** 2 + 4.0 ** 0.5", _all(8.25), "f32"),
    Example("bits", "out[i] = (j & 12 | 3) ^ 1", _all(10)),
    Example("… of one number", "out[i] = ~j", _all(6)),
    Example("shifts", "out[i] = (j << 2) + (j >> 1)", _all(-32)),
    Example("signs", "out[i] = -j + +j", _all(0)),
    Example("comparisons", "out[i] = i32(j < n) + i32(j <= -7) + i32(f != 2.5)", _all(2)),
    Example("… chained", "out[i] = i32(0 < i < 3)", (0, 1, 1, 0)),
    Example("… by value, whatever the types", "out[i] = i32(u64(1) << 63 > j)", _all(1)),
    Example("logic, short-circuit", "out[i] = i32(i > 0 and x[i - 1] > 0.0 or not flag)", (0, 1, 0, 1)),
    Example("choice", "out[i] = 5 if i > 1 else 6", (6, 6, 5, 5)),
    Example("casts", "out[i] = i32(f) + i32(u8(300 + j)) + int(flag)", _all(40)),
    Example("… to floats", "out[i] = float(j) + f32(f16(0.1)) * 0.0", _all(-7.0), "f32"),
    Example("constants of the module", "out[i] = LIMIT + 1", _all(17)),
    Example("… of `math`", "out[i] = math.pi - math.tau / 2.0 + math.e * 0.0", _all(0.0), "f32"),
    Example("infinity", "out[i] = min(math.inf, x[i])", (1.5, -2.0, 3.0, 0.25), "f32"),
    Example("device functions", "out[i] = half(x[i])", (0.75, -1.0, 1.5, 0.125), "f32"),
    Example("functions", "out[i] = sqrt(abs(-4.0)) + math.floor(f)", _all(4.0), "f32"),
    # Arrays and lanes
    Example("elements", "out[i] = x[3 - i]", (0.25, 3.0, -2.0, 1.5), "f32"),
    Example("… of two axes", "out[i] = m[1, i % 3]", (3.0, 4.0, 5.0, 3.0), "f32"),
    Example("shapes", "out[i] = i32(x.shape[0] * 100 + m.shape[0] * 10 + m.shape[1])", _all(423)),
    Example(
        "places", "out[i] = i32(get_global_id() + 10 * lane_id(0) + 100 * block_dim(axis=0))", (400, 411, 422, 433)
    ),
    Example("shared arrays", "s = shared(i32, 4)\ns[i] = i32(i)\nbarrier()\nout[i] = s[3 - i]", (3, 2, 1, 0)),
    Example("reductions of the block", "out[i] = block_sum(x[i])", _all(2.75), "f32"),
    Example("… of the launch", "grid_max(x[i], out, 1)", (0.0, 3.0, 0.0, 0.0), "f32"),
    Example("atomics with a result", "y = atomic_max(out, 0, 3)\nif y > 3:\n    out[i] = y", (3, 0, 0, 0)),
    # Types
    Example(
        "variables take the join",
        "total = 0.0\nfor k in range(4):\n    total += x[k]\nout[i] = total",
        _all(2.75),
        "f32",
    ),
    Example("integers with floats", "out[i] = f * j", _all(-17.5), "f32"),
    Example("literals fit in", "y: u8 = 200\nout[i] = i32(y + 100)", _all(44)),
]

DIFFERENCES = [
    Difference(
        "np.int32(7) * np.float32(0.5)", "out[i] = i32(7) * f32(0.5)", "f32", "an integer with a float gives that float"
    ),
    Difference("np.int32(7) / np.int32(2)", "out[i] = i32(7) / i32(2)", "f32", "`/` on integers gives f32"),
    Difference("np.sqrt(np.int32(2))", "out[i] = sqrt(i32(2))", "f32", "functions take integers as f32"),
    Difference("np.uint64(1) + np.int64(1)", "out[i] = u64(1) + i", "i64", "u64 with a signed type needs a cast"),
    Difference("np.array([1, 2])[-1]", "out[i] = out[-1]", "i32", "a negative index is out of bounds"),
    Difference("np.array([1, 2])[np.int64(-1)]", "y = i - 5\nout[i] = out[y]", "i32", "… found when running"),
    Difference(
        "np.int32(1) // np.int32(0)", "out[i] = 1 // (j - j)", "i32", "the quotient is 0, and the launch says so"
    ),
    Difference(
        "np.int32(1) << np.int32(33)", "y = j + 40\nout[i] = 1 << y", "i32", "shift counts are taken modulo the width"
    ),
]
