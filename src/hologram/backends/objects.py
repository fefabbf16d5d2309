"""Native objects: from the store, else made and kept there. Both are told, and counted where someone counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hologram import events
from hologram.backends.base import ObjectStore
from hologram.events import Category


@dataclass(slots=True)
class Making:
    """How a program's code came to be: seconds by stage, how often it was compiled and how often found in the store."""

    stages: dict[str, float] = field(default_factory=dict)
    compiled: int = 0
    found: int = 0

    def add(self, stages: Mapping[str, float]) -> None:
        """Add the seconds of stages."""
        for stage, seconds in stages.items():
            self.stages[stage] = self.stages.get(stage, 0.0) + seconds


Compiled = tuple[bytes, Mapping[str, float]]
"""An object, and the seconds each stage of making it took."""


def object_of(
    store: ObjectStore | None, key: str, name: str, compile: Callable[[], Compiled], making: Making | None = None
) -> bytes:
    """The object of a key: what the store has, else what `compile` makes; `name` says what it is."""
    making = making or Making()
    if store is not None:
        start = events.start()
        data = store.get(key)
        events.tell(Category.CACHE, name, start, store="disk", hit=data is not None)
        if data is not None:
            making.found += 1
            return data
    start = events.start()
    data, stages = compile()
    making.compiled += 1
    making.add(stages)
    events.tell(Category.COMPILE, name, start, to="machine code", stages_us=events.microseconds(stages))
    if store is not None:
        store.put(key, data)
    return data
