"""The modules: classes made from the rows of the table, normalisations that keep running statistics, convolutions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch import functional
from hologram_torch.nn.table import ROWS, Row

NOTE = "Computed by Hologram; otherwise PyTorch's own"


def _class(row: Row) -> type[torch.nn.Module]:
    """The class of a row."""
    base: Any = getattr(torch.nn, row.module)
    function = getattr(functional, row.function)
    attributes = tuple(row.attributes.items())

    def forward(self: Any, input: Tensor) -> Any:
        return function(input, **{name: getattr(self, attribute) for name, attribute in attributes})

    def compare(self: Any, input: Tensor, target: Tensor) -> Any:
        return function(input, target, **{name: getattr(self, attribute) for name, attribute in attributes})

    chosen = forward if row.inputs == 1 else compare
    chosen.__name__, chosen.__qualname__ = "forward", f"{row.module}.forward"
    chosen.__doc__ = f"`functional.{row.function}` of the {'input' if row.inputs == 1 else 'input and the target'}."
    body = {
        "forward": chosen,
        "__module__": __name__,
        "__doc__": f"{NOTE} `{row.module}`: `functional.{row.function}` in a module.",
    }
    made: type[torch.nn.Module] = type(row.module, (base,), body)
    return made


def _batch_forward(self: Any, input: Tensor) -> Tensor:
    """`functional.batch_norm` of the input, of whose statistics the running ones take in a share in training."""
    self._check_input_dim(input)
    share = 0.0 if self.momentum is None else self.momentum
    if self.training and self.track_running_stats and self.num_batches_tracked is not None:
        self.num_batches_tracked.add_(1)
        if self.momentum is None:  # the mean of all batches
            share = 1.0 / float(self.num_batches_tracked)
    by_batch = self.training or (self.running_mean is None and self.running_var is None)
    keeps = not self.training or self.track_running_stats
    mean, variance = (self.running_mean, self.running_var) if keeps else (None, None)
    return functional.batch_norm(input, mean, variance, self.weight, self.bias, by_batch, share, self.eps)


def _instance_norm(self: Any, input: Tensor) -> Tensor:
    """`functional.instance_norm` of a batch."""
    return functional.instance_norm(
        input,
        self.running_mean,
        self.running_var,
        self.weight,
        self.bias,
        self.training or not self.track_running_stats,
        0.0 if self.momentum is None else self.momentum,
        self.eps,
    )


def _with_statistics(name: str) -> type[torch.nn.Module]:
    """The class of a normalisation that may keep running statistics."""
    body = {"__module__": __name__, "__doc__": f"{NOTE} `{name}`."}
    own = {"forward": _batch_forward} if name.startswith("Batch") else {"_apply_instance_norm": _instance_norm}
    made: type[torch.nn.Module] = type(name, (getattr(torch.nn, name),), {**body, **own})
    return made


def _convolution(name: str) -> type[torch.nn.Module]:
    """The class of a convolution; what lies around an image, if not zeros, is copied there by PyTorch."""
    function = getattr(functional, name.lower())

    def forward(self: Any, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            around = self._reversed_padding_repeated_twice
            input, padding = torch.nn.functional.pad(input, around, mode=self.padding_mode), 0
        made: Tensor = function(input, weight, bias, self.stride, padding, self.dilation, self.groups)
        return made

    forward.__name__, forward.__qualname__ = "_conv_forward", f"{name}._conv_forward"
    body = {"__module__": __name__, "__doc__": f"{NOTE} `{name}`: `functional.{name.lower()}` in a module."}
    made: type[torch.nn.Module] = type(name, (getattr(torch.nn, name),), {**body, "_conv_forward": forward})
    return made


CONVOLUTIONS = ("Conv1d", "Conv2d")
STATISTICAL = tuple(f"{kind}Norm{axes}d" for kind in ("Batch", "Instance") for axes in (1, 2, 3))
MODULES: dict[str, type[torch.nn.Module]] = {
    **{name: _class(row) for name, row in ROWS.items()},
    **{name: _with_statistics(name) for name in STATISTICAL},
    **{name: _convolution(name) for name in CONVOLUTIONS},
}
"""Every module, by name."""
globals().update(MODULES)

__all__ = [*MODULES]
