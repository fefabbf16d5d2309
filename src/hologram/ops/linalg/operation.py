"""What operations of linear algebra have in common: an operation of a row of their table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram.ops import kinds, recall
from hologram.ops.kinds import DType
from hologram.ops.linalg import workspace
from hologram.ops.linalg.frame import Frame
from hologram.ops.operation import Call, Operation
from hologram.ops.plan import Plan, Step, is_usual, launch
from hologram.runtime import recording, tensors
from hologram.runtime.executor import Executor
from hologram.runtime.host import HostArray

if TYPE_CHECKING:
    from hologram.language.kernel import Kernel
    from hologram.ops.linalg.table import Row
    from hologram.runtime.graph import Graph
    from hologram.runtime.launch import Launch


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a call becomes one launch: which array of the call each of the kernel's is, in what shape and strides."""

    kernel: Kernel
    ways: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]
    numbers: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: DType

    def step(self, arrays: Sequence[HostArray]) -> Step:
        """The launch on some arrays, the output last."""
        strided = np.lib.stride_tricks.as_strided
        taken = [
            strided(arrays[i], shape, strides, writeable=arrays[i].flags.writeable) for i, shape, strides in self.ways
        ]
        return Step(self.kernel, (*taken, *self.numbers))


class LinearOperation(Operation):
    """One operation of linear algebra; what it accepts stands in its row.

    Calls that came to one launch are remembered: arrays of the same types, shapes and strides go straight to it.
    """

    def __init__(self, row: Row, executor: Executor | None = None) -> None:
        super().__init__(row.name, row.form, f"{row.meaning[0].upper()}{row.meaning[1:]}.", executor)
        self.row = row
        self._recipes: dict[Hashable, Recipe | None] = {}

    def on(self, executor: Executor) -> LinearOperation:
        return type(self)(self.row, executor)

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        options = kwargs if out is None else {**kwargs, "out": out}
        usual = self.executor is None or is_usual(self.executor)
        if kwargs or not usual or len(args) != len(self.form.inputs) or recording.is_active():
            return super().__call__(*args, **options)
        arrays = recall.quick(args if out is None else (*args, out))
        if arrays is None or any(a is None for a in arrays):
            return super().__call__(*args, **options)
        given: list[HostArray] = [a for a in arrays if a is not None]
        key = recall.key_of(given, args if out is None else (*args, out))
        recipe = self._recipes.get(key)
        if recipe is None or (out is not None and any(np.may_share_memory(a, given[-1]) for a in given[:-1])):
            return self._planned(args, options, key, given)
        made = out
        if out is None:
            kind = kinds.NUMPY if type(args[0]) is np.ndarray else kinds.kind_of(self.__name__, args[0])
            made = kind.make(recipe.shape, recipe.dtype, args[0])
            given.append(kind.array(made))
        launch(recipe.step(given))
        tensors.tell(out)
        return kind.result(made, args[0]) if out is None else made

    def _planned(self, args: tuple[Any, ...], options: dict[str, Any], key: Hashable, given: list[HostArray]) -> Any:
        """Run a call and remember how, where it is one launch on its arrays from their first elements on."""
        plan = self.plan(self._take_apart(args, options))
        plan.run()
        if key not in self._recipes and len(self._recipes) < recall.MOST:
            target = plan.kind.array(plan.out)
            arrays = given if "out" in options else [*given, target]
            self._recipes[key] = _recipe_of(plan, arrays, target)
        return plan.result()

    def bind(self, *args: Any, **kwargs: Any) -> Launch | Graph:
        with workspace.lasting():
            return super().bind(*args, **kwargs)

    def plan(self, call: Call) -> Plan:
        return self.planned(call, Frame.of(self.__name__, call, self.arrays(call)))

    def arrays(self, call: Call) -> tuple[object, ...]:
        """Everything in a call that is an array, the output apart."""
        return call.inputs

    @abstractmethod
    def planned(self, call: Call, frame: Frame) -> Plan:
        """The launches of a call."""


def _recipe_of(plan: Plan, arrays: Sequence[HostArray], target: HostArray) -> Recipe | None:
    """The recipe of a planned call, None where there is none so simple."""
    starts = [_start(a) for a in arrays]
    if len(plan.steps) != 1 or len(set(starts)) < len(starts) or any(not a.size for a in arrays):
        return None
    (step,) = plan.steps
    ways = []
    for taken in step.arguments[: len(arrays)]:
        view = taken.elements() if hasattr(taken, "elements") else taken
        if not isinstance(view, np.ndarray) or _start(view) not in starts:
            return None
        place = starts.index(_start(view))
        if view.dtype != arrays[place].dtype:
            return None
        ways.append((place, view.shape, view.strides))
    if {place for place, _, _ in ways} != set(range(len(arrays))):
        return None
    return Recipe(step.kernel, tuple(ways), step.arguments[len(arrays) :], target.shape, target.dtype)


def _start(array: HostArray) -> int:
    found: int = array.__array_interface__["data"][0]
    return found
