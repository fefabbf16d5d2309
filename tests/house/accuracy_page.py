"""Writes docs/accuracy.md from the records of measured errors: ``python -m tests.house.accuracy_page``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hologram.isa.instructions import BY_NAME
from hologram.types import Type
from tests.isa.elementary import dense, exhaustive
from tests.isa.elementary.references import EXACT, bound

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"
Found = Mapping[str, Any]

INTRODUCTION = """# Accuracy

Written by `python -m tests.house.accuracy_page` from the records of the runs below.

An *ulp* is the distance between neighbouring numbers of a type at the exact result. A correctly rounded result is at
most 0.5 ulp off. Every function has an upper bound over its whole range, subnormal numbers, infinities and NaN
included; the bounds are the table `hologram.isa.elementary.ULP`, from which the tests take them. One expansion of each
function serves all backends, so the interpreter and the CPU backend give the same bits.

| instructions | `f32`, `f64` | `f16`, `bf16` |
| --- | --- | --- |
| `add` `sub` `mul` `div` `sqrt` | correctly rounded | calculated in `f32`, rounded once more |
| `fma` | rounded once | the `f32` result, rounded once more |
| `rem` `floor` `ceil` `round` `trunc` `abs` `neg` `min` `max` | exact | exact |
| conversions, all 144 | rounded once from the exact value | rounded once from the exact value |
| the functions below | within the bound | the `f32` result, rounded once more |

Every test run calculates all unary instructions and conversions of all 65,536 `f16` and `bf16` values, and
all conversions of 8- and 16-bit integers, on both backends.
"""

EXHAUSTIVE = """
## Functions of one `f32`: all 2³² arguments

The reference is `f64`, and mpmath where an error comes near the bound. `python -m tests.isa.elementary.exhaustive`
repeats it in some hours, and goes on where it was stopped.

| function | largest error, ulp | at | bound | run on |
| --- | ---: | --- | ---: | --- |
"""
DENSE = """
## {title}

{reference}

| function | points | by mpmath | largest error, ulp | at | bound | run on |
| --- | ---: | ---: | ---: | --- | ---: | --- |
"""
OLDER = " (earlier formulas)"


def one_argument(record: Found) -> Iterator[str]:
    """Rows of the walk over every f32."""
    for name in sorted(exhaustive.FUNCTIONS):
        found = record[name]
        at = np.uint32(found["bits"]).view(np.float32)
        yield f"| `{name.lower()}` | {found['ulp']:.4f} | {shown(at)} | {bound(name, Type.F32):g} | {run(found)} |"


def rows(record: Found, ty: Type, unary: bool) -> Iterator[str]:
    """Rows of the dense measurements of a type: functions of one operand, or of more."""
    for key, found in sorted(record.items()):
        name, kind = key.split()
        if kind != ty.value or (dense.arity(name) == 1) != unary:
            continue
        at = ", ".join(shown(float.fromhex(x)) for x in found["at"]) if found["ulp"] else ""
        points, sample = (f"{found[k]:,}" if found[k] else "–" for k in ("points", "sample"))
        limit = f"{bound(name, ty):g}"
        yield f"| `{name.lower()}` | {points} | {sample} | {found['ulp']:.4f} | {at} | {limit} | {run(found)} |"


def shown(x: Any) -> str:
    """A number in its shortest form."""
    short = 1e-4 < abs(x) < 1e7
    return str(x) if short else np.format_float_scientific(x, trim="-", exp_digits=1) if x else ""


def run(found: Found) -> str:
    """When it was measured; a note where the formulas have changed since."""
    return found["date"] + ("" if found["formulas"] == exhaustive.formulas() else OLDER)


def page() -> str:
    """The whole page."""
    every = json.loads(exhaustive.RESULTS.read_text("utf-8"))
    record = json.loads(dense.RECORD.read_text("utf-8"))
    assert EXACT.keys() <= BY_NAME.keys()
    parts = [INTRODUCTION, EXHAUSTIVE, "\n".join(one_argument(every)), "\n"]
    for title, reference, ty, unary in (
        ("Functions of one `f64`", LONG_DOUBLE, Type.F64, True),
        ("Instructions with two or three `f64`", DOUBLE, Type.F64, False),
        ("Instructions with two or three `f32`", SINGLE, Type.F32, False),
    ):
        parts += [DENSE.format(title=title, reference=reference), "\n".join(rows(record, ty, unary)), "\n"]
    return "".join(parts) + CLOSING


LONG_DOUBLE = """The reference is the 80-bit `long double`, and mpmath for a sample and where an error comes near the
bound. Points are random bits, moderate numbers, the neighbours of all powers of two, and arguments whose results are
near the limits of the format. There is no `long double` error function, so `erf` has mpmath alone."""
DOUBLE = """Reference and points as above; `pow` also near overflow and of numbers near 1, `fma` also where the sum
nearly cancels."""
SINGLE = "The reference is `f64`, otherwise as above."
CLOSING = """
## Running it yourself

`make conformance` measures ten million points of every function in both types and prints the largest errors at its end.
`python -m tests.isa.elementary.dense exp pow --type f64` does so for some functions.
"""


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
