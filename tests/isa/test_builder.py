"""The builder: registers and labels are handed out once, immediates are exact, mistakes are refused."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.errors import CapacityError, Location
from hologram.isa.builder import GENERAL_REGISTERS, Builder, immediate, value_of
from hologram.isa.operands import PREDICATES, Imm, Pred, Reg
from hologram.types import INTEGERS, Type


@given(st.sampled_from(sorted(INTEGERS, key=lambda t: t.value)), st.integers(-(1 << 70), 1 << 70))
def test_integers_wrap(type: Type, value: int) -> None:
    imm = immediate(type, value)
    assert 0 <= imm.bits < 1 << type.bits
    assert (int(value_of(type, imm)) - value) % (1 << type.bits) == 0


@given(st.floats())
def test_f64_keeps_its_bits(value: float) -> None:
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    assert immediate(Type.F64, value).bits == bits
    assert repr(value_of(Type.F64, Imm(bits))) == repr(value)


@given(st.floats(allow_nan=False))
def test_f32_rounds_once(value: float) -> None:
    with np.errstate(over="ignore"):
        expected = np.float32(value)
    assert value_of(Type.F32, immediate(Type.F32, value)) == expected


@pytest.mark.parametrize(
    ("type", "value", "bits"),
    [
        (Type.F16, 65504.0, 0x7BFF),
        (Type.F16, 1e9, 0x7C00),
        (Type.BF16, 1.0, 0x3F80),
        (Type.BF16, 1 + 2**-8 + 2**-40, 0x3F81),
        (Type.BF16, -1e39, 0xFF80),
        (Type.BF16, -1e-60, 0x8000),
        (Type.BF16, float("inf"), 0x7F80),
        (Type.I16, -1, 0xFFFF),
    ],
)
def test_known_bits(type: Type, value: float, bits: int) -> None:
    assert immediate(type, value).bits == bits


def test_nan_is_a_nan() -> None:
    for t in (Type.F16, Type.BF16, Type.F32, Type.F64):
        assert math.isnan(value_of(t, immediate(t, math.nan)))


def test_registers_run_out_by_name() -> None:
    b = Builder("wide")
    held = [b.reg() for _ in range(GENERAL_REGISTERS)]
    assert held == [Reg(i) for i in range(GENERAL_REGISTERS)]
    with pytest.raises(CapacityError, match="kernel 'wide' needs more than 252"):
        b.reg()
    b.release(held[7])
    assert b.reg() == Reg(7)


def test_predicates_run_out_by_name() -> None:
    b = Builder("many")
    assert [b.pred() for _ in range(PREDICATES)] == [Pred(i) for i in range(PREDICATES)]
    with pytest.raises(CapacityError, match="16 live predicates"):
        b.pred()


def test_labels_are_fresh_and_placed_once() -> None:
    b = Builder("p")
    first, second = b.label("end"), b.label("end")
    assert first != second
    b.place(first)
    with pytest.raises(ValueError, match="placed twice"):
        b.place(first)
    b.emit("EXIT")
    b.place(second)
    assert b.build().labels == {first.name: 0, second.name: 1}


def test_wrong_operand_count_is_refused() -> None:
    with pytest.raises(ValueError, match="ADD takes 3 operands, got 2"):
        Builder("p").emit("ADD", Type.F32, Reg(0), Reg(1))


def test_debug_places_are_kept_only_when_given() -> None:
    b = Builder("p")
    b.emit("EXIT")
    assert b.build().debug == ()
    b.location = Location("k.py", 3)
    b.emit("EXIT")
    assert b.build().debug == (None, Location("k.py", 3))
