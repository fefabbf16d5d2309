"""Types of local variables: each gets the join of everything assigned to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hologram.errors import SourceError
from hologram.frontend import tree
from hologram.frontend.assigned import variables as read_variables
from hologram.frontend.expressions import Expressions, Signature
from hologram.frontend.promote import BOOL, SCALARS, AnyKind, Kind, Weak, default, fits, join, spelled
from hologram.frontend.source import Source
from hologram.frontend.typed import Const
from hologram.types import Type

EFFORT = 40
"""How often, on average, an expression may be looked at before inference gives up."""


@dataclass(frozen=True, eq=False)
class _Assignment:
    name: str
    value: tree.AnyExpression


def infer(kernel: tree.Kernel, source: Source, signature: Signature) -> dict[str, Kind]:
    """The type of every local variable; the ones whose values have errors are left out, and checking reports those."""
    declared = _declared(kernel, source, signature)
    inference = _Inference(kernel, source, signature, declared)
    inference.run()
    while inference.settle():  # a value may have a type only when those it is made of are settled
        inference.run()
    return {name: kind for name, kind in inference.kinds.items() if not isinstance(kind, Weak)}


class _Inference:
    def __init__(self, kernel: tree.Kernel, source: Source, signature: Signature, declared: Mapping[str, Kind]) -> None:
        self.kernel, self.source, self.declared = kernel, source, declared
        self.kinds: dict[str, AnyKind] = dict(declared)
        self.wide: set[str] = set()
        self.expressions = Expressions(source, signature, self.kinds)
        self.assignments = [a for a in _assignments(kernel) if a.name not in declared]
        self.readers: dict[str, list[_Assignment]] = {}
        for assignment in self.assignments:
            for name in {v.name for v in read_variables(assignment.value)}:
                self.readers.setdefault(name, []).append(assignment)
        self.budget = EFFORT * sum(1 for _ in tree.nodes(kernel))

    def run(self) -> None:
        """Joins until nothing changes (the lattice is finite)."""
        work, waiting = deque(self.assignments), set(self.assignments)
        while work:
            assignment = work.popleft()
            waiting.discard(assignment)
            if self.expressions.evaluated > self.budget:
                message = "the types of the variables take too long to infer"
                self.source.type(self.kernel, message, "annotate them: x: f32 = 0")
            if self._assign(assignment):
                for reader in self.readers.get(assignment.name, ()):
                    if reader not in waiting:
                        waiting.add(reader)
                        work.append(reader)

    def settle(self) -> bool:
        """Give the variables that only literals set so far a type of their own; False where there are none."""
        weak = [name for name, kind in self.kinds.items() if isinstance(kind, Weak)]
        for name in weak:
            wide = self.kinds[name] is Weak.INT and name in self.wide
            self.kinds[name] = Type.I64 if wide else default(self.kinds[name])
        return bool(weak)

    def _assign(self, assignment: _Assignment) -> bool:
        name = assignment.name
        try:
            value = self.expressions.typed(assignment.value)
        except SourceError:
            return False  # checking reports it when all types are known
        if isinstance(value, Const) and value.kind is Weak.INT and not fits(value.value, Type.I32):
            self.wide.add(name)
        old: AnyKind | None = self.kinds.get(name)
        new = value.kind if old is None else join(old, value.kind)
        if new is None or new == old:
            return False
        self.kinds[name] = new
        return True


def _assignments(kernel: tree.Kernel) -> Iterator[_Assignment]:
    found = []
    for node, _ in tree.nodes(kernel):
        match node:
            case tree.Let(name=name, value=value) | tree.Assign(target=tree.Var(name=name), value=value):
                found.append(_Assignment(name, value))
    return reversed(found)


def _declared(kernel: tree.Kernel, source: Source, signature: Signature) -> dict[str, Kind]:
    """Types the source itself fixes: annotations, loop variables, parameters that are assigned."""
    out: dict[str, Kind] = {}
    ordered = [node for node, _ in tree.nodes(kernel)][::-1]
    for node in ordered:
        match node:
            case tree.For(var=name):
                _fix(out, name, Type.I64, node, source, signature)
            case tree.Let(name=name, declared=str(word)):
                if word not in SCALARS:
                    source.type(node, f"there is no type '{word}'")
                _fix(out, name, SCALARS[word], node, source, signature)
            case tree.Let(name=name) | tree.Assign(target=tree.Var(name=name)) if name in signature.slots:
                param = signature.slots[name][1]
                if param.is_array:
                    source.type(node, f"the array '{name}' cannot be assigned", f"write {name}[i] = …")
                _fix(out, name, BOOL if name in signature.bools else param.type, node, source, signature)
    return out


def _fix(out: dict[str, Kind], name: str, kind: Kind, node: tree.Node, source: Source, signature: Signature) -> None:
    slot = signature.slots.get(name)
    fixed = out.get(name) or (None if slot is None else BOOL if name in signature.bools else slot[1].type)
    if (slot and slot[1].is_array) or fixed not in (None, kind):
        what = "an array" if slot and slot[1].is_array else spelled(fixed) if fixed else ""
        source.type(node, f"'{name}' is {what}; it cannot be {spelled(kind)} too", "use another name")
    out[name] = kind
