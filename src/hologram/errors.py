"""Every exception Hologram raises: a `HologramError` that is also the built-in one expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap


class HologramError(Exception):
    """Base of all errors raised by Hologram."""


@dataclass(frozen=True)
class Location:
    """A place in a source text; lines count from 1, columns from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int = 1
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


LONGEST_LINE = 200
"""A source line longer than this is shown cut, around the place that is meant."""


def _pointed_at(location: Location, source_line: str) -> list[str]:
    """The source line and the caret below it, or nothing without a line."""
    text, column = source_line.rstrip("\n"), location.column
    if not text:
        return []
    width = max(1, min(location.end_column, len(text) + 1) - column)
    if len(text) > LONGEST_LINE:
        start = max(0, min(column - 1 - LONGEST_LINE // 3, len(text) - LONGEST_LINE))
        before, after = "…" if start else "", "…" if start + LONGEST_LINE < len(text) else ""
        text = before + text[start : start + LONGEST_LINE] + after
        column += len(before) - start
        width = max(1, min(width, len(text) + 1 - column))
    indent = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
    return [f"    {text}", f"    {indent}{'^' * width}"]


class SourceError(HologramError, ValueError):
    """Something in a source text is wrong: shows file:line:column, the line, a caret and a hint.

    `str(error)` is the full report; the parts are attributes.
    """

    def __init__(self, message: str, location: Location, source_line: str = "", hint: str = "") -> None:
        self.message, self.location, self.source_line, self.hint = message, location, source_line, hint
        super().__init__(message, location, source_line, hint)

    def __str__(self) -> str:
        lines = [f"{self.location}: error: {self.message}"]
        lines += _pointed_at(self.location, self.source_line)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class KernelSyntaxError(SourceError):
    """A kernel uses a construct that the kernel language does not have."""


class KernelTypeError(SourceError, TypeError):
    """A kernel's types do not fit together."""


class SchemaError(HologramError, ValueError):
    """A JSON kernel does not follow the schema; the message names the path inside the document."""


class AssemblyError(SourceError):
    """An Atlas ISA text (.atlasm) is malformed."""


class CircuitError(SourceError):
    """A circuit is malformed, or its parts do not fit together."""


class ProgramFormatError(HologramError, ValueError):
    """A program file is malformed; `offset` is the byte where reading stopped."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        self.reason, self.offset = reason, offset
        super().__init__(reason, offset)

    def __str__(self) -> str:
        return f"not a valid Atlas program file: {self.reason} (at byte {self.offset})"


@dataclass(frozen=True)
class Finding:
    """One thing the verifier found: instruction index (-1: the whole program), message, its text, its source place."""

    index: int
    message: str
    text: str = ""
    location: Location | None = None

    def __str__(self) -> str:
        place = f" [{self.location}]" if self.location else ""
        what = f"instruction {self.index}" if self.index >= 0 else "program"
        return f"{what}: {self.message}: {self.text}{place}"


SHOWN_FINDINGS = 100


class VerificationError(HologramError, ValueError):
    """A program breaks the rules of the ISA; `findings` lists every violation."""

    def __init__(self, program: str, findings: Sequence[Finding]) -> None:
        self.program, self.findings = program, tuple(findings)
        super().__init__(program, self.findings)

    def __str__(self) -> str:
        lines = [f"  {f}" for f in self.findings[:SHOWN_FINDINGS]]
        more = [f"  … and {len(self.findings) - SHOWN_FINDINGS} more"] if len(self.findings) > SHOWN_FINDINGS else []
        return "\n".join([f"program '{self.program[:80]}' is not valid:", *lines, *more])


class BuildError(HologramError, TypeError, ValueError):
    """A program is put together wrongly: an operand of another type, too many operands, a label placed twice."""


class UnsupportedError(HologramError, NotImplementedError):
    """A backend (or this version) does not have what was asked for; the message names it."""


class BackendUnavailableError(HologramError, RuntimeError):
    """A backend was asked for that cannot run here."""


class CodeLoadError(HologramError, RuntimeError):
    """Native code was refused before loading (foreign format, unexpected symbols)."""


class ArgumentTypeError(HologramError, TypeError):
    """A launch argument has the wrong type, dtype or layout, or is missing."""


class ArgumentValueError(HologramError, ValueError):
    """A launch argument has the right type and an impossible value (length, range, overlap)."""


class ArgumentRangeError(ArgumentValueError, IndexError):
    """Bytes outside of a pool were asked for."""


class ExtentError(ArgumentValueError, IndexError):
    """An array is shorter than the launch would access."""


class OverlapError(ArgumentValueError):
    """Arrays of one launch share memory in a way that would make the result depend on lane order."""


class LaunchError(HologramError, ValueError):
    """The launch shape cannot be inferred or is impossible."""


SHOWN_VARIABLES = 24
"""Most variables that the text of an error shows; its attribute has all."""


class ExecutionError(HologramError, RuntimeError):
    """A launch went wrong; `kernel`, `index`, `text` (the instruction), `location`, `lane` and `place` say where.

    `lane` counts the lanes of the launch, x first; `place` says in words which lane of which block that is.
    `source_line` is the line of `location`, where it could be read. The interpreter adds `variables`: the values that
    the lane had for the kernel's parameters and variables, by name.
    """

    def __init__(
        self,
        message: str,
        kernel: str = "",
        index: int = -1,
        location: Location | None = None,
        lane: int | None = None,
        text: str = "",
        place: str = "",
        source_line: str = "",
        variables: Mapping[str, object] | None = None,
    ) -> None:
        self.message, self.kernel, self.index, self.location, self.lane = message, kernel, index, location, lane
        self.text, self.place, self.source_line, self.variables = text, place, source_line, dict(variables or {})
        super().__init__(message, kernel, index, location, lane, text, place, source_line, self.variables)

    def __str__(self) -> str:
        where = [f"kernel '{self.kernel}'"] if self.kernel else []
        where += [f"instruction {self.index}{f' `{self.text}`' if self.text else ''}"] if self.index >= 0 else []
        where += [f"lane {self.lane}{f' ({self.place})' if self.place else ''}"] if self.lane is not None else []
        where += [str(self.location)] if self.location else []
        lines = [self.message + (f" ({', '.join(where)})" if where else "")]
        lines += _pointed_at(self.location, self.source_line) if self.location else []
        named = ", ".join(f"{name} = {value}" for name, value in list(self.variables.items())[:SHOWN_VARIABLES])
        named += ", ..." if len(self.variables) > SHOWN_VARIABLES else ""
        lines += wrap(f"where {named}", 116, initial_indent="    ", subsequent_indent="          ") if named else []
        return "\n".join(lines)


class DivisionByZeroError(ExecutionError, ZeroDivisionError):
    """An integer was divided by zero during a launch (the quotient is 0)."""


class OutOfBoundsError(ExecutionError, IndexError):
    """A lane touched memory outside its array."""


class PoolHandleError(ExecutionError, LookupError):
    """A lane used the handle of a linear pool that does not exist, or was freed."""


class PoolAllocationError(ExecutionError, MemoryError):
    """A program asked for a linear pool, and there is no room for it."""


class UninitializedReadError(ExecutionError):
    """A lane read a register that nothing had written."""


class AssertionFailedError(ExecutionError, AssertionError):
    """A claim that a kernel makes with `assert` does not hold."""


class DataRaceError(ExecutionError):
    """Two lanes touched an element, at least one of them stored to it, and no barrier is between them.

    `other_lane` and `other_location` are those of the earlier of the two accesses.
    """

    other_lane: int | None = None
    other_location: Location | None = None


class BarrierError(ExecutionError):
    """Not all lanes of a block came to a barrier together."""


class StepLimitError(ExecutionError):
    """A launch ran more steps than `max_steps` allows."""


class StoppedError(ExecutionError):
    """A step hook ended the launch."""


class NumericError(ExecutionError, FloatingPointError):
    """Finite numbers gave a NaN or an infinity, where the executor was asked to look for that (`nan="raise"`)."""


class PrintIgnoredWarning(UserWarning):
    """A kernel prints, and the backend it is compiled for shows nothing."""


class BufferFreedError(HologramError, RuntimeError):
    """A buffer, pool or executor is used after it was freed."""


class BufferInUseError(HologramError, RuntimeError):
    """A buffer is freed while a bound launch holds it."""


class RecordingError(HologramError, RuntimeError):
    """Something that a recording cannot have: a value read, another thread's or executor's call, a graph not ready."""


class TraceError(HologramError, RuntimeError):
    """A trace is begun a second time."""


class NoCircuitError(HologramError, ValueError):
    """A kernel has no circuit; `reason` says why, `location` where in its source."""

    def __init__(self, kernel: str, reason: str, location: Location | None = None) -> None:
        self.kernel, self.reason, self.location = kernel, reason, location
        super().__init__(kernel, reason, location)

    def __str__(self) -> str:
        place = f" ({self.location})" if self.location else ""
        return f"kernel '{self.kernel}' has no circuit: {self.reason}{place}"


class CapacityError(HologramError, MemoryError):
    """Memory could not be had, or a boundary class is already held by another buffer."""


class KernelNotFoundError(HologramError, KeyError):
    """A file holds no kernel of that name; the message lists those it has."""

    def __str__(self) -> str:
        return str(self.args[0])


class KernelFileError(HologramError, OSError):
    """A file cannot be read or written."""
