"""What an incremental build remembers: which sources, compiled how, gave which program files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import msgspec

from hologram.cli.sources import write
from hologram.frontend.discover import find_module
from hologram.frontend.names import DECORATORS, LANGUAGE_MODULES, dotted
from hologram.runtime.files import read_file

MANIFEST = "build-manifest.json"
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})


class Built(msgspec.Struct, frozen=True):
    """A kernel of a built file: its instructions, and where it has a circuit, the calls of that before and after."""

    name: str
    instructions: int
    calls: tuple[int, int] | None = None


class Record(msgspec.Struct, frozen=True):
    """One built file: the key of its inputs, the digest of its output, and its kernels."""

    key: str
    output_digest: str
    kernels: tuple[Built, ...]


class Manifest(msgspec.Struct):
    """The records of a build directory by relative source path."""

    records: dict[str, Record] = {}


def read_manifest(directory: Path) -> Manifest:
    """The manifest of an earlier build; an empty one when there is none or it cannot be read."""
    try:
        return msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return Manifest()


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Store the manifest for the next build."""
    write(directory / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def find_sources(directory: Path, excluded: Path) -> list[Path]:
    """The kernel files under a directory, sorted: Python files that import the kernel language, and .atlasm texts."""
    return sorted(path for path in _walk(directory, excluded.resolve()) if is_kernel_file(path))


def is_kernel_file(path: Path) -> bool:
    """True for .atlasm texts and for Python files that define kernels at their top level."""
    if path.suffix == ".atlasm":
        return True
    if path.suffix != ".py":
        return False
    data = read_file(path)
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The compiler shall report it, if it is meant for the compiler at all.
        return any(name.encode() in data for name in LANGUAGE_MODULES)
    return _imports_language(tree) and any(_is_kernel(node) for node in tree.body)


def _imports_language(tree: ast.Module) -> bool:
    modules = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    names = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    from_package = {
        f"{node.module}.{alias.name}" for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return not LANGUAGE_MODULES.isdisjoint(modules | names | from_package)


def _is_kernel(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    if any((dotted(d) or "").rpartition(".")[2] in DECORATORS for d in decorators):
        return True
    return not decorators and "DeviceArray" in ast.dump(node.args)


def input_key(path: Path, targets: Sequence[str]) -> str:
    """Digest of all that decides what a file compiles to: its text and what it imports, the compiler, the targets."""
    parts = [version("hologram-atlas").encode(), version("llvmlite").encode(), *(t.encode() for t in sorted(targets))]
    return digest(b"\0".join([*parts, *(digest(read_file(p)).encode() for p in [path, *_imported(path)])]))


def _imported(path: Path) -> list[Path]:
    """The kernel files that a Python file takes functions and constants from, directly or through others."""
    found: dict[Path, None] = {}
    work = [path] if path.suffix == ".py" else []
    while work:
        here = work.pop()
        try:
            nodes = ast.parse(read_file(here)).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                other = find_module(str(here), "." * node.level + (node.module or ""))
                if other is not None and other != path and other not in found:
                    found[other] = None
                    work.append(other)
    return sorted(found)


def digest(data: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return sha256(data).hexdigest()


def is_current(record: Record | None, key: str, output: Path) -> bool:
    """True when the output on disk is what these inputs gave before."""
    if record is None or record.key != key or not output.is_file():
        return False
    return digest(read_file(output)) == record.output_digest


def _walk(directory: Path, excluded: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.is_symlink() or path.name.startswith(".") or path.name in _SKIPPED or path.resolve() == excluded:
            continue
        if path.is_dir():
            if not (path / "pyvenv.cfg").exists():
                yield from _walk(path, excluded)
        elif path.is_file():
            yield path
