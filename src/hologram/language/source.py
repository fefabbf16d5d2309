"""The source text of a live function, and the numbers it closes over. Nothing is executed to find them."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from hologram.errors import KernelSyntaxError, Location

LANGUAGE = "hologram.language"
ATLAS_MODULE = "hologram.language.atlas"
MODULES = (LANGUAGE, ATLAS_MODULE, "math")

Number = bool | int | float
_DOTTED = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)+")


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """Text of one function with the place it comes from, and values of the names around it that are numbers."""

    text: str
    file: str
    name: str
    first_line: int
    constants: Mapping[str, Number]
    devices: Mapping[str, FunctionSource]


def source_of(function: Callable[..., Any], known: dict[int, FunctionSource] | None = None) -> FunctionSource:
    """Source of a Python function; raises KernelSyntaxError where none is available.

    `known` holds the functions met so far by their identity: device functions may mention each other.
    """
    assert isinstance(function, FunctionType)
    known = {} if known is None else known
    code, name = function.__code__, function.__name__
    try:
        lines, first_line = inspect.getsourcelines(function)
    except (OSError, TypeError) as error:
        raise KernelSyntaxError(
            f"the source of kernel '{name}' is not available",
            Location(code.co_filename, code.co_firstlineno),
            hint="kernels are compiled from their source: define them in a file or a notebook cell",
        ) from error
    text = "".join(lines)
    around = _names_around(function, text)
    imports = _renamed_imports(around)
    if imports:
        text = f"{'; '.join(imports)}\n{textwrap.dedent(text)}"
        first_line -= 1
    around |= _members(around, text)
    constants = {name: number for name, value in around.items() if (number := _number(value)) is not None}
    devices: dict[str, FunctionSource] = {}
    file = inspect.getsourcefile(function) or code.co_filename
    known[id(function)] = made = FunctionSource(text, file, name, first_line, constants, devices)
    for local, value in around.items():
        if _is_device(value):
            devices[local] = known.get(id(value.__wrapped__)) or source_of(value.__wrapped__, known)
    return made


def _is_device(value: Any) -> bool:
    from hologram.language.device import DeviceFunction

    return isinstance(value, DeviceFunction)


def _names_around(function: FunctionType, text: str) -> dict[str, Any]:
    """Closure variables and globals that the text mentions and that are not the function's own variables."""
    code = function.__code__
    words = set(re.findall(r"[^\W\d]\w*", text)).difference(code.co_varnames, {function.__name__})
    found = {name: function.__globals__[name] for name in words if name in function.__globals__}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned so far
            continue
    return dict(sorted(found.items()))


def _members(around: Mapping[str, Any], text: str) -> dict[str, Any]:
    """What the text calls `module.name`, for modules other than those of the language."""
    found: dict[str, Any] = {}
    for path in set(_DOTTED.findall(text)):
        value: Any = around
        for part in path.split("."):
            names = value if value is around else vars(value) if isinstance(value, ModuleType) else {}
            value = names.get(part)
        root = around.get(path.partition(".")[0])
        if value is not None and isinstance(root, ModuleType) and root.__name__ not in MODULES:
            found[path] = value
    return found


def _number(value: Any) -> Number | None:
    if isinstance(value, bool | int | float):
        return value
    return value.item() if isinstance(value, np.bool_ | np.integer | np.floating) else None


def _renamed_imports(around: Mapping[str, Any]) -> list[str]:
    """Import statements for names of the language that go by another name here."""
    from hologram.language import atlas
    from hologram.language.annotations import DeviceArray, Scalar
    from hologram.language.functions import STAND_INS

    statements = []
    for local, value in around.items():
        if isinstance(value, ModuleType) and value.__name__ in MODULES:
            statements.append(f"import {value.__name__} as {local}")
        elif isinstance(value, type) and issubclass(value, Scalar | DeviceArray) and value.__name__ != local:
            statements.append(f"from {LANGUAGE} import {value.__name__} as {local}")
        elif callable(value):
            name = getattr(value, "__name__", local)
            if name != local and STAND_INS.get(name) is value:
                statements.append(f"from {LANGUAGE} import {name} as {local}")
            elif getattr(value, "__module__", "") == ATLAS_MODULE and name in atlas.__all__:
                statements.append(f"from {ATLAS_MODULE} import {name} as {local}")
    return statements
