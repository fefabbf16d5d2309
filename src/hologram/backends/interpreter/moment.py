"""What a step hook sees: an instruction that is about to run, and all that the lanes hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar, cast

import numpy as np

from hologram.backends import faults
from hologram.backends.base import Domain
from hologram.backends.interpreter.convert import STORAGE
from hologram.backends.interpreter.decode import Site, locator
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.registers import Active
from hologram.backends.interpreter.state import State, Value
from hologram.errors import ArgumentValueError, Location, StoppedError
from hologram.isa.operands import PREDICATES, REGISTERS, Address, Pred, Reg
from hologram.isa.text import spell

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Access:
    """What an instruction is about to do to memory: `verb` is load, store or atomic; `array` names what it touches.

    `index` is the element's, along each axis where the array is contiguous. `value` is what will be stored, or what is
    there now; None where the element lies outside.
    """

    verb: str
    array: str
    index: tuple[int, ...]
    value: Value | None

    def __str__(self) -> str:
        place = f"{self.verb} {self.array}[{', '.join(map(str, self.index))}]"
        return place if self.value is None else f"{place} = {self.value}"


class Moment:
    """An instruction about to run for some lanes of a launch, which all wait while the hook looks around.

    Lanes are numbered through the whole launch, x first. It may be used until the hook returns.
    """

    __slots__ = ("_active", "_site", "_state")

    def __init__(self, site: Site, state: State, active: Active) -> None:
        self._site, self._state, self._active = site, state, active

    # Where

    @property
    def kernel(self) -> str:
        """The kernel's name."""
        return self._state.launch.program.name

    @property
    def index(self) -> int:
        """The instruction's number in the program, as `disassemble` lists it."""
        return self._state.launch.original(self._site.index)

    @property
    def text(self) -> str:
        """The instruction."""
        return spell(self._state.launch.program, self._site.instruction)

    @property
    def operation(self) -> str:
        """The instruction's name, as in "LDG"."""
        return self._site.instruction.op

    @property
    def location(self) -> Location | None:
        """Its place in the kernel's source."""
        return self._state.launch.program.location(self._site.index)

    @property
    def source_line(self) -> str:
        """That line of the source, where it can be read."""
        return faults.source_line(self.location)

    @property
    def functions(self) -> tuple[str, ...]:
        """The device functions that the instruction is in, outermost first (as the names of their variables begin)."""
        program = self._state.launch.written or self._state.launch.program
        index = self.index
        inside = (v.name for v in program.variables if "." in v.name and v.start < index < v.end)
        return tuple(dict.fromkeys(name.rpartition(".")[0] for name in inside))

    # Who

    @property
    def lanes(self) -> Array:
        """The lanes that are about to run it."""
        return np.asarray(self._state.batch.number[self._active])

    @property
    def group(self) -> Array:
        """The lanes that run together with those: their block, where blocks share memory or meet at barriers."""
        return self._state.batch.number

    @property
    def domain(self) -> Domain:
        """The shape of the launch."""
        return self._state.launch.domain

    def runs(self, lane: int) -> bool:
        """True where a lane is among those about to run the instruction."""
        found = self._find(lane)
        if found is None:
            return False
        return isinstance(self._active, slice) or bool(np.any(self._active == found))

    # What they hold

    def variables(self, lane: int) -> dict[str, Value]:
        """The values that a lane has for the scalar parameters and for the kernel's variables, by name.

        Variables without a value are left out; those of device functions are named `function.name`.
        """
        return self._state.variables(self._position(lane))

    def value(self, name: str, lane: int) -> Value | None:
        """What a lane has for a variable, a scalar parameter or a register (`r0`, `p0`); None where nothing was set.

        Raises ArgumentValueError for a name that the kernel does not have.
        """
        found = self.variables(lane)
        short = [key for key in found if key.rpartition(".")[2] == name]
        if name in found or short:
            return found[name if name in found else short[-1]]
        place = _register(name)
        if place is not None:
            return self._state.value(place, self._position(lane))
        program = (self._state.launch.written or self._state.launch.program).variables
        if any(name in (v.name, v.simple_name) for v in program):
            return None
        raise ArgumentValueError(f"kernel '{self.kernel}' has no variable '{name}'; here are {', '.join(found)}")

    @property
    def arrays(self) -> tuple[str, ...]:
        """The names of the array parameters."""
        return tuple(p.name for p in self._state.launch.program.params if p.is_array)

    def array(self, name: str) -> Array:
        """The array bound to a parameter, to be read. Raises ArgumentValueError for a name that is none."""
        launch = self._state.launch
        if name not in self.arrays:
            names = ", ".join(self.arrays)
            raise ArgumentValueError(f"kernel '{self.kernel}' has no array '{name}'; it has {names or 'none'}")
        argument = launch.arguments[launch.program.param(name)]
        assert isinstance(argument, np.ndarray)
        view = argument.view()
        view.flags.writeable = False
        return view

    @property
    def shared_memory(self) -> Array:
        """A copy of the bytes that the lanes of the block share."""
        return self._state.shared.whole.bytes.copy()

    def access(self, lane: int) -> Access | None:
        """What the instruction is about to do to memory for a lane that runs it; None where it touches none."""
        instruction = self._site.instruction
        if not instruction.spec.is_memory or instruction.type is None:
            return None
        addresses = [a for o, a in zip(instruction.spec.operands, instruction.args, strict=True) if o.kind == "addr"]
        if not addresses:
            return None
        where = np.array([self._position(lane)])
        region, offsets = locator(self._site, cast(Address, addresses[0]))(self._state, where)
        verb, ty = faults.verb(instruction.op), instruction.type
        value: Value | None = None
        if verb == "store":
            value = self._site.source(0)(self._state, where).view(ty.dtype)[0]
        elif not region.outside(offsets, ty.size).any():
            value = region.load(offsets, STORAGE[ty]).view(ty.dtype)[0]
        return Access(verb, region.name, self._index(region.name, int(offsets[0]) // ty.size), value)

    def _index(self, name: str, element: int) -> tuple[int, ...]:
        array = self.array(name) if name in self.arrays else None
        if array is None or not array.flags.c_contiguous or not 0 <= element < array.size:
            return (element,)
        return tuple(int(i) for i in np.unravel_index(element, array.shape))

    def stop(self) -> NoReturn:
        """End the launch here: the launch raises `StoppedError`. What lanes have stored stays."""
        lane = int(self.lanes[0])
        raise self._state.failure(StoppedError, "the launch was stopped", self._position(lane))

    def _find(self, lane: int) -> int | None:
        found = np.flatnonzero(self._state.batch.number == lane)
        return int(found[0]) if len(found) else None

    def _position(self, lane: int) -> int:
        found = self._find(lane)
        if found is None:
            raise ArgumentValueError(f"lane {lane} is not among those that run now")
        return found

    def __repr__(self) -> str:
        return f"Moment({self.kernel}, instruction {self.index} `{self.text}`, {len(self.lanes)} lanes)"


Hook = Callable[[Moment], object]
"""Called before each instruction; what it gives back is not looked at, what it raises ends the launch."""


def announced(hook: Hook, site: Site, run: Callable[[State, Active], R]) -> Callable[[State, Active], R]:
    """What runs an instruction, after a call of the hook."""

    def announce(state: State, active: Active) -> R:
        hook(Moment(site, state, active))
        return run(state, active)

    return announce


def _register(name: str) -> Reg | Pred | None:
    letter, number = name[:1], name[1:]
    if not number.isdecimal() or len(number) > 3:
        return None
    if letter == "r" and int(number) < REGISTERS:
        return Reg(int(number))
    return Pred(int(number)) if letter == "p" and int(number) < PREDICATES else None
