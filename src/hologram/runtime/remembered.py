"""Functions that remember what their calls came to: the next call like one of them is machine code from end to end.

A call that is not known goes to a Python function, which does the work; where that was launches on the tensors of the
call it may be remembered, under a key of all that decides what a call does.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from hologram.errors import UnsupportedError
from hologram.runtime import detour, native, recording, tensors
from hologram.runtime.entry import making
from hologram.runtime.entry import tensors as entry_tensors
from hologram.runtime.entry.calls import Call, Calls
from hologram.runtime.entry.recipe import Recipe
from hologram.runtime.executor import default_executor, on_default_change
from hologram.runtime.locks import fork_safe_lock

if TYPE_CHECKING:
    from hologram.runtime.entry.context import EntryContext
    from hologram.runtime.launcher import Prepared
    from hologram.runtime.notes import Launched

Describe = Callable[["Sequence[Prepared]"], Recipe | None]


class Remembering:
    """A callable; `slow` is called for all that is not remembered."""

    __slots__ = ("__weakref__", "_calls", "_context", "_keys", "_slow")

    def __init__(self, slow: Callable[..., Any]) -> None:
        self._slow = slow
        self._calls: Calls | None = None
        self._context: EntryContext | None = None
        self._keys: Callable[..., bytes | None] | None = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Do what the function does."""
        return self._slow(*args, **named)

    def __len__(self) -> int:
        """How many calls are remembered."""
        return 0 if self._calls is None else len(self._calls)

    def knows(self, key: bytes) -> bool:
        """True where a call of a key is remembered."""
        return self._calls is not None and key in self._calls

    def key(self, *args: Any, **named: Any) -> bytes | None:
        """The key of a call; None where it is not to be remembered, or is watched or recorded by somebody."""
        if self._keys is None and not self._attach():
            return None
        assert self._keys is not None
        return self._keys(*args, **named)

    def remember(
        self,
        key: bytes,
        launches: Sequence[Launched],
        describe: Describe,
        translate: Callable[[Exception], Exception],
        keep: Any,
    ) -> bool:
        """Remember a call that was some launches; false where it cannot be.

        `describe` gives the recipe of the call for the launches as they were prepared; `keep` are the objects whose
        addresses stand in the key.
        """
        if self._calls is None or recording.is_active() or detour.is_active():
            return False
        from hologram.runtime.launcher import Shape

        prepared = [launch.launcher.prepare(launch.arguments, Shape()) for launch in launches]
        recipe = describe(prepared)
        if recipe is None:
            return False
        with _lock:
            executor = default_executor()
            found = [
                native.repeatable(launch.launcher, executor, p, translate)
                for launch, p in zip(launches, prepared, strict=True)
            ]
            repeatable = [launch for launch in found if launch is not None]
            if len(repeatable) < len(found):
                return False
            try:
                self._calls.add(key, Call(key, repeatable, recipe, keep))
            except UnsupportedError:
                return False
        return True

    def forget(self) -> None:
        """Forget all calls."""
        if self._calls is not None:
            self._calls.clear()

    def _attach(self) -> bool:
        torch = tensors.pytorch()
        entries = native.remembering()
        if torch is None or entries is None or "__vectorcalloffset__" not in type(self).__dict__:
            return False
        if not making.is_met() and not meet(torch):
            return False
        from hologram.runtime.entry.context import remembering_context

        with _lock:
            self._calls = calls = Calls()
            self._context = context = remembering_context(calls.pointer, making.address(), slow=self._slow, keep=calls)
            self._keys = _keys_type()(entries.key, context)
            native.send_remembered(self, context)
            _attached.add(self)
        return True


class Keys:
    """Tells the keys of calls."""

    __slots__ = ("context",)

    def __init__(self, function: int, context: EntryContext) -> None:
        from hologram.runtime.entry.types import set_entry

        self.context = context
        set_entry(self, function, context.address)

    def __call__(self, *args: Any, **named: Any) -> bytes | None:
        """No key, where there is no machine code for it."""
        return None


@cache
def _keys_type() -> type[Keys]:
    return native.callable_type(Keys, "hologram.runtime.remembered.Keys")


def meet(torch: Any) -> bool:
    """Whether calls on tensors can be remembered with this PyTorch, tried at the first time."""
    from hologram.runtime.entry.trial import works

    entries = native.remembering()
    entry_tensors.meet(torch)
    return entries is not None and making.meet(torch, lambda: works(torch, entries))


_lock = fork_safe_lock()
_attached: weakref.WeakSet[Remembering] = weakref.WeakSet()


def forget_all() -> None:
    """Forget all calls of all functions, because another executor may be meant from now on."""
    with _lock:
        for attached in list(_attached):
            attached.forget()


on_default_change(forget_all)
