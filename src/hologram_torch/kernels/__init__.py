"""Own kernels as operators of PyTorch: `op(kernel)`, with a gradient where one is given.

```python
square = hologram_torch.op(square_kernel, backward=square_gradient)
loss = square(x).sum()
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from hologram.isa.program import Param
from hologram.language import Kernel
from hologram.language.program import Program
from hologram_torch.kernels import gradients
from hologram_torch.kernels.derived import derived
from hologram_torch.kernels.direct import direct, nobody_listens
from hologram_torch.kernels.gradients import Gradient
from hologram_torch.kernels.registration import NAMESPACE, registered
from hologram_torch.kernels.signatures import GRADIENT, Rule, Signature

Function = Callable[..., Any]
Shape = int | tuple[int, ...]
DERIVED = "derived"
_OPERATORS: dict[str, Op] = {}


class Op:
    """An operator of PyTorch made of a kernel; `op` makes one, calling it launches the kernel.

    It is `torch.ops.hologram_user.<name>`, too, and one and the same for `torch.compile`, `torch.func` and autograd.
    """

    def __init__(self, signature: Signature, gradient: Gradient | None, name: str) -> None:
        self.signature = signature
        self.gradient = gradient
        self.name = f"{NAMESPACE}::{name}"
        self.operator = registered(signature, gradient, name)
        self._direct = direct(signature)
        _OPERATORS[name] = self

    @property
    def kernel(self) -> Kernel:
        """The kernel that it launches."""
        return self.signature.kernel

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Launch the kernel on tensors and numbers; gives its outputs, a tuple where there are several."""
        if not torch.compiler.is_compiling() and not kwargs and self._direct is not None and nobody_listens():
            made = self._direct(args)
            if made is not None:
                return made
        return self.operator(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<op {self.name}{self.signature.schema}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _found, (self.name,)

    def __deepcopy__(self, memo: Any) -> Op:
        return self


def _found(name: str) -> Op:
    made = _OPERATORS.get(name.removeprefix(f"{NAMESPACE}::"))
    if made is None:
        raise RuntimeError(f"there is no operator {name} here; cure: import the module that makes it")
    return made


def op(
    kernel: Kernel | Program,
    backward: Kernel | Program | Op | Function | str | None = None,
    *,
    name: str | None = None,
    shapes: Mapping[str, Function | Shape] | None = None,
    sizes: Mapping[str, Function] | None = None,
    elementwise: bool = False,
    grid: Function | Shape | None = None,
) -> Op:
    """An operator of PyTorch made of a kernel: `hologram_user::<name>`, with schema, fake kernel, gradient and vmap.

    Arrays that the kernel reads are inputs; those that it only writes, or that `shapes` names, are outputs, which
    begin as zeros; those that it reads and writes are changed in place. Scalars are numbers, those in `sizes` are
    computed from the arguments. An output has the shape of the first input of its rank unless `shapes` gives it, as
    it is or as a function of arguments by their names; `grad_x` has that of `x`. With `elementwise=True` tensors of
    any shapes that broadcast are given flat.

    `backward` reads arguments and outputs by their names and gradients of outputs as `grad_<output>`; a kernel or an
    operator gives `grad_<input>`, a function returns one for each input of floating type; "derived" makes the gradient
    of an elementwise kernel from what its instructions compute, of any order. Raises ValueError where
    names or types do not fit, TypeError for what is no kernel.
    """
    signature = _signature(kernel, name, shapes or {}, sizes or {}, elementwise, grid)
    if backward is not None and signature.mutated:
        raise ValueError(
            f"{signature.name}() changes '{signature.mutated[0].name}' in place and cannot have a gradient; "
            "cure: write the result to an array of its own"
        )
    gradient = None if backward is None else _gradient(signature, backward)
    return Op(signature, gradient, _free_name(signature.name, name is not None))


def _signature(
    kernel: Any,
    name: str | None,
    shapes: Mapping[str, Function | Shape],
    sizes: Mapping[str, Function],
    elementwise: bool,
    grid: Any,
    outputs: tuple[str, ...] = (),
) -> Signature:
    if isinstance(kernel, Program):
        kernel = kernel.kernel
    if not isinstance(kernel, Kernel):
        raise TypeError(f"op() makes an operator of a kernel, not of {type(kernel).__name__}; cure: @hologram.kernel")
    params, title = kernel.program.params, name or kernel.name
    arrays = {p.name: p for p in params if p.is_array}
    made = [p for p in arrays.values() if p.access == "w" or p.name in shapes or p.name in outputs]
    taken = [p for p in params if p not in made and p.name not in sizes]
    for given, purpose, known in ((shapes, "shapes", arrays), (sizes, "sizes", {*_scalars(params)})):
        for each in given:
            if each not in known:
                raise ValueError(f"{title}(): {purpose} names '{each}', which is none of {', '.join(known)}")
    if elementwise and any(p.ndim != 1 for p in arrays.values()):
        raise ValueError(f"{title}(): the arrays of an elementwise kernel have one dimension")
    names = [p.name for p in taken]
    inputs = {p.name for p in taken if p.is_array}
    told = tuple(p.name for p in made if p.name in outputs and p.name.removeprefix(GRADIENT) not in inputs)
    signature = Signature(
        title, kernel, tuple(taken), tuple(made),
        {n: Rule.of(f, names, f"{title}(): the size '{n}'") for n, f in sizes.items()},
        {n: Rule.of(f, names, f"{title}(): the shape of '{n}'") for n, f in shapes.items()},
        () if elementwise else told, elementwise,
        None if grid is None else Rule.of(grid, names, f"{title}(): grid"),
    )  # fmt: skip
    _check_outputs(signature)
    return signature


def _scalars(params: tuple[Param, ...]) -> list[str]:
    return [p.name for p in params if not p.is_array]


def _check_outputs(signature: Signature) -> None:
    if not signature.outputs and not signature.mutated:
        raise ValueError(f"{signature.name}() writes no array, so an operator made of it has no result")
    ranks = {p.ndim for p in signature.arrays}
    for p in signature.outputs:
        if p.ndim not in ranks and p.name not in (*signature.shapes, *signature.told):
            example = "lambda …: (…)"
            raise ValueError(
                f"{signature.name}(): no input has the {p.ndim} dimensions of '{p.name}', so its shape is not known; "
                f"cure: shapes={{'{p.name}': {example}}}"
            )


def _gradient(forward: Signature, backward: Any) -> Gradient:
    if backward == DERIVED:
        return derived(forward)
    if isinstance(backward, Program):
        backward = backward.kernel
    if isinstance(backward, Kernel):
        outputs = gradients.given_by(forward, backward.program.params)
        signature = _signature(backward, None, {}, {}, forward.elementwise, None, outputs)
        backward = Op(signature, None, _free_name(signature.name, False))
    if isinstance(backward, Op):
        return gradients.of_operator(forward, backward.signature, backward)
    if callable(backward):
        return gradients.of_function(forward, backward)
    raise TypeError(f"{forward.name}(): backward is a kernel, an op, a function or 'derived', not {backward!r}")


def _free_name(name: str, asked_for: bool) -> str:
    """A name that no operator has: with a number behind it where the plain one is taken."""
    if name not in _OPERATORS:
        return name
    if asked_for:
        raise ValueError(f"there is an operator {NAMESPACE}::{name} already; cure: another name=")
    return next(free for k in range(2, len(_OPERATORS) + 3) if (free := f"{name}_{k}") not in _OPERATORS)
