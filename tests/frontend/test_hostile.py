"""Hostile texts give typed errors in bounded time."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hologram.errors import HologramError
from hologram.frontend import compile_source
from tests.frontend.launching import HEADER, body
from tests.frontend.test_control import CASES

SECONDS = 20.0


def attempt(text: str) -> str:
    """ "ok", or the message of the typed error."""
    begin = process_time()
    try:
        compile_source(text, "hostile.py")
        outcome = "ok"
    except HologramError as error:
        outcome = str(error)
    assert process_time() - begin < SECONDS
    return outcome


def kernel(*lines: str) -> str:
    return HEADER + body("a: DeviceArray[f32], n: u32", *lines)


def chain(op: str, terms: int) -> str:
    return kernel("x = n", f"y = {f' {op} '.join(['x'] * terms)}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (chain("+", 100), "ok"),
        (chain("+", 5_000), "nested too deeply"),
        (chain("+", 100_000), "nested too deeply"),
        (chain("**", 300), "nested too deeply"),
        (kernel("x = " + "(" * 150 + "n" + ")" * 150), "ok"),
        (kernel("x = " + "(" * 5_000 + "n" + ")" * 5_000), "error"),
        (kernel("x = " + "-" * 5_000 + "n"), "nested too deeply"),
        (kernel("x = " + "not " * 5_000 + "n"), "nested too deeply"),
        (kernel("x = " + "a[" * 400 + "n" + "]" * 400), "nested"),
        (kernel("x = n < " + " < ".join(["n"] * 3_000)), "nested too deeply"),
        (kernel("x = n > 1 and " + " and ".join(["n > 2"] * 3_000)), "nested too deeply"),
        (kernel("x = " + "1 if n > 0 else " * 1_000 + "0"), "nested too deeply"),
        (kernel("x = " + "sqrt(" * 500 + "n" + ")" * 500), "nested"),
        (kernel("x = " + ".".join(["n"] * 3_000)), "nested too deeply"),
        (kernel("x = " + "lambda: " * 3_000 + "n"), "nested too deeply"),
        (kernel("x = 0", *("if n > 1: x = 1",) + ("elif n > 2: x = 2",) * 2_000), "nested too deeply"),
        (kernel(*(" " * k + "if n > 0:" for k in range(90)), " " * 91 + "pass"), "ok"),
        (kernel(*(" " * k + "if n > 0:" for k in range(120)), " " * 121 + "pass"), "error"),
        (kernel("x = " + "9" * 5_000), "error"),
        (kernel("x = 0x" + "f" * 100_000), "64 bits"),
        (kernel("x = 9 ** 9 ** 9"), "64 bits"),
        (kernel("x = 1 << 10 ** 9"), "64 bits"),
        (kernel("x = 2.0 ** 1e300"), "does not fit in 64 bits"),
        (HEADER + "A = 9 ** 9 ** 9 ** 9\nB = 1 << 2 ** 62\nC = 'x' * 2 ** 40\n" + body("a: f32", "pass"), "ok"),
        ("#" * 600_000, "at most 524288 are read"),
        ("\n" * 500_000, "no kernel"),
        ("\x00", "not valid Python"),
        ("\ud800", "error"),
        ("def f(" + "a," * 50_000 + "): pass", "no kernel"),
        (HEADER + "@kernel\ndef k(" + ", ".join(f"a{k}: f32" for k in range(300)) + "): pass", "at most 128"),
        (kernel(*(f"v{k} = n" for k in range(3_000))), "252 live registers"),
        (kernel(*("x = n * n",) * 10_000), "ok"),
        (kernel("x = a[" + " + ".join(["i64(n)"] * 90) + "]"), "ok"),
    ],
    ids=lambda v: v[-40:] if isinstance(v, str) else None,
)
def test_texts(text: str, message: str) -> None:
    assert message in attempt(text)


def test_types_that_settle_slowly() -> None:
    """Each variable takes its type from the next: a chain against the order of the text."""
    names = [f"v{k}" for k in range(200)]
    start = [f"{' = '.join(names)} = 0"]
    loop = [
        "for k in range(3):",
        *(f"    {a} = {b}" for a, b in pairwise(names)),
        "    v199 = a[0]",
    ]
    assert attempt(kernel(*start, *loop, "a[0] = v0")) == "ok"


def test_wide_expressions_with_types_that_settle_slowly() -> None:
    """One expression of 1,200 variables that change their types one after the other: given up after a bounded time."""
    names = [f"v{k}" for k in range(1_200)]
    chain = [f"    {a} = {b}" for a, b in pairwise(names)]
    tree = names
    while len(tree) > 1:
        tree = [f"({a} + {b})" if b else a for a, b in zip(tree[::2], [*tree[1::2], ""], strict=False)]
    lines = [f"{n} = 0" for n in names] + ["for k in range(3):", f"    t = {tree[0]}", *chain, "    v1199 = a[0]"]
    assert "too long to infer" in attempt(kernel(*lines)) or "live registers" in attempt(kernel(*lines))


VALUES = ["0", "1", "-1", "3", "64", "1000", "0.0", "-0.0", "-2.5", "1e308", "5e-324", "math.inf", "math.nan", "True"]
VALUES += ["18446744073709551615", "-9223372036854775808"]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>", "<", "==", "and"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VALUES), st.sampled_from(OPERATORS), st.sampled_from(VALUES))
def test_any_two_constants(left: str, op: str, right: str) -> None:
    expression = f"({left}) {op} ({right})"
    attempt(kernel(f"a[0] = f32({expression})"))
    attempt(HEADER + f"C = {expression}\n@kernel\ndef k(a: DeviceArray[f32]):\n    a[0] = f32(C)\n")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    attempt(text)
    attempt(HEADER + text)
    attempt(kernel(text.replace("\n", "\n    ")))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(CASES)), st.integers(0, 2**32))
def test_damaged_kernels(name: str, seed: int) -> None:
    """Tokens deleted, doubled and exchanged: whatever comes out is refused with a place or compiles."""
    rng = random.Random(seed)
    words = CASES[name].replace("(", " ( ").replace(")", " ) ").replace("[", " [ ").replace("]", " ] ").split(" ")
    for _ in range(rng.randint(1, 4)):
        i, j = rng.randrange(len(words)), rng.randrange(len(words))
        change = rng.randrange(3)
        if change == 0:
            del words[i]
        elif change == 1:
            words[i] = words[j]
        else:
            words[i], words[j] = words[j], words[i]
    outcome = attempt(HEADER + " ".join(words))
    assert outcome == "ok" or re.match(r"hostile\.py:\d+:\d+: error: .+", outcome)


def test_a_caller_deep_in_a_recursion_gets_a_typed_error() -> None:
    text = kernel("x = " + "(" * 100 + "n" + " + n)" * 100)

    def descend(levels: int) -> str:
        return descend(levels - 1) if levels else attempt(text)

    assert "stack" in descend(700) or descend(10) == "ok"
