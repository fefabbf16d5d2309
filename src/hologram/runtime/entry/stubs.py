"""Loading the entry functions into this process, and knowing whether they may be used here."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.backends.llvm.jit import Loaded, Target, compile_object, host_target, load_object
from hologram.errors import CodeLoadError
from hologram.runtime.entry.abi import c_api_addresses, running_abi
from hologram.runtime.entry.stub_ir import stub_ir
from hologram.runtime.entry.stub_ir.remembering import remembering_ir


@dataclass(frozen=True, slots=True)
class Stubs:
    """Addresses of the two entry functions, for `set_entry`."""

    bound: int
    unbound: int


@dataclass(frozen=True, slots=True)
class Remembering:
    """Addresses of the two entry functions of remembered calls."""

    remembered: int
    key: int


_loaded: list[Stubs] = []
_remembering: list[Remembering] = []


def compile_stubs() -> bytes:
    """Object file of the entry functions for this Python and architecture (any CPU of it): 10 to 20 ms."""
    target = Target(host_target().triple)
    return compile_object(stub_ir(running_abi(), target.arch), target)


def load_stubs(data: bytes | None = None) -> Stubs:
    """The entry functions in this process, loaded at the first call from `data` (of `compile_stubs`) or made now.

    Raises CodeLoadError where objects of this platform cannot be loaded, UnsupportedError for an unknown architecture.
    """
    if not _loaded:
        code = _load(compile_stubs() if data is None else data, ("bound", "unbound"))
        _loaded.append(Stubs(code["bound"], code["unbound"]))
    return _loaded[0]


def compile_remembering() -> bytes:
    """Object file of the entry functions of remembered calls."""
    target = Target(host_target().triple)
    return compile_object(remembering_ir(running_abi(), target.arch), target)


def load_remembering(data: bytes | None = None) -> Remembering:
    """The entry functions of remembered calls, as `load_stubs` loads the others; raises the same."""
    if not _remembering:
        code = _load(compile_remembering() if data is None else data, ("remembered", "key"))
        _remembering.append(Remembering(code["remembered"], code["key"]))
    return _remembering[0]


def _load(data: bytes, exports: tuple[str, ...]) -> Loaded:
    try:
        functions = c_api_addresses()
    except AttributeError as error:
        raise CodeLoadError(f"this Python's C API is incomplete: {error}") from error
    return load_object(data, exports, functions)
