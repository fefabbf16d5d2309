"""PyTorch's modules, computed by Hologram, with the arguments of PyTorch's own.

Written by `python -m tests.house.pytorch_stubs`.
"""

import torch

MODULES: dict[str, type[torch.nn.Module]]

class ReLU(torch.nn.ReLU):
    """Computed by Hologram; otherwise PyTorch's own `ReLU`: `functional.relu` in a module."""

class ReLU6(torch.nn.ReLU6):
    """Computed by Hologram; otherwise PyTorch's own `ReLU6`: `functional.relu6` in a module."""

class LeakyReLU(torch.nn.LeakyReLU):
    """Computed by Hologram; otherwise PyTorch's own `LeakyReLU`: `functional.leaky_relu` in a module."""

class ELU(torch.nn.ELU):
    """Computed by Hologram; otherwise PyTorch's own `ELU`: `functional.elu` in a module."""

class CELU(torch.nn.CELU):
    """Computed by Hologram; otherwise PyTorch's own `CELU`: `functional.celu` in a module."""

class SELU(torch.nn.SELU):
    """Computed by Hologram; otherwise PyTorch's own `SELU`: `functional.selu` in a module."""

class GELU(torch.nn.GELU):
    """Computed by Hologram; otherwise PyTorch's own `GELU`: `functional.gelu` in a module."""

class SiLU(torch.nn.SiLU):
    """Computed by Hologram; otherwise PyTorch's own `SiLU`: `functional.silu` in a module."""

class Mish(torch.nn.Mish):
    """Computed by Hologram; otherwise PyTorch's own `Mish`: `functional.mish` in a module."""

class Sigmoid(torch.nn.Sigmoid):
    """Computed by Hologram; otherwise PyTorch's own `Sigmoid`: `functional.sigmoid` in a module."""

class Tanh(torch.nn.Tanh):
    """Computed by Hologram; otherwise PyTorch's own `Tanh`: `functional.tanh` in a module."""

class LogSigmoid(torch.nn.LogSigmoid):
    """Computed by Hologram; otherwise PyTorch's own `LogSigmoid`: `functional.logsigmoid` in a module."""

class Softplus(torch.nn.Softplus):
    """Computed by Hologram; otherwise PyTorch's own `Softplus`: `functional.softplus` in a module."""

class Softsign(torch.nn.Softsign):
    """Computed by Hologram; otherwise PyTorch's own `Softsign`: `functional.softsign` in a module."""

class Tanhshrink(torch.nn.Tanhshrink):
    """Computed by Hologram; otherwise PyTorch's own `Tanhshrink`: `functional.tanhshrink` in a module."""

class Softshrink(torch.nn.Softshrink):
    """Computed by Hologram; otherwise PyTorch's own `Softshrink`: `functional.softshrink` in a module."""

class Hardshrink(torch.nn.Hardshrink):
    """Computed by Hologram; otherwise PyTorch's own `Hardshrink`: `functional.hardshrink` in a module."""

class Hardtanh(torch.nn.Hardtanh):
    """Computed by Hologram; otherwise PyTorch's own `Hardtanh`: `functional.hardtanh` in a module."""

class Hardswish(torch.nn.Hardswish):
    """Computed by Hologram; otherwise PyTorch's own `Hardswish`: `functional.hardswish` in a module."""

class Hardsigmoid(torch.nn.Hardsigmoid):
    """Computed by Hologram; otherwise PyTorch's own `Hardsigmoid`: `functional.hardsigmoid` in a module."""

class Threshold(torch.nn.Threshold):
    """Computed by Hologram; otherwise PyTorch's own `Threshold`: `functional.threshold` in a module."""

class PReLU(torch.nn.PReLU):
    """Computed by Hologram; otherwise PyTorch's own `PReLU`: `functional.prelu` in a module."""

class Softmin(torch.nn.Softmin):
    """Computed by Hologram; otherwise PyTorch's own `Softmin`: `functional.softmin` in a module."""

class Softmax(torch.nn.Softmax):
    """Computed by Hologram; otherwise PyTorch's own `Softmax`: `functional.softmax` in a module."""

class LogSoftmax(torch.nn.LogSoftmax):
    """Computed by Hologram; otherwise PyTorch's own `LogSoftmax`: `functional.log_softmax` in a module."""

class Dropout(torch.nn.Dropout):
    """Computed by Hologram; otherwise PyTorch's own `Dropout`: `functional.dropout` in a module."""

class Linear(torch.nn.Linear):
    """Computed by Hologram; otherwise PyTorch's own `Linear`: `functional.linear` in a module."""

class LayerNorm(torch.nn.LayerNorm):
    """Computed by Hologram; otherwise PyTorch's own `LayerNorm`: `functional.layer_norm` in a module."""

class RMSNorm(torch.nn.RMSNorm):
    """Computed by Hologram; otherwise PyTorch's own `RMSNorm`: `functional.rms_norm` in a module."""

class GroupNorm(torch.nn.GroupNorm):
    """Computed by Hologram; otherwise PyTorch's own `GroupNorm`: `functional.group_norm` in a module."""

class MSELoss(torch.nn.MSELoss):
    """Computed by Hologram; otherwise PyTorch's own `MSELoss`: `functional.mse_loss` in a module."""

class L1Loss(torch.nn.L1Loss):
    """Computed by Hologram; otherwise PyTorch's own `L1Loss`: `functional.l1_loss` in a module."""

class SmoothL1Loss(torch.nn.SmoothL1Loss):
    """Computed by Hologram; otherwise PyTorch's own `SmoothL1Loss`: `functional.smooth_l1_loss` in a module."""

class HuberLoss(torch.nn.HuberLoss):
    """Computed by Hologram; otherwise PyTorch's own `HuberLoss`: `functional.huber_loss` in a module."""

class CrossEntropyLoss(torch.nn.CrossEntropyLoss):
    """Computed by Hologram; otherwise PyTorch's own `CrossEntropyLoss`: `functional.cross_entropy` in a module."""

class NLLLoss(torch.nn.NLLLoss):
    """Computed by Hologram; otherwise PyTorch's own `NLLLoss`: `functional.nll_loss` in a module."""

class BCELoss(torch.nn.BCELoss):
    """Computed by Hologram; otherwise PyTorch's own `BCELoss`: `functional.binary_cross_entropy` in a module."""

class BCEWithLogitsLoss(torch.nn.BCEWithLogitsLoss):
    """Computed by Hologram; otherwise PyTorch's own `BCEWithLogitsLoss`:
    `functional.binary_cross_entropy_with_logits` in a module."""

class KLDivLoss(torch.nn.KLDivLoss):
    """Computed by Hologram; otherwise PyTorch's own `KLDivLoss`: `functional.kl_div` in a module."""

class PoissonNLLLoss(torch.nn.PoissonNLLLoss):
    """Computed by Hologram; otherwise PyTorch's own `PoissonNLLLoss`: `functional.poisson_nll_loss` in a module."""

class HingeEmbeddingLoss(torch.nn.HingeEmbeddingLoss):
    """Computed by Hologram; otherwise PyTorch's own `HingeEmbeddingLoss`: `functional.hinge_embedding_loss` in a
    module."""

class SoftMarginLoss(torch.nn.SoftMarginLoss):
    """Computed by Hologram; otherwise PyTorch's own `SoftMarginLoss`: `functional.soft_margin_loss` in a module."""

class BatchNorm1d(torch.nn.BatchNorm1d):
    """Computed by Hologram; otherwise PyTorch's own `BatchNorm1d`."""

class BatchNorm2d(torch.nn.BatchNorm2d):
    """Computed by Hologram; otherwise PyTorch's own `BatchNorm2d`."""

class BatchNorm3d(torch.nn.BatchNorm3d):
    """Computed by Hologram; otherwise PyTorch's own `BatchNorm3d`."""

class InstanceNorm1d(torch.nn.InstanceNorm1d):
    """Computed by Hologram; otherwise PyTorch's own `InstanceNorm1d`."""

class InstanceNorm2d(torch.nn.InstanceNorm2d):
    """Computed by Hologram; otherwise PyTorch's own `InstanceNorm2d`."""

class InstanceNorm3d(torch.nn.InstanceNorm3d):
    """Computed by Hologram; otherwise PyTorch's own `InstanceNorm3d`."""

class Conv1d(torch.nn.Conv1d):
    """Computed by Hologram; otherwise PyTorch's own `Conv1d`: `functional.conv1d` in a module."""

class Conv2d(torch.nn.Conv2d):
    """Computed by Hologram; otherwise PyTorch's own `Conv2d`: `functional.conv2d` in a module."""

__all__ = [
    "ReLU",
    "ReLU6",
    "LeakyReLU",
    "ELU",
    "CELU",
    "SELU",
    "GELU",
    "SiLU",
    "Mish",
    "Sigmoid",
    "Tanh",
    "LogSigmoid",
    "Softplus",
    "Softsign",
    "Tanhshrink",
    "Softshrink",
    "Hardshrink",
    "Hardtanh",
    "Hardswish",
    "Hardsigmoid",
    "Threshold",
    "PReLU",
    "Softmin",
    "Softmax",
    "LogSoftmax",
    "Dropout",
    "Linear",
    "LayerNorm",
    "RMSNorm",
    "GroupNorm",
    "MSELoss",
    "L1Loss",
    "SmoothL1Loss",
    "HuberLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "KLDivLoss",
    "PoissonNLLLoss",
    "HingeEmbeddingLoss",
    "SoftMarginLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "Conv1d",
    "Conv2d",
]
