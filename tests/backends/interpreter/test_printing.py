"""Print and Assert on the interpreter: who says what, in which order, and in which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import AssertionFailedError, ExecutionError
from hologram.isa.operands import Condition, Imm, Special
from hologram.isa.text import assemble
from hologram.types import Type
from tests.frontend.launching import body, launch


def test_lines_come_in_the_order_of_lanes_and_of_statements(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.array([0.1, 2, 300], np.float32)
    launch(body("x: DeviceArray[f32]", "i = get_global_id()", 'print("x =", x[i], i > 1)', "print('done')"), [x], 3)
    assert capsys.readouterr().out.splitlines() == [
        "k[0]: x = 0.1 False",
        "k[1]: x = 2.0 False",
        "k[2]: x = 300.0 True",
        "k[0]: done",
        "k[1]: done",
        "k[2]: done",
    ]


def test_only_lanes_that_come_there_print(capsys: pytest.CaptureFixture[str]) -> None:
    device = "@device\ndef end_of(i: i64):\n    if i > 2:\n        return 1\n    return 2\n\n"
    lines = ("i = get_global_id()", "if i % 2 == n:", "    print(f'{i:02d}{{}}', 0.5, end_of(i))")
    launch(device + body("n: i64", *lines), [1], 5)
    assert capsys.readouterr().out.splitlines() == ["k[1]: 01{} 0.5 2", "k[3]: 03{} 0.5 1"]


def test_launches_of_several_axes_show_the_index(capsys: pytest.CaptureFixture[str]) -> None:
    launch(body("", "print(get_global_id(0) + 10 * get_global_id(1))"), [], (2, 2))
    assert capsys.readouterr().out.splitlines() == ["k[0, 0]: 0", "k[1, 0]: 1", "k[0, 1]: 10", "k[1, 1]: 11"]


@pytest.mark.parametrize(
    ("element", "bits", "shown"),
    [
        (Type.I8, 0xFF, "-1"),
        (Type.U64, (1 << 64) - 1, str((1 << 64) - 1)),
        (Type.F16, 0x2E66, "0.1"),
        (Type.BF16, 0x3DCD, "0.100098"),
        (Type.F32, 0x3DCCCCCD, "0.1"),
        (Type.F64, 0x7FF0000000000000, "inf"),
        (Type.F32, 0x7FC00000, "nan"),
    ],
)
def test_values_show_as_short_as_they_can(
    bench: Any, capsys: pytest.CaptureFixture[str], element: Type, bits: int, shown: str
) -> None:
    k = bench.Kernel()
    k.emit("Print", element, Imm(bits), 0)
    bench.run(k.build(), [], 1)
    assert capsys.readouterr().out == f"k[0]: message 0: {shown}\n"


def test_a_line_without_an_end_appears_when_the_lane_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    program = assemble('.program p\n.message "a{}"\n.message "b"\nprint.u32 r252, 0\nprint.u32 0, 1')
    InterpreterBackend().compile(program).launch([], Domain((2, 1, 1), (1, 1, 1), (2, 1, 1)))
    assert capsys.readouterr().out == "p[0]: a0b\np[1]: a1b\n"


def test_a_claim_that_fails_names_its_text_line_and_lane() -> None:
    x = np.arange(8, dtype=np.float32)
    text = body("x: DeviceArray[f32]", "i = get_global_id()", 'assert x[i] < 5, "too large"', "x[i] = 0")
    with pytest.raises(AssertionFailedError, match="assertion failed: too large") as caught:
        launch(text, [x], 8)
    error = caught.value
    assert isinstance(error, AssertionError) and isinstance(error, ExecutionError)
    assert (error.kernel, error.lane) == ("k", 5)
    assert error.location is not None and str(error.location) == "kernel.py:6:5"


def test_a_claim_without_a_text_shows_itself() -> None:
    with pytest.raises(AssertionFailedError, match=r"assertion failed: n \* 2 > 3 or n == 0 "):
        launch(body("n: i64", "assert n * 2 > 3 or n == 0"), [1])


def test_claims_inside_device_functions_and_branches() -> None:
    text = body("n: i64", "if get_global_id() > 2:", "    low(n)").replace(
        "@kernel", "@device\ndef low(n: i64):\n    assert n < 3, 'in low'\n\n@kernel"
    )
    launch(text, [5], 3)
    with pytest.raises(AssertionFailedError, match=r"in low \(kernel 'k'.*lane 3 .*kernel.py:5:5\)"):
        launch(text, [5], 5)


def test_a_program_without_texts_names_the_message(bench: Any) -> None:
    k = bench.Kernel()
    lane = k.new("MOV_SREG", Type.I64, Special.GLOBAL_X)
    k.emit("Assert", None, k.compare(Condition.LT, Type.I64, lane, Imm(1)), 7)
    with pytest.raises(AssertionFailedError, match="assertion failed: message 7"):
        bench.run(k.build(), [], 2)
