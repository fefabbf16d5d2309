"""The ten typical mistakes of docs/errors.md: `python -m tests.house.errors_page` makes each, and shows what it says.

A mistake is a kernel and a call, and the kernel and the call that cure it; the message is the real one.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hologram
from hologram.errors import HologramError, SourceError
from hologram.frontend import compile_source
from hologram.language.program import Program
from tests.house.places import write

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


@dataclass(frozen=True)
class Mistake:
    """What goes wrong, why, the kernel with its wrong line and the right one, the wrong call and the right one."""

    title: str
    why: str
    file: str
    header: str
    wrong: str
    right: str
    expected: list[float]
    call: str = "{name}(x, y, 4)"
    cured_call: str = ""
    imports: str = "from hologram.language import *"

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.file.removesuffix(".py")

    def kernel(self, lines: str) -> str:
        """The file with these lines in the kernel."""
        body = "".join(f"    {line}\n" for line in lines.split("\n"))
        return f"{self.imports}\n\n\n@kernel\ndef {self.name}({self.header}):\n{body}"


ARRAYS = "x: DeviceArray[f32], y: DeviceArray[f32], n: u32"
GUARDED = "i = get_global_id()\nif i < n:\n    y[i] = "

MISTAKES = [
    Mistake(
        "An array where one element is meant",
        "A kernel says what one lane does. `x` is the whole array; the lane's element is `x[i]`.",
        "double.py",
        ARRAYS,
        f"{GUARDED}2.0 * x",
        f"{GUARDED}2.0 * x[i]",
        [2, 4, 6, 8],
    ),
    Mistake(
        "A function of NumPy in a kernel",
        "A kernel is compiled, not executed: it calls the functions of the kernel language, `math`'s among them, and "
        "functions decorated with `@device`.",
        "root.py",
        ARRAYS,
        f"{GUARDED}np.sqrt(x[i])",
        f"{GUARDED}sqrt(x[i])",
        [1.0, float(np.sqrt(np.float32(2))), float(np.sqrt(np.float32(3))), 2.0],
        imports="import numpy as np\nfrom hologram.language import *",
    ),
    Mistake(
        "A result that is returned",
        "A launch has many lanes, so there is no one value to return. Results go into arrays.",
        "total.py",
        ARRAYS,
        "i = get_global_id()\nif i < n:\n    return x[i] + 1.0",
        f"{GUARDED}x[i] + 1.0",
        [2, 3, 4, 5],
    ),
    Mistake(
        "A number as a condition",
        "Only truth values are conditions; what is true of a number has to be said.",
        "reciprocal.py",
        ARRAYS,
        "i = get_global_id()\nif i < n and x[i]:\n    y[i] = 1.0 / x[i]",
        "i = get_global_id()\nif i < n and x[i] != 0.0:\n    y[i] = 1.0 / x[i]",
        [1, 1 / 2, float(np.float32(1 / 3)), 1 / 4],
    ),
    Mistake(
        "A variable that only one branch sets",
        "Every path to a read must have set the variable.",
        "positive.py",
        ARRAYS,
        "i = get_global_id()\nif i < n:\n    if x[i] > 2.0:\n        v = x[i]\n    y[i] = v",
        "i = get_global_id()\nif i < n:\n    v = 0.0\n    if x[i] > 2.0:\n        v = x[i]\n    y[i] = v",
        [0, 0, 3, 4],
    ),
    Mistake(
        "A number that would lose digits",
        "Nothing is narrowed unasked: a wider type becomes a narrower one by a cast.",
        "weigh.py",
        "x: DeviceArray[f32], y: DeviceArray[f32], n: u32, scale: f64 = 0.5",
        f"{GUARDED}x[i] * scale",
        f"{GUARDED}x[i] * f32(scale)",
        [0.5, 1, 1.5, 2],
    ),
    Mistake(
        "An array of another dtype",
        "NumPy makes float64 unless told otherwise. A kernel takes exactly its own types, or each call would copy.",
        "keep.py",
        ARRAYS,
        f"{GUARDED}x[i]",
        f"{GUARDED}x[i]",
        [1, 2, 3, 4],
        "{name}(x.astype(np.float64), y, 4)",
        "{name}(x.astype(np.float64).astype(np.float32), y, 4)",
    ),
    Mistake(
        "A count beyond the end of an array",
        "The compiler derives how long every array must be; a launch that would leave one is refused before it runs.",
        "negate.py",
        ARRAYS,
        f"{GUARDED}-x[i]",
        f"{GUARDED}-x[i]",
        [-1, -2, -3, -4],
        "{name}(x, y, 5)",
        "{name}(x, y, x.size)",
    ),
    Mistake(
        "All lanes write one element",
        "Lanes run at the same time, so one addition overwrites the other. The CPU cannot see this; the interpreter "
        "does, so run a kernel there when results look wrong.",
        "gather.py",
        ARRAYS,
        "i = get_global_id()\nif i < n:\n    y[0] = y[0] + x[i]",
        "i = get_global_id()\nif i < n:\n    grid_sum(x[i], y, 0)",
        [10, 0, 0, 0],
        '{name}(x, y, 4, executor=hologram.Executor("interpreter"))',
    ),
    Mistake(
        "Input and output that overlap",
        "Where a lane reads what another writes, the result would depend on who comes first.",
        "shift.py",
        ARRAYS,
        f"{GUARDED}x[i] + 1.0",
        f"{GUARDED}x[i] + 1.0",
        [2, 3, 4, 5],
        "{name}(z[:4], z[1:], 4)",
        "{name}(z[:4].copy(), z[1:], 4)",
    ),
]


def mistakes() -> str:
    """All of them, with their messages and cures."""
    return "\n".join(section(number, mistake) for number, mistake in enumerate(MISTAKES, 1)) + "\n"


def section(number: int, mistake: Mistake) -> str:
    """One mistake: the kernel, what is said of it, and the lines that cure it."""
    assert result(mistake) == mistake.expected
    call = mistake.call.format(name=mistake.name)
    error = refusal(mistake)
    asked = f"$ hologram check {mistake.file}" if isinstance(error, SourceError) else f">>> {call}"
    said = str(error) if isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
    cured = (mistake.cured_call or mistake.call).format(name=mistake.name)
    before, after = (mistake.kernel(lines).splitlines() for lines in (mistake.wrong, mistake.right))
    changes = "\n".join(list(difflib.unified_diff(before, after, lineterm="", n=1))[3:])
    parts = [
        f"### {number}. {mistake.title}\n\n{mistake.why}\n",
        f'```python title="{mistake.file}"\n{mistake.kernel(mistake.wrong)}```\n',
        f"```text\n{asked}\n{said}\n```\n",
        f'Cure:\n\n```diff title="{mistake.file}"\n{changes}\n```\n'
        if changes
        else f"Cure:\n\n```text\n>>> {cured}\n```\n",
    ]
    return "\n".join(parts)


def refusal(mistake: Mistake) -> HologramError:
    """What the wrong kernel or the wrong call raises."""
    try:
        _run(mistake, mistake.wrong, mistake.call)
    except HologramError as error:
        return error
    raise AssertionError(f"{mistake.file} was accepted")


def result(mistake: Mistake) -> list[float]:
    """What the right call of the right kernel leaves in its second array."""
    return _run(mistake, mistake.right, mistake.cured_call or mistake.call)


def _run(mistake: Mistake, lines: str, call: str) -> list[float]:
    (unit,) = compile_source(mistake.kernel(lines), mistake.file)
    x, y = np.array([1, 2, 3, 4], np.float32), np.zeros(4, np.float32)
    z = np.array([1, 2, 3, 4, 0], np.float32)
    names = {"x": x, "y": y, "z": z, "np": np, "hologram": hologram, mistake.name: Program.of(unit.program)}
    eval(call.format(name=mistake.name), names)
    return (z[1:] if "z[" in call else y).tolist()


MAKERS: dict[str, Callable[[], str]] = {"mistakes": mistakes}


def main() -> int:
    """Write the page."""
    write(PAGE, MAKERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
