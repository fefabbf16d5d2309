"""What a name means in a kernel file: language names, `math`, module constants, imports from elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hologram.frontend.builtins import ATLAS, FUNCTIONS
from hologram.frontend.promote import SCALARS
from hologram.frontend.source import Source

LANGUAGE_MODULES = frozenset({"hologram.language", "atlas_kernel"})
ATLAS_MODULE = "hologram.language.atlas"
DECORATORS = frozenset({"kernel", "atlas_kernel"})
RESERVED = frozenset({"device", "DeviceArray", "range", "print"})
Number = bool | int | float


class NotImported(Exception):
    """A name from another file cannot be had; the message says why."""


@dataclass(frozen=True, eq=False)
class Device:
    """A function decorated with @device, with the text and the names of the file it stands in."""

    function: ast.FunctionDef
    source: Source
    names: Names


@dataclass
class Names:
    """Names of one file.

    `modules` maps a local name to the module it stands for, `language` a local name to the language's name,
    `foreign` a local name to the module it was imported from, `constants` a name to its number.
    `originals` maps such a local name to what it is called there, `devices` a name to its device function, and
    `imports` finds what other files define. `imports_language` is True for kernel files.
    """

    modules: dict[str, str] = field(default_factory=dict)
    language: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Number] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    imports_language: bool = False
    originals: dict[str, str] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    imports: Callable[[str], Names] | None = None

    def imported(self, local: str) -> Device | Number:
        """What a name from another kernel file stands for; raises `NotImported`."""
        return self._followed(local, ())

    def _followed(self, local: str, passed: tuple[Names, ...]) -> Device | Number:
        module, name = self.foreign[local], self.originals[local]
        if any(self is p for p in passed):
            raise NotImported(f"'{local}' comes from '{module}' and is not known here")
        return self._member(module, name, (*passed, self))

    def _member(self, module: str, name: str, passed: tuple[Names, ...]) -> Device | Number:
        assert self.imports is not None, "a file's names are complete before one of them is followed"
        there = self.imports(module)
        if name in there.devices:
            return there.devices[name]
        if name in there.constants:
            return there.constants[name]
        if name in there.foreign:
            return there._followed(name, passed)
        if name in there.functions:
            raise NotImported(f"'{name}' of '{module}' is not decorated with @device")
        raise NotImported(f"'{module}' defines no device function and no numeric constant '{name}'")

    def member(self, node: ast.Attribute) -> Device | Number | None:
        """What `module.name` stands for, None where that is no module of kernels; raises `NotImported`."""
        whole, local = dotted(node) or "", dotted(node.value) or ""
        known = self.devices.get(whole, self.constants.get(whole))
        if known is not None:
            return known
        module = self.modules.get(local, "")
        if local in self.foreign:
            package = self.foreign[local]
            module = package + ("" if package.endswith(".") else ".") + self.originals[local]
        if not module or module in LANGUAGE_MODULES or module in ("math", ATLAS_MODULE):
            return None
        return self._member(module, node.attr, (self,))

    def device(self, node: ast.expr) -> Device | None:
        """The device function of a name; raises `NotImported` where another file should have it and has not."""
        if isinstance(node, ast.Attribute):
            found = self.member(node)
        elif isinstance(node, ast.Name) and node.id in self.foreign and node.id not in self.devices:
            found = self.imported(node.id)
        else:
            found = self.devices.get(node.id) if isinstance(node, ast.Name) else None
        return found if isinstance(found, Device) else None

    def resolve(self, node: ast.expr) -> str | None:
        """The language's name, or `math.<name>`, that a bare or dotted name stands for."""
        if isinstance(node, ast.Name):
            if node.id in self.language:
                return self.language[node.id]
            known = node.id not in self.foreign and node.id not in self.functions and node.id not in self.constants
            return node.id if known and _is_language_name(node.id) else None
        if isinstance(node, ast.Attribute):
            module = self._module(node.value)
            if module == ATLAS_MODULE and ATLAS + node.attr in FUNCTIONS:
                return ATLAS + node.attr
            if module in LANGUAGE_MODULES and _is_language_name(node.attr):
                return node.attr
            return f"math.{node.attr}" if module == "math" else None
        return None

    def _module(self, node: ast.expr) -> str:
        """The module that a name stands for, "" where that is none."""
        local = dotted(node) or ""
        package, _, name = local.rpartition(".")
        inside = self.modules.get(package) in LANGUAGE_MODULES and name == ATLAS_MODULE.rpartition(".")[2]
        return self.modules.get(local, ATLAS_MODULE if inside else "")


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as text, or None for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _is_language_name(name: str) -> bool:
    return name in FUNCTIONS or name in SCALARS or name in DECORATORS or name in RESERVED


def imported_names(tree: ast.Module, source: Source, constants: Mapping[str, Number]) -> Names:
    """The names a file imports and defines at its top level (nothing is executed)."""
    names = Names({"math": "math", "hl": "hologram.language", "language": "hologram.language", "atlas": ATLAS_MODULE})
    names.functions = frozenset(s.name for s in tree.body if isinstance(s, ast.FunctionDef))
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                local = alias.asname or alias.name
                names.modules[local] = alias.name
                names.imports_language |= alias.name in LANGUAGE_MODULES or alias.name == ATLAS_MODULE
        elif isinstance(statement, ast.ImportFrom):
            _import_from(statement, names, source)
    names.constants.update(constants)
    return names


def _import_atlas(alias: ast.alias, names: Names, source: Source) -> None:
    """`from hologram.language.atlas import …`."""
    names.imports_language = True
    known = [n for n in FUNCTIONS if n.startswith(ATLAS)]
    if alias.name != "*" and ATLAS + alias.name not in known:
        source.syntax(alias, f"'{ATLAS_MODULE}' has no '{alias.name}'")
    for name in known if alias.name == "*" else [ATLAS + alias.name]:
        names.language[alias.asname or name.removeprefix(ATLAS)] = name


def _import_from(statement: ast.ImportFrom, names: Names, source: Source) -> None:
    module = statement.module or ""
    for alias in statement.names:
        local = alias.asname or alias.name
        if module == ATLAS_MODULE:
            _import_atlas(alias, names, source)
        elif f"{module}.{alias.name}" in LANGUAGE_MODULES or f"{module}.{alias.name}" == ATLAS_MODULE:
            names.modules[local] = f"{module}.{alias.name}"
            names.imports_language = True
        elif module == "math":
            names.language[local] = f"math.{alias.name}"
        elif module in LANGUAGE_MODULES:
            names.imports_language = True
            if alias.name == "*":
                continue
            if not _is_language_name(alias.name):
                source.syntax(alias, f"the kernel language has no '{alias.name}'")
            names.language[local] = alias.name
        elif module != "__future__":
            names.foreign[local] = "." * statement.level + module
            names.originals[local] = alias.name
