"""Millions of operands through the native code of each function, against a wider type, and some against many digits.

``python -m tests.isa.elementary.dense [FUNCTION …] [--type f64] [--points N] [--record]`` prints the largest error of
each function and, on request, keeps it in `dense.json`, from which docs/accuracy.md is made.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from hologram.isa.instructions import BY_NAME
from hologram.types import Type
from tests.isa.elementary.exhaustive import formulas, native
from tests.isa.elementary.operands import arguments, pairs, triples
from tests.isa.elementary.references import EXACT, MANY_DIGITS, REFERENCES, WIDE, Array, bound, precise_ulps, ulps

RECORD = Path(__file__).with_name("dense.json")
TYPES = (Type.F32, Type.F64)
POINTS = 10_000_000
PART = 1 << 16
SAMPLE = 1_000
NO_WIDER = {("ERF", Type.F64): 20_000}
"""Functions without a wider reference: how many operands many digits are calculated for instead."""
HAIR = {Type.F32: 2.0**-20, Type.F64: 2.0**-9}
"""Errors as near to the bound are calculated again with many digits: more than the wider functions' own errors."""


def arity(name: str) -> int:
    """How many operands an instruction has."""
    return len(BY_NAME[name].operands) - 1


def operands(name: str, ty: Type, points: int) -> Iterator[tuple[Array, ...]]:
    """At least so many sets of operands, the same each time, in pieces that fit the cache."""
    done, seed = 0, 1000 * len(name)
    while done < points:
        seed += 1
        if arity(name) == 1:
            found: list[tuple[Array, ...]] = [(arguments(name, ty, PART, seed),)]
        else:
            found = [*(pairs(ty, PART, seed) if arity(name) == 2 else triples(ty, PART, seed))]
        for piece in found:
            yield piece
            done += len(piece[0])


def errors(name: str, ty: Type, given: tuple[Array, ...], result: Array) -> Array:
    """Errors in ulp; what is near the bound by many digits."""
    with np.errstate(all="ignore"):
        wide = [x.astype(WIDE[ty]) for x in given]
        exact = REFERENCES[name](*wide)
        error = ulps(result, exact, ty).astype(np.float64)
        slack = np.full(len(error), HAIR[ty])
        if name == "FMA" and ty is Type.F64:  # where the sum cancels, the product's error weighs more
            slack *= np.nan_to_num(np.maximum(np.abs(wide[0] * wide[1] / exact), 1).astype(np.float64), nan=1, posinf=1)
        unsure = (error > bound(name, ty) - slack) & np.isfinite(error) & (bound(name, ty) > 0)
        unsure &= np.all([np.isfinite(x) for x in given], axis=0)
        if name in EXACT and name != "FMA":  # the processor rounds these correctly
            alike = result == REFERENCES[name](*given)
            unsure &= ~alike
            error = np.where(alike, np.minimum(error, bound(name, ty)), error)
    if name in MANY_DIGITS:
        for k in np.flatnonzero(unsure).tolist():
            error[k] = precise(name, ty, given, result, k)
    return error


def precise(name: str, ty: Type, given: tuple[Array, ...], result: Array, place: int) -> float:
    """The error of one finite result by many digits."""
    return precise_ulps(name, ty, float(result[place]), *(float(x[place]) for x in given))


class Worst:
    """The largest error so far, and where."""

    def __init__(self) -> None:
        self.points, self.ulp, self.at = 0, 0.0, [0.0]

    def see(self, error: Array, given: tuple[Array, ...]) -> None:
        k = int(error.argmax())
        self.points += len(error)
        if error[k] > self.ulp:
            self.ulp, self.at = float(error[k]), [float(x[k]) for x in given]


def sampled(name: str, ty: Type, count: int) -> Worst:
    """Random operands with finite results, none of them zero (many digits know no -0), all by many digits."""
    worst, call, rng = Worst(), native(name, ty), np.random.default_rng(count)
    kinds = list(operands(name, ty, 1))
    wider = np.float64 if name == "ERF" else WIDE[ty]
    for given in kinds:
        result = call(*given)
        with np.errstate(all="ignore"):
            near = REFERENCES[name](*(x.astype(wider) for x in given))
        usable = np.isfinite(near) & np.isfinite(result) & np.all([np.isfinite(x) & (x != 0) for x in given], axis=0)
        places = np.flatnonzero(usable)
        for k in rng.choice(places, min(count // len(kinds), len(places)), replace=False).tolist():
            worst.see(np.array([precise(name, ty, given, result, k)]), tuple(x[k : k + 1] for x in given))
    return worst


def measured(name: str, ty: Type, points: int = POINTS) -> dict[str, Any]:
    """The largest error of a function over so many points, and over the sample by many digits."""
    worst = Worst()
    if (name, ty) not in NO_WIDER:
        call = native(name, ty)
        for given in operands(name, ty, points):
            worst.see(errors(name, ty, given, call(*given)), given)
    count = NO_WIDER.get((name, ty), SAMPLE) if name in MANY_DIGITS else 0
    sample = sampled(name, ty, min(count, points)) if count else Worst()
    if sample.ulp > worst.ulp:
        worst.ulp, worst.at = sample.ulp, sample.at
    return {
        "points": worst.points,
        "sample": sample.points,
        "ulp": worst.ulp,
        "at": [x.hex() for x in worst.at],
        "formulas": formulas(),
        "date": date.today().isoformat(),
    }


def line(name: str, ty: Type, found: dict[str, Any]) -> str:
    """What was found, for people."""
    limit = bound(name, ty)
    verdict = "within" if found["ulp"] <= limit else "BEYOND"
    at = ", ".join(f"{float.fromhex(x):.17g}" for x in found["at"])
    return (
        f"{name:8} {ty.value}  {found['points']:>10,} points, {found['sample']:>6,} by many digits:"
        f" {found['ulp']:.6f} ulp, {verdict} {limit}, at {at}"
    )


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.isa.elementary.dense", description=__doc__)
    parser.add_argument("functions", nargs="*", type=str.upper, default=sorted(REFERENCES), metavar="FUNCTION")
    parser.add_argument("--type", action="append", choices=[t.value for t in TYPES], help="f32 or f64 (both)")
    parser.add_argument("--points", type=int, default=POINTS, help=f"how many for each function ({POINTS:,})")
    parser.add_argument("--record", action="store_true", help=f"keep the results in {RECORD.name}")
    chosen, beyond = parser.parse_args(words), 0
    for name in chosen.functions:
        for ty in TYPES if chosen.type is None else [Type(t) for t in chosen.type]:
            found = measured(name, ty, chosen.points)
            beyond += found["ulp"] > bound(name, ty)
            sys.stdout.write(line(name, ty, found) + "\n")
            sys.stdout.flush()
            if chosen.record:
                known = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
                known[f"{name} {ty.value}"] = found
                RECORD.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", "utf-8")
    return int(beyond > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
