"""A kernel seen as an operator of PyTorch: what it takes, what it gives, and a launch of it on tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hologram.errors import ArgumentTypeError, ArgumentValueError, LaunchError
from hologram.isa.program import Param
from hologram.language import Kernel
from hologram.types import Type
from hologram_torch.formulas import TYPES

Values = Mapping[str, Any]
GRADIENT = "grad_"
"""What the names of gradients begin with."""
SHAPE = "shape_of_"

DTYPES: Mapping[Type, torch.dtype] = {type: dtype for dtype, type in TYPES.items() if type is not None}


@dataclass(frozen=True)
class Rule:
    """A function of some arguments, which its own parameters name; what is no function is the result itself."""

    function: Callable[..., Any]
    names: tuple[str, ...]

    @classmethod
    def of(cls, function: Any, known: Sequence[str], purpose: str) -> Rule:
        """The rule of a function; raises ValueError for a parameter that is no argument."""
        if not callable(function):
            return cls(lambda: function, ())
        names = tuple(inspect.signature(function).parameters)
        for name in names:
            if name not in known:
                raise ValueError(f"{purpose} asks for '{name}', which is none of {', '.join(known)}")
        return cls(function, names)

    def __call__(self, values: Values) -> Any:
        return self.function(*(values[name] for name in self.names))


@dataclass(frozen=True)
class Signature:
    """The parameters of a kernel by what becomes of them in the operator.

    `sizes` are scalars that are computed from the arguments, `shapes` those of outputs that a rule gives, `told` the
    outputs whose shapes are arguments of their own. An `elementwise` operator takes tensors of any shapes that
    broadcast, though its kernel has arrays of one dimension.
    """

    name: str
    kernel: Kernel
    inputs: tuple[Param, ...]
    outputs: tuple[Param, ...]
    sizes: Mapping[str, Rule]
    shapes: Mapping[str, Rule]
    told: tuple[str, ...] = ()
    elementwise: bool = False
    grid: Rule | None = None

    @property
    def arrays(self) -> tuple[Param, ...]:
        """The inputs that are tensors."""
        return tuple(p for p in self.inputs if p.is_array)

    @property
    def mutated(self) -> tuple[Param, ...]:
        """The inputs that are written to."""
        return tuple(p for p in self.inputs if p.is_written)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The operator's arguments in order."""
        return (*(p.name for p in self.inputs), *(SHAPE + name for name in self.told))

    @cached_property
    def schema(self) -> str:
        """The operator's schema, without its name."""
        taken = [_argument(p, place) for place, p in enumerate(self.inputs)]
        taken += [f"SymInt[] {SHAPE}{name}" for name in self.told]
        given = ", ".join(["Tensor"] * len(self.outputs))
        return f"({', '.join(taken)}) -> {given if len(self.outputs) == 1 else f'({given})'}"

    def values(self, args: Sequence[Any]) -> dict[str, Any]:
        """Arguments by name, those left out by their defaults."""
        left = self.inputs[len(args) :]
        return {**dict(zip(self.names, args, strict=False)), **{p.name: p.default for p in left}}

    def check(self, values: Values) -> None:
        """Refuse tensors that the kernel cannot take; raises RuntimeError."""
        for p, dtype in self._wanted:
            given: Tensor = values[p.name]
            if given.dtype is not dtype:
                names = [str(t).removeprefix("torch.") for t in (dtype, given.dtype)]
                raise RuntimeError(
                    f"{self.name}(): expected '{p.name}' to be a tensor of {names[0]} but got {names[1]}; "
                    f"cure: {p.name}.to({dtype})"
                )
            if not given.is_cpu and not given.is_meta:
                raise RuntimeError(
                    f"{self.name}(): expected all tensors to be on the cpu, but '{p.name}' is on {given.device}; "
                    f"cure: {p.name}.cpu()"
                )
            if not self.elementwise and given.dim() != p.ndim:
                dimensions = f"{p.ndim} dimension{'s' * (p.ndim != 1)}"
                raise RuntimeError(
                    f"{self.name}(): expected '{p.name}' to have {dimensions} but got a tensor of shape "
                    f"{list(given.shape)}; cure: {p.name}.reshape(…), or op(…, elementwise=True) for such a kernel"
                )
            if p.is_written:
                self._check_written(p, values)

    @cached_property
    def _wanted(self) -> tuple[tuple[Param, torch.dtype], ...]:
        return tuple((p, DTYPES[p.type]) for p in self.arrays)

    def _check_written(self, p: Param, values: Values) -> None:
        given: Tensor = values[p.name]
        if self.elementwise and given.shape != self.common_shape(values):
            raise RuntimeError(
                f"{self.name}(): output with shape {list(given.shape)} doesn't match the broadcast shape "
                f"{list(self.common_shape(values))}: '{p.name}' is written in place"
            )
        if any(size > 1 and stride == 0 for size, stride in zip(given.shape, given.stride(), strict=True)):
            raise RuntimeError(
                f"{self.name}(): unsupported operation: more than one element of the written-to tensor '{p.name}' "
                "refers to a single memory location. Please clone() the tensor before performing the operation."
            )

    def common_shape(self, values: Values) -> torch.Size:
        """The shape that all tensors broadcast to."""
        first, *others = (values[p.name].shape for p in self.arrays)
        return first if all(shape == first for shape in others) else torch.broadcast_shapes(first, *others)

    def output_shapes(self, values: Values) -> list[Sequence[int]]:
        """The shape of each output."""
        return [self._shape(p, values) for p in self.outputs]

    def _shape(self, out: Param, values: Values) -> Sequence[int]:
        if self.elementwise:
            return self.common_shape(values)
        if out.name in self.told:
            return tuple(values[SHAPE + out.name])
        if out.name not in self.shapes:
            shape: torch.Size = values[self.like(out).name].shape
            return shape
        found = self.shapes[out.name](values)
        shape = torch.Size(found if isinstance(found, Sequence) else (found,))
        if len(shape) != out.ndim:
            raise RuntimeError(f"{self.name}(): the shape of '{out.name}' has {out.ndim} axes, its rule gave {shape}")
        return shape

    def like(self, out: Param) -> Param:
        """The input that has the shape of an output: what it is the gradient of, else the first of the same rank."""
        arrays = {p.name: p for p in self.arrays}
        named = arrays.get(out.name.removeprefix(GRADIENT))
        if named is not None and named is not out:
            return named
        return next(p for p in self.arrays if p.ndim == out.ndim)

    def fake(self, *args: Any) -> Any:
        """Empty tensors such as the operator gives."""
        values = self.values(args)
        self.check(values)
        device = values[self.arrays[0].name].device if self.arrays else "cpu"
        shapes = self.output_shapes(values)
        made = [torch.empty(s, dtype=DTYPES[p.type], device=device) for p, s in zip(self.outputs, shapes, strict=True)]
        return _packed(made)

    def launch(self, *args: Any) -> Any:
        """Run the kernel on tensors; gives its outputs, which begin as zeros."""
        values = self.values(args)
        self.check(values)
        shapes = self.output_shapes(values)
        made = {p.name: torch.zeros(s, dtype=DTYPES[p.type]) for p, s in zip(self.outputs, shapes, strict=True)}
        common = self.common_shape(values) if self.elementwise else None
        given = {p.name: _plain(values[p.name], common, common is not None or p.ndim == 1) for p in self.arrays}
        placed = {**values, **{name: rule(values) for name, rule in self.sizes.items()}, **given}
        placed |= {name: out.view(-1) for name, out in made.items()} if self.elementwise else made
        options = {} if self.grid is None else {"grid": self.grid(values)}
        try:
            self.kernel(*(placed[p.name] for p in self.kernel.program.params), **options)
        except (ArgumentTypeError, ArgumentValueError, LaunchError) as error:
            raise RuntimeError(f"{self.name}(): {error}") from error
        for p in self.mutated:
            target = values[p.name].detach()
            if (self.elementwise or p.ndim == 1) and not target.is_contiguous():
                target.copy_(given[p.name].reshape(target.shape))
        return _packed(list(made.values()))


def _plain(tensor: Tensor, shape: torch.Size | None, flat: bool) -> Tensor:
    """A tensor as the kernel takes it: arrays of one dimension are gathered where they have gaps."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    if shape is not None and tensor.shape != shape:
        tensor = tensor.expand(shape)
    if flat and not tensor.is_contiguous():
        tensor = tensor.contiguous()
    return tensor.view(-1) if shape is not None and tensor.dim() != 1 else tensor


def _argument(p: Param, place: int) -> str:
    if p.is_array:
        return f"Tensor({chr(ord('a') + place)}!) {p.name}" if p.is_written else f"Tensor {p.name}"
    default = "" if p.default is None else f"={p.default!r}"
    return f"{'float' if p.type.is_float else 'SymInt'} {p.name}{default}"


def _packed(made: Sequence[Tensor]) -> Any:
    return made[0] if len(made) == 1 else tuple(made) if made else None
