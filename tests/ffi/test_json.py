"""JSON text carries every f32 both ways, and hostile text does no harm."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hologram_ffi as ffi
from hologram_ffi.json_text import parse_lengths, parse_numbers, write_lengths, write_numbers
from tests.ffi.world import World

NUMBER = "must be a number"
HOSTILE = {
    "": "Expecting value",
    "[1, 2": "Expecting",
    "[1, 2]]": "Extra data",
    "[1, 2,]": "",
    "[1 2]": "delimiter",
    "{}": "an array is needed, not an object",
    "3": "an array is needed, not 3",
    "null": "an array is needed, not null",
    '"[1,2,3,4,5,6]"': "an array is needed, not",
    "nan": "Expecting value",
    "[inf]": "Expecting value",
    "[+1]": "Expecting value",
    "[0x10]": "delimiter",
    "[01]": "delimiter",
    "[1_000]": "delimiter",
    "[1, null]": f"element 1 is null, and {NUMBER}",
    "[true]": f"element 0 is true, and {NUMBER}",
    '["1.0"]': NUMBER,
    '["Infinity", 1e999]': NUMBER,
    "[[1]]": f"element 0 is an array, and {NUMBER}",
    '[{"a": 1}]': f"element 0 is an object, and {NUMBER}",
    "[1e39]": "too large for f32",
    "[-1e39]": "too large for f32",
    "[1e999]": "too large for f32",
    "[Infinity, 1e999]": "too large for f32",
    f"[{10**400}]": "too large for f32",
    f"[{'9' * 100_000}]": "",
    "[" * 100_000: "nested too deeply",
    "[" * 100_000 + "]" * 100_000: "nested too deeply",
    '[{"a":' * 50_000: "nested too deeply",
    '["' + "x" * 1_000_000 + '"]': NUMBER,
    '["\\ud800"]': NUMBER,
    "[\ud800]": "Expecting value",
    "[1]\x00": "Extra data",
    "\ufeff[1]": "",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:16]))
def test_hostile_numbers(world: World, text: str) -> None:
    before = world.read(world.a)
    for function in (ffi.buffer_copy_from_slice, ffi.buffer_copy_from_canonical_slice):
        with pytest.raises(ffi.InternalError, match=f"^Failed to parse JSON data: .*{HOSTILE[text]}") as caught:
            function(world.exec, world.a, text)
        assert len(str(caught.value)) < 300
    assert world.read(world.a) == before


@pytest.mark.parametrize("word", ["-1", "1.0", "NaN", "Infinity", "true", "null", '"1"', "9223372036854775808"])
def test_hostile_lengths(word: str) -> None:
    with pytest.raises(ffi.InternalError, match=r"^Failed to parse JSON data: element 1 is"):
        parse_lengths(f"[0, {word}]")


def test_lengths() -> None:
    assert parse_lengths("[]") == ()
    assert parse_lengths(" [ 3 ,4]\n") == (3, 4)
    assert write_lengths((3, 4)) == "[3,4]" and write_lengths(()) == "[]"


def test_tokens_both_ways(world: World) -> None:
    """§7.2 X: NaN and infinities through JSON."""
    ffi.buffer_copy_from_slice(world.exec, world.a, "[NaN, Infinity, -Infinity, 1e-20, 1e20, -0.0]")
    text = ffi.buffer_to_vec(world.exec, world.a)
    assert text == "[NaN,Infinity,-Infinity,1e-20,1e+20,-0.0]"
    found = json.loads(text)
    assert math.isnan(found[0]) and found[1:3] == [math.inf, -math.inf]
    ffi.buffer_copy_from_slice(world.exec, world.b, text)
    assert ffi.buffer_to_bytes(world.exec, world.b) == ffi.buffer_to_bytes(world.exec, world.a)


@given(st.lists(st.floats(width=32), max_size=40))
def test_every_f32_comes_back(values: list[float]) -> None:
    given_values = np.array(values, np.float32)
    back = parse_numbers(write_numbers(given_values))
    assert back.dtype == np.float32
    assert np.array_equal(back, given_values, equal_nan=True)
    assert np.array_equal(np.signbit(back[back == 0]), np.signbit(given_values[given_values == 0]))


@given(st.binary(max_size=80))
def test_every_bit_pattern_is_valid_json(raw: bytes) -> None:
    values = np.frombuffer(raw[: len(raw) // 4 * 4], np.float32)
    found = json.loads(write_numbers(values))
    assert len(found) == values.size
    assert struct.pack(f"={values.size}f", *found) == np.where(np.isnan(values), np.float32(np.nan), values).tobytes()


@given(st.text(max_size=60) | st.text('[]{}",:0123456789.eE+-NaInfity \\u', max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_numbers, parse_lengths):
        try:
            parse(text)
        except ffi.InternalError as error:
            said = str(error)
        else:
            continue
        assert said.startswith("Failed to parse JSON data: ")
