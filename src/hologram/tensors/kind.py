"""Tensors as a kind of arrays: operations take them without a copy and give them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hologram.ops import kinds
from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor
from hologram.runtime.host import HostArray
from hologram.tensors.array import Tensor
from hologram.tensors.layout import row_major


class TensorKind:
    """Tensors."""

    name = "Tensors"

    def has(self, value: Any) -> bool:
        """True for a Tensor."""
        return isinstance(value, Tensor)

    def array(self, value: Any) -> HostArray:
        """The elements in place."""
        elements: HostArray = value.elements()
        return elements

    def part(self, value: Any, view: HostArray) -> Any:
        """A buffer over some of the elements."""
        return value.buffer.part(view)

    def make(self, shape: Sequence[int], dtype: kinds.DType, like: Any) -> Any:
        """A packed tensor on the executor of `like`."""
        layout = row_major(tuple(shape))
        return Tensor(like.executor.allocate(layout.size, dtype), layout)

    def executor(self, value: Any) -> Executor | None:
        """The executor whose memory it is."""
        owner: Executor = value.executor
        return owner

    def result(self, value: Any, like: Any) -> Any:
        """The tensor; a temporary of a recording comes as a Buffer and becomes one."""
        return Tensor.from_buffer(value, value.shape) if isinstance(value, Buffer) else value
