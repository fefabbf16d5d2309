"""Soundness of the circuit optimiser: random circuits run as written and as optimised leave the same memory.

    python -m tests.circuit.soundness --circuits 50000 --record

Both run on the interpreter, the first call by call. Elements are random bit patterns or ordinary numbers; two NaNs
count as equal. `--record` writes what was found to soundness.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

import hologram as hg
from hologram.circuit import CompiledCircuit, compile_calls
from hologram.circuit.compile import calls_of
from hologram.circuit.generators import Call, Single, reads, relabelled, singles, writes
from hologram.circuit.lower import Step, lower
from hologram.isa.operands import CLASSES
from hologram.runtime.circuits import CircuitLaunch, bind_steps
from hologram.types import Type
from tests.circuit.random_text import random_text

RECORD = Path(__file__).with_name("soundness.json")
ELEMENTS = 8


@dataclass
class Tally:
    """What a walk over circuits has seen so far."""

    circuits: int = 0
    mismatches: int = 0
    longer: int = 0
    calls_before: int = 0
    calls_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0

    def add(self, compiled: CompiledCircuit) -> None:
        self.circuits += 1
        self.calls_before += compiled.original_calls
        self.calls_after += compiled.canonical_calls
        self.longer += compiled.canonical_calls > compiled.original_calls
        before, after = compiled.bytes_moved
        self.bytes_before += before
        self.bytes_after += after


class CallByCall:
    """Runs calls as they are written, a program each, on memory of its own; equal calls share a launch."""

    def __init__(self, executor: hg.Executor) -> None:
        self.executor = executor
        self.memory = {p: np.zeros(ELEMENTS, np.float32) for p in range(CLASSES)}
        self.launches: dict[Single, CircuitLaunch] = {}
        self.steps: dict[Single, tuple[Step, ...]] = {}

    def run(self, calls: Iterable[Single]) -> None:
        """Run calls one after the other."""
        for one in calls:
            if one not in self.launches:
                self.launches[one] = self._bind(one)
            self.launches[one]()

    def _bind(self, one: Single) -> CircuitLaunch:
        """Calls that differ in their classes alone share their programs."""
        names = {p: k for k, p in enumerate(sorted(reads(one) | writes(one)))}
        shape = relabelled(one, names)
        if shape not in self.steps:
            self.steps[shape] = lower([shape], Type.F32)
        return bind_steps(self.executor, self.steps[shape], {k: self.memory[p] for p, k in names.items()})


def check(plainly: CallByCall, seed: int, tally: Tally, longest: int = 200) -> str | None:
    """Run the circuit of a seed both ways; gives its text where the memories differ."""
    text = random_text(seed, longest)
    rng = random.Random(seed)
    calls = calls_of(text)
    touched = classes_of(calls)
    live = None if rng.random() < 0.7 else frozenset(rng.sample(touched, rng.randrange(len(touched) + 1)))
    compiled = compile_calls(calls, live_out=live)
    tally.add(compiled)
    if is_sound(plainly, compiled, seed):
        return None
    tally.mismatches += 1
    return text


def classes_of(calls: Iterable[Call]) -> list[int]:
    """The classes that calls touch."""
    return sorted({p for call in calls for one in singles(call) for p in reads(one) | writes(one)})


def is_sound(plainly: CallByCall, compiled: CompiledCircuit, seed: int) -> bool:
    """Run a circuit as written and as optimised on the memory of a seed: True where both leave the same."""
    touched = classes_of(compiled.written)
    memory = _memory(seed, touched)
    plain = plainly.memory
    for p, row in memory.items():
        plain[p][:] = row
    with np.errstate(all="ignore"):
        plainly.run(one for call in compiled.written for one in singles(call))
        plainly.executor.bind_circuit(compiled, {p: memory[p] for p in compiled.places})()
    pairs = ((plain[p], memory[p]) for p in (touched if compiled.live_out is None else compiled.live_out))
    return all(
        ((one.view(np.uint32) == other.view(np.uint32)) | (np.isnan(one) & np.isnan(other))).all()
        for one, other in pairs
    )


def _memory(seed: int, places: Iterable[int]) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    if seed % 2:
        return {p: rng.standard_normal(ELEMENTS).astype(np.float32) for p in places}
    return {p: rng.integers(0, 2**32, ELEMENTS, dtype=np.uint32).view(np.float32) for p in places}


def main() -> int:
    """Walk over many circuits; exit status 1 if any leaves other memory."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--circuits", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--longest", type=int, default=200, help="the most operations in a circuit")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    options = parser.parse_args()
    tally = Tally()
    with hg.Executor("interpreter") as executor:
        plainly = CallByCall(executor)
        for seed in track(
            range(options.first, options.first + options.circuits), "circuits", disable=not sys.stdout.isatty()
        ):
            wrong = check(plainly, seed, tally, options.longest)
            if wrong is not None:
                sys.stdout.write(f"seed {seed}: {wrong}\n")
    calls = 100 * (1 - tally.calls_after / tally.calls_before)
    moved = 100 * (1 - tally.bytes_after / tally.bytes_before)
    sys.stdout.write(
        f"{tally.circuits} circuits, {tally.calls_before} calls: {tally.mismatches} mismatches, {tally.longer} longer; "
        f"{calls:.1f} % fewer calls, {moved:.1f} % fewer bytes\n"
    )
    if options.record:
        found = {"date": datetime.date.today().isoformat(), "longest": options.longest, **asdict(tally)}
        RECORD.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return int(tally.mismatches + tally.longer > 0)


if __name__ == "__main__":
    sys.exit(main())
