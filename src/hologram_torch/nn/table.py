"""What each module computes: a row of a function's name, and where its arguments come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Row:
    """A module: PyTorch's of this name with `function` of `functional` in its `forward`.

    `attributes` are the function's arguments and the module's attributes that they are. `inputs` is how many tensors
    `forward` takes.
    """

    module: str
    function: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    inputs: int = 1


def _row(module: str, function: str, *same: str, inputs: int = 1, **other: str) -> Row:
    return Row(module, function, {**{name: name for name in same}, **other}, inputs)


_ACTIVATIONS = (
    _row("ReLU", "relu", "inplace"),
    _row("ReLU6", "relu6", "inplace"),
    _row("LeakyReLU", "leaky_relu", "negative_slope", "inplace"),
    _row("ELU", "elu", "alpha", "inplace"),
    _row("CELU", "celu", "alpha", "inplace"),
    _row("SELU", "selu", "inplace"),
    _row("GELU", "gelu", "approximate"),
    _row("SiLU", "silu", "inplace"),
    _row("Mish", "mish", "inplace"),
    _row("Sigmoid", "sigmoid"),
    _row("Tanh", "tanh"),
    _row("LogSigmoid", "logsigmoid"),
    _row("Softplus", "softplus", "beta", "threshold"),
    _row("Softsign", "softsign"),
    _row("Tanhshrink", "tanhshrink"),
    _row("Softshrink", "softshrink", lambd="lambd"),
    _row("Hardshrink", "hardshrink", lambd="lambd"),
    _row("Hardtanh", "hardtanh", "min_val", "max_val", "inplace"),
    _row("Hardswish", "hardswish", "inplace"),
    _row("Hardsigmoid", "hardsigmoid", "inplace"),
    _row("Threshold", "threshold", "threshold", "value", "inplace"),
    _row("PReLU", "prelu", "weight"),
    _row("Softmin", "softmin", "dim"),
    _row("Softmax", "softmax", "dim"),
    _row("LogSoftmax", "log_softmax", "dim"),
)
_LAYERS = (
    _row("Dropout", "dropout", "p", "training", "inplace"),
    _row("Linear", "linear", "weight", "bias"),
    _row("LayerNorm", "layer_norm", "normalized_shape", "weight", "bias", "eps"),
    _row("RMSNorm", "rms_norm", "normalized_shape", "weight", "eps"),
    _row("GroupNorm", "group_norm", "num_groups", "weight", "bias", "eps"),
)
_LOSSES = (
    _row("MSELoss", "mse_loss", "reduction", inputs=2),
    _row("L1Loss", "l1_loss", "reduction", inputs=2),
    _row("SmoothL1Loss", "smooth_l1_loss", "reduction", "beta", inputs=2),
    _row("HuberLoss", "huber_loss", "reduction", "delta", inputs=2),
    _row("CrossEntropyLoss", "cross_entropy", "weight", "ignore_index", "reduction", "label_smoothing", inputs=2),
    _row("NLLLoss", "nll_loss", "weight", "ignore_index", "reduction", inputs=2),
    _row("BCELoss", "binary_cross_entropy", "weight", "reduction", inputs=2),
    _row("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "weight", "pos_weight", "reduction", inputs=2),
    _row("KLDivLoss", "kl_div", "reduction", "log_target", inputs=2),
    _row("PoissonNLLLoss", "poisson_nll_loss", "log_input", "full", "eps", "reduction", inputs=2),
    _row("HingeEmbeddingLoss", "hinge_embedding_loss", "margin", "reduction", inputs=2),
    _row("SoftMarginLoss", "soft_margin_loss", "reduction", inputs=2),
)
ROWS: Mapping[str, Row] = MappingProxyType({row.module: row for row in (*_ACTIVATIONS, *_LAYERS, *_LOSSES)})
"""All modules that are one call of a function, by name."""
