"""The entry functions as code: what they may call, that they hold no addresses, and that they load."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

import pytest

from hologram.backends.llvm.elf import machine_of, undefined_symbols
from hologram.backends.llvm.jit import Target, compile_object, load_object
from hologram.errors import UnsupportedError
from hologram.runtime.entry.abi import C_API, Abi, c_api_addresses, running_abi
from hologram.runtime.entry.stub_ir import stub_ir
from hologram.runtime.entry.stub_ir.remembering import remembering_ir
from hologram.runtime.entry.stubs import compile_remembering, compile_stubs, load_stubs


def test_they_call_the_listed_python_functions_and_nothing_else() -> None:
    assert undefined_symbols(compile_stubs()) | undefined_symbols(compile_remembering()) - {"memcpy"} == set(C_API)


def test_another_process_compiles_the_same_bytes() -> None:
    script = (
        "from hashlib import sha256; from hologram.runtime.entry.stubs import compile_stubs;"
        "print(sha256(compile_stubs()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == sha256(compile_stubs()).hexdigest()


def test_a_cached_object_loads_without_compiling() -> None:
    code = load_object(compile_stubs(), ("bound", "unbound"), c_api_addresses())
    assert code["bound"] != code["unbound"]


def test_they_are_loaded_once() -> None:
    assert load_stubs() is load_stubs()


def test_another_architecture_has_its_own() -> None:
    target = Target("aarch64-unknown-linux-gnu")
    found = set()
    for text in (stub_ir, remembering_ir):
        data = compile_object(text(running_abi(), "aarch64"), target)
        assert machine_of(data) == "aarch64"
        found |= undefined_symbols(data)
    assert found - {"memcpy"} == set(C_API)


def test_an_unknown_architecture_is_refused_by_name() -> None:
    for text in (stub_ir, remembering_ir):
        with pytest.raises(UnsupportedError, match=r"riscv64.*x86_64, aarch64"):
            text(running_abi(), "riscv64")


def test_offsets_follow_the_object_header() -> None:
    """Free-threaded builds have headers of 32 bytes: every offset moves, and with them the code."""
    usual, free_threaded = Abi("cpython", 16), Abi("cpython", 32)
    assert (usual.type, usual.data, usual.flags) == (8, 16, 64)
    assert (free_threaded.type, free_threaded.data, free_threaded.flags) == (24, 32, 80)
    assert stub_ir(usual, "x86_64") != stub_ir(free_threaded, "x86_64")
