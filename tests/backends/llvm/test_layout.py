"""The arguments block: parameters lie one behind the other, and what is stored is found again."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.backends.llvm.layout import (
    DIRECTION,
    FAULT,
    HEADER_BYTES,
    LANES,
    TOTAL_LANES,
    Layout,
    header,
    load_slot,
    store_array,
    store_scalar,
)
from hologram.isa.program import Param
from hologram.types import Type

types = st.sampled_from(list(Type))
params = st.one_of(
    st.builds(lambda t: Param("s", "scalar", t), types),
    st.builds(lambda t, n: Param("x", "array", t, n), types, st.integers(1, 3)),
)


@given(st.lists(params))
def test_every_slot_belongs_to_one_field(parameters: list[Param]) -> None:
    layout = Layout.of(parameters)
    taken = []
    for param, place in zip(parameters, layout.places, strict=True):
        taken.append(place.value)
        taken += [place.shape(k) for k in range(param.ndim)] + [place.stride(k) for k in range(param.ndim)]
    assert taken == list(range(HEADER_BYTES, layout.size, 8))


def test_the_header_says_what_runs() -> None:
    start = header((5, 2, 3), (1, 2, 3), (5, 1, 1))
    assert len(start) == HEADER_BYTES
    assert struct.unpack("<12q", start) == (5, 2, 3, 1, 2, 3, 5, 1, 1, 0, 30, 0)
    assert [load_slot(start, at) for at in (*LANES, FAULT, TOTAL_LANES, DIRECTION)] == [5, 2, 3, 0, 30, 0]


@given(st.lists(params, min_size=1), st.data())
def test_what_is_stored_is_found_and_nothing_else_changes(parameters: list[Param], data: st.DataObject) -> None:
    layout = Layout.of(parameters)
    index = data.draw(st.integers(0, len(parameters) - 1))
    param, place = parameters[index], layout.places[index]
    block = bytearray(b"\xee" * layout.size)
    if param.is_array:
        shape = data.draw(st.lists(st.integers(0, 2**40), min_size=param.ndim, max_size=param.ndim))
        strides = [n * -4 for n in shape]
        store_array(block, place, 2**63 + 8, shape, strides)
        assert load_slot(block, place.value) % 2**64 == 2**63 + 8
        assert [load_slot(block, place.shape(k)) for k in range(param.ndim)] == shape
        assert [load_slot(block, place.stride(k)) for k in range(param.ndim)] == strides
    else:
        store_scalar(block, place, param.type, 1)
        assert block[place.value :][: param.type.size] == param.type.dtype.type(1).tobytes()
    assert set(block[: place.offset] + block[place.offset + place.size :]) <= {0xEE}


def test_integers_outside_their_type_are_refused() -> None:
    layout = Layout.of([Param("n", "scalar", Type.U8)])
    with pytest.raises(OverflowError):
        store_scalar(bytearray(layout.size), layout.places[0], Type.U8, 256)


def test_floats_are_rounded_once() -> None:
    layout = Layout.of([Param("n", "scalar", Type.F32)])
    block = bytearray(layout.size)
    store_scalar(block, layout.places[0], Type.F32, 0.1)
    assert block[HEADER_BYTES:] == np.float32(0.1).tobytes() + bytes(4)
