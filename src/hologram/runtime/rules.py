"""What a program's data flow says about its launches, found once a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hologram.isa.cache import ProgramCache
from hologram.isa.program import Program

if TYPE_CHECKING:
    from hologram.isa.extents import Extents


@dataclass(frozen=True, slots=True)
class Rules:
    """The lengths a launch needs, and the pairs of array parameters that may be the very same array."""

    extents: Extents
    same_allowed: frozenset[tuple[int, int]]

    @property
    def proven(self) -> bool:
        """True when every access is covered by the lengths that are checked before a launch."""
        return not (self.extents.unknown or self.extents.program.shared_bytes)


_rules: ProgramCache[Rules] = ProgramCache()


def rules_of(program: Program) -> Rules:
    """The rules of a program; raises VerificationError where it is not valid."""
    return _rules.get_or_create(program.digest, lambda: _derived(program))


def _derived(program: Program) -> Rules:
    from hologram.isa.aliasing import exact_alias_allowed
    from hologram.isa.verify import verify

    facts = verify(program)
    return Rules(facts.extents, exact_alias_allowed(facts))
