"""Which functions of a file are kernels. The file is parsed, never executed."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping

from hologram.errors import KernelNotFoundError, KernelSyntaxError, Location
from hologram.frontend import tree
from hologram.frontend.constants import module_constants
from hologram.frontend.names import DECORATORS, Names, Number, imported_names
from hologram.frontend.parse import find_type, parse_kernel
from hologram.frontend.source import MAX_SOURCE_BYTES, Source


def parse_module(text: str, file: str, first_line: int = 1) -> tuple[ast.Module, Source]:
    """Python's syntax tree of a text; indented text (a method's or nested function's source) is shifted left.

    Raises `KernelSyntaxError` for what Python itself refuses and for texts above 512 KiB.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_SOURCE_BYTES:
        message = f"the text has {size} bytes; at most {MAX_SOURCE_BYTES} are read"
        raise KernelSyntaxError(message, Location(file, first_line))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    shifted = textwrap.dedent(text) if text[:1] in (" ", "\t") else text
    indent = len(text.split("\n", 1)[0]) - len(shifted.split("\n", 1)[0])
    source = Source(file, tuple(shifted.split("\n")), first_line, indent)
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
    names = _names(module, source, constants)
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
    text: str, file: str, name: str, first_line: int = 1, constants: Mapping[str, Number] | None = None
) -> tuple[tree.Kernel, Source]:
    """One function of a text as a kernel, whatever its decorators are called there."""
    module, source = parse_module(text, file, first_line)
    functions = [s for s in module.body if isinstance(s, ast.FunctionDef)]
    function = next((f for f in reversed(functions) if f.name == name), None)
    if function is None:
        known = ", ".join(f.name for f in functions) or "none"
        raise KernelNotFoundError(f"{file} defines no function '{name}' at its top level (it has: {known})")
    return parse_kernel(function, source, _names(module, source, constants)), source


def _names(module: ast.Module, source: Source, constants: Mapping[str, Number] | None) -> Names:
    names = imported_names(module, source, constants or {})
    module_constants(module, names)
    return names


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
