"""Print and Assert on the CPU: no code, and a warning for what will not be seen."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.source import source
from hologram.backends.cpu.targets import target
from hologram.backends.llvm import jit
from hologram.errors import PrintIgnoredWarning
from tests.frontend.launching import body, program

SCALE = ("i = get_global_id()", "if i < n:", "    x[i] = 2 * x[i]")
PARAMETERS = "x: DeviceArray[f32], n: u32"


def assembly(*lines: str) -> str:
    machine = target("x86-64-v3")
    module = source(program(body(PARAMETERS, *lines)), machine)
    return re.sub(r"^\s*\..*$", "", jit.assembly(module.text, machine, module.level, module.vectorize), flags=re.M)


def test_neither_makes_code() -> None:
    plain = assembly(*SCALE)
    assert assembly(*SCALE, "    print(i, x[i])") == plain
    assert assembly(*SCALE[:2], "    assert x[i] > 0.5 and x[i] < 2.5, 'range'", SCALE[2]) == plain


def test_one_warning_a_kernel_at_the_line_that_launches_it() -> None:
    made = program(body(PARAMETERS, *SCALE, "    print(i)", "    print(n)"))
    with pytest.warns(PrintIgnoredWarning, match=r"kernel 'k' prints nothing on the CPU.*interpreter") as caught:
        executable = CpuBackend().compile(made)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    x = np.ones(4, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        executable.launch([x, 4], Domain((4, 1, 1), (1, 1, 1), (4, 1, 1)))
        CpuBackend().compile(program(body(PARAMETERS, "assert n > 3")))
    assert x.tolist() == [2, 2, 2, 2]
