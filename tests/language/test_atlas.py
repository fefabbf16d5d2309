"""`hologram.language.atlas` in kernels: what each function gives, refusals at their places, resonance and pools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import hologram.language.atlas as renamed
from hologram import Executor
from hologram.backends.base import LaunchConfig
from hologram.circuit.classes import mirror, neighbours
from hologram.errors import (
    DivisionByZeroError,
    LaunchError,
    OutOfBoundsError,
    PoolHandleError,
    SourceError,
    UnsupportedError,
)
from hologram.frontend import compile_source, schema
from hologram.frontend.builtins import ATLAS, FUNCTIONS
from hologram.language import DeviceArray, atlas, device, f32, f64, get_global_id, grid_sum, i32, kernel, u8, u32, u64
from hologram.language.atlas import nbr_count
from hologram.language.atlas import nbr_get as near
from hologram.types import Type

NAMES = sorted(name.removeprefix(ATLAS) for name in FUNCTIONS if name.startswith(ATLAS))


@pytest.fixture(params=["cpu", "interpreter", "checked"])
def ex(request: Any) -> Iterator[Executor]:
    checked = request.param == "checked"
    with Executor("cpu" if checked else request.param, checked=checked) as executor:
        yield executor


@pytest.mark.parametrize("name", NAMES)
def test_outside_of_kernels_they_say_so(name: str) -> None:
    function = getattr(atlas, name)
    assert function.__name__ == name and function.__doc__ and name in dir(atlas) and name in atlas.__all__
    arity = FUNCTIONS[ATLAS + name].arity[0]
    with pytest.raises(UnsupportedError, match=rf"'atlas\.{name}'.*@kernel"):
        function(*range(arity))


def test_there_is_no_other() -> None:
    with pytest.raises(AttributeError, match="has no 'spin'"):
        _ = atlas.spin
    assert set(NAMES) == set(atlas.__all__)


@device
def far(c: u8) -> u8:
    return renamed.mirror(near(c, 4))


@kernel
def classes(x: DeviceArray[u8], counts: DeviceArray[u32], firsts: DeviceArray[u8], places: DeviceArray[u64]):
    i = get_global_id()
    c = x[i]
    counts[i] = nbr_count(c)
    firsts[i] = far(c) if atlas.unity_test(1e-9) else 255
    places[i] = atlas.bound_map(c, 47, atlas.mirror(c)) + atlas.bound_map(0, u8(i % 48), 3)


def test_classes(ex: Executor) -> None:
    x = np.arange(96, dtype=np.uint8)
    counts, firsts, places = np.zeros(96, np.uint32), np.zeros(96, np.uint8), np.zeros(96, np.uint64)
    classes(x, counts, firsts, places, executor=ex)
    assert counts.tolist() == [len(neighbours(c)) for c in range(96)]
    assert firsts.tolist() == [mirror(neighbours(c)[4]) for c in range(96)]
    assert places.tolist() == [12_288 * c + 256 * 47 + mirror(c) + 256 * (c % 48) + 3 for c in range(96)]


@kernel
def phases(out: DeviceArray[u32], rounds: i32):
    i = get_global_id()
    for k in range(rounds + i32(i)):
        if k % 2 == 0:
            atlas.phase_adv(500)
        atlas.phase_adv(7)
    before = atlas.phase_get()
    atlas.phase_adv(1)
    out[i] = 1000 * before + atlas.phase_get()


def test_the_phase_is_the_lanes_own(ex: Executor) -> None:
    out = np.zeros(40, np.uint32)
    for _ in range(2):
        phases(out, 5, executor=ex)
        wanted = [(500 * ((5 + i + 1) // 2) + 7 * (5 + i)) % 768 for i in range(40)]
        assert out.tolist() == [1000 * p + (p + 1) % 768 for p in wanted]


@kernel
def tally(weights: DeviceArray[f32], seen: DeviceArray[u8]):
    i = get_global_id()
    seen[i] = u8(atlas.unity_test(0.5))
    c = atlas.cls_get()
    if weights[i] > 0:
        atlas.res_accum(c, weights[i])
    atlas.res_accum(95, 1)


def test_resonance_is_accumulated_and_read_back(ex: Executor) -> None:
    weights, seen = np.linspace(-1, 1, 300, dtype=np.float32), np.zeros(300, np.uint8)
    tally(weights, seen, block=100, executor=ex)
    expected = np.zeros(96)
    for i, weight in enumerate(weights):
        if weight > 0:
            expected[i // 100] += np.float64(weight)
        expected[95] += 1
    assert ex.resonance.tobytes() == expected.tobytes() and seen.all()
    tally(weights, seen, config=LaunchConfig.linear(300, resonance_class=7), executor=ex)
    assert ex.resonance[95] == 600 and ex.resonance[7] > 0 and not seen.any()


@kernel
def of_the_block():
    atlas.res_accum(atlas.cls_get(), 1.0)


def test_the_class_alone_tells_no_shape(ex: Executor) -> None:
    with pytest.raises(LaunchError, match="the class of a lane is that of its block"):
        of_the_block(executor=ex)
    of_the_block(grid=100, block=2, executor=ex)
    assert ex.resonance.tolist() == [4.0] * 4 + [2.0] * 92


@kernel
def through_pool(pool: u64, x: DeviceArray[f32], out: DeviceArray[f64], n: u32):
    i = get_global_id()
    if i < n:
        atlas.pool_store(pool, 4 * i, x[i] * 2)
        y = atlas.pool_load_f32(pool, 4 * i)
        own = atlas.pool_alloc(16)
        atlas.pool_store(own, 8, f64(y) + 0.25)
        out[i] = atlas.pool_load_f64(own, 8) + atlas.pool_load_f64(own, 0)
        atlas.pool_free(own)


def test_pools(ex: Executor) -> None:
    x, out = np.arange(50, dtype=np.float32), np.zeros(50)
    with ex.allocate_pool(200) as pool:
        through_pool(pool.handle, x, out, 50, executor=ex)
        assert np.frombuffer(pool.read(), np.float32).tolist() == (2 * x).tolist()
        assert out.tolist() == (2 * x + 0.25).tolist()
        with pytest.raises(OutOfBoundsError) as error:
            through_pool(pool.handle, np.zeros(51, np.float32), np.zeros(51), 51, executor=ex)
        assert error.value.location is not None and "pool_store" in _line(error.value.location.line)
    with pytest.raises(PoolHandleError):
        through_pool(pool.handle, x, out, 50, executor=ex)


def _line(number: int) -> str:
    with open(__file__) as file:
        return file.read().splitlines()[number - 1]


@kernel
def of_a_class(c: u8, out: DeviceArray[f32]):
    i = get_global_id()
    out[i] = atlas.pool_load_f32(0, atlas.bound_map(c, 0, 0) + 4 * u64(i))


def test_pool_0_is_the_boundary_pool(ex: Executor) -> None:
    buffer, out = ex.allocate_boundary(42, 48, 256), np.zeros(3072, np.float32)
    buffer.from_numpy(np.arange(3072, dtype=np.float32))
    of_a_class(42, out, executor=ex)
    assert (out == np.arange(3072)).all()


@kernel
def every_type(pool: u64, out: DeviceArray[f64]):
    i = get_global_id()
    total = f64(atlas.pool_load_i8(pool, i)) + f64(atlas.pool_load_u8(pool, i)) + f64(atlas.pool_load_i16(pool, i))
    total += f64(atlas.pool_load_u16(pool, i)) + f64(atlas.pool_load_i32(pool, i)) + f64(atlas.pool_load_u32(pool, i))
    total += f64(atlas.pool_load_f16(pool, i)) + f64(atlas.pool_load_bf16(pool, i)) + f64(atlas.pool_load_f32(pool, i))
    out[i] = (
        total + f64(atlas.pool_load_i64(pool, i)) + f64(atlas.pool_load_u64(pool, i)) + atlas.pool_load_f64(pool, i)
    )


def test_every_type_at_any_byte() -> None:
    raw = (np.arange(24, dtype=np.uint8) * 5 + 1) % 63
    wanted = []
    for i in range(16):
        total = 0.0
        for t in (Type.I8, Type.U8, Type.I16, Type.U16, Type.I32, Type.U32):
            total += float(raw[i : i + t.size].view(t.dtype)[0])
        wanted.append(total)
    results = []
    for name in ("interpreter", "cpu"):
        executor, out = Executor(name), np.zeros(16)
        pool = executor.allocate_pool(24)
        pool.write(raw)
        every_type(pool.handle, out, executor=executor)
        results.append(out)
    assert results[0].tobytes() == results[1].tobytes()
    assert (results[0] > wanted).all()


REFUSED = [
    ("atlas.mirror(96)", "there is no class 96", "from 0 to 95", 9 + 13),
    ("atlas.mirror(-1)", "there is no class -1", "", 9 + 13),
    ("atlas.mirror(n)", "u32 does not become u8 by itself", "write u8(…)", 9 + 13),
    ("atlas.mirror(1.5)", "does not become u8 by itself", "", 9 + 13),
    ("atlas.mirror(n > 1)", "a truth value where u8 is needed", "", 9 + 13),
    ("atlas.mirror()", "atlas.mirror takes 1 argument(s), got 0", "", 9),
    ("atlas.nbr_get(3, 6)", "takes a neighbour from 0 to 5, not 6", "", 9 + 17),
    ("atlas.nbr_get(3, n)", "the neighbour of atlas.nbr_get must be a constant integer", "part of the", 9 + 17),
    ("atlas.nbr_count(100)", "there is no class 100", "", 9 + 16),
    ("atlas.bound_map(1, 48, 0)", "there is no page 48", "from 0 to 47", 9 + 19),
    ("atlas.bound_map(1, 2, 256)", "there is no byte 256", "", 9 + 22),
    ("u8(atlas.unity_test(n))", "the bound of atlas.unity_test must be a constant number", "", 9 + 20),
    ("u8(atlas.unity_test(-1.0))", "must be a constant number from 0 on", "", 9 + 20),
    ("atlas.unity_test(1.0) + 1", "cannot mix bool and integer literal", "convert the truth value", 9),
    ("atlas.phase_adv(3)", "atlas.phase_adv has no value", "statement", 9),
    ("atlas.res_accum(3, 1.0)", "atlas.res_accum has no value", "statement", 9),
    ("atlas.pool_load_f32(a[0], 0)", "f32 does not become u64 by itself", "u64(…)", 9 + 20),
    ("atlas.pool_load_f32(-1, 0)", "-1 does not fit in u64", "", 9 + 20),
    ("atlas.pool_load_f32(0, -4)", "a negative byte offset is out of bounds", "", 9 + 23),
    ("atlas.pool_load_f32(0, 1.0)", "a byte offset must be an integer", "", 9 + 23),
    ("atlas.pool_alloc(n)", "the size of atlas.pool_alloc must be a constant integer", "", 9 + 17),
    ("atlas.spin(1)", "'atlas.spin' is no function", "", 9),
    ("mirror(3)", "'mirror' is no function", "", 9),
    ("1 < atlas.pool_alloc(8) < 3", "would run twice", "variable", 9),
]
STATEMENTS = [
    ("atlas.mirror(3)", "the value of atlas.mirror(…) is not used", "assign it", 5),
    ("atlas.phase_adv(70000)", "takes a step from 0 to 65535, not 70000", "", 5 + 16),
    ("atlas.phase_adv(n)", "the step of atlas.phase_adv must be a constant integer", "", 5 + 16),
    ("atlas.res_accum(96, 1.0)", "there is no class 96", "", 5 + 16),
    ("atlas.res_accum(3, n > 2)", "a truth value where f64 is needed", "", 5 + 19),
    ("atlas.pool_store(0, 4, n > 2)", "stores numbers, not truth values", "u8(flag)", 5 + 23),
    ("atlas.phase_adv(axis=3)", "takes no keyword argument 'axis'", "", 5),
]
HEADER = "from hologram.language import *\n@kernel\ndef k(a: DeviceArray[f32], n: u32):\n"


@pytest.mark.parametrize(("text", "message", "hint", "column"), [(f"x = {t}", *r) for t, *r in REFUSED] + STATEMENTS)
def test_refusals_by_position(text: str, message: str, hint: str, column: int) -> None:
    with pytest.raises(SourceError) as caught:
        compile_source(f"{HEADER}    {text}\n", "k.py")
    error = caught.value
    assert message in str(error) and hint in str(error)
    assert error.location is not None
    assert (error.location.line, error.location.column) == (4, column)


IMPORTS = [
    ("from hologram.language import *", "atlas.mirror(c)"),
    ("from hologram.language import DeviceArray, kernel, u8, atlas as at", "at.mirror(c)"),
    ("import hologram.language as hl\nfrom hologram.language import *", "hl.atlas.mirror(c)"),
    ("from hologram.language import *\nimport hologram.language.atlas", "hologram.language.atlas.mirror(c)"),
    ("from hologram.language import *\nfrom hologram.language.atlas import *", "mirror(c)"),
    ("from hologram.language import *\nfrom hologram.language.atlas import mirror as twin", "twin(c)"),
]


@pytest.mark.parametrize(("header", "call"), IMPORTS)
def test_ways_to_import(header: str, call: str) -> None:
    body = f"@kernel\ndef k(a: DeviceArray[u8], c: u8):\n    a[0] = {call}\n"
    (unit,) = compile_source(f"{header}\n{body}", "k.py")
    assert [i.op for i in unit.program.instructions if i.op == "MIRROR"] == ["MIRROR"]
    (again,) = schema.loads(schema.dumps([unit.tree]))
    assert again == unit.tree or schema.version_of(unit.tree) == "1.0"


def test_what_the_module_does_not_have() -> None:
    with pytest.raises(SourceError, match=r"'hologram\.language\.atlas' has no 'spin'"):
        compile_source("from hologram.language.atlas import spin\n" + HEADER + "    pass\n", "k.py")


@kernel
def late(x: DeviceArray[u8], out: DeviceArray[u32]):
    i = get_global_id()
    if i < 3 and nbr_count(x[i]) == 6:
        out[i] = nbr_count(x[i]) // u32(x[i])


def test_faults_are_those_of_lanes_that_run(ex: Executor) -> None:
    out = np.zeros(9, np.uint32)
    late(np.array([1, 2, 8, 200, 200, 200, 200, 200, 200], np.uint8), out, executor=ex)
    assert out.tolist() == [6, 3, 0, 0, 0, 0, 0, 0, 0]
    with pytest.raises(DivisionByZeroError):
        late(np.zeros(9, np.uint8), out, executor=ex)


@kernel
def reduced(pool: u64, out: DeviceArray[u32], n: u32):
    i = get_global_id()
    if i < n:
        grid_sum(atlas.pool_load_u32(pool, 4 * i), out, 0)


def test_what_the_cpu_has_not_together_is_refused_by_name() -> None:
    for checked in (False, True):
        executor = Executor("cpu", checked=checked)
        pool = executor.allocate_pool(16)
        with pytest.raises(UnsupportedError, match="launch reductions cannot be combined with linear pools"):
            reduced(pool.handle, np.zeros(1, np.uint32), 4, executor=executor)
    executor, out = Executor("interpreter"), np.zeros(1, np.uint32)
    pool = executor.allocate_pool(16)
    pool.write(np.arange(4, dtype=np.uint32))
    reduced(pool.handle, out, 4, executor=executor)
    assert out[0] == 6
