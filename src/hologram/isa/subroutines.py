"""Which instructions belong to which subroutine, and who calls whom.

A subroutine is what control reaches from the target of a CALL without entering another one. What is wrong with
a program's calls is found here too: recursion, depth, RET outside a subroutine, control that enters or leaves one
without CALL, RET or EXIT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hologram.isa.cfg import targets
from hologram.isa.operands import Label
from hologram.isa.program import Program

MAX_DEPTH = 64
MAIN = -1
"""The number of the code that a launch starts in; a subroutine's number is the index of its first instruction."""

Problem = tuple[int, str]


@dataclass(frozen=True)
class Subroutines:
    """The parts of a program: `bodies` gives each part's instructions, ascending; `calls` its CALLs and their targets.

    `problems` are (instruction index, what is wrong); only a program without any can be inlined.
    """

    program: Program
    bodies: Mapping[int, tuple[int, ...]]
    calls: Mapping[int, Mapping[int, int]]
    problems: tuple[Problem, ...]

    def calls_of(self, index: int) -> int:
        """The subroutine that the CALL at an index calls."""
        return next(calls[index] for calls in self.calls.values() if index in calls)


def has_calls(program: Program) -> bool:
    """True when a program has a CALL or a RET."""
    return any(ins.op in ("CALL", "RET") for ins in program.instructions)


def find(program: Program) -> Subroutines:
    """Take a program apart; its labels must exist and point into it."""
    entries = {i: _target(program, i) for i, ins in enumerate(program.instructions) if ins.op == "CALL"}
    end = len(program.instructions)
    problems: list[Problem] = [(i, "the subroutine is empty") for i, entry in entries.items() if entry == end]
    if problems:
        return Subroutines(program, {}, {}, tuple(problems))
    bodies, calls = {}, {}
    for part in (MAIN, *sorted(set(entries.values()))):
        body, found = _walk(program, part, frozenset(entries.values()))
        problems += found
        bodies[part] = body
        calls[part] = {i: entries[i] for i in body if i in entries}
    problems += _recursion(program, calls)
    return Subroutines(program, bodies, calls, tuple(problems))


def _target(program: Program, index: int) -> int:
    label = program.instructions[index].args[0]
    assert isinstance(label, Label)
    return program.labels[label.name]


def _walk(program: Program, part: int, entries: frozenset[int]) -> tuple[tuple[int, ...], list[Problem]]:
    """The instructions of one part, and what is wrong with how control moves in it."""
    end, problems = len(program.instructions), []
    start = 0 if part == MAIN else part
    if part == MAIN and 0 in entries:
        return (), [(0, "the program starts inside a subroutine; begin with a branch or with the calling code")]
    seen, work = {start}, [start] if start < end else []
    while work:
        index = work.pop()
        ins = program.instructions[index]
        if ins.op == "RET":
            if part == MAIN:
                problems.append((index, "RET outside a subroutine"))
            continue
        for target in targets(program, index):
            if target == end:
                if part != MAIN and ins.op != "EXIT":
                    name = _name(program, part)
                    problems.append((index, f"{name} runs off the end of the program; end it with RET or EXIT"))
            elif target in entries and target != part:
                name = _name(program, target)
                problems.append((index, f"control enters {name} from here without a CALL"))
            elif target not in seen:
                seen.add(target)
                work.append(target)
    return tuple(sorted(i for i in seen if i < end)), problems


def _recursion(program: Program, calls: Mapping[int, Mapping[int, int]]) -> list[Problem]:
    """Calls that come back to where they are, or nest too deeply."""
    problems: list[Problem] = []
    depth: dict[int, int] = {}
    active = [MAIN]
    work = [(MAIN, iter(sorted(calls[MAIN].items())))]
    while work:
        part, rest = work[-1]
        for index, callee in rest:
            if callee in active:
                chain = [_name(program, p) for p in (*active[active.index(callee) :], callee)]
                problems.append((index, f"recursion: {' calls '.join(chain)}"))
            elif callee not in depth:
                active.append(callee)
                work.append((callee, iter(sorted(calls[callee].items()))))
                break
        else:
            work.pop()
            active.pop()
            inside = [(1 + depth.get(callee, 0), index) for index, callee in calls[part].items()]
            depth[part], deepest = max(inside, default=(0, MAIN))
            if depth[part] == MAX_DEPTH + 1:
                problems.append((deepest, f"calls nest deeper than {MAX_DEPTH}"))
    return problems


def _name(program: Program, entry: int) -> str:
    names = sorted(name for name, target in program.labels.items() if target == entry)
    return f"subroutine @{names[0]}" if names else f"the subroutine at {entry}"
