"""Lowering of statements: assignments, stores, branches, loops.

A loop is: header that tests, body, latch, jump to the header; `continue` goes to the latch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hologram.frontend.frame import Frame
from hologram.frontend.typed import (
    AtlasStep,
    Barrier,
    Branch,
    Claim,
    ConditionLoop,
    Const,
    Convert,
    Coordinate,
    CountedLoop,
    Enclosed,
    Expr,
    Leave,
    Local,
    Operation,
    Perform,
    Reduce,
    SetLocal,
    Show,
    Step,
    Store,
    is_bool,
    number_type,
)
from hologram.frontend.values import Values
from hologram.frontend.walk import children, walk
from hologram.isa.builder import immediate
from hologram.isa.messages import split
from hologram.isa.operands import Condition, Imm, Label, Pred, Reg
from hologram.types import Type


@dataclass
class _Loop:
    """Where `break` and `continue` of the loop around go, and whether any `continue` does."""

    end: Label
    latch: Label
    continued: bool = False


@dataclass
class _Finish:
    """Where inlined statements end, and whether any jumps there."""

    end: Label
    used: bool = False


class Control:
    """Lowers the statements of one kernel."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.builder = frame, frame.builder
        self.values = Values(frame)
        self.truths = self.values.truths
        self.exit = self.builder.label("exit")
        self.exit_used = False
        self.loops: list[_Loop] = []
        self.finishes: list[_Finish] = []
        self.values.inlined = self.inlined
        self.escaping = _escaping(frame.kernel.body)
        self._rules: dict[type[Step], Callable[..., bool]] = {
            SetLocal: self._set,
            Store: self._store,
            Reduce: self._reduce,
            Perform: self._perform,
            Barrier: self._barrier,
            AtlasStep: self._atlas,
            Branch: self._branch,
            CountedLoop: self._counted,
            ConditionLoop: self._conditional,
            Leave: self._leave,
            Enclosed: self._enclosed,
            Claim: self._claim,
            Show: self._show,
        }

    def body(self, steps: Iterable[Step]) -> bool:
        """Lowers statements up to the first that control never leaves forwards; True if the end is reached."""
        for step in steps:
            self._locate(step)
            if not self._rules[type(step)](step):
                return False
        return True

    def _locate(self, step: Step) -> None:
        """What follows comes from this statement."""
        self.builder.location = self.frame.source.location(step.at) if step.at else None

    def finish(self) -> None:
        """Places the label that `return` jumps to."""
        if self.exit_used:
            self.builder.place(self.exit)

    def _set(self, step: SetLocal) -> bool:
        target = self.frame.variable(step.name)
        if isinstance(target, Pred):
            self.truths.truth(step.value, target)
        else:
            self.values.value(step.value, target)
        self.frame.forget([step.name])
        return True

    def _store(self, step: Store) -> bool:
        value = self.values.value(step.value)
        address = self.values.address(step.target)
        self.values.locate(step.target)
        op = "STS" if self.frame.kernel.is_shared(step.target.slot) else "STG"
        self.builder.emit(op, number_type(step.target), value, address)
        self.values.free_address(address)
        self.frame.free(value)
        return True

    def _reduce(self, step: Reduce) -> bool:
        value = self.values.value(step.value)
        address = self.values.address(step.target)
        self._locate(step)
        self.builder.emit(step.op, number_type(step.target), value, address)
        self.values.free_address(address)
        self.frame.free(value)
        return True

    def _perform(self, step: Perform) -> bool:
        self.frame.free(self.values.value(step.value))
        return True

    def _barrier(self, step: Barrier) -> bool:
        self.builder.emit("BarSync", None, 0)
        return True

    def _atlas(self, step: AtlasStep) -> bool:
        self.values.perform(step)
        return True

    def _branch(self, step: Branch) -> bool:
        match step.then_body, step.else_body:
            case (Leave() as leave,), ():
                self.truths.jump_if(step.condition, self._target(leave))
                return True
        otherwise, end = self.builder.label("else"), self.builder.label("endif")
        self.truths.jump_unless(step.condition, otherwise if step.else_body else end)
        with self.frame.scope():
            through = self.body(step.then_body)
        if not step.else_body:
            self.builder.place(end)
            return True
        if through:
            self._locate(step)
            self.builder.emit("BRA", None, end)
        self.builder.place(otherwise)
        with self.frame.scope():
            reaches = self.body(step.else_body)
        if through:
            self.builder.place(end)
        return through or reaches

    def _target(self, leave: Leave) -> Label:
        if leave.how == "finish":
            self.finishes[-1].used = True
            return self.finishes[-1].end
        if leave.how == "return":
            self.exit_used = True
            return self.exit
        loop = self.loops[-1]
        loop.continued |= leave.how == "continue"
        return loop.end if leave.how == "break" else loop.latch

    def _leave(self, step: Leave) -> bool:
        self.builder.emit("BRA", None, self._target(step))
        return False

    def _enclosed(self, step: Enclosed) -> bool:
        self.inlined(step.body)
        self.frame.drop(step.body)
        return True

    def inlined(self, body: tuple[Step, ...]) -> None:
        """Lowers the statements of a device function."""
        loops, self.loops = self.loops, []
        finish = _Finish(self.builder.label("finish"))
        self.finishes.append(finish)
        with self.frame.scope():
            self.body(body)
        self.finishes.pop()
        self.loops = loops
        if finish.used:
            self.builder.place(finish.end)

    def _claim(self, step: Claim) -> bool:
        if isinstance(step.condition, Const) and step.condition.value:
            return True
        pred = self.truths.truth(step.condition)
        self._locate(step)
        self.builder.emit("Assert", None, pred, self.builder.message(step.message))
        self.frame.free(pred)
        return True

    def _show(self, step: Show) -> bool:
        """All values first, so that the parts of a line are shown together."""
        values = [self.values.value(_number(v)) for v in step.values]
        kinds = [number_type(_number(v)) for v in step.values]
        self._locate(step)
        texts = split(step.template + "\n")
        if not values:
            self.builder.emit("Print", Type.U32, immediate(Type.U32, 0), self.builder.message(texts[0]))
        for kind, value, text in zip(kinds, values, texts, strict=False):
            self.builder.emit("Print", kind, value, self.builder.message(text))
        self.frame.free(*values)
        return True

    # Loops

    def _counted(self, step: CountedLoop) -> bool:
        changed = _assigned(step.body)
        start, stop, stride = step.start, self._fixed(step.stop, changed | {step.name}), self._stride(step, changed)
        own = step.name in self.escaping or step.name in changed
        variable = self.frame.variable(step.name)
        assert isinstance(variable, Reg)
        counter = self.frame.temporary() if own else variable
        self.values.value(start, counter)
        self.frame.forget(changed | {step.name})
        loop = self._open("for")
        head = self.builder.label("for")
        self.builder.place(head)
        self._test(step.step, counter, stop, stride, loop.end)
        with self.frame.scope():
            if own:
                self.builder.emit("MOV", Type.I64, variable, counter)
            through = self.body(step.body)
        self.loops.pop()
        if through or loop.continued:
            if loop.continued:
                self.builder.place(loop.latch)
            self._locate(step)
            self.builder.emit("ADD", Type.I64, counter, counter, stride)
            self.builder.emit("BRA", None, head)
        self.builder.place(loop.end)
        self.frame.free(counter, stop, stride)
        return True

    def _open(self, word: str) -> _Loop:
        loop = _Loop(self.builder.label(f"end{word}"), self.builder.label("next"))
        self.loops.append(loop)
        return loop

    def _fixed(self, expr: Expr, changed: set[str]) -> Reg | Imm:
        """The value of a loop bound, which the body cannot change."""
        if isinstance(expr, Const):
            return immediate(Type.I64, expr.value)
        if isinstance(expr, Local) and expr.name in changed:
            return self.values.value(expr, self.frame.temporary())
        return self.values.value(expr)

    def _stride(self, step: CountedLoop, changed: set[str]) -> Reg | Imm:
        return self._fixed(step.step, changed | {step.name})

    def _test(self, step: Expr, counter: Reg, stop: Reg | Imm, stride: Reg | Imm, end: Label) -> None:
        """Leave the loop when the counter has passed `stop`, in the direction of the step."""
        pred = self.frame.truth()
        direction = _direction(step)
        if direction is not None:
            self.builder.emit("SETcc", Type.I64, Condition.LT if direction > 0 else Condition.GT, pred, counter, stop)
        else:
            up, zero, side = self.frame.truth(), immediate(Type.I64, 0), self.frame.truth()
            self.builder.emit("SETcc", Type.I64, Condition.LT, pred, counter, stop)
            self.builder.emit("SETcc", Type.I64, Condition.GT, up, stride, zero)
            self.builder.emit("PAND", None, pred, pred, up)
            self.builder.emit("SETcc", Type.I64, Condition.GT, side, counter, stop)
            self.builder.emit("SETcc", Type.I64, Condition.LT, up, stride, zero)
            self.builder.emit("PAND", None, side, side, up)
            self.builder.emit("POR", None, pred, pred, side)
            self.frame.free(up, side)
        self.frame.free(pred)
        self.builder.emit("BRA", None, end, Pred(pred.index, negated=True))

    def _conditional(self, step: ConditionLoop) -> bool:
        self.frame.forget(_assigned(step.body))
        loop = self._open("while")
        head = self.builder.label("while")
        self.builder.place(head)
        self.truths.jump_unless(step.condition, loop.end)
        with self.frame.scope():
            through = self.body(step.body)
        self.loops.pop()
        if loop.continued:
            self.builder.place(loop.latch)
        if through or loop.continued:
            self._locate(step)
            self.builder.emit("BRA", None, head)
        self.builder.place(loop.end)
        endless = isinstance(step.condition, Const) and bool(step.condition.value)
        return not endless or _breaks(step.body)


def _number(expr: Expr) -> Expr:
    """A value as one that registers hold."""
    return Convert(Type.U8, expr, at=expr.at) if is_bool(expr) else expr


def _direction(step: Expr) -> int | None:
    """The sign of a step where it is known: literals, and products of grid and block dimensions."""
    if isinstance(step, Const):
        return 1 if step.value > 0 else -1
    dims = ("block_dim", "grid_dim")
    for part in walk([step]):
        is_size = isinstance(part, Coordinate) and part.special.value.startswith(dims)
        if not is_size and not (isinstance(part, Operation) and part.op == "MUL"):
            return None
    return 1


def _assigned(body: Iterable[Step]) -> set[str]:
    return {item.name for item in walk(body) if isinstance(item, (SetLocal, CountedLoop))}


def _breaks(body: Iterable[Step]) -> bool:
    """True when a `break` leaves the loop with this body."""
    for step in body:
        if isinstance(step, Leave) and step.how == "break":
            return True
        if isinstance(step, Branch) and (_breaks(step.then_body) or _breaks(step.else_body)):
            return True
    return False


def _escaping(body: Iterable[Step]) -> frozenset[str]:
    """Loop variables that are read outside their loops' bodies, or set elsewhere, be it by a loop inside."""
    out: set[str] = set()
    stack: list[tuple[Expr | Step, frozenset[str]]] = [(step, frozenset()) for step in body]
    while stack:
        item, bound = stack.pop()
        if isinstance(item, SetLocal) or (isinstance(item, Local) and item.name not in bound):
            out.add(item.name)
        if isinstance(item, CountedLoop):
            if item.name in bound:
                out.add(item.name)
            stack.extend((child, bound | {item.name}) for child in item.body)
            stack.extend((child, bound) for child in (item.start, item.stop, item.step))
        else:
            stack.extend((child, bound) for child in children(item))
    return frozenset(out)
