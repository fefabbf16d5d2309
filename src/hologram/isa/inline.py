"""Programs without CALL and RET: every call is replaced by a copy of the subroutine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hologram.errors import Finding, VerificationError
from hologram.isa.operands import Label
from hologram.isa.program import Instruction, Program
from hologram.isa.subroutines import MAIN, Subroutines, find, has_calls

MAX_INSTRUCTIONS = 1 << 16
ONCE = "GRED_"
"""Launch reductions: a lane contributes to each once, so their subroutine is called from one place only."""


@dataclass(frozen=True)
class Inlined:
    """A program without calls; `origin` gives, for each instruction, the index of the one it is a copy of."""

    program: Program
    origin: tuple[int, ...]


def inline(program: Program) -> Inlined:
    """Copy every subroutine to where it is called; labels inside get the number of the copy.

    Debug places are those of the originals; variables are those of the original program, at the originals' indices.
    Raises `VerificationError` where calls recurse, nest deeper than 64 or
    are left without RET, where a launch reduction would be copied, and where the result has more than 65,536
    instructions.
    """
    if not has_calls(program):
        return Inlined(program, tuple(range(len(program.instructions))))
    parts = find(program)
    problems = parts.problems or size_problems(parts)
    if problems:
        raise VerificationError(program.name, [Finding(i, m, location=program.location(i)) for i, m in problems])
    copier = _Copier(parts)
    copier.part(MAIN, "", None)
    return copier.finish()


def size_problems(parts: Subroutines) -> tuple[tuple[int, str], ...]:
    """What keeps a program whose calls are sound from being inlined."""
    copies = {MAIN: 1}
    order: list[int] = []
    _callees_first(parts.calls, MAIN, order, set())
    for part in reversed(order):
        for callee in parts.calls[part].values():
            copies[callee] = copies.get(callee, 0) + copies[part]
    code = parts.program.instructions
    total = sum(count * len(parts.bodies[part]) for part, count in copies.items())
    problems = []
    if total > MAX_INSTRUCTIONS:
        problems.append((MAIN, f"{total} instructions with all calls inlined; the most is {MAX_INSTRUCTIONS}"))
    for part, count in copies.items():
        for i in parts.bodies[part] if count > 1 else ():
            if code[i].op.startswith(ONCE):
                message = f"a lane contributes to {code[i].op} once, and its subroutine is called from {count} places"
                problems.append((i, message))
    return tuple(problems)


def _callees_first(calls: Mapping[int, Mapping[int, int]], part: int, order: list[int], seen: set[int]) -> None:
    """Parts in an order that has each after all it calls; depth is bounded, so recursion is fine."""
    seen.add(part)
    for callee in calls[part].values():
        if callee not in seen:
            _callees_first(calls, callee, order, seen)
    order.append(part)


@dataclass
class _Copier:
    parts: Subroutines
    code: list[Instruction] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    copies: int = 0

    def __post_init__(self) -> None:
        self.names: dict[int, list[str]] = {}
        for name, target in self.parts.program.labels.items():
            self.names.setdefault(target, []).append(name)

    def part(self, part: int, suffix: str, after: str | None) -> None:
        """Append one copy of a part; `after` is the label that RET goes to."""
        body = self.parts.bodies[part]
        if body and part > body[0]:
            self._emit(Instruction("BRA", None, (Label(self.names[part][0] + suffix), None)), part)
        for index in body:
            for name in self.names.get(index, ()):
                self.labels[name + suffix] = len(self.code)
            self._instruction(index, suffix, after, last=index == body[-1])
        if part == MAIN:
            for name in self.names.get(len(self.parts.program.instructions), ()):
                self.labels[name] = len(self.code)

    def _instruction(self, index: int, suffix: str, after: str | None, last: bool) -> None:
        ins = self.parts.program.instructions[index]
        if ins.op == "RET":
            assert after is not None
            if not last:
                self._emit(Instruction("BRA", None, (Label(after), None)), index)
        elif ins.op == "CALL":
            self.copies += 1
            inner = self._fresh(self.copies)
            back = f"{inner[1:]}.ret"
            self.part(self.parts.calls_of(index), inner, back)
            self.labels[back] = len(self.code)
        else:
            args = tuple(Label(a.name + suffix) if isinstance(a, Label) else a for a in ins.args)
            self._emit(replace(ins, args=args), index)

    def _fresh(self, number: int) -> str:
        """A suffix that no label of the program has."""
        suffix = f".call{number}"
        while any(name.endswith(suffix) or name == f"{suffix[1:]}.ret" for name in self.parts.program.labels):
            suffix += "_"
        return suffix

    def _emit(self, ins: Instruction, index: int) -> None:
        self.code.append(ins)
        self.origin.append(index)

    def finish(self) -> Inlined:
        program = self.parts.program
        debug = tuple(program.debug[i] for i in self.origin) if program.debug else ()
        made = replace(program, instructions=tuple(self.code), labels=self.labels, debug=debug, variables=())
        return Inlined(made, tuple(self.origin))
