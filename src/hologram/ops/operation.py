"""One public operation: its two forms taken apart, planned, run, or bound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from hologram.errors import ArgumentTypeError
from hologram.ops.plan import Plan
from hologram.runtime import recording
from hologram.runtime.executor import Executor

if TYPE_CHECKING:
    from hologram.runtime.graph import Graph
    from hologram.runtime.launch import Launch

REQUIRED = Parameter.empty


@dataclass(frozen=True, slots=True)
class Form:
    """The arguments of an operation: arrays, then parameters with defaults, then keywords of the NumPy form alone.

    `own` are parameters that the NumPy form alone has, before the output. `sizes` end the original form: numbers that
    say how much of the arrays is meant.
    """

    inputs: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    keywords: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[str, ...] = ("n",)
    gives_number: bool = False
    own: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A call taken apart: `original` is the form with a leading executor."""

    executor: Executor | None
    original: bool
    inputs: tuple[Any, ...]
    out: Any
    values: Mapping[str, Any]
    sizes: Mapping[str, int]


class Operation(ABC):
    """An operation of the library, on NumPy arrays, Buffers, Tensors, torch tensors and what exports host memory.

    A leading Executor selects the original form, `op(executor, inputs…, out, parameters…, n=None)`, on whole arrays in
    C order, of which n elements are meant. Anything else is the NumPy form, `op(inputs…, parameters…, out=None, …)`,
    which broadcasts, makes the output where there is none, and returns it as the kind of array that was given.
    """

    def __init__(self, name: str, form: Form, doc: str, executor: Executor | None = None) -> None:
        self.__name__ = self.__qualname__ = name
        self.form, self.executor = form, executor
        self.__doc__ = doc
        self.__signature__ = _signature(form)

    @abstractmethod
    def plan(self, call: Call) -> Plan:
        """The launches of a call; every check is made here."""

    @abstractmethod
    def on(self, executor: Executor) -> Operation:
        """The same operation on another executor."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = self._take_apart(args, kwargs)
        plan = self.plan(call)
        if self.form.gives_number and call.original:
            recording.refuse(f"{self.__name__}() gives a number, which cannot be had", "leave the executor out")
        plan.run()
        if call.original:
            return plan.number() if self.form.gives_number else None
        return plan.result()

    def bind(self, *args: Any, **kwargs: Any) -> Launch | Graph:
        """A bound launch of the operation, or a graph where it takes several launches; the output must be given."""
        call = self._take_apart(args, kwargs)
        if call.out is None:
            raise ArgumentTypeError(f"{self.__name__}.bind() needs an output: give out=")
        plan = self.plan(call)
        if len(plan.steps) == 1:
            (step,) = plan.steps
            return step.kernel.bind(*step.arguments, executor=plan.executor, grid=step.grid, block=step.block)
        with plan.executor.record() as graph:
            plan.run()
        return graph

    def _take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        original = bool(args) and isinstance(args[0], Executor)
        executor, values = (args[0], args[1:]) if original else (self.executor, args)
        names = _positions(self.form, original)
        if len(values) > len(names):
            raise ArgumentTypeError(f"{self.__name__}() takes at most {', '.join(names)}; got {len(values)} arguments")
        given = dict(zip(names, values, strict=False))
        known = {*names, *({} if original else self.form.keywords)}
        for name, value in kwargs.items():
            if name not in known:
                raise ArgumentTypeError(f"{self.__name__}() got an unexpected keyword argument '{name}'")
            if name in given:
                raise ArgumentTypeError(f"{self.__name__}() got multiple values for argument '{name}'")
            given[name] = value
        return self._call(executor, original, given)

    def _call(self, executor: Executor | None, original: bool, given: dict[str, Any]) -> Call:
        form = self.form
        needed = [*form.inputs, *(["out"] if original else [])]
        needed += [name for name, default in form.parameters.items() if default is REQUIRED]
        missing = [name for name in needed if name not in given]
        if missing:
            raise ArgumentTypeError(f"{self.__name__}() is missing {', '.join(missing)}")
        options = {**form.parameters, **({} if original else {**form.own, **form.keywords})}
        values = {name: given.get(name, default) for name, default in options.items()}
        sizes = {name: given[name] for name in form.sizes if given.get(name) is not None}
        return Call(executor, original, tuple(given[n] for n in form.inputs), given.get("out"), values, sizes)

    def __repr__(self) -> str:
        place = f" on {self.executor!r}" if self.executor else ""
        return f"<operation {self.__name__}{self.__signature__}{place}>"

    def __reduce__(self) -> Any:
        if self.executor is not None:
            raise ArgumentTypeError("an operation of an executor cannot be pickled; use the one of hologram.ops")
        return _by_name, (self.__name__,)


def _positions(form: Form, original: bool) -> Sequence[str]:
    """Names of arguments in their order."""
    if original:
        return (*form.inputs, "out", *form.parameters, *form.sizes)
    return (*form.inputs, *form.parameters, *form.own, "out")


def _signature(form: Form) -> Signature:
    """The NumPy form, as `help` shows it."""
    kind, keyword = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
    return Signature(
        [
            *(Parameter(name, kind) for name in form.inputs),
            *(Parameter(name, kind, default=default) for name, default in {**form.parameters, **form.own}.items()),
            Parameter("out", kind, default=None),
            *(Parameter(name, keyword, default=default) for name, default in form.keywords.items()),
        ]
    )


def _by_name(name: str) -> Operation:
    from hologram import ops

    found: Operation = getattr(ops, name)
    return found
