"""Runs small Atlas programs, written as text, on both backends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hologram.backends.base import Argument, Backend, Domain, Triple
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.isa.program import Program
from hologram.isa.text import assemble

Array = np.ndarray[Any, Any]
BACKENDS: dict[str, Callable[[], Backend]] = {"interpreter": InterpreterBackend, "cpu": CpuBackend}


def shaped(lanes: Triple, block: Triple = (8, 1, 1), resonance_class: int | None = None) -> Domain:
    """Lanes in blocks."""
    x, y, z = (-(-n // b) for n, b in zip(lanes, block, strict=True))
    return Domain(lanes, (x, y, z), block, resonance_class)


def per_lane(body: str, result: str = "u8", given: str = "u8") -> Program:
    """A program that has x[i] in r3 and stores r4 to out[i]; r0 is i, in the rows of up to three axes."""
    size = {"u8": 1, "u16": 2, "u32": 4, "f64": 8, "u64": 8}
    text = f"""
    .program lanes
    .param x: {given}[1] r
    .param out: {result}[1] rw
        mov_sreg.i64 r0, global.x
        mov_sreg.i64 r10, global.y
        mov_sreg.i64 r11, grid_dim.x
        mov_sreg.i64 r12, block_dim.x
        mul.i64 r11, r11, r12
        mad.i64 r0, r10, r11, r0
        mov_param.u64 r1, x
        mov_param.u64 r2, out
        mul.i64 r8, r0, {size[given]}
        mul.i64 r9, r0, {size[result]}
        ldg.{given} r3, [r1 + r8]
    {body}
        stg.{result} [r2 + r9], r4
    """
    return assemble(text)


def outcomes(program: Program, given: Sequence[Argument], domain: Domain) -> list[list[Argument]]:
    """The arguments after a launch on each backend."""
    results = []
    for make in BACKENDS.values():
        arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in given]
        make().compile(program).launch(arguments, domain)
        results.append(arguments)
    return results


def agreed(body: str, x: Array, result: str = "u8", domain: Domain | None = None) -> Array:
    """What `per_lane` stores, the same on both backends."""
    kinds = {"uint8": "u8", "uint16": "u16", "uint32": "u32", "float64": "f64"}
    out = np.zeros(len(x), {"u8": np.uint8, "u32": np.uint32, "u64": np.uint64, "f64": np.float64}[result])
    program = per_lane(body, result, kinds[x.dtype.name])
    first, second = outcomes(program, [x, out], domain or shaped((len(x), 1, 1)))
    assert isinstance(first[1], np.ndarray) and isinstance(second[1], np.ndarray)
    assert first[1].tobytes() == second[1].tobytes()
    return first[1]
