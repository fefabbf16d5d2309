"""Every function by name: a good call does what it should, every bad argument is refused as it should be."""

from __future__ import annotations

import pytest

import hologram_ffi as ffi
from hologram_ffi.exported import SIGNATURES
from tests.ffi.world import CALLS, World, function, kinds

FORGIVING = {"executor_cleanup", "buffer_cleanup", "tensor_cleanup", "buffer_as_ptr", "buffer_as_mut_ptr"}
"""Unknown handles are no errors here."""
PLACES = [(name, place) for name in SIGNATURES for place in range(len(kinds(name)))]
INTEGERS = [(name, place) for name, place in PLACES if kinds(name)[place][0] in "ui"]
HANDLES = [(name, place) for name, place in INTEGERS if kinds(name)[place] == "u64" and name not in FORGIVING]
COUNTED = [
    name
    for name, row in SIGNATURES.items()
    if ("len", "u32") in row.parameters and name != "executor_allocate_buffer"  # which makes as many as asked for
]
WRONG = {
    **{kind: ["1", 1.0, None, True, [1], 1j] for kind in ("u8", "u32", "u64", "i32")},
    "f32": ["1", None, True, [1.0], 1j],
    "string": [1, None, b"cpu", ["cpu"]],
    "bytes": ["text", 1, None, [1, 2]],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_good_call(world: World, name: str) -> None:
    good = CALLS[name]
    good.check(world, function(name)(*good.arguments(world)))


@pytest.mark.parametrize("name", SIGNATURES)
def test_good_call_on_the_interpreter(name: str) -> None:
    good, world = CALLS[name], World("interpreter")
    good.check(world, function(name)(*good.arguments(world)))


@pytest.mark.parametrize("name", SIGNATURES)
def test_good_call_by_keywords(world: World, name: str) -> None:
    good, names = CALLS[name], [parameter for parameter, _ in SIGNATURES[name].parameters]
    good.check(world, function(name)(**dict(zip(names, good.arguments(world), strict=True))))


@pytest.mark.parametrize("name", SIGNATURES)
def test_wrong_number_of_arguments(world: World, name: str) -> None:
    arguments = CALLS[name].arguments(world)
    with pytest.raises(TypeError, match=rf"{name}\(\)"):
        function(name)(*arguments, 1)
    with pytest.raises(TypeError, match=rf"{name}\(\)"):
        function(name)(*arguments, unknown=1)
    if arguments:
        with pytest.raises(TypeError, match=rf"{name}\(\)"):
            function(name)(*arguments[1:])


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_wrong_type(world: World, name: str, place: int) -> None:
    arguments = list(CALLS[name].arguments(world))
    parameter, kind = SIGNATURES[name].parameters[place]
    for wrong in WRONG[kind]:
        arguments[place] = wrong
        with pytest.raises(TypeError, match=rf"{name}\(\): {parameter} must be"):
            function(name)(*arguments)


@pytest.mark.parametrize(("name", "place"), INTEGERS)
def test_out_of_range(world: World, name: str, place: int) -> None:
    arguments = list(CALLS[name].arguments(world))
    parameter, kind = SIGNATURES[name].parameters[place]
    bits = int(kind[1:])
    low, high = (0, 1 << bits) if kind[0] == "u" else (-(1 << bits - 1), 1 << bits - 1)
    for wrong in (low - 1, high, 1 << 200):
        arguments[place] = wrong
        with pytest.raises(ValueError, match=rf"{name}\(\): {parameter} must be a {kind}"):
            function(name)(*arguments)


@pytest.mark.parametrize(("name", "place"), HANDLES)
@pytest.mark.parametrize("handle", [0, (1 << 64) - 1])
def test_unknown_handle(world: World, name: str, place: int, handle: int) -> None:
    arguments = list(CALLS[name].arguments(world))
    arguments[place] = handle
    with pytest.raises(ffi.InternalError, match=rf"(Executor|Buffer|Tensor) handle {handle} not found"):
        function(name)(*arguments)


@pytest.mark.parametrize(("name", "place"), [(n, p) for n, p in HANDLES if kinds(n)[0] == "u64" and p > 0])
def test_handle_of_another_kind(world: World, name: str, place: int) -> None:
    arguments = list(CALLS[name].arguments(world))
    arguments[place] = world.exec
    with pytest.raises(ffi.InternalError, match=rf"(Buffer|Tensor) handle {world.exec} not found"):
        function(name)(*arguments)


@pytest.mark.parametrize(
    ("name", "place"), [(n, p) for n, p in HANDLES if SIGNATURES[n].parameters[0][0] == "exec" and p > 0]
)
def test_handle_of_another_executor(world: World, name: str, place: int) -> None:
    arguments, foreign = list(CALLS[name].arguments(world)), World()
    arguments[place] = foreign.tensor if name.startswith("tensor_") else foreign.a
    with pytest.raises(ffi.InternalError, match=rf"handle {arguments[place]} belongs to another executor"):
        function(name)(*arguments)


@pytest.mark.parametrize("name", COUNTED)
def test_more_elements_than_there_are(world: World, name: str) -> None:
    arguments = list(CALLS[name].arguments(world))
    place = [parameter for parameter, _ in SIGNATURES[name].parameters].index("len")
    for count in (9, (1 << 32) - 1):
        arguments[place] = count
        with pytest.raises(ffi.InternalError, match=r"Buffer handle \d+ too small: it has \d elements, \d+ are needed"):
            function(name)(*arguments)
    assert world.read(world.out) == [99.0] * 8
