"""What `hologram circuit` tells of a circuit, part by part: as tables for people, as JSON values for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from hologram.circuit import CompiledCircuit
from hologram.circuit.classes import Sigil
from hologram.circuit.evaluate import canonical_byte, literal, words
from hologram.circuit.gates import canonicalize
from hologram.circuit.printer import call_text, operation_text, to_text
from hologram.circuit.tree import Group, Parallel, Phrase, Term, Turned, operations
from hologram.circuit.tree import Sigil as WrittenSigil
from hologram.cli.report import Column, Row, show
from hologram.errors import CircuitError

MOST_ROWS = 40
"""Parts that were not asked for by name end after so many lines."""


@dataclass(frozen=True)
class CircuitReport:
    """A circuit and, where all its operations have their operands, what it compiles to."""

    text: str
    phrase: Phrase
    compiled: CompiledCircuit | None

    def facts(self, sections: Sequence[str]) -> dict[str, Any]:
        """The parts as JSON values; those that need calls are null where there are none."""
        return {name: _FACTS[name](self) for name in sections}

    def show(self, sections: Sequence[str], shortened: bool) -> None:
        """Print the parts."""
        for name in sections:
            if name == "tree":
                Console().print(_tree(self.phrase))
                continue
            value = _FACTS[name](self)
            if value is None:
                continue
            if name == "isa":
                sys.stdout.write(_shortened_text("\n\n".join(value), shortened))
            else:
                title, columns = _TABLES[name]
                rows = _rows(value)
                kept = rows[:MOST_ROWS] if shortened else rows
                show(title, columns, kept, as_json=False)
                if len(kept) < len(rows):
                    sys.stdout.write(f"… {len(rows) - len(kept)} more: --show {name}\n")
        if self.compiled is None:
            sys.stdout.write(
                "These are words: operations without their operands have bytes, but no calls. "
                "For calls write all operands, as in copy@c05->c06 or merge@c10[c11,c12].\n"
            )


def _shortened_text(text: str, shortened: bool) -> str:
    lines = text.rstrip("\n").split("\n")
    if shortened and len(lines) > 2 * MOST_ROWS:
        lines = [*lines[: 2 * MOST_ROWS], f"… {len(lines) - 2 * MOST_ROWS} more lines: --show isa"]
    return "\n".join(lines) + "\n"


def _rows(value: Any) -> Sequence[Row]:
    if isinstance(value, Mapping):
        return [{"name": name, "value": told} for name, told in value.items()]
    return [row if isinstance(row, Mapping) else {"value": row} for row in value]


# Parts ------------------------------------------------------------------------------------------------------


def _classes(report: CircuitReport) -> list[dict[str, Any]]:
    """Every class that is named, transforms applied, in order of its index."""
    found: dict[int, dict[str, Any]] = {}
    for operation, outer in operations(report.phrase):
        for part in (*operation.sources, operation.target):
            for place in part.members(outer) if isinstance(part, WrittenSigil) else ():
                sigil = Sigil.of(place)
                found[place] = {
                    "class": place,
                    "quadrant": sigil.quadrant,
                    "modality": sigil.modality,
                    "context": sigil.context,
                    "byte": canonical_byte(place),
                }
    return [found[place] for place in sorted(found)]


def _bytes(report: CircuitReport) -> dict[str, Any]:
    said = literal(report.phrase)
    return {"bytes": list(said.bytes), "addresses": list(said.addresses)}


def _calls(report: CircuitReport) -> list[dict[str, Any]] | None:
    compiled = report.compiled
    if compiled is None:
        return None
    written, kept = ([call_text(call) for call in calls] for calls in (compiled.written, compiled.calls))
    length = max(len(written), len(kept))
    columns = [side + [""] * (length - len(side)) for side in (written, kept)]
    return [
        {"number": k, "written": before, "optimized": after}
        for k, (before, after) in enumerate(zip(*columns, strict=True), 1)
    ]


def _rewrites(report: CircuitReport) -> list[dict[str, Any]] | None:
    if report.compiled is None:
        return None
    return [{"number": r.number, "call": r.call, "reason": r.reason} for r in report.compiled.rewrites]


def _gates(report: CircuitReport) -> list[dict[str, Any]] | None:
    """The shortest gate word of each branch, where the circuit is made of gates."""
    try:
        found = canonicalize(report.text)
    except CircuitError:
        return None
    return [
        {"word": " . ".join(word.tokens), "canonical": str(word), "reduction": round(word.reduction, 1)}
        for word in found
    ]


def _isa(report: CircuitReport) -> list[str] | None:
    return None if report.compiled is None else [step.program.disassemble() for step in report.compiled.steps]


def _costs(report: CircuitReport) -> dict[str, Any] | None:
    compiled = report.compiled
    if compiled is None:
        return None
    moved, instructions = compiled.bytes_moved, compiled.instructions
    return {
        "calls": [compiled.original_calls, compiled.canonical_calls],
        "bytes moved": list(moved),
        "programs": [len(compiled.unoptimized_steps), len(compiled.steps)],
        "ISA instructions": list(instructions),
    }


_FACTS: Mapping[str, Callable[[CircuitReport], Any]] = MappingProxyType(
    {
        "tree": lambda report: to_text(report.phrase),
        "classes": _classes,
        "bytes": _bytes,
        "words": lambda report: list(words(report.phrase)),
        "calls": _calls,
        "rewrites": _rewrites,
        "gates": _gates,
        "isa": _isa,
        "costs": _costs,
    }
)
SECTIONS = tuple(_FACTS)


def _hexadecimal(values: Any) -> str:
    return " ".join(f"{value:02X}" for value in values)


def _before_after(pair: Any) -> str:
    before, after = pair
    saved = f"  (-{100 * (1 - after / before):.1f} %)" if before and after < before else ""
    return f"{before:,} → {after:,}{saved}"


_NAME = Column("name", "")
_TABLES: Mapping[str, tuple[str, tuple[Column, ...]]] = MappingProxyType(
    {
        "classes": (
            "classes",
            (
                Column("class", "class", lambda c: f"c{c:02}"),
                Column("quadrant", "quadrant h₂", right=True),
                Column("modality", "modality d", right=True),
                Column("context", "context ℓ", right=True),
                Column("byte", "byte", lambda b: f"0x{b:02X}"),
            ),
        ),
        "bytes": ("bytes", (_NAME, Column("value", "in hexadecimal", _hexadecimal))),
        "words": ("words", (Column("value", "word"),)),
        "calls": (
            "calls",
            (Column("number", "", right=True), Column("written", "as written"), Column("optimized", "optimised")),
        ),
        "rewrites": (
            "what became of the other calls",
            (Column("number", "", right=True), Column("call", "call"), Column("reason", "because")),
        ),
        "gates": (
            "read as gates",
            (
                Column("word", "word"),
                Column("canonical", "shortest"),
                Column("reduction", "saved", lambda percent: f"{percent} %", right=True),
            ),
        ),
        "costs": ("costs", (_NAME, Column("value", "as written → optimised", _before_after))),
    }
)


# The tree ---------------------------------------------------------------------------------------------------


def _tree(phrase: Phrase) -> Tree:
    root = Tree("circuit")
    node = root
    for turns in phrase.prefixes:
        node = node.add(" ".join(map(str, turns)))
    _add_parallel(node, phrase.body)
    return root


def _add_parallel(node: Tree, body: Parallel) -> None:
    if len(body.branches) > 1:
        node = node.add("side by side")
    for branch in body.branches:
        inner = node
        if len(branch.terms) > 1:
            inner = node.add("in order")
        for term in branch.terms[:MOST_ROWS]:
            _add_term(inner, term)
        if len(branch.terms) > MOST_ROWS:
            inner.add(f"… {len(branch.terms) - MOST_ROWS} more")


def _add_term(node: Tree, term: Term) -> None:
    while isinstance(term, Turned):
        node = node.add(" ".join(map(str, term.turns)))
        term = term.body
    if isinstance(term, Group):
        _add_parallel(node, term.body)
    else:
        node.add(escape(operation_text(term)))
