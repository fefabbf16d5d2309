"""One register of all lanes of a batch, which knows what each lane wrote to it last."""

from __future__ import annotations

import numpy as np

from hologram.backends.interpreter.convert import STORAGE
from hologram.backends.interpreter.lanes import Array
from hologram.types import Type

Active = Array | slice
"""Lanes of a batch: ascending positions, or `ALL`."""

ALL = slice(None)

Kind = Type | type[bool]
"""What a register holds: a value of a type, or the truth of a predicate."""

_KINDS: tuple[Kind, ...] = (*Type, bool)
_TAGS = {kind: number for number, kind in enumerate(_KINDS, 1)}
_UNWRITTEN, _MIXED = 0, -1


class UnwrittenError(Exception):
    """Some active lanes (`lanes`, a mask over them) hold nothing, or a value of the kind `held`."""

    def __init__(self, lanes: Array, held: Kind | None) -> None:
        super().__init__(lanes, held)
        self.lanes, self.held = lanes, held


class Register:
    """Values as one array for each width in use, and a tag a lane.

    While all lanes agree, `_tag` says what they hold and the array of tags is not looked at.
    """

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._views: dict[Kind, Array] = {}
        self._tag = _UNWRITTEN
        self._tags = np.zeros(0, np.uint8)

    def read(self, kind: Kind, active: Active) -> Array:
        """The values of the active lanes; raises `UnwrittenError` unless all of them hold this kind."""
        if self._tag != _TAGS[kind]:
            tags = np.array([self._tag]) if self._tag != _MIXED else self._tags[active]
            other = tags != _TAGS[kind]
            if other.any():
                held = int(tags[np.argmax(other)])
                raise UnwrittenError(other, None if held == _UNWRITTEN else _KINDS[held - 1])
        return self._views[kind][active]

    def write(self, kind: Kind, active: Active, values: Array) -> None:
        """Set the active lanes; values of shape (1,) go to all of them."""
        if kind not in self._views:
            self._add_views(kind)
        self._views[kind][active] = values
        tag = _TAGS[kind]
        if isinstance(active, slice):
            self._tag = tag
        elif self._tag != tag:
            if self._tag != _MIXED:
                self._tags, self._tag = np.full(self._lanes, self._tag, np.uint8), _MIXED
            self._tags[active] = tag

    def at(self, lane: int) -> tuple[Kind, Array] | None:
        """What one lane holds: its kind and the value, shape (1,); None where nothing was written."""
        kind = self.held(np.array([lane]))
        return None if kind is None else (kind, self._views[kind][lane : lane + 1])

    def held(self, active: Active) -> Kind | None:
        """What the first active lane holds."""
        tag = int(self._tags[active][0]) if self._tag == _MIXED else self._tag
        return None if tag == _UNWRITTEN else _KINDS[tag - 1]

    def _add_views(self, kind: Kind) -> None:
        """Types of one width share their bytes, so that a value written as one can be looked at as another."""
        if isinstance(kind, Type):
            raw = np.zeros(self._lanes, f"u{kind.size}")
            self._views.update({ty: raw.view(STORAGE[ty]) for ty in Type if ty.size == kind.size})
        else:
            self._views[kind] = np.zeros(self._lanes, np.bool_)
