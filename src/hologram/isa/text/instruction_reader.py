"""Reads one instruction: its mnemonic with suffixes, then the operands its row declares."""

from __future__ import annotations

from hologram.isa.instructions import BY_TEXT, Spec
from hologram.isa.operands import PREDICATES, Condition, Operand, Pred, Scope
from hologram.isa.program import Instruction
from hologram.isa.text.operand_reader import READERS, Names, register
from hologram.isa.text.spelling import form, listed
from hologram.isa.text.tokens import Line, Token
from hologram.types import Type

CONDITIONS = {c.value: c for c in Condition}
SCOPES = {s.value: s for s in Scope}
TYPES = {t.value: t for t in Type}
SET = BY_TEXT["set"]


def read_instruction(line: Line, names: Names) -> Instruction:
    """The instruction at the cursor, up to the end of the line."""
    token, text = _mnemonic(line)
    spec, condition, suffixes = _row(line, token, text)
    args: list[Operand] = [None] * len(spec.operands)
    for position, operand in enumerate(spec.operands):
        if operand.kind == "cond":
            args[position] = condition
        elif operand.kind == "scope":
            args[position] = _scope(line, token, spec, suffixes)
        elif operand.kind == "guard" and suffixes:
            args[position] = _guard(line, token, suffixes.pop(0))
    wanted = spec.typed + any(o.type == "S" for o in spec.operands)
    if len(suffixes) != wanted:
        line.fail(f"'{text}' has {len(suffixes)} type suffixes, {wanted} belong there", token, f"write {form(spec)}")
    for suffix in suffixes:
        if suffix not in TYPES:
            line.unknown("type", token, TYPES, suffix)
    types = [TYPES[s] for s in suffixes]
    ins = Instruction(spec.name, types[0] if spec.typed else None, (), types[1] if wanted == 2 else None)
    if ins.type is not None and ins.type not in spec.types:
        known = ", ".join(t.value for t in Type if t in spec.types)
        line.fail(f"'{spec.text}' does not exist for {ins.type.value}", token, f"it exists for {known}")
    for number, position in enumerate(listed(spec)):
        if number:
            line.expect(",")
        args[position] = READERS[spec.operands[position].kind](line, names, ins.operand_type(position))
    line.finish()
    return Instruction(ins.op, ins.type, tuple(args), ins.source_type)


def _mnemonic(line: Line) -> tuple[Token, str]:
    """The word at the cursor; a negated guard (`bra.!p0`) is three tokens without spaces."""
    token = line.word("an instruction")
    text = token.text
    if text.endswith(".") and line.peek.text == "!" and line.peek.column == token.end:
        line.next()
        text += "!" + line.word("a predicate").text
    return Token("word", text, token.column), text


def _row(line: Line, token: Token, text: str) -> tuple[Spec, Condition | None, list[str]]:
    """The row of the table, the condition of `set…`, and the suffixes that follow the name."""
    parts = text.split(".")
    if parts[0].startswith("set") and parts[0][3:] in CONDITIONS:
        return SET, CONDITIONS[parts[0][3:]], parts[1:]
    for count in (2, 1):
        spec = BY_TEXT.get(".".join(parts[:count]))
        if spec is SET:
            line.fail("'set' needs a condition", token, f"one of {', '.join('set' + c for c in CONDITIONS)}")
        if spec is not None:
            return spec, None, parts[count:]
    line.unknown("instruction", token, [*BY_TEXT, *("set" + c for c in CONDITIONS)], text.rsplit(".", 1)[0])


def _scope(line: Line, token: Token, spec: Spec, suffixes: list[str]) -> Scope:
    suffix = suffixes.pop(0) if suffixes else ""
    if suffix not in SCOPES:
        line.fail(f"'{spec.text}' needs a scope", token, f"one of {', '.join(SCOPES)}")
    return SCOPES[suffix]


def _guard(line: Line, token: Token, suffix: str) -> Pred:
    index = register(suffix.removeprefix("!"), "p", PREDICATES)
    if index is None:
        line.fail(f"'{suffix}' is no predicate, p0 to p{PREDICATES - 1}", token)
    return Pred(index, suffix.startswith("!"))
