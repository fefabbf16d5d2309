"""Verification: declarations, each instruction alone, then the flow of values through the program."""

from __future__ import annotations

import weakref
from collections import deque
from types import MappingProxyType

from hologram.isa.cfg import Cfg, build_cfg, targets
from hologram.isa.divergence import CURE, missed_barriers
from hologram.isa.inline import Inlined, inline, size_problems
from hologram.isa.program import Program
from hologram.isa.subroutines import find, has_calls
from hologram.isa.verify.constant_bounds import check_constant_bounds
from hologram.isa.verify.declarations import check_declarations
from hologram.isa.verify.facts import Facts
from hologram.isa.verify.operand_rules import check_form, check_operands
from hologram.isa.verify.reads import check_reads
from hologram.isa.verify.report import PROGRAM, Report

MAX_BLOCKS = 4_096
MAX_LOOP_DEPTH = 64


_recent: deque[Facts] = deque(maxlen=64)
"""Facts are kept for a while: whoever makes a program runnable asks for them several times."""
_FACTS = "_facts"


def verify(program: Program) -> Facts:
    """Prove that a program follows the rules of the ISA.

    Raises VerificationError with every finding: index, instruction, message, source place.
    """
    known: weakref.ref[Facts] | None = vars(program).get(_FACTS)
    facts = known() if known is not None else None
    if facts is None:
        facts = _proved(program)
        vars(program)[_FACTS] = weakref.ref(facts)
        _recent.append(facts)
    return facts


def share(program: Program, copy: Program) -> None:
    """What is known of a program is known of a copy that has the same content and metadata."""
    known = vars(program).get(_FACTS)
    if known is not None:
        vars(copy)[_FACTS] = known


def _proved(program: Program) -> Facts:
    report = Report(program)
    check_declarations(program, report)
    sound = all(0 <= target <= len(program.instructions) for target in program.labels.values())
    for index, ins in enumerate(program.instructions):
        form = list(check_form(program, ins))
        for message in form or check_operands(program, ins):
            report.add(index, message)
        sound = sound and not form
    slot_of: dict[int, int] = {}
    inlined = _without_calls(program, report) if sound else None
    if inlined is not None and _check_size(inlined.program, report):
        report.origin = inlined.origin
        cfg = build_cfg(inlined.program)
        _check_reducible(cfg, report)
        if _check_nesting(cfg, report):
            slot_of = check_reads(cfg, report)
            check_constant_bounds(cfg, slot_of, report)
            for missed in missed_barriers(cfg):
                report.add(missed.barrier, f"{missed.explained(cfg.program)}; {CURE}")
    report.raise_if_any()
    assert inlined is not None, "what cannot be inlined has findings"
    origin = () if inlined.program is program else inlined.origin
    return Facts(inlined.program, MappingProxyType(slot_of), origin)


def _without_calls(program: Program, report: Report) -> Inlined | None:
    """The program with its calls inlined, so that all that follows sees every path from call to return and no other."""
    parts = find(program) if has_calls(program) else None
    problems = (parts.problems or size_problems(parts)) if parts else ()
    for index, message in problems:
        report.add(index, message)
    return None if problems else inline(program)


def _check_size(program: Program, report: Report) -> bool:
    """Bounds the work of every later pass over the graph."""
    leaders = set(program.labels.values())
    for index, ins in enumerate(program.instructions):
        if ins.spec.is_terminator:
            leaders.update((index + 1, *targets(program, index)))
    if len(leaders) > MAX_BLOCKS:
        report.add(PROGRAM, f"{len(leaders)} basic blocks; the most is {MAX_BLOCKS}")
    return len(leaders) <= MAX_BLOCKS


def _check_reducible(cfg: Cfg, report: Report) -> None:
    """Every loop has one entry."""
    for block in sorted(cfg.irreducible):
        start = cfg.blocks[block].start
        names = [f"@{n}" for n, target in cfg.program.labels.items() if target == start]
        where = names[0] if names else f"instruction {start}"
        report.add(start, f"irreducible control flow: the loop through {where} is entered at more than one place")


def _check_nesting(cfg: Cfg, report: Report) -> bool:
    """Loops do not nest without bound: the passes over values repeat once a level."""
    depth: dict[int, int] = {}
    for header in cfg.order:
        loop = cfg.loops.get(header)
        if loop is not None:
            depth[header] = 1 + (depth.get(loop.parent, 0) if loop.parent is not None else 0)
            if depth[header] > MAX_LOOP_DEPTH:
                report.add(cfg.blocks[header].start, f"loops nest deeper than {MAX_LOOP_DEPTH}")
                return False
    return True
