"""HOLOGRAM_DEBUG=1..5: prints what each stage makes to stderr.

| level | adds                                |
|-------|-------------------------------------|
| 1     | kernel names and stage times        |
| 2     | the program as .atlasm text         |
| 3     | the typed tree                      |
| 4     | LLVM IR                             |
| 5     | machine code as assembly            |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

VARIABLE = "HOLOGRAM_DEBUG"
NAMES, PROGRAM, TREE, LLVM, ASSEMBLY = 1, 2, 3, 4, 5


def level() -> int:
    """The level asked for in the environment; 0 is off, what is no number is off too."""
    text = os.environ.get(VARIABLE, "")
    return int(text) if text.isdigit() else 0


def show(title: str, text: str = "") -> None:
    """Print one stage's result."""
    print(f"hologram: {title}" + (f"\n{text.rstrip()}" if text else ""), file=sys.stderr)  # noqa: T201  # its purpose


def times(stages: Mapping[str, float]) -> str:
    """`parse 0.4 ms, check 1.0 ms`."""
    return ", ".join(f"{stage} {seconds * 1e3:.2f} ms" for stage, seconds in stages.items())


def show_executable(executable: Any) -> None:
    """Print what a backend made: stage times, then IR and assembly where it has them and they are asked for."""
    wanted = level()
    if not wanted:
        return
    name = executable.program.name
    if hasattr(executable, "run_address"):  # asking for it makes the code
        show(f"{name}: {times(executable.stages) if executable.compiled else 'native code from the cache'}")
    inspect = getattr(executable, "inspect", None)
    for needed, form in ((LLVM, "llvm"), (ASSEMBLY, "asm")):
        if inspect and wanted >= needed:
            show(f"{name}: {form}", inspect(form))
