"""The shape of the code for control flow: branches that all lanes take together cost no masks."""

import re

import pytest

from hologram.backends.cpu.source import source
from hologram.backends.llvm import jit
from hologram.frontend import compile_source

MACHINE = jit.Target("x86_64-unknown-linux-gnu", "x86-64-v4")
HEAD = """from hologram.language import *
@kernel
def k(x: DeviceArray[f32], y: DeviceArray[f32], n: i64, m: i64):
    i = get_global_id()
    if i < n:
"""


def full_strip(body: str) -> str:
    """The IR of a whole strip of a kernel whose guarded part is `body`."""
    indented = "".join(f"        {line}\n" for line in body.splitlines())
    (unit,) = compile_source(HEAD + indented, "k.py")
    text = source(unit.program, MACHINE).text
    return text[text.index("@strip_full") : text.index("@strip_rest")]


def questions(code: str) -> int:
    """Branches that ask whether any lane goes a way."""
    return len(re.findall(r"bitcast <\d+ x i1>", code))


def masked(code: str) -> int:
    return len(re.findall(r"@llvm\.masked", code))


def test_a_guard_that_the_launch_ensures_is_gone() -> None:
    code = full_strip("y[i] = x[i] * 2.0")
    assert not questions(code) and not masked(code)
    assert re.search(r"load <64 x float>", code) and re.search(r"store <64 x float>", code)


def test_a_uniform_branch_stays_a_branch() -> None:
    code = full_strip("if m > 3:\n    y[i] = x[i]\nelse:\n    y[i] = 1.0")
    assert not questions(code) and not masked(code)


def test_a_divergent_branch_skips_sides_that_no_lane_takes() -> None:
    code = full_strip("if x[i] > 3.0:\n    y[i] = x[i]\nelse:\n    y[i] = 1.0")
    assert questions(code) == 2
    assert masked(code) == 3, "a load and two stores under masks"


def test_lanes_that_went_two_ways_go_on_together_without_a_mask() -> None:
    code = full_strip("t = 1.0\nif x[i] > 3.0:\n    t = x[i] * x[i]\ny[i] = t")
    assert questions(code) == 1
    assert re.search(r"store <\d+ x float>", code[code.rindex("bitcast") :]), "the last store is a plain one"


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("t = 0.0\nfor j in range(m):\n    t = t + x[j]\ny[i] = t", True),
        ("t = 0.0\nfor j in range(m):\n    if x[i] > t:\n        t = t + x[j]\ny[i] = t", True),
        ("t = 0.0\nfor j in range(m):\n    if m > j + 3:\n        break\n    t = t + x[j]\ny[i] = t", True),
        ("t = 0.0\nfor j in range(m):\n    if x[i] > t:\n        continue\n    t = t + x[j]\ny[i] = t", True),
        ("t = 0.0\nfor j in range(m):\n    if x[i] < t:\n        break\n    t = t + x[j]\ny[i] = t", False),
        ("t = 0.0\nfor j in range(i):\n    t = t + x[j]\ny[i] = t", False),
        ("t = 0.0\nwhile t < x[i]:\n    t = t + 1.0\ny[i] = t", False),
    ],
)
def test_loops_keep_a_mask_only_where_lanes_leave_one_by_one(body: str, plain: bool) -> None:
    code = full_strip(body)
    assert bool(re.search(r"^loop\d+:", code, re.MULTILINE)) == plain
    assert bool(re.search(r"^while\d+:", code, re.MULTILINE)) != plain


def test_uniform_work_in_a_loop_is_scalar() -> None:
    code = full_strip("t = x[i]\nfor j in range(m):\n    t = t * x[j]\ny[i] = t")
    loop = code[code.index("\nloop") :]
    assert re.search(r"load float, ptr", loop), "x[j] is one load for all lanes"
    assert not re.search(r"add <\d+ x i64>", loop), "the counter is one number"
