"""What became of a recording, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hologram.circuit.generators import Single
from hologram.circuit.printer import call_text
from hologram.circuit.tape import Opaque, Tape
from hologram.runtime.graph.plan import Plan, PlanStep

SHOWN_CALLS = 12


def explanation(launches: int, tape: Tape, plan: Plan, names: Mapping[int, str]) -> str:
    """Launches, calls and bytes before and after; every program with what it is made of; what was removed, and why."""
    calls = sum(not isinstance(item, Opaque) for item in tape.items)
    kept = sum(len(step.calls) for step in plan.steps)
    launched = len(tape.items) - calls
    lines = [
        f"recorded: {_count(launches, 'launch', 'launches')}, {_count(calls, 'call')} of circuits and "
        f"{_count(launched, 'kernel')} as they are, {_bytes(plan.bytes_before)} moved",
        f"replayed: {_count(len(plan.steps), 'program')} of {_count(kept, 'call')} in one launch, "
        f"{_bytes(plan.bytes_after)} moved",
    ]
    for number, step in enumerate(plan.steps, 1):
        lines += _step(number, step, tape)
    if plan.removed:
        lines.append("removed:")
        lines += [f"  {r.position + 1}: {r.text}: {r.reason}" for r in plan.removed]
    used = sorted({p for step in plan.steps for p in step.places} & names.keys())
    if used:
        lines.append("names: " + ", ".join(f"c{p:02} = {names[p]}" for p in used))
    return "\n".join(lines)


def _step(number: int, step: PlanStep, tape: Tape) -> list[str]:
    if not step.calls:
        return [f"program {number}: kernel '{step.launcher.program.name}' as it is: {step.reason}"]
    place = tape.places[step.places[0]]
    values = f", {_count(step.scratch, 'value')} in registers" if step.scratch else ""
    count = step.arguments[-1]
    what = "fused" if len(step.calls) > 1 else "one call"
    lines = [
        f"program {number}: {what}: {_count(len(step.calls), 'call')} on {count} elements of {place.type.value}, "
        f"{_count(len(step.places), 'array')}{values}"
    ]
    if step.reason:
        lines.append(f"  apart from the one before: {step.reason}")
    return [*lines, *(f"  {text}" for text in _calls(step.calls))]


def _calls(calls: Sequence[Single]) -> list[str]:
    shown = [call_text(call) for call in calls[:SHOWN_CALLS]]
    left = len(calls) - len(shown)
    return [*shown, *([f"… and {left} more"] if left else [])]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _bytes(number: int) -> str:
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"
