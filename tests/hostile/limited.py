"""Feeds inputs to the readers in a process of limited memory and time: `python -m tests.hostile.limited COUNT DOOR…`.

One line of JSON for each input: door, name, seconds, and the type and text of the error ("" where it was accepted).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hologram.errors import HologramError
from tests.hostile import cases, commands, damage

MEMORY = 2 << 30
SECONDS = 300
STEPS = 10_000
ROOT = Path(__file__).parents[2]


def compile_python(text: str | bytes) -> None:
    from hologram.frontend import compile_source

    compile_source(text.decode() if isinstance(text, bytes) else text, "hostile.py")


def compile_json(text: str | bytes) -> None:
    from hologram.frontend import compile_tree, schema

    for tree in schema.loads(text):
        compile_tree(tree, "hostile.json")


def assemble_text(text: str | bytes) -> None:
    from hologram.isa.text import assemble
    from hologram.isa.verify import verify

    verify(assemble(text.decode() if isinstance(text, bytes) else text, file="hostile.atlasm"))


def load_program(data: str | bytes) -> None:
    from hologram.isa.binary import decode
    from hologram.isa.verify import verify

    assert isinstance(data, bytes)
    for entry in decode(data):
        verify(entry.program)
        entry.program.digest  # noqa: B018


def launch_listing(text: str | bytes) -> None:
    """Assemble, verify, and run what is valid on the interpreter and on watched native code, with small arrays."""
    import numpy as np

    from hologram.isa.text import assemble
    from hologram.language.program import Program
    from hologram.runtime.executor import Executor

    assert isinstance(text, str)
    program = Program.of(assemble(text, file="hostile.atlasm"))
    given = [np.ones((4,) * p.ndim, p.type.dtype) if p.is_array else p.type.dtype.type(3) for p in program.params]
    refused = []
    for executor in (Executor("interpreter", max_steps=STEPS), Executor("cpu", checked=True, max_steps=STEPS)):
        with executor, np.errstate(all="ignore"):
            try:
                program(*(g.copy() for g in given), grid=1, block=4, executor=executor)
            except HologramError as error:
                refused.append(error)
    if refused:
        raise refused[0]


def run_command(arguments: Any) -> None:
    commands.execute(arguments)


Inputs = Iterator[tuple[str, Any]]


def _named(table: Mapping[str, Callable[[], str]]) -> Callable[[int], Inputs]:
    return lambda count: ((name, make()) for name, make in table.items())


DOORS: dict[str, tuple[Callable[[Any], None], Callable[[int], Inputs]]] = {
    "python": (compile_python, _named(cases.PYTHON)),
    "json": (compile_json, _named(cases.JSON)),
    "assembly": (assemble_text, _named(cases.ASSEMBLY)),
    "long": (compile_python, _named(cases.LONG)),
    "random python": (compile_python, damage.python),
    "random json": (compile_json, damage.documents),
    "random assembly": (assemble_text, damage.assembly),
    "random programs": (load_program, damage.programs),
    "random launches": (launch_listing, damage.listings),
    "commands": (run_command, commands.commands),
    "random commands": (run_command, commands.random_commands),
}


def outcomes(count: int, *doors: str) -> list[dict[str, Any]]:
    """What became of each input of these doors, in a process of its own; a process that dies is an AssertionError."""
    command = [sys.executable, "-m", "tests.hostile.limited", str(count), *doors]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"ended by {done.returncode} after {lines[-1:]}: {done.stderr[-2000:]}"
    return [json.loads(line) for line in lines]


def main(count: int, *doors: str) -> None:
    """Report on every input of the doors."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    warnings.simplefilter("ignore", SyntaxWarning)
    for door in doors:
        read, inputs = DOORS[door]
        for name, data in inputs(count):
            error, said, begin = "", "", time.process_time()
            try:
                read(data)
            except HologramError as refused:
                error, said = type(refused).__name__, str(refused)
            except Exception as surprise:
                error, said = f"!{type(surprise).__name__}", str(surprise)[:300]
            seconds = time.process_time() - begin
            row = {"door": door, "name": name, "seconds": seconds, "error": error, "said": said}
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
