"""Which functions of a file are kernels. The file is parsed, never executed."""

from __future__ import annotations

import ast
import os
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from hologram.errors import KernelNotFoundError, KernelSyntaxError, Location
from hologram.frontend import tree
from hologram.frontend.constants import module_constants
from hologram.frontend.names import DECORATORS, Device, Names, NotImported, Number, imported_names
from hologram.frontend.parse import find_type, parse_kernel
from hologram.frontend.source import MAX_SOURCE_BYTES, Source

_DOTTED = re.compile(r"(?<!\w)\w++(?:\s*+\.\s*+\w++)+")  # possessive: linear in the text
MAX_DOTS = 1000
MAX_MODULE = 1024
"""Longest name of a module that is looked for."""


def parse_module(text: str, file: str, first_line: int = 1, root: Source | None = None) -> tuple[ast.Module, Source]:
    """Python's syntax tree of a text; indented text (a method's or nested function's source) is shifted left.

    With a `root` the text holds code to be inlined into that one.
    Raises `KernelSyntaxError` for what Python itself refuses and for texts above 512 KiB.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_SOURCE_BYTES:
        message = f"the text has {size} bytes; at most {MAX_SOURCE_BYTES} are read"
        raise KernelSyntaxError(message, Location(file, first_line))
    for name in _DOTTED.finditer(text):
        if name[0].count(".") > MAX_DOTS:  # Python's parser takes memory that is quadratic in them
            message = f"the text is nested too deeply: a dotted name has more than {MAX_DOTS} parts"
            raise KernelSyntaxError(message, Location(file, first_line + text.count("\n", 0, name.start())))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    shifted = textwrap.dedent(text) if text[:1] in (" ", "\t") else text
    indent = len(text.split("\n", 1)[0]) - len(shifted.split("\n", 1)[0])
    parts = (file, tuple(shifted.split("\n")), first_line, indent)
    source = root.add(*parts) if root else Source(*parts)
    try:
        return ast.parse(shifted), source
    except SyntaxError as error:
        line = error.lineno or 1
        at = (line + first_line - 1, (error.offset or 1) + indent, max(error.end_offset or 0, 0) + indent)
        source.syntax(at, f"not valid Python: {error.msg}")
    except (RecursionError, MemoryError):
        source.syntax((first_line, 1, 0), "the text is nested too deeply", "split the expression")
    except ValueError as error:
        source.syntax((first_line, 1, 0), f"not valid Python: {error}")


def kernels_of(
    text: str, file: str, constants: Mapping[str, Number] | None = None
) -> tuple[tuple[tree.Kernel, ...], Source]:
    """All kernels of a file in source order: decorated functions, and undecorated ones whose parameters all
    have language types (at least one an array) when the file imports the language.
    """
    module, source = parse_module(text, file)
    names = Imports(source).names(module, source, constants or {})
    for statement in module.body:
        if isinstance(statement, ast.AsyncFunctionDef) and _is_decorated(statement, names):
            source.syntax(statement, "a kernel cannot be 'async'", "write def")
    found = [s for s in module.body if isinstance(s, ast.FunctionDef) and _is_kernel(s, names)]
    if not found:
        source.syntax((1, 1, 0), "the file holds no kernel", "decorate a top-level function with @kernel")
    seen: set[str] = set()
    for function in found:
        if function.name in seen:
            source.syntax(function, f"two kernels are called '{function.name}'")
        seen.add(function.name)
    return tuple(parse_kernel(f, source, names) for f in found), source


def kernel_named(
    text: str,
    file: str,
    name: str,
    first_line: int = 1,
    constants: Mapping[str, Number] | None = None,
    devices: Mapping[str, DeviceText] | None = None,
) -> tuple[tree.Kernel, Source]:
    """One function of a text as a kernel, whatever its decorators are called there."""
    module, source = parse_module(text, file, first_line)
    functions = [s for s in module.body if isinstance(s, ast.FunctionDef)]
    function = next((f for f in reversed(functions) if f.name == name), None)
    if function is None:
        known = ", ".join(f.name for f in functions) or "none"
        raise KernelNotFoundError(f"{file} defines no function '{name}' at its top level (it has: {known})")
    names = Imports(source).names(module, source, constants or {})
    _live_devices(devices or {}, names, source, {})
    return parse_kernel(function, source, names), source


class DeviceText(Protocol):
    """A live device function: its text and place, and the numbers and device functions it mentions."""

    @property
    def text(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def first_line(self) -> int: ...
    @property
    def constants(self) -> Mapping[str, Number]: ...
    @property
    def devices(self) -> Mapping[str, DeviceText]: ...


def _live_devices(found: Mapping[str, DeviceText], names: Names, root: Source, known: dict[int, Device]) -> None:
    for local, live in found.items():
        if id(live) not in known:
            module, source = parse_module(live.text, live.file, live.first_line, root)
            function = next((s for s in module.body if isinstance(s, ast.FunctionDef) and s.name == live.name), None)
            if function is None:
                raise KernelNotFoundError(f"{live.file} defines no function '{live.name}' at its top level")
            own = Imports(root).names(module, source, live.constants)
            own.devices[live.name] = known[id(live)] = Device(function, source, own)
            _live_devices(live.devices, own, root, known)
        names.devices[local] = known[id(live)]


class Imports:
    """The kernel files that device functions and constants come from: each is parsed once, none is executed."""

    def __init__(self, root: Source) -> None:
        self.root = root
        self.loaded: dict[Path, Names] = {}

    def names(
        self, module: ast.Module, source: Source, constants: Mapping[str, Number], path: Path | None = None
    ) -> Names:
        """What the names of a file stand for."""
        names = imported_names(module, source, constants)
        if path is not None:
            self.loaded[path] = names  # before its constants are known: files may import each other
        names.imports = lambda wanted: self.load(source, wanted)
        for statement in module.body:
            if isinstance(statement, ast.FunctionDef) and _is_device(statement, names):
                if statement.name in names.devices:
                    source.syntax(statement, f"two device functions are called '{statement.name}'")
                names.devices[statement.name] = Device(statement, source, names)
        module_constants(module, names)
        return names

    def load(self, importer: Source, module: str) -> Names:
        """The names of another file; raises `NotImported` where there is none or it cannot be read."""
        path = find_module(importer.file, module)
        if path is None:
            raise NotImported(
                f"it comes from '{module}', and there is no kernel file of that module beside {importer.file}"
            )
        if path not in self.loaded:
            try:
                text = path.read_bytes()[: MAX_SOURCE_BYTES + 1].decode()
            except (OSError, UnicodeError) as error:
                raise NotImported(f"{path} cannot be read: {error}") from error
            parsed, source = parse_module(text, str(path), root=self.root)
            self.names(parsed, source, {}, path)
        return self.loaded[path]


def find_module(file: str, module: str) -> Path | None:
    """The file of a module as seen from another file: beside it, or from the root of the package it is in."""
    if file.startswith("<") or len(module) > MAX_MODULE:
        return None
    name = module.lstrip(".")
    level = len(module) - len(name)
    here = Path(file).parent
    starts = [here, *here.parents][level - 1 : level] if level else [here]
    while not level and (starts[-1] / "__init__.py").is_file() and starts[-1] != starts[-1].parent:
        starts.append(starts[-1].parent)
    for start in starts:
        path = start.joinpath(*name.split(".")) if name else start
        for candidate in (path.with_name(path.name + ".py") if name else path / "__init__.py", path / "__init__.py"):
            if os.path.isfile(candidate):  # False, too, for what can be no path
                return candidate
    return None


def _is_device(function: ast.FunctionDef, names: Names) -> bool:
    return any(names.resolve(d.func if isinstance(d, ast.Call) else d) == "device" for d in function.decorator_list)


def _is_decorated(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> bool:
    decorators = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(names.resolve(d) in DECORATORS for d in decorators)


def _is_kernel(function: ast.FunctionDef, names: Names) -> bool:
    if _is_decorated(function, names):
        return True
    if function.decorator_list or not names.imports_language:
        return False
    annotations = [a.annotation for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    types = [find_type(a, names) if a else None for a in annotations]
    return None not in types and any(isinstance(t, tree.Array) for t in types)
