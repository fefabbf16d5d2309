"""Writes docs/isa.md, the complete manual of the ISA, from the instruction table."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hologram.isa.builder import immediate
from hologram.isa.instructions import TABLE, Category, OperandSpec, Spec
from hologram.isa.operands import (
    Condition,
    Imm,
    Label,
    Operand,
    Pred,
    Reg,
    RegisterIndirectComputed,
    Scope,
    Slot,
    Special,
)
from hologram.isa.program import Instruction, Param, Program
from hologram.isa.text import form, spell
from hologram.types import ALL, FLOATS, HALVES, INTEGERS, SIGNED, Type

INTRODUCTION = """\
# The Atlas ISA

*This page is written by `python -m hologram.isa.manual` from the instruction table; change the table, not the page.*

A program is a list of typed instructions over registers, a list of parameter slots that are bound at launch, labels,
and an *extent*: how many lanes are wanted on each axis. A launch runs the program once for every lane of a grid of
blocks. Lanes beyond the extent do nothing.

## Types

{types}

All twelve types compute. f16 and bf16 arithmetic is done in f32 and rounded once, to nearest-even; loads and stores
move bits. Subnormal numbers are kept. An array may also be loaded and stored with the unsigned type
of its elements' size: its bits.

## Registers

- `r0` to `r251`: general registers of a lane. They have no fixed type: the verifier follows, along every path, what
  was written last, and refuses a read of another type, or of a register that some path has not written.
- `r252`, `r253`, `r254` (u32: lane, block and block size on x) and `r255` (u64: the number of the lane in the whole
  launch) are written before the first instruction and read-only. `mov_sreg` reads every axis.
- `p0` to `p15`: predicates. `bra` takes one, also negated (`bra.!p0`).

## Parameters and addresses

`mov_param` reads a slot: the value of a scalar (in its own type), `a.shape[k]` and `a.stride[k]` of an array (i64;
strides count bytes), or the array's *handle* (u64). A handle is no number: it is copied, selected against itself and
used in addresses, nothing else, so the verifier knows the array behind every access.

| address | meaning |
|---|---|
| `[a + 16]` | constant byte offset into array `a` (`[$r1 + 16]` when an array is called like a register) |
| `[r1 + 16]`, `[r1 - 16]` | handle in `r1`, constant byte offset |
| `[r1 + r2]` | handle in `r1`, byte offset in `r2` (i64 or u64) |
| `[phi(class, page, byte)]` | byte `class*12288 + page*256 + byte` of the boundary pool; class < 96, page < 48 |

`lds` and `sts` address the block's shared memory: the register holds a byte offset (i64 or u64) in place of a handle.
`atom_*` address an array where the register holds a handle, shared memory where it holds a byte offset.

## Numerics

- Integers wrap. Shift counts are taken modulo the width. `div` truncates, `rem` has the sign of the dividend; the
  smallest signed number divided by -1 is itself, with remainder 0, and is its own absolute value.
- An integer divided by zero gives 0 and sets the launch's fault word; the launch raises `DivisionByZeroError` when
  it completes. Nothing traps.
- `min` and `max`, and atomics like them, prefer the number when one operand is NaN; `minp` and `maxp` give the NaN.
  All order -0 below +0.
- Comparisons with NaN are false, except `ne`. The conditions `ltu leu gtu geu` exist for unsigned types only.
- `cvt` rounds once, from the exact source, to nearest-even. Float to integer truncates, saturates, and takes NaN to 0.
- Nothing is reassociated and no multiplication is merged with an addition, unless the program has the flag `fast`.
- The interpreter and the CPU give the same bits for every instruction both run (all NaNs count as one).
- Transcendental functions are one expansion in basic operations, shared by all backends. Their error in f32 and f64 is
  at most 2 units in the last place for `exp exp2 log log2 sin cos`, 3 for `tanh sigmoid erf`, 4 for the rest; in f16
  and bf16 the f32 result is rounded once. `sqrt` is correctly rounded.

## Blocks

The lanes of a block share `.shared` bytes, which hold nothing at first. At `bar.sync` all lanes of the block meet: what
any of them stored before it, every lane sees after it. A barrier that some lanes do not come to is an error: the
interpreter reports it at once and names the lanes, the CPU when the launch is over (one that ends the program excepted:
nothing follows it). Where the way to it hangs on a comparison of lane coordinates that some lanes of every block surely
fail, the verifier refuses it; blocks are of the size in the metadata, else of two lanes or more along x. A program with
shared memory, barriers or block reductions runs whole blocks of at most 1024 lanes, whatever its extent. With the flag
`rows` all blocks are 32 lanes along x and one along y and z, the extent on x is 32, and lanes meet in block reductions
alone; a backend may keep such a block in registers. The flag `quick` changes nothing but how much effort a backend puts
into machine code.

`bred_add`, `bred_min`, `bred_max`, `bred_mul` combine one value of every lane of the block and give the result to all
of them; they are barriers, too. The lanes are numbered, x fastest: (z · height + y) · width + x. The order is that of a
launch reduction in one chunk, the steps 2 to 4 below: lane i of a section of 512 goes to accumulator i mod 64, in
ascending order, and sections and accumulators fold. Within a section f16 and bf16 are combined in f32 and rounded after
every step.

## Atomics

`atom_*` change one element as a whole and give what it held before. The lanes that execute one together take turns
in ascending order; between different instructions, strips of lanes and threads no order is defined. Float `min` and
`max` are those of the instructions above. Offsets are multiples of the element's size.

## Reductions over a launch

`gred_add`, `gred_min`, `gred_max`, `gred_mul` combine one value of every lane that executes them and store the result
once, when the launch ends. The order is fixed, whatever the vector width, the processor or the number of threads:

1. The lanes of a row (same y and z) are cut into chunks of 4096 lanes, and a chunk into sections of 512.
2. In a section, lane x goes to accumulator x mod 64, in ascending order; an accumulator begins with the first value it
   gets, and one that gets none is absent.
3. The sections of a chunk fold in pairs of neighbours level by level, each accumulator with the same one of the other
   section; where one of the two is absent the other stands, and an odd last section moves up unchanged.
4. The 64 accumulators of a chunk fold in halves: for a stride of 32, 16, 8, 4, 2, 1, accumulator i takes in accumulator
   i + stride. From here on sums and products of floats are in f64; the result of all is rounded once.
5. The chunks' results, ordered by z, then y, then chunk, fold in pairs of neighbours level by level; an odd last one
   moves up unchanged.

A launch in which no lane takes part stores 0 for `add`, 1 for `mul`, and for `min` and `max` the largest and smallest
value of the type (the infinities for floats).

## Print and assert

`print` and `assert` name a text of the program by its number, counted from 0 in the order of the `.message` lines. The
interpreter shows what a lane prints with the number of the lane, lower lanes first, and ends the launch with
`AssertionFailedError` where a predicate does not hold. The CPU runs neither (nor a checked run `print`); a warning
says so for `print`.

The message of a `print` is a template: `{{}}` stands for the value, perhaps with a format such as `{{:.3f}}` or
`{{:x}}`, and `{{?}}` for `True` or `False`; `{{{{` and `}}}}` are braces. A text without a place for the value is shown
alone. A lane's line ends with the message that ends in a line feed. A program without messages shows `message 2: `
and the value.

## Text and file

An `.atlasm` text has one instruction a line, `name:` for a label, `;` or `//` before a comment, and directives:

```
.program scale                  ; the name
.flag fast                      ; allow reassociation; others: rows, quick
.shared 1024                    ; bytes of shared memory a block
.param x: f32[2] r              ; an array: element type, dimensions, access r, w or rw
.param a: f32 = 2.0             ; a scalar, perhaps with a default
.extent x.shape[1], x.shape[0]  ; lanes wanted on x, y, z
.metadata "author" "me"
.message "x = {{:.3f}}\\n"          ; message 0, for print and assert
.variable total: f32 r7 4 20    ; instructions 4 to 19 keep the variable `total` of the source in r7
.loc "scale.py" 3 5 9           ; file, line, column, end column of what follows (`.loc 4 5 9`, `.loc none`)
```

Immediates are decimal numbers of the instruction's type, or bits as `0x…` (the way to write infinities and NaNs).

An `.atlas` file holds any number of programs: a signature, a format version, sections with lengths (header,
parameters, labels, constants, instructions, extent; debug places, messages, variables and metadata; code for
particular targets) and a SHA-256 over all of it. The same program gives the same bytes. Readers skip sections they do
not know and refuse instructions they do not know. The checksum finds damage; it says nothing about who wrote the
file.

## Instructions

`T` is the instruction's type, `S` the source type of `cvt`. A *source* is a register or an immediate.
{instructions}"""

TYPE_SETS = [
    (ALL, "all"),
    (INTEGERS | FLOATS, "integers, f32, f64"),
    (SIGNED | FLOATS | HALVES, "signed integers, floats"),
    (INTEGERS, "integers"),
    (FLOATS | HALVES, "floats"),
    (FLOATS, "f32, f64"),
]
KINDS = {
    "reg": "register",
    "src": "source",
    "pred": "predicate",
    "guard": "optional predicate, may be negated",
    "imm": "immediate",
    "label": "label",
    "addr": "address",
    "slot": "parameter slot",
    "sreg": "launch coordinate",
    "cond": "condition",
    "scope": "scope",
    "f64": "f64 number",
}
PREFERRED = (Type.F32, Type.I64, Type.U32)
EXAMPLE = Program("example", (Param("x", "array", Type.F32, 1), Param("a", "scalar", Type.F32)), ())


def manual() -> str:
    """The whole page as Markdown."""
    sections = "".join(_category(c, [s for s in TABLE if s.category is c]) for c in Category)
    return INTRODUCTION.format(types=_types(), instructions=sections)


def _types() -> str:
    rows = ["| type | bytes | range |", "|---|---|---|"]
    for t in Type:
        span = f"{t.minimum} to {t.maximum}" if t.is_integer else _float_range(t)
        rows.append(f"| `{t.value}` | {t.size} | {span} |")
    return "\n".join(rows)


def _float_range(t: Type) -> str:
    layout = {Type.F16: "5 + 10", Type.BF16: "8 + 7", Type.F32: "8 + 23", Type.F64: "11 + 52"}
    return f"IEEE 754 style, {layout[t]} bits of exponent and fraction"


def _category(category: Category, specs: list[Spec]) -> str:
    name = category.value[0].upper() + category.value[1:]
    return f"\n### {name}\n" + "".join("\n".join(_entry(s)) + "\n" for s in specs)


def _entry(spec: Spec) -> Iterator[str]:
    yield f"\n#### {spec.name}"
    yield f"\n`{form(spec)}`"
    yield f"\n{spec.doc[0].upper()}{spec.doc[1:]}.\n"
    if spec.operands:
        yield f"- Operands: {'; '.join(_operand(o) for o in spec.operands)}"
    if spec.typed:
        yield f"- Types: {type_names(spec.types)}"
    yield f"- Example: `{spell(EXAMPLE, example(spec))}`"


def _operand(o: OperandSpec) -> str:
    kind = KINDS.get(o.kind, f"number of {o.kind[1:]} bits")
    fixed = f" of {o.type.lower()}" if o.kind in ("reg", "src") and o.type not in ("T", "S") else ""
    source = " of type S" if o.type == "S" else ""
    return f"`{o.name}` {kind}{fixed}{source}{', written' if o.written else ''}"


def type_names(types: frozenset[Type]) -> str:
    """A set of types in words."""
    named = next((name for members, name in TYPE_SETS if members == types), None)
    return named or ", ".join(t.value for t in Type if t in types)


def example(spec: Spec) -> Instruction:
    """One legal-looking instruction of a row."""
    element = next((t for t in PREFERRED if t in spec.types), min(spec.types, key=lambda t: t.value, default=None))
    source = Type.I32 if any(o.type == "S" for o in spec.operands) else None
    shape = Instruction(spec.name, element, (), source)
    args = tuple(_sample(o, i, shape.operand_type(i)) for i, o in enumerate(spec.operands))
    return Instruction(spec.name, element, args, source)


def _sample(o: OperandSpec, position: int, type: Type | None) -> Operand:
    samples: dict[str, Operand] = {
        "pred": Pred(position),
        "guard": Pred(0),
        "label": Label("body"),
        "addr": RegisterIndirectComputed(Reg(8), Reg(9)),
        "slot": Slot(1),
        "sreg": Special.GLOBAL_X,
        "cond": Condition.LT,
        "scope": Scope.BLOCK,
        "f64": 1e-9,
        "imm": Imm(immediate(type or Type.U64, 1).bits),
    }
    return Reg(position) if o.kind in ("reg", "src") else samples.get(o.kind, 4)


if __name__ == "__main__":
    sys.stdout.write(manual())
