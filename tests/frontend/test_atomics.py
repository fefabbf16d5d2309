"""Atomics in the language: their types, their places, and that each runs exactly once."""

from __future__ import annotations

import numpy as np
import pytest

from hologram import errors
from hologram.frontend import compile_source, compile_tree, schema
from tests.frontend.launching import HEADER, body, launch, program, unit


@pytest.mark.parametrize(
    ("line", "column", "message", "hint"),
    [
        ("atomic_add(a, 0)", 5, "atomic_add takes 3 to 5 argument(s), got 2", ""),
        ("atomic_add(n, 0, 1)", 5, "'n' is a number, not an array", ""),
        ("atomic_add(a, 0.5, 1.0)", 19, "an index must be an integer, not float literal", "i64"),
        ("atomic_add(a, -1, 1.0)", 19, "a negative index is out of bounds", ""),
        ("atomic_add(a, 0, h[0])", 22, "f64 does not become f32 by itself", "f32(…)"),
        ("atomic_add(a, 0, 0, 1.0)", 5, "'a' has 1 dimension(s), the index has 2", ""),
        ("atomic_add(q, 0, 1.0)", 16, "atomic_add works on integers, f32 and f64, 'q' has f16", ""),
        ("atomic_xor(a, 0, 1)", 16, "atomic_xor works on integers, 'a' has f32", ""),
        ("atomic_cas(a, 0, 1, 2)", 16, "atomic_cas works on integers, 'a' has f32", ""),
        ("atomic_add_u32(a, 1)", 20, "atomic_add_u32 needs an array of u32, 'a' has f32", "atomic_add(a, 0, …)"),
        ("atomic_add(a, 0, n > 1)", 22, "a truth value where f32 is needed", "f32(flag)"),
        ("a[atomic_add(c, 0, 1)] += 1.0", 5, "would run twice", "variable first"),
        ("x = 0 < atomic_add(c, 0, 1) < 3", 9, "would run twice", "variable first"),
        ("assert atomic_add(c, 0, 1) > 3", 5, "an atomic in an assert", "variable"),
        ("x = n > 1 if atomic_add(c, 0, 1) > 3 else n > 2", 18, "an atomic in the condition", "variable first"),
        ("x = atomic_add", 9, "is a function or type, not a value", ""),
    ],
)
def test_refusals_by_position(line: str, column: int, message: str, hint: str) -> None:
    parameters = "a: DeviceArray[f32], c: DeviceArray[u32], q: DeviceArray[f16], h: DeviceArray[f64], n: u32"
    with pytest.raises(errors.SourceError) as caught:
        compile_source(HEADER + body(parameters, line), "k.py")
    assert message in caught.value.message and hint in caught.value.hint
    assert caught.value.location.column == column


def test_old_values_in_expressions_run_once_and_from_left_to_right() -> None:
    text = body(
        "c: DeviceArray[i32], out: DeviceArray[i32]",
        "out[0] = atomic_add(c, 0, 1) * 10 + atomic_add(c, 0, 1)",
        "out[1] = 5 if atomic_exch(c, 1, 7) == 0 else atomic_add(c, 2, 1)",
        "if c[0] == 99 and atomic_add(c, 2, 1) == 0:",
        "    out[2] = 1",
        "out[atomic_add(c, 3, 1) + 3] = atomic_cas(c, 1, 7, 9)",
        "atomic_max(c, 4, atomic_add(c, 3, 1))",
        "x = atomic_min(c, 5, -4)",
    )
    c, out = np.zeros(6, np.int32), np.zeros(4, np.int32)
    launch(text, [c, out])
    assert out.tolist() == [1, 5, 0, 7]
    assert c.tolist() == [2, 9, 0, 2, 1, -4]


def test_arrays_of_atomics_are_read_and_written_and_tell_the_extent() -> None:
    parameters = "a: DeviceArray[u32], b: DeviceArray[u32, 2]"
    made = program(body(parameters, "i = get_global_id()", "atomic_add(a, i, 1)", "atomic_or_(b, i, 1, 3)"))
    assert [p.access for p in made.params] == ["rw", "rw"]
    assert made.extent and "agree" in made.metadata


def test_an_atomic_before_the_guard_is_not_guarded() -> None:
    """Every lane counts, so the guard behind it says nothing about how many lanes are wanted."""
    lines = ["i = get_global_id()", "x = atomic_add(a, 0, 1)", "if i < n:", "    atomic_add(a, 1, x)"]
    assert not program(body("a: DeviceArray[u32], n: u32", *lines)).extent
    lines[1:] = ["if atomic_add(a, 0, 1) < 9 and i < n:", "    atomic_add(a, 1, 2)"]
    assert not program(body("a: DeviceArray[u32], n: u32", *lines)).extent
    lines[1] = "if i < n and n < 9:"
    assert program(body("a: DeviceArray[u32], n: u32", *lines)).extent


def test_json_round_trip() -> None:
    made = unit(body("x: DeviceArray[u8], c: DeviceArray[u32]", "i = get_global_id()", "atomic_add(c, x[i], 1)"))
    text = schema.dumps([made.tree])
    assert '"atomic_add"' in text
    (loaded,) = schema.loads(text)
    assert loaded == made.tree
    assert compile_tree(loaded).program.instructions == made.program.instructions


def test_json_of_shared_memory_and_barriers() -> None:
    made = unit(body("x: DeviceArray[f32]", "s = shared(f32, 8)", "s[lane_id()] = x[0]", "barrier()", "x[1] = s[0]",
                     "x[2] = f32(s.shape[0])"))  # fmt: skip
    (loaded,) = schema.loads(schema.dumps([made.tree]))
    assert loaded == made.tree
    assert made.program.shared_bytes == 32
    assert compile_tree(loaded).program.instructions == made.program.instructions
