"""Element-wise functions, made from the rows of the operator table that PyTorch has an equal of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from torch import Tensor

from hologram.operators import TABLE, Operator
from hologram.runtime.executor import Executor
from hologram_torch.formulas import Operand, text_of
from hologram_torch.library import apply

_CALL = re.compile(r"(?:torch|F)\.(\w+)\(([xyz, ]*)\)")
Function = Callable[..., Tensor]


def _rows() -> dict[str, Operator]:
    """The rows that PyTorch has a function of the same meaning for, by its name."""
    found = {}
    for row in TABLE.values():
        call = _CALL.fullmatch(row.torch)
        if call is not None and call[2] == ", ".join(row.operands):
            found[call[1]] = row
    return found


ROWS = _rows()
FORMULAS = {name: text_of(row.formula) for name, row in ROWS.items()}


def _function(name: str, row: Operator) -> Function:
    text, count = FORMULAS[name], row.arity - len(row.parameters)
    defaults = dict(zip(row.parameters, row.defaults, strict=False))

    def function(*args: Any, out: Tensor | None = None, inplace: bool = False, **parameters: Operand) -> Tensor:
        given = args[1:] if args and isinstance(args[0], Executor) else args
        if len(given) < count or len(given) > row.arity:
            raise TypeError(f"{name}() takes {count} tensors, got {len(given)}")
        operands = [*given]
        for parameter in row.parameters[len(given) - count :]:
            if parameter in parameters:
                operands.append(parameters.pop(parameter))
            elif parameter in defaults:
                operands.append(defaults[parameter])
            else:
                raise TypeError(f"{name}() is missing {parameter}")
        if parameters:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(parameters))}'")
        if not any(isinstance(o, Tensor) for o in operands):
            raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(operands[0]).__name__}")
        return _into(operands[0], apply(text, *operands)) if inplace else apply(text, *operands, out=out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{row.meaning}, element by element; the same as PyTorch's `{name}`."
    return function


def _into(target: Operand, result: Tensor) -> Tensor:
    """The result in the first operand's memory."""
    assert isinstance(target, Tensor)
    return target.copy_(result)


FUNCTIONS: dict[str, Function] = {name: _function(name, row) for name, row in ROWS.items()}
"""Every function of this module, by PyTorch's name."""
globals().update(FUNCTIONS)

_EXACT, _BY_TANH = text_of(TABLE["gelu"].formula), text_of(TABLE["gelu_tanh"].formula)


def gelu(*args: Any, approximate: str = "none", out: Tensor | None = None) -> Tensor:
    """x · Φ(x), or its approximation by tanh; the same as PyTorch's `gelu`."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, not {approximate!r}")
    (x,) = args[1:] if args and isinstance(args[0], Executor) else args
    return apply(_EXACT if approximate == "none" else _BY_TANH, x, out=out)


def where(condition: Tensor, input: Operand, other: Operand) -> Tensor:
    """`input` where the condition holds, else `other`; the same as PyTorch's `where`."""
    return apply(text_of(TABLE["where"].formula), condition, input, other)


__all__ = ["FUNCTIONS", "gelu", "where", *FUNCTIONS]
