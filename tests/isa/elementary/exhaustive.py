"""Every f32 there is, through the native code of each function of one argument, against f64.

``python -m tests.isa.elementary.exhaustive [FUNCTION …] [--part 1/4] [--results FILE]`` goes through 2³² arguments a
function. What is found is written down after every sixty-fourth, so a run that was stopped goes on where it was. Errors
within a hair of the bound are computed again with mpmath.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress
from scipy import special

import hologram.isa.elementary
from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.types import Type
from tests.backends.cpu.columns import Column, program
from tests.isa.elementary.references import MANY_DIGITS, REFERENCES, Array, bound, precise_ulps

FUNCTIONS = [
    *("EXP", "EXP2", "LOG", "LOG2", "SIN", "COS", "TANH", "SIGMOID", "ERF", "SQRT", "RSQRT", "EXPM1", "LOG1P", "LOG10"),
    *("TAN", "ATAN", "ASIN", "ACOS", "SINH", "COSH", "FLOOR", "CEIL", "ROUND", "TRUNC"),
]
RESULTS = Path(__file__).with_name("exhaustive.json")
BLOCK, INNER, BLOCKS = 1 << 22, 1 << 16, 1 << 10
SAVED_EVERY = 16
HAIR = 2.0**-20
TOP = 2.0**128

_IN_F64: dict[str, Callable[..., Any]] = {**REFERENCES, "SIGMOID": special.expit}


def native(name: str, ty: Type = Type.F32) -> Callable[..., Array]:
    """A function of arrays that runs an instruction as native code."""
    executable = CpuBackend().compile(program([Column(name, ty)]))

    def call(*operands: Array) -> Array:
        out, lanes = np.empty_like(operands[0]), len(operands[0])
        given = (*operands, operands[0], operands[0])[:3]
        executable.launch([*given, out], Domain((lanes, 1, 1), (-(-lanes // 256), 1, 1), (256, 1, 1)))
        return out

    return call


def errors(result: Array, exact: Array) -> Array:
    """What `references.ulps` gives for f32 results and f64 truth, in a third of the time; overwrites `exact`."""
    np.clip(exact, -TOP, TOP, out=exact)
    exponent = exact.view(np.int64) >> 52
    exponent &= 0x7FF
    np.clip(exponent, 1023 - 126, 1023 + 127, out=exponent)
    scale = np.subtract(2 * 1023 + 23, exponent, out=exponent)
    scale <<= 52
    error = np.clip(result.astype(np.float64), -TOP, TOP)
    error -= exact
    np.abs(error, out=error)
    error *= scale.view(np.float64)
    if np.isnan(error.max()):
        both = np.isnan(result) & np.isnan(exact)
        error[np.isnan(error)] = np.inf
        error[both] = 0
    return error


def worst_in(name: str, bits: Array, call: Callable[[Array], Array]) -> tuple[float, int]:
    """(largest error, the bits of its argument) among consecutive f32."""
    x = bits.view(np.float32)
    result = call(x)
    limit, largest, where = bound(name, Type.F32), 0.0, 0
    for first in range(0, len(x), INNER):
        part = slice(first, first + INNER)
        with np.errstate(all="ignore"):
            error = errors(result[part], _IN_F64[name](x[part].astype(np.float64)))
        if float(error.max()) > limit - HAIR and name in MANY_DIGITS:
            for k in np.flatnonzero((error > limit - HAIR) & np.isfinite(x[part]) & np.isfinite(error)).tolist():
                error[k] = precise_ulps(name, Type.F32, float(result[first + k]), float(x[first + k]))
        k = int(error.argmax())
        if error[k] > largest:
            largest, where = float(error[k]), int(bits[first + k])
    return largest, where


def formulas() -> str:
    """A digest of the sources of the expansions: results of other formulas say nothing about these."""
    folder = Path(hologram.isa.elementary.__file__).parent
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.glob("*.py")))).hexdigest()[:16]


class Record:
    """What is known so far: for each function and part, how many blocks are done and the largest error in them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}

    def entry(self, name: str, part: str) -> dict[str, Any]:
        key = name if part == "1/1" else f"{name} {part}"
        fresh = {"done": 0, "ulp": 0.0, "bits": 0, "formulas": formulas()}
        known = self.found.get(key, fresh)
        self.found[key] = known if known["formulas"] == fresh["formulas"] else fresh
        return self.found[key]

    def save(self) -> None:
        self.path.write_text(json.dumps(self.found, indent=1) + "\n")


def go_through(name: str, part: str, record: Record, progress: Progress) -> dict[str, Any]:
    """All blocks of a part, from the first that is not done."""
    number, of = (int(n) for n in part.split("/"))
    blocks = range((number - 1) * BLOCKS // of, number * BLOCKS // of)
    entry = record.entry(name, part)
    bar = progress.add_task(f"{name.lower()} {part}", total=len(blocks), completed=entry["done"])
    call = native(name)
    for block in blocks[entry["done"] :]:
        bits = np.arange(block * BLOCK, (block + 1) * BLOCK, dtype=np.int64).astype(np.uint32)
        error, where = worst_in(name, bits, call)
        if error > entry["ulp"]:
            entry.update(ulp=error, bits=where)
        entry["done"] += 1
        progress.update(bar, completed=entry["done"])
        if entry["done"] % SAVED_EVERY == 0 or entry["done"] == len(blocks):
            entry["date"] = date.today().isoformat()
            record.save()
    return entry


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.isa.elementary.exhaustive", description=__doc__)
    parser.add_argument("functions", nargs="*", type=str.upper, default=FUNCTIONS, metavar="FUNCTION")
    parser.add_argument("--part", default="1/1", help="k/n: the k-th of n equal parts")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are kept")
    chosen = parser.parse_args(words)
    record, beyond = Record(chosen.results), 0
    with Progress() as progress:
        for name in chosen.functions:
            entry = go_through(name, chosen.part, record, progress)
            x = np.uint32(entry["bits"]).view(np.float32)
            within = entry["ulp"] <= bound(name, Type.F32)
            beyond += not within
            verdict = "within" if within else "BEYOND"
            progress.console.print(
                f"{name:8} {entry['ulp']:.6f} ulp at {x!r} ({entry['bits']:#010x}), {verdict} {bound(name, Type.F32)}"
            )
    return int(beyond > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
