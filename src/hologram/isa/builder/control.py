"""Structured control flow: what is inside a `with` runs under a condition, or again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from hologram.errors import BuildError
from hologram.isa.builder.core import Value
from hologram.isa.builder.emitters import Emitters
from hologram.isa.operands import Label, Pred
from hologram.types import Type

Number = Value | int | float


class Control(Emitters):
    """Adds `if_`, `else_`, `while_` and `for_range`."""

    _closed: tuple[Label, int] | None = None

    @contextmanager
    def if_(self, condition: Pred) -> Iterator[None]:
        """Lanes in which the condition holds run what is inside."""
        after = self.label("endif")
        self.emit("BRA", None, after, _opposite(condition))
        yield
        self._close(after)

    @contextmanager
    def else_(self) -> Iterator[None]:
        """The other lanes of the `if_` that has just ended run what is inside."""
        if self._closed is None or self._closed[1] != len(self._code):
            raise BuildError("else_() stands right behind the if_() it belongs to")
        other, _ = self._closed
        after = self.label("endif")
        self.emit("BRA", None, after)
        self._labels[other.name] = len(self._code)
        yield
        self._close(after)

    def _close(self, after: Label) -> None:
        self.place(after)
        self._closed = after, len(self._code)

    @contextmanager
    def while_(self, condition: Callable[[], Pred]) -> Iterator[None]:
        """Repeat what is inside while the condition holds; `condition` emits it anew, at the start of each round."""
        head, out = self.label("while"), self.label("endwhile")
        self.place(head)
        self.emit("BRA", None, out, _opposite(condition()))
        yield
        self.emit("BRA", None, head)
        self.place(out)

    @contextmanager
    def for_range(self, start: Number, stop: Number, step: int = 1, type: Type | None = None) -> Iterator[Value]:
        """Count from start to stop (which is left out), like `range`; the counter has the type of start or stop.

        `type` names it where both are numbers (i64 if it does not).
        """
        if step == 0 or isinstance(step, bool) or not isinstance(step, int):
            raise BuildError(f"for_range() steps by an integer other than 0, got {step!r}")
        known = [n.type for n in (start, stop) if isinstance(n, Value)]
        counted = type or (known[0] if known else Type.I64)
        if not counted.is_integer:
            raise BuildError(f"for_range() counts in integers, not in {counted.value}")
        move = self.mov if isinstance(start, Value) else self.mov_imm
        counter: Value = move(start, type=counted)
        more = self.pred()
        relation = "lt" if step > 0 else "gt"
        with self.while_(lambda: self.set(relation, counter, stop, into=more)):
            yield counter
            self.add(counter, step, into=counter)
        self.release(counter, more)


def _opposite(condition: Pred) -> Pred:
    if not isinstance(condition, Pred):
        raise BuildError(f"a condition is a predicate, for instance b.set('lt', i, n), not {condition!r}")
    return replace(condition, negated=not condition.negated)
