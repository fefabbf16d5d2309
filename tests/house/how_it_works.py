"""docs/how-it-works.md follows one kernel through every stage; this makes the outputs the page shows.

The page is prose with places `<!-- stage: NAME -->` … `<!-- /stage -->`; `python -m tests.house.how_it_works` fills
each with what the stage NAME gives now, and a test compares the page with that.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import hologram
from hologram.backends.cpu import targets
from hologram.backends.cpu.source import source as llvm_source
from hologram.backends.llvm import jit
from hologram.errors import HologramError
from hologram.frontend import Unit, compile_source, schema
from hologram.isa.binary import decode, encode
from hologram.isa.text import disassemble
from hologram.isa.text.spelling import spell
from hologram.isa.verify import verify
from hologram.language.program import Program

PAGE = Path(__file__).parents[2] / "docs" / "how-it-works.md"
FILE = "saxpy.py"
TARGET = "x86-64-v3"
SOURCE = """\
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel
def saxpy(a: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = a * x[i] + y[i]
"""
_MADE_WITH = re.compile(r"<!-- made with \S* -->")
_PLACE = re.compile(r"(?<=<!-- stage: )(\w+)( -->\n).*?(?=<!-- /stage -->)", re.DOTALL)


@cache
def unit() -> Unit:
    """The kernel, compiled."""
    return compile_source(SOURCE, FILE)[0]


def kernel_source() -> tuple[str, str]:
    """The kernel file itself."""
    return "python", SOURCE


def tree() -> tuple[str, str]:
    """The assignment of the kernel as JSON, without the places in the source."""
    kernel = json.loads(schema.dumps([unit().tree]))["kernel"]
    text = json.dumps(_without_places(kernel["body"][1]["then_body"][0]), indent=2)
    return "json", re.sub(r'\{\s+"type": "var",\s+"name": ("\w+")\s+\}', r'{"type": "var", "name": \1}', text)


def mistyped() -> tuple[str, str]:
    """What the type checker says to a kernel that multiplies by a whole array."""
    return "text", _refusal(lambda: compile_source(SOURCE.replace("a * x[i]", "a * x"), FILE))


def program() -> tuple[str, str]:
    """The Atlas ISA program."""
    return "text", disassemble(unit().program)


def facts() -> tuple[str, str]:
    """Which array each memory access touches, as the verifier proved it."""
    verified = unit().program
    touched = verify(verified).slot_of
    lines = [
        f"{spell(verified, verified.instructions[i]):<24} touches {verified.params[slot].name}"
        for i, slot in touched.items()
    ]
    return "text", "\n".join(lines)


def refused_program() -> tuple[str, str]:
    """What the verifier says when the program's first instruction is missing."""
    whole = unit().program
    labels = {name: index - 1 for name, index in whole.labels.items()}
    broken = replace(whole, instructions=whole.instructions[1:], debug=whole.debug[1:], labels=labels)
    return "text", _refusal(lambda: verify(broken))


def short_array() -> tuple[str, str]:
    """What a launch says to an array that is too short."""
    x, y = np.ones(8, np.float32), np.ones(10, np.float32)
    return "text", _refusal(lambda: Program.of(unit().program)(2.0, x, y, 10))


def file() -> tuple[str, str]:
    """The start of the program file, its size, and what reading a damaged copy says."""
    data = encode([unit().program])
    rows = [f"{at:04x}  {data[at : at + 16].hex(' ')}" for at in range(0, 48, 16)]
    damaged = data[:100] + bytes([data[100] ^ 1]) + data[101:]
    return "text", "\n".join(
        [*rows, f"…     {len(data)} bytes", "", "with one bit of byte 100 flipped:", _refusal(lambda: decode(damaged))]
    )


def llvm() -> tuple[str, str]:
    """The loop over whole strips in optimised LLVM IR."""
    target = targets.target(TARGET)
    module = llvm_source(unit().program, target)
    text = jit.optimize_ir(module.text, target, module.level, module.vectorize)
    blocks = re.split(r"\n\n", text)
    return "llvm", _renamed(next(block for block in blocks if " x float>" in block and _branches_to_itself(block)))


def assembly() -> tuple[str, str]:
    """The same loop as machine code."""
    target = targets.target(TARGET)
    module = llvm_source(unit().program, target)
    lines = jit.assembly(module.text, target, module.level, module.vectorize).splitlines()
    loops = []
    for end, line in enumerate(lines):
        label = line.split()[-1] + ":" if re.match(r"\tj(?!mp)\w+\t", line) else None
        if label in lines[:end]:
            loops.append(lines[lines.index(label) : end + 1])
    inner = min((loop for loop in loops if any("mulps" in line for line in loop)), key=len)
    return "asm", "\n".join(line.expandtabs(8) for line in inner)


def result() -> tuple[str, str]:
    """The kernel on five numbers: bound launches on the CPU, and once more on the interpreter."""
    x, y = np.arange(5, dtype=np.float32), np.ones(5, np.float32)
    oracle = y.copy()
    launch = Program.of(unit().program).bind(2.0, x, y, 5)
    launch()
    launch()
    checked = Program.of(unit().program).bind(2.0, x, oracle, 5, executor=hologram.Executor("interpreter"))
    checked()
    checked()
    return "text", f"{launch!r}\ncpu          {y.tolist()}\ninterpreter  {oracle.tolist()}"


STAGES: dict[str, Callable[[], tuple[str, str]]] = {
    stage.__name__: stage
    for stage in (
        kernel_source,
        tree,
        mistyped,
        program,
        facts,
        refused_program,
        short_array,
        file,
        llvm,
        assembly,
        result,
    )
}
NATIVE = ("llvm", "assembly")
"""Stages whose text depends on the version of LLVM."""


def filled(page: str) -> str:
    """The page with every stage's present output."""
    return _PLACE.sub(lambda place: f"{place[1]}{place[2]}{_fenced(*STAGES[place[1]]())}", page)


def shown(page: str) -> dict[str, str]:
    """What the page shows for each stage now."""
    return {match[1]: match[0][len(match[1]) + len(match[2]) :] for match in _PLACE.finditer(page)}


def main() -> int:
    """Write the page."""
    page = _MADE_WITH.sub(f"<!-- made with {jit.llvm_version()} -->", PAGE.read_text("utf-8"))
    PAGE.write_text(filled(page), encoding="utf-8")
    return 0


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(inner) for key, inner in value.items() if key != "at"}
    return [_without_places(inner) for inner in value] if isinstance(value, list) else value


def _refusal(action: Callable[[], object]) -> str:
    try:
        action()
    except HologramError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("nothing was refused")


def _renamed(block: str) -> str:
    """The block as `loop:` with its values numbered as they appear: LLVM's own names change with every pass."""
    loop, _, body = block.partition(":")
    numbers: dict[str, str] = {f"%{loop}": "%loop"}
    body = re.sub(r"%[\w.]+", lambda name: numbers.setdefault(name[0], f"%{len(numbers)}"), body)
    return "loop:" + re.sub(r"^\s+; preds.*", "", body)


def _branches_to_itself(block: str) -> bool:
    name = block.partition(":")[0]
    return re.search(rf"br i1 .*%{re.escape(name)}\b", block) is not None


if __name__ == "__main__":
    sys.exit(main())
