"""Makes a failing case smaller while it still fails, and keeps it as a file test.

``python -m tests.differential.minimise program SEED`` or ``kernel SEED`` writes to tests/filetests/cpu.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hologram.errors import HologramError
from hologram.frontend import compile_source
from hologram.isa.operands import Label
from hologram.isa.program import Program
from hologram.isa.verify import verify
from tests.differential import cases, kernels
from tests.differential.compare import InvalidCaseError, compare, file_test
from tests.differential.launches import read_launch

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "filetests" / "cpu"
TIMEOUT = 60


def still_fails(source: str, suffix: str) -> bool:
    """Run a file test in a process of its own, so that an abort counts as a failure too."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.differential.minimise", "check", suffix]
    try:
        done = subprocess.run(
            command, input=source, text=True, capture_output=True, timeout=TIMEOUT, check=False, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode != 0


def check(source: str, suffix: str) -> str | None:
    """What a file test finds; nothing in a case that is not valid."""
    try:
        return compare(program_of(source, suffix), read_launch(source))
    except InvalidCaseError:
        return None


def program_of(source: str, suffix: str) -> Program:
    if suffix == ".py":
        return compile_source(source, "kernel.py")[0].program
    from hologram.isa.text import assemble

    return assemble(source)


def without(program: Program, start: int, count: int) -> Program | None:
    """A program with some instructions left out, or None where that is not valid."""
    stop = start + count
    labels = {n: t if t <= start else max(start, t - count) for n, t in program.labels.items()}
    code = program.instructions[:start] + program.instructions[stop:]
    used = {a.name for ins in code for a in ins.args if isinstance(a, Label)}
    smaller = replace(program, instructions=code, labels={n: t for n, t in labels.items() if n in used}, debug=())
    try:
        verify(smaller)
    except HologramError:
        return None
    return smaller


def smaller_program(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Leave out runs of instructions, long ones first, until no single one can go."""
    size = len(program.instructions) // 2
    while size:
        start, changed = len(program.instructions) - size, False
        while start >= 0:
            candidate = without(program, start, size)
            if candidate is not None and fails(candidate):
                program, changed = candidate, True
            start -= size
        size = size if changed and size == 1 else size // 2
    return program


def smaller_kernel(source: str, fails: Callable[[str], bool]) -> str:
    """Leave out statements, or put a block's statements in its place, until nothing can go."""
    header = "".join(line + "\n" for line in source.splitlines() if line.startswith("#"))
    changed = True
    while changed:
        changed = False
        for number in range(len(_lists(ast.parse(source)))):
            position = 0
            while position < len(_lists(ast.parse(source))[number:][:1] and _lists(ast.parse(source))[number]):
                for edit in (_drop, _lift):
                    tree = ast.parse(source)
                    edit(_lists(tree)[number], position)
                    candidate = header + ast.unparse(tree) + "\n"
                    if candidate != source and _compiles(candidate) and fails(candidate):
                        source, changed = candidate, True
                        break
                else:
                    position += 1
            if number >= len(_lists(ast.parse(source))) - 1:
                break
    return source


def _lists(tree: ast.Module) -> list[list[ast.stmt]]:
    """All statement lists of the kernel."""
    out = []
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            found = getattr(node, name, None)
            if isinstance(found, list) and found and not isinstance(node, ast.Module):
                out.append(found)
    return out


def _drop(statements: list[ast.stmt], position: int) -> None:
    del statements[position]
    if not statements:
        statements.append(ast.Pass())


def _lift(statements: list[ast.stmt], position: int) -> None:
    inner = getattr(statements[position], "body", None)
    if isinstance(inner, list):
        statements[position : position + 1] = inner


def _compiles(source: str) -> bool:
    try:
        compile_source(source, "kernel.py")
    except (HologramError, SyntaxError):
        return False
    return True


def keep_program(seed: int) -> Path:
    program, launch = cases.program(seed)
    why = f"made smaller from seed {seed} of tests/differential/generate.py"
    small = smaller_program(program, lambda p: still_fails(file_test(p, launch, why), ".atlasm"))
    path = KEPT / f"program_{seed}.atlasm"
    path.write_text(file_test(small, launch, why))
    return path


def keep_kernel(seed: int) -> Path:
    source, launch = kernels.kernel(seed)
    small = smaller_kernel(launch.header("#") + source, lambda s: still_fails(s, ".py"))
    path = KEPT / f"kernel_{seed}.py"
    path.write_text(small)
    return path


def main(words: list[str]) -> int:
    if words[0] == "check":
        return int(check(sys.stdin.read(), words[1]) is not None)
    print({"program": keep_program, "kernel": keep_kernel}[words[0]](int(words[1])))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
