"""Programs as users hold them: loaded from a file or made from a kernel; saved, shown, called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hologram.errors import KernelNotFoundError, ProgramFormatError, UnsupportedError
from hologram.isa import program as isa
from hologram.isa.verify import share
from hologram.runtime.files import read_file, write_file

if TYPE_CHECKING:
    from hologram.frontend.tree import Kernel as Tree
    from hologram.isa.binary import TargetSection
    from hologram.language.kernel import Kernel
    from hologram.language.kernel_circuit import KernelCircuit
    from hologram.runtime.launch import Launch

Path_ = str | os.PathLike[str]

TREE = "tree"
GRAPH = "graph"
FORMS = (TREE, "atlasm", "optimised", "llvm", "asm")


@dataclass(frozen=True, eq=False)
class Program(isa.Program):
    """A program that can be called: `Program.load(path)` or `kernel.program`.

    `bind`, calls and `launch_config` are those of a kernel. `sections` are native objects stored with it, used only
    when it is `trusted`; a program that is not trusted runs with every access checked, before the launch where that
    can be, else one by one in checked mode.
    """

    sections: tuple[TargetSection, ...] = ()
    trusted: bool = True
    parsed: Tree | str | None = None

    @classmethod
    def of(
        cls,
        program: isa.Program,
        sections: Sequence[TargetSection] = (),
        *,
        trusted: bool = True,
        metadata: Mapping[str, str] | None = None,
        tree: Tree | None = None,
    ) -> Program:
        """A verified program made callable; `metadata` is added to what it carries, `tree` is what it was made from."""
        parts = {f.name: getattr(program, f.name) for f in fields(isa.Program)}
        parts["metadata"] = {**program.metadata, **(metadata or {})}
        # A file keeps the tree as JSON text in its metadata, where it would fill every disassembly.
        text = parts["metadata"].pop(TREE, None)
        made = cls(**parts, sections=tuple(sections), trusted=trusted, parsed=tree or text)
        if made.metadata.get("block") == program.metadata.get("block"):
            share(program, made)
        return made

    @classmethod
    def load(cls, path: Path_, name: str | None = None, trust: bool = False) -> Program:
        """The program in a file, by name where it holds several; it is verified before it is returned.

        `trust=True` lets native code that the file carries run. Raises KernelFileError, ProgramFormatError,
        VerificationError, KernelNotFoundError.
        """
        found = load_library(path, trust)
        if name is None and len(found) == 1:
            return next(iter(found.values()))
        if name is None:
            graph = "; as the graph that it is, hologram.GraphProgram.load reads it" if found.is_graph else ""
            raise KernelNotFoundError(f"{path} holds {len(found)} programs, name one of {', '.join(found)}{graph}")
        return found[name]

    def save(self, path: Path_) -> None:
        """Write the program to a file, whole or not at all."""
        write_file(Path(path), self._encoded())

    def _encoded(self) -> bytes:
        from hologram.isa.binary import encode

        if self.parsed is None:
            return encode([self])
        metadata = {**self.metadata, TREE: self._tree_text()}
        return encode([replace(self, metadata=metadata)])

    @cached_property
    def kernel(self) -> Kernel:
        """The kernel that calls this program."""
        from hologram.language.kernel import kernel_type

        return kernel_type()(program=self)

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Launch once, as a kernel does."""
        self.kernel(*args, **kwargs)

    def bind(self, *args: Any, **kwargs: Any) -> Launch:
        """Check and hold the arguments once, for many launches, as a kernel does."""
        return self.kernel.bind(*args, **kwargs)

    def launch_config(self, *args: Any, **kwargs: Any) -> Any:
        """Grid and block that a call with these arguments would run with."""
        return self.kernel.launch_config(*args, **kwargs)

    @cached_property
    def circuit(self) -> KernelCircuit:
        """The circuit of an element-wise or reduction kernel; raises NoCircuitError with the reason where none is."""
        return self.circuit_with()

    def circuit_with(self, **scalars: int | float) -> KernelCircuit:
        """The circuit with values for the kernel's scalars, which become numbers of the circuit."""
        from hologram.language.kernel_circuit import circuit_of

        return circuit_of(self, scalars)

    @cached_property
    def block(self) -> tuple[int, ...] | None:
        """The block its source asks for, x first."""
        text = self.metadata.get("block", "")
        if not text:
            return None
        parts = text.split(",")
        if len(parts) > 3 or not all(p.isdecimal() and len(p) < 11 for p in parts):
            raise ProgramFormatError(f"the block of '{self.name}' is no launch dimension: {text[:40]!r}")
        return tuple(int(p) for p in parts)

    @cached_property
    def tree(self) -> Tree | None:
        """The typed tree it was made from, where it is known."""
        if not isinstance(self.parsed, str):
            return self.parsed
        from hologram.frontend import schema

        return schema.loads(self.parsed)[0]

    def inspect(self, form: str) -> str:
        """The program as text: "tree" (JSON), "atlasm", or for this machine "llvm" or "asm".

        "optimised" is "atlasm" after the passes on programs, with what they changed as comments.
        """
        if form not in FORMS:
            raise UnsupportedError(f"there is no form '{form}'; the forms are {', '.join(FORMS)}")
        if form == "atlasm":
            return self.disassemble()
        if form == TREE:
            return self._tree_text()
        if form == "optimised":
            return self._optimised_text()
        from hologram.runtime.executor import Executor

        executable: Any = Executor("cpu").compile(self)
        text: str = executable.inspect(form)
        return text

    def _optimised_text(self) -> str:
        from hologram.backends.optimiser import optimise
        from hologram.isa.optimise import listing

        return listing(optimise(self))

    def _tree_text(self) -> str:
        from hologram.frontend import schema

        if self.tree is None:
            raise UnsupportedError(
                f"program '{self.name}' carries no tree: it was not made from source with debug data"
            )
        return schema.dumps([self.tree])

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._encoded(), self.trusted)

    def __repr__(self) -> str:
        return f"Program({self.name}({', '.join(map(str, self.params))}), {len(self.instructions)} instructions)"


def _unpickle(data: bytes, trusted: bool) -> Program:
    from hologram.isa.binary import decode_one

    return Program.of(decode_one(data), trusted=trusted)


class Library(Mapping[str, Program]):
    """The programs of one file by name, also as attributes."""

    def __init__(self, path: Path_, programs: Mapping[str, Program]) -> None:
        self.path, self._programs = str(path), dict(programs)

    @property
    def is_graph(self) -> bool:
        """True where the programs are the steps of a recorded graph."""
        return any(GRAPH in program.metadata for program in self._programs.values())

    def __getitem__(self, name: str) -> Program:
        try:
            return self._programs[name]
        except KeyError:
            raise KernelNotFoundError(f"{self.path} holds no '{name}'; it holds {', '.join(self._programs)}") from None

    def __getattr__(self, name: str) -> Program:
        try:
            return self._programs[name]
        except KeyError:
            raise AttributeError(f"{self.path} holds no '{name}'") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._programs)

    def __len__(self) -> int:
        return len(self._programs)

    def __repr__(self) -> str:
        return f"Library({self.path}: {', '.join(self._programs)})"


def load_library(path: Path_, trust: bool = False) -> Library:
    """All programs of a file; each is verified. Raises as `Program.load` does."""
    from hologram.isa.binary import decode
    from hologram.isa.verify import verify

    found: dict[str, Program] = {}
    for entry in decode(read_file(Path(path))):
        verify(entry.program)
        found[entry.program.name] = Program.of(entry.program, entry.sections, trusted=trust)
    if not found:
        raise KernelNotFoundError(f"{path} holds no program")
    return Library(path, found)
