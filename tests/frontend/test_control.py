"""Statements: the compiled kernel does what Python does with the same text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hologram.errors import KernelTypeError
from hologram.frontend.typed import CountedLoop
from tests.frontend import oracle
from tests.frontend.launching import HEADER, body, launch, program

LANES = 5


def agrees(text: str, cells: int = LANES) -> np.ndarray:
    """Run `k(o: DeviceArray[i64], n: i64)` both ways."""
    got, want = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
    oracle.run(HEADER + text, "k", [want, oracle.Num("i64", LANES)], [LANES])
    launch(text, [got, LANES], LANES)
    np.testing.assert_array_equal(got, want, err_msg=text)
    return got


def k(*lines: str) -> str:
    return body("o: DeviceArray[i64], n: i64", "i = get_global_id()", *lines)


CASES = {
    "elif": k("if i == 0:", "    o[i] = 1", "elif i < 3:", "    o[i] = 2", "else:", "    o[i] = 3"),
    "early return": k("if i >= n - 1:", "    return", "o[i] = i + 1"),
    "return in both arms": k("if i < 2:", "    o[i] = 5", "    return", "else:", "    o[i] = 6", "    return"),
    "return inside a loop": k("for k in range(n):", "    if k == i:", "        return", "    o[i] += 1"),
    "sum of a range": k("s = i", "for k in range(n):", "    s += k * i", "o[i] = s"),
    "start, stop, step": k("s = i * 0", "for k in range(i, 20, 3):", "    s = s * 2 + k", "o[i] = s"),
    "counting down": k("s = i * 0", "for k in range(10, i, -2):", "    s = s * 2 + k", "o[i] = s"),
    "step of unknown sign": k("s = i * 0", "st = 2 if i < 2 else -3", "for k in range(0, 12 - 6 * i, st):",
                              "    s = s * 3 + k", "o[i] = s"),
    "empty range": k("s = i", "for k in range(n, 0):", "    s = 0 * i", "o[i] = s"),
    "loop variable after the loop": k("k = i", "for k in range(i):", "    pass", "o[i] = k"),
    "loop variable changed in the body": k("s = i", "for k in range(4):", "    k = k * 10", "    s += k", "o[i] = s"),
    "bound changed in the body": k("m = i", "s = i", "for k in range(m):", "    m = 100 + i", "    s += 1",
                                   "o[i] = s + m"),
    "range of its own variable": k("k = i", "s = i", "for k in range(k):", "    s += k + 1", "o[i] = s"),
    "same variable in two loops": k("s = i", "for k in range(3):", "    s += k", "for k in range(i):", "    s += k * 7",
                                    "o[i] = s"),
    "nested loops, one variable": k("s = i", "for k in range(3):", "    for k in range(2):", "        s += k",
                                    "    s += 10 * k", "o[i] = s"),
    "break": k("s = i", "for k in range(100):", "    if k * k > 30 + i:", "        break", "    s += k", "o[i] = s"),
    "continue": k("s = i", "for k in range(10):", "    if (k + i) % 3 == 0:", "        continue", "    s += k",
                  "o[i] = s"),
    "unconditional break": k("s = i", "for k in range(10):", "    s += 5", "    break", "o[i] = s"),
    "while": k("m = i + 27", "s = i * 0", "while m != 1:", "    m = m // 2 if m % 2 == 0 else 3 * m + 1", "    s += 1",
               "o[i] = s"),
    "while with continue": k("m = i * 0", "s = i * 0", "while m < 10:", "    m += 1", "    if m % 2 == i % 2:",
                             "        continue", "    s += m", "o[i] = s"),
    "while true with break": k("m = i", "while True:", "    m += 3", "    if m > 20:", "        break", "o[i] = m"),
    "while true with return": k("m = i", "while True:", "    m += 3", "    if m > 20:", "        o[i] = m",
                                "        return"),
    "break from the inner loop only": k("s = i", "for a in range(4):", "    for b in range(4):",
                                        "        if b > a:", "            break", "        s += 1", "    s += 100",
                                        "o[i] = s"),
    "swap": k("a, b = i, i + 1", "for k in range(i):", "    a, b = b, a + b", "o[i] = a * 1000 + b"),
    "swap elements": k("if i == 0:", "    o[0], o[1] = 7, 8", "    o[0], o[1] = o[1], o[0]"),
    "chain": k("a = b = i + 1", "b += 1", "o[i] = a * 10 + b"),
    "augmented": k("o[i] = 100", "o[i] -= i", "o[i] *= 3", "o[i] //= 7", "o[i] %= 29", "o[i] <<= 2", "o[i] ^= 5",
                   "o[i] |= 8", "o[i] &= 253", "o[i] >>= 1"),
    "truth values": k("f = i < 3", "g = not f", "h = f == g", "f = f and i > 0 or h",
                      "o[i] = i64(f) + 2 * i64(g != f)"),
    "truth in a loop": k("found = False", "for k in range(n):", "    found = found or k * 3 == i", "if found:",
                         "    o[i] = 1"),
    "truth changes itself": k("f = i > 1", "f = not f if i == 3 else f", "f = f and o[i] == 0 and o[n - (n - i)] >= 0",
                              "o[i] = i64(f)"),
    "parameter assigned": k("n = n * 2", "n += i", "o[i] = n"),
    "nested conditions": k("if i > 0 and (i < 3 or not i != 4):", "    o[i] = 1 if i > 1 else 2", "    if i == 2:",
                           "        o[i] += 5"),
    "code after return": k("o[i] = 1", "return", "o[i] = 2"),
    "pass and assert": k("pass", "assert n > i, 'sizes'", "o[i] = 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_statements(name: str) -> None:
    agrees(CASES[name])


def test_results_of_a_few_by_hand() -> None:
    assert agrees(CASES["step of unknown sign"]).tolist()[0] != 0
    assert agrees(CASES["early return"]).tolist() == [1, 2, 3, 4, 0]
    assert agrees(CASES["break"]).tolist() == [15, 16, 17, 18, 19]


def test_a_step_of_zero_at_run_time_gives_no_round() -> None:
    text = k("s = i", "for k in range(0, 10, i - i):", "    s += 1", "o[i] = s")
    out = np.zeros(2, np.int64)
    launch(text, [out, 1], 2)
    assert out.tolist() == [0, 1]


@st.composite
def blocks(draw: st.DrawFn, depth: int = 3, loops: int = 0) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        lines += draw(statements(depth, loops))
    return lines


_VALUE = st.sampled_from(["a", "b", "c", "i", "n", "3", "a + i", "b - c", "a * 3", "c // 2", "b % 5", "a ^ c",
                          "min(a, b)", "a if b > c else i", "o[i] + a", "i64(f)"])  # fmt: skip
_TEST = st.sampled_from(["a < b", "c % 2 == 0", "i < n - 2", "f", "not f", "a > 0 and b > 0", "f or c != a",
                         "i != 2 and o[i] > a", "a < b < c"])  # fmt: skip


@st.composite
def statements(draw: st.DrawFn, depth: int, loops: int) -> list[str]:
    shape = draw(st.integers(0, 11 if depth else 4))
    if shape <= 2:
        return [f"{draw(st.sampled_from('abc'))} {draw(st.sampled_from(['=', '+=', '-=', '^=']))} {draw(_VALUE)}"]
    if shape == 3:
        return [f"o[i] = {draw(_VALUE)}"]
    if shape == 4:
        ends = ["return"] + (["break", "continue"] if loops else [])
        word = draw(st.sampled_from(ends)) if draw(st.booleans()) else f"f = {draw(_TEST)}"
        return [f"if {draw(_TEST)}:", f"    {word}"] if word in ends else [word]
    inner = [f"    {line}" for line in draw(blocks(depth - 1, loops + (shape >= 8)))]
    if shape <= 7:
        other = [f"    {line}" for line in draw(blocks(depth - 1, loops))] if shape == 6 else []
        return [f"if {draw(_TEST)}:", *inner, *(["else:", *other] if other else [])]
    if shape <= 10:
        bounds = draw(st.sampled_from(["3", "i", "1, 5", "5, 0, -2", "a % 4", "k, k + 2" if loops > 1 else "2"]))
        return [f"for k in range({bounds}):", *inner, "    b += k"]
    test, fuel = draw(_TEST), f"w{depth}"
    return [f"{fuel} = i * 0", f"while {fuel} < 4 and ({test}):", f"    {fuel} += 1", *inner]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks())
def test_random_programs(lines: list[str]) -> None:
    start = ["a = i + 1", "b = n - i", "c = i * i", "f = i > 1", "k = i"]
    end = ["o[i] = a * 3 + b * 5 + c * 7 + i64(f) + k"]
    agrees(k(*start, *lines, *end))


def test_a_loop_is_header_body_latch() -> None:
    made = program(k("s = i", "for j in range(n):", "    if j == 3:", "        continue", "    s += j", "o[i] = s"))
    jumps = [(str(i.args[0]), i.args[1] is None) for i in made.instructions if i.op == "BRA"]
    assert ("@for", True) in jumps
    assert ("@endfor", False) in jumps
    assert sum(target == "@for" for target, _ in jumps) == 1  # one latch, also with `continue`
    assert ("@next", False) in jumps


def test_parameters_are_read_once_at_the_top() -> None:
    made = program(body("a: DeviceArray[f32], n: u32", "i = get_global_id()", "for k in range(n):", "    if i < n:",
                        "        a[i] += f32(n)"))  # fmt: skip
    ops = [i.op for i in made.instructions]
    first = next(j for j, op in enumerate(ops) if op not in ("MOV_PARAM", "CVT"))
    assert "MOV_PARAM" not in ops[first:]
    assert "CVT" not in ops[first:]


def test_every_instruction_knows_its_line() -> None:
    made = program(CASES["swap"])
    assert all(place is not None and place.file == "kernel.py" for place in made.debug)
    lines = [place.line for place in made.debug if place]
    assert set(lines) <= set(range(4, 4 + 7))


def test_too_many_truth_values_are_refused_by_name() -> None:
    lines = [f"f{j} = i > {j}" for j in range(17)] + ["o[i] = i64(" + " and ".join(f"f{j}" for j in range(17)) + ")"]
    with pytest.raises(KernelTypeError, match="16 live predicates") as caught:
        program(k(*lines))
    assert caught.value.location.line == 6 + 16


def test_too_many_variables_are_refused_by_name() -> None:
    with pytest.raises(KernelTypeError, match="252 live registers"):
        program(k(*(f"v{j} = i + {j}" for j in range(260)), "o[i] = v0"))


def test_typed_loops_are_i64() -> None:
    from hologram.frontend.check import check
    from hologram.frontend.source import Source
    from tests.frontend.launching import unit

    typed = check(unit(CASES["sum of a range"]).tree, Source("x"))
    loop = next(s for s in typed.body if isinstance(s, CountedLoop))
    assert repr(loop.stop.kind) == repr(loop.start.kind) == repr(typed.variables["k"]) == "i64"
