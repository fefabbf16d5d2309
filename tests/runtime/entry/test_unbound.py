"""The unbound entry: plain arguments go to the kernel, all others to the slow path, unchanged."""

from __future__ import annotations

import ctypes
import struct
import sys
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.llvm.jit import Loaded
from hologram.backends.llvm.layout import HEADER_BYTES, Layout, header
from hologram.errors import UnsupportedError
from hologram.isa.program import Param
from hologram.runtime.entry.context import MAX_PARAMETERS, unbound_context
from hologram.runtime.entry.stubs import Stubs
from hologram.types import Type


def array(name: str, type: Type = Type.F32, ndim: int = 1, access: str = "r") -> Param:
    return Param(name, "array", type, ndim, access)


def scalar(type: Type) -> Param:
    return Param("s", "scalar", type)


@pytest.fixture(scope="module")
def make(make_call: Any) -> Any:
    return make_call


def test_adds_arrays(native: Any, stubs: Stubs, add: Loaded, add_params: Any, recorder: Any) -> None:
    call = native(stubs.unbound, unbound_context(add["run"], add["check"], add_params, **recorder.handlers))
    for n in (0, 1, 2, 7, 1000):
        a, b = np.random.default_rng(n).random((2, n), np.float32)
        c = np.full(n, np.nan, np.float32)
        assert call(a, b, c) is None
        np.testing.assert_array_equal(c, a + b)
    assert call(a, b, c[:5]) == "slow"  # the kernel's own check
    assert recorder.calls[-1][1][0] is a


def test_the_block_starts_from_the_header_and_holds_every_parameter(make: Any) -> None:
    start = header((1, 2, 3), (4, 5, 6), (7, 8, 9))
    call = make(array("x"), scalar(Type.I32), array("m", Type.F64, 2, "w"), scalar(Type.F64), block_header=start)
    x, m = np.zeros(5, np.float32), np.zeros((6, 8))[::2, 1::3]
    assert call.taken(x, -2, m, 0.5)
    assert call.recorder.blocks[-1][:HEADER_BYTES] == start
    assert call.slots(0) == (x.ctypes.data, 5, 4)
    assert call.slots(1) == (-2,)
    assert call.slots(2) == (m.ctypes.data, 3, 3, 128, 24)
    assert call.slots(3) == struct.unpack("<q", struct.pack("<d", 0.5))


class _Subclass(np.ndarray[Any, Any]):
    pass


def _read_only() -> Any:
    x = np.zeros(4, np.float32)
    x.flags.writeable = False
    return x


def _misaligned() -> Any:
    return np.zeros(17, np.uint8)[1:].view(np.float32)


F32 = np.zeros(4, np.float32)

WRONG_ARRAYS = {
    "list": [1.0, 2.0],
    "None": None,
    "int": 3,
    "subclass": F32.view(_Subclass),
    "masked": np.ma.zeros(4, np.float32),
    "NumPy scalar": np.float32(1),
    "dtype": np.zeros(4, np.float64),
    "int dtype of the same size": np.zeros(4, np.int32),
    "byte order": np.zeros(4, ">f4"),
    "dtype that is equal but another object": np.zeros(4, np.dtype("f4", metadata={"unit": "m"})),
    "too few dimensions": np.zeros((), np.float32),
    "too many dimensions": np.zeros((2, 2), np.float32),
    "every second element": np.zeros(8, np.float32)[::2],
    "backwards": F32[::-1],
    "broadcast": np.broadcast_to(np.float32(1), 4),
    "read-only": _read_only(),
    "misaligned": _misaligned(),
    "memoryview": memoryview(F32),
}


@pytest.mark.parametrize("name", WRONG_ARRAYS)
def test_an_array_that_is_not_plainly_right_goes_to_the_slow_path(make: Any, name: str) -> None:
    assert not make(array("x", access="w")).taken(WRONG_ARRAYS[name])


def test_an_array_only_read_may_be_read_only(make: Any) -> None:
    assert make(array("x", access="r")).taken(_read_only())


@pytest.mark.parametrize("type", list(Type))
def test_every_element_type_is_known_by_its_dtype(make: Any, type: Type) -> None:
    call = make(array("x", type))
    for other in Type:
        assert call.taken(np.zeros(3, other.dtype)) == (other is type)


def test_numbers_of_arguments_and_keywords(make: Any) -> None:
    call = make(array("x"), scalar(Type.I64))
    assert call.taken(F32, 1)
    assert not call.taken()
    assert not call.taken(F32)
    assert not call.taken(F32, 1, 2)
    assert not call.taken(F32, s=1)
    assert not call.taken(x=F32, s=1)
    assert not call.taken(F32, 1, extra=2)
    assert make().taken()


@pytest.mark.parametrize("type", [t for t in Type if t.is_integer])
def test_integers_within_their_type(make: Any, type: Type) -> None:
    call = make(scalar(type))
    for value in (0, 1, 100, type.minimum, min(type.maximum, 2**63 - 1)):
        assert call.taken(value)
        assert call.recorder.blocks[-1][HEADER_BYTES:][: type.size] == type.dtype.type(value).tobytes()
    for value in (type.minimum - 1, type.maximum + 1, 2**64, -(2**64), 10**30):
        assert not call.taken(value)
    for other in (True, 1.0, "1", None, np.int64(1), np.array(1), F32):
        assert not call.taken(other)


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(st.floats(), st.floats(width=32), st.integers(-(2**60), 2**60)))
def test_floats_are_rounded_once_and_stay_finite(make: Any, value: float) -> None:
    taken = isinstance(value, float) or abs(value) <= 2**53
    with np.errstate(over="ignore"):
        nearest = np.float32(value) if isinstance(value, float) else np.float32(np.longdouble(value))
    overflows = bool(np.isinf(nearest)) and not np.isinf(value)
    single, double = make(scalar(Type.F32)), make(scalar(Type.F64))
    assert single.taken(value) == (taken and not overflows)
    assert double.taken(value) == taken
    if taken and not overflows:
        np.testing.assert_array_equal(np.frombuffer(single.recorder.blocks[-1][HEADER_BYTES:], "f4"), [nearest, 0])
    if taken:
        np.testing.assert_array_equal(np.frombuffer(double.recorder.blocks[-1][HEADER_BYTES:], "f8"), [value])


@pytest.mark.parametrize("type", [Type.F32, Type.F64])
def test_floats_are_floats_and_ints_only(make: Any, type: Type) -> None:
    call = make(scalar(type))
    assert call.taken(1.5)
    assert call.taken(2)
    for other in (True, "1", None, np.float64(1), np.float32(1), 1j, F32):
        assert not call.taken(other)


def test_floats_are_rounded_in_the_default_environment(make: Any, control_word: Any) -> None:
    """A caller who flushes subnormals to zero and rounds up gets the same single as everyone."""
    call, usual = make(scalar(Type.F32)), control_word.read()
    control_word.write(0x1F80 | 0x8040 | 0x4000)
    try:
        call.call(1e-40)
        call.call(0.1)
        call.call(2**24 + 1)
        call.call("slow")
        after = control_word.read() & ~0x3F
    finally:
        control_word.write(usual)
    stored = [block[HEADER_BYTES:][:4] for block in call.recorder.blocks]
    assert stored == [np.float32(value).tobytes() for value in (1e-40, 0.1, 2**24 + 1)]
    assert after == 0x1F80 | 0x8040 | 0x4000


@pytest.mark.parametrize("type", [Type.F16, Type.BF16])
def test_half_precision_scalars_are_left_to_python(make: Any, type: Type) -> None:
    assert not make(scalar(type)).taken(1.0)


def walkable(x: Any, least: int = 0) -> bool:
    return all(n < 2 or (s >= least and s % x.itemsize == 0) for n, s in zip(x.shape, x.strides, strict=True))


def test_repeated_elements_are_read_and_never_written(make: Any) -> None:
    x = np.lib.stride_tricks.as_strided(np.zeros(8, np.int16), (3, 4), (0, 2))
    assert make(array("x", Type.I16, 2)).taken(x)
    assert not make(array("x", Type.I16, 2, "w")).taken(x)
    assert make(array("x", Type.I16, 2, "w")).taken(x[:1])


slices = st.builds(slice, st.integers(0, 3), st.integers(0, 9), st.sampled_from([1, 2, 3, -1, -2]))


@settings(max_examples=300, deadline=None)
@given(ndim=st.sampled_from([2, 3]), cuts=st.tuples(slices, slices, slices), order=st.permutations(range(3)))
def test_strided_arrays_are_described_exactly(make: Any, ndim: int, cuts: Any, order: Any) -> None:
    whole = np.arange(8 * 9 * 7, dtype=np.int16).reshape(8, 9, 7).transpose(order)
    x = whole[cuts] if ndim == 3 else whole[(0, *cuts[:2])]
    call = make(array("x", Type.I16, ndim))
    assert call.taken(x) == walkable(x)
    if walkable(x):
        assert call.slots(0) == (x.ctypes.data, *x.shape, *x.strides)


def _pair(make: Any, **options: Any) -> Any:
    return make(array("x"), array("y", access="w"), **options)


@settings(max_examples=300, deadline=None)
@given(starts=st.tuples(*[st.integers(0, 12)] * 2), sizes=st.tuples(*[st.integers(0, 8)] * 2), same=st.booleans())
def test_written_arrays_share_no_byte(make: Any, starts: Any, sizes: Any, same: bool) -> None:
    memory = np.zeros(32, np.float32)
    x, y = (memory[start : start + size] for start, size in zip(starts, sizes, strict=True))
    call = _pair(make, same_allowed={(0, 1)} if same else ())
    alike = same and (starts, sizes) == (starts[::-1], sizes[::-1])
    assert call.taken(x, y) == (not np.shares_memory(x, y) or alike)


def test_arrays_only_read_may_overlap(make: Any) -> None:
    call = make(array("x"), array("y"), array("z", access="w"))
    assert call.taken(F32, F32[1:], np.zeros(4, np.float32))
    assert not call.taken(F32, np.zeros(4, np.float32), F32[2:])


def test_the_same_memory_read_another_way_is_not_the_same_array(make: Any) -> None:
    square = np.zeros((4, 4), np.float32)
    call = make(array("x", ndim=2), array("y", ndim=2, access="w"), same_allowed={(0, 1)})
    assert call.taken(square, square[:])
    assert not call.taken(square, square.T)
    assert not call.taken(square[:2], square)
    flat = make(array("x"), array("y", ndim=2, access="w"), same_allowed={(0, 1)})
    assert not flat.taken(square.reshape(-1), square)
    bits = make(array("x", Type.U32), array("y", access="w"), same_allowed={(0, 1)})
    assert bits.taken(F32.view(np.uint32), F32)
    halves = make(array("x", Type.U16), array("y", access="w"), same_allowed={(0, 1)})
    assert not halves.taken(F32.view(np.uint16)[:4], F32)


def test_interleaved_columns_are_left_to_python(make: Any) -> None:
    """Their byte ranges overlap though their elements do not: for the slow path to find out."""
    table = np.zeros((4, 6), np.float32)
    call = make(array("x", ndim=2), array("y", ndim=2, access="w"))
    assert not call.taken(table[:, ::2], table[:, 1::2])
    assert call.taken(table[:2], table[2:])


def test_trouble_found_by_the_kernel_goes_to_the_slow_path(make: Any) -> None:
    call = make(array("x"))
    call.recorder.trouble = 1
    assert not call.taken(F32)


def test_a_fault_is_told(make: Any) -> None:
    call = make(array("x"))
    call.recorder.code = 3
    assert call.call(F32) == "fault"
    assert call.recorder.calls == [("fault", 3, 0)]


def test_references_stay_balanced(make: Any) -> None:
    call = make(array("x"), array("y", access="w"), scalar(Type.I64), scalar(Type.F32))
    x, y, number, real = np.zeros(4, np.float32), np.zeros(4, np.float32), 12345678901, 0.25
    watched = (None, x, y, number, real, x.dtype, np.ndarray, call.call, call.recorder)
    before = [sys.getrefcount(w) for w in watched]
    for _ in range(2000):
        assert call.taken(x, y, number, real)
        assert not call.taken(x, x, number, real)
    call.recorder.calls.clear()
    after = [sys.getrefcount(w) for w in watched]
    assert all(abs(a - b) < 500 for a, b in zip(before, after, strict=True)), (before, after)


def test_threads_call_at_once(native: Any, stubs: Stubs, add: Loaded, add_params: Any, recorder: Any) -> None:
    context = unbound_context(add["run"], add["check"], add_params, release_lanes=0, **recorder.handlers)
    call, wrong = native(stubs.unbound, context), []

    def work(seed: int) -> None:
        a, b = np.random.default_rng(seed).random((2, 100 + seed), np.float32)
        c, expected = np.zeros_like(a), a + b
        for _ in range(300):
            c.fill(0)
            call(a, b, c)
            if not np.array_equal(c, expected):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, recorder.calls) == ([], [])


def test_calls_may_nest(native: Any, stubs: Stubs, make_recorder: Any) -> None:
    """Each call has a block of its own: an inner call between an outer one's check and run changes nothing."""
    outer, inner = make_recorder(), make_recorder()
    params = (scalar(Type.I64),)
    outer.size = inner.size = Layout.of(params).size
    inner_call = native(stubs.unbound, unbound_context(inner.run, inner.check, params, **inner.handlers))
    check = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(lambda block: inner_call(2) is not None)
    check_at = ctypes.cast(check, ctypes.c_void_p).value or 0
    native(stubs.unbound, unbound_context(outer.run, check_at, params, **outer.handlers))(1)
    values = [struct.unpack_from("<q", r.blocks[-1], HEADER_BYTES) for r in (outer, inner)]
    assert values == [(1,), (2,)]


def test_more_parameters_than_fit_the_stack_are_refused(recorder: Any) -> None:
    many = (scalar(Type.I8),) * (MAX_PARAMETERS + 1)
    large = (array("x", ndim=3),) * 40
    for params in (many, large):
        with pytest.raises(UnsupportedError, match="do not fit a native call"):
            unbound_context(0, 0, params, **recorder.handlers)
    with pytest.raises(ValueError, match="96 bytes"):
        unbound_context(0, 0, (), block_header=b"", **recorder.handlers)


def test_as_many_parameters_as_fit(make: Any) -> None:
    assert make(*[scalar(Type.I8)] * MAX_PARAMETERS).taken(*range(MAX_PARAMETERS))
    arrays = [array(f"x{i}", ndim=3, access="rw") for i in range(34)]
    assert make(*arrays).taken(*[np.zeros((2, 2, 2), np.float32) for _ in arrays])
