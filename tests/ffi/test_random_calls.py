"""Whatever is called in whatever order: a call works or raises what it should, and the registries stay in order."""

from __future__ import annotations

import random

import pytest

import hologram_ffi as ffi
from hologram_ffi.exported import SIGNATURES
from hologram_ffi.handles import buffers, executors, tensors
from tests.ffi.world import World, function

ENDINGS = {"clear_all_registries", "executor_cleanup"}
"""Rare, or nothing would be left to call functions with."""
NUMBERS = {
    "u8": [0, 1, 2, 95, 96, 255],
    "u32": [0, 1, 2, 3, 4, 6, 9, 48, 256, 257],
    "i32": [-(1 << 31), -1, 0, 1, 2, 5, (1 << 31) - 1],
    "f32": [0.0, -1.5, 2, float("nan"), float("inf"), 1e300],
    "string": ["[]", "[1]", "[2,3]", "[3,2]", "[6]", "[1,0]", "[0,1]", "[1,2,3,4,5,6]", "[NaN]", "cpu", "{", ""],
    "bytes": [b"", b"\x01\x02\x03\x04", bytes(24), bytearray(range(24))],
}
REGISTRIES = {"executor_handle": executors, "exec": executors, "tensor": tensors}


def argument(rng: random.Random, name: str, parameter: str, kind: str) -> object:
    """Mostly a handle that is good for the parameter, or a value that might be."""
    if kind != "u64":
        return rng.choice(NUMBERS[kind])
    fitting = tensors if name.startswith("tensor_") and parameter in "ab" else REGISTRIES.get(parameter, buffers)
    known = list(fitting if rng.random() < 0.95 else rng.choice([executors, buffers, tensors]))
    return rng.choice(known) if known and rng.random() < 0.97 else rng.choice([0, 1 << 40])


@pytest.mark.parametrize("seed", range(6))
def test_random_calls(world: World, seed: int) -> None:
    rng, worked, seen = random.Random(seed), 0, max(tensors)
    names = [name for name in SIGNATURES if name not in ENDINGS] * 8 + sorted(ENDINGS)
    for _ in range(700):
        name = rng.choice(names)
        if not len(executors):
            World()
        given = [argument(rng, name, parameter, kind) for parameter, kind in SIGNATURES[name].parameters]
        try:
            result = function(name)(*given)
        except ffi.InternalError as error:
            said = str(error)
        else:
            worked += 1
            said = "it worked"
            if SIGNATURES[name].result == "u64" and "ptr" not in name and name != "tensor_buffer" and result:
                assert result > seen, f"{name} gave handle {result} again"
                seen = result
        assert said and "Error:" not in said, f"{name}{given}: {said}"
        seen = max(seen, *buffers, *tensors, *executors, 0)
        for registry in (buffers, tensors):
            assert all(not registry._executor_of(registry[handle]).is_closed for handle in registry)  # type: ignore[attr-defined]
    assert worked > 150
