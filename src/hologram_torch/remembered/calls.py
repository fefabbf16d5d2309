"""Remembered calls of functions on tensors: what a call must have been, so that launches alone do it again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from hologram.errors import DivisionByZeroError
from hologram.runtime import native, notes
from hologram.runtime.remembered import Remembering
from hologram_torch.remembered.extents import are_apart, copies, extents, version
from hologram_torch.remembered.looks import Watch
from hologram_torch.remembered.recipes import Known, recipe
from hologram_torch.remembered.trained import MOST as MOST_TRAINED
from hologram_torch.remembered.trained import Trained, key_of, noted, trained

Function = Callable[..., Any]
is_dynamo_compiling = torch.compiler.is_dynamo_compiling
MOST_SEEN = 2048
"""Keys of calls that are not found, of which a function keeps account."""
PATIENCE = 8
"""Calls before one is remembered: that takes about as long as ten calls through Python, and shapes may never return."""


class TorchFunction(Remembering):
    """A function on tensors that remembers its calls: one that came before some times is machine code."""

    __slots__ = ("_described",)

    def __init__(self, whole: Function, signature: inspect.Signature) -> None:
        """A function of a signature that does what `whole` does."""
        super().__init__(_Slow(whole, self))
        self._described = Described(whole.__name__, whole.__doc__ or "", signature, whole)

    @property
    def __name__(self) -> str:
        return self._described.name

    def __getattr__(self, name: str) -> Any:
        if name == "__qualname__":
            return self._described.name
        raise AttributeError(f"function {self._described.name} has no attribute {name!r}")

    def __reduce__(self) -> str:
        return self._described.name

    def __repr__(self) -> str:
        return f"<function hologram_torch.functional.{self._described.name}>"


@dataclass(frozen=True, slots=True)
class Described:
    """What a function is called, what it does, how it is called, and the Python function that does everything."""

    name: str
    doc: str
    signature: inspect.Signature
    whole: Function


class _Own:
    """A special attribute that each function has for itself."""

    def __init__(self, field: str, of_class: Any = None) -> None:
        self._field, self._of_class = field, of_class

    def __get__(self, instance: TorchFunction | None, owner: type) -> Any:
        if instance is not None:
            return getattr(instance._described, self._field)
        if self._of_class is None:
            raise AttributeError(self._field)
        return self._of_class


@cache
def _function_type() -> type[TorchFunction]:
    made: Any = native.callable_type(TorchFunction, "hologram_torch.functional.TorchFunction")
    made.__doc__ = _Own("doc", TorchFunction.__doc__)
    made.__signature__ = _Own("signature", inspect.signature(TorchFunction))
    made.__wrapped__ = _Own("whole")
    found: type[TorchFunction] = made
    return found


def remembering(whole: Function, signature: inspect.Signature | None = None) -> Function:
    """A function that does what `whole` does, and remembers its calls; its signature is that of `whole` or another."""
    return _function_type()(whole, signature or inspect.signature(whole))


class State(Enum):
    """What is known of a call that is not found; a number says how often it came."""

    KEPT = "it was remembered"
    REFUSED = "it is more than launches"


def _first_key(slow: _Slow, function: TorchFunction, *args: Any, **named: Any) -> bytes | None:
    """The key of a call, for the first time; from then on machine code tells it."""
    key = function.key(*args, **named)
    if function._keys is not None:
        slow.key = function._keys
    return key


class _Slow:
    """The slow way of a function; it learns."""

    def __init__(self, whole: Function, function: TorchFunction) -> None:
        self.whole, self.knows, self.remember = whole, function.knows, function.remember
        self.key: Function = partial(_first_key, self, function)
        self.seen: dict[bytes, State | int] = {}
        self.trained: dict[bytes | None, Trained | State | int] = {}

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Do what the function does; a call that came before some times is looked at, to be remembered."""
        if is_dynamo_compiling() or (notes.taking and notes.is_taking()):
            return self.whole(*args, **named)
        key = self.key(*args, **named)
        if key is None:
            recorded = key_of(self.key, args, named)
            known = self.trained.get(recorded)
            if isinstance(known, Trained):
                tensors = known.pick((*args, *named.values()) if named else args)
                made = known.apply(known.plan, tensors) if known.is_one else known.apply(known.plan, *tensors)
                return made if known.finish is None else known.finish(made)
            if recorded is None or known is State.REFUSED:
                return self.whole(*args, **named)
            return self.train(recorded, args, named)
        state = self.seen.get(key, 0)
        if isinstance(state, int):
            if state >= PATIENCE:
                return self.learn(key, args, named)
            if len(self.seen) > MOST_SEEN:
                self.seen.clear()
            self.seen[key] = state + 1
        elif state is State.KEPT and not self.knows(key):
            self.seen[key] = 0
        return self.whole(*args, **named)

    def train(self, key: bytes, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Do what somebody wants gradients of; a call that came before some times is remembered, or refused."""
        state = self.trained.get(key, 0)
        if len(self.trained) > MOST_TRAINED:
            self.trained.clear()
        if isinstance(state, int) and state < PATIENCE:
            self.trained[key] = state + 1
            return self.whole(*args, **named)
        self.trained[key] = State.REFUSED
        with notes.taken() as taken, noted() as nodes, Watch() as watch:
            result = self.whole(*args, **named)
        if None not in taken and not watch.others:
            found = trained((*args, *named.values()), result, nodes, len(taken))
            if found is not None:
                self.trained[key] = found
        return result

    def learn(self, key: bytes, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Do it, and remember what it was, or that it is nothing to remember.

        Arguments that share memory are copied first, so that each array of a launch belongs to one of them.
        """
        given = (*args, *named.values())
        before = extents(given)
        self.seen[key] = State.REFUSED
        if not are_apart(before):
            apart = copies(given)
            args_alone, named_alone = apart[: len(args)], dict(zip(named, apart[len(args) :], strict=True))
            if self.key(*args_alone, **named_alone) == key:
                with suppress(Exception):  # which the call itself meets, too
                    self.learn(key, args_alone, named_alone)
            return self.whole(*args, **named)
        versions = [version(a) for a in given]
        try:
            with notes.taken() as taken, Watch() as watch:
                result = self.whole(*args, **named)
        except Exception:
            self.seen[key] = 0
            raise
        launches = [note for note in taken if isinstance(note, notes.Launched)]
        is_known = launches and None not in taken and not watch.others
        if is_known and before == extents(given) and self.key(*args, **named) == key:
            known = Known(given, versions, result, taken)
            keep = tuple(a for a in (*given, *named) if not isinstance(a, Tensor))
            if self.remember(key, launches, lambda prepared: recipe(prepared, known), _translated, keep):
                self.seen[key] = State.KEPT
        return result


def _translated(error: Exception) -> Exception:
    return RuntimeError("ZeroDivisionError") if isinstance(error, DivisionByZeroError) else error
