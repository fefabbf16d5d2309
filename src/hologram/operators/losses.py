"""The losses that are a formula of each prediction and its target: one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hologram.operators import Formula

X, Y = "x", "y"
LEAST_LOG = -100.0
"""Logarithms of probabilities are at least this, as in PyTorch: a sure and right prediction costs nothing, a sure and
wrong one 100."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss: `formula` of x (the prediction), y (the target), its parameters, and "p" where it takes `pos_weight`.

    `choices` has other formulas (and their slopes) for a keyword that is true. `slope` is the derivative for x, `torch`
    the same in PyTorch, `samples` and `targets` the intervals from which tests take numbers.
    """

    name: str
    formula: Formula
    slope: Formula
    meaning: str
    torch: str
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, tuple[Formula, Formula]] = field(default_factory=dict)
    defaults: Mapping[str, bool] = field(default_factory=dict)
    takes_weight: bool = False
    samples: tuple[float, float] = (-3.0, 3.0)
    targets: tuple[float, float] = (-3.0, 3.0)

    @property
    def takes_positive(self) -> bool:
        """True where the formula has a weight of positive targets."""
        return "p" in operands_of(self.formula)

    @property
    def keywords(self) -> dict[str, Any]:
        """Its keywords and their defaults."""
        weights = {
            **({"weight": None} if self.takes_weight else {}),
            **({"pos_weight": None} if self.takes_positive else {}),
        }
        return {**weights, **self.parameters, **{k: self.defaults.get(k, False) for k in self.choices}}


def operands_of(formula: Formula) -> set[str]:
    """The names of operands in a formula."""
    if isinstance(formula, str):
        return {formula}
    return set().union(*(operands_of(p) for p in formula[1:])) if isinstance(formula, tuple) else set()


def _negative(x: Formula) -> Formula:
    return ("NEG", x)


def _log_sum(x: Formula) -> Formula:
    """ln (1 + e^−x) without overflow."""
    return ("ADD", ("MAXP", _negative(x), 0.0), ("LOG1P", ("EXP", _negative(("ABS", x)))))


_D: Formula = ("SUB", X, Y)
_SIZE: Formula = ("ABS", _D)
_SIGN: Formula = ("SEL", (">", _D, 0.0), 1.0, ("SEL", ("<", _D, 0.0), -1.0, 0.0))
_LOG: Formula = ("MAXP", ("LOG", X), LEAST_LOG)
_LOG_OTHER: Formula = ("MAXP", ("LOG1P", _negative(X)), LEAST_LOG)
_OTHER: Formula = ("SUB", 1.0, Y)
_POSITIVE: Formula = ("ADD", ("MUL", ("SUB", "p", 1.0), Y), 1.0)
_LOG_TARGET: Formula = ("SEL", (">", Y, 0.0), ("LOG", Y), 0.0)
_PRODUCT: Formula = ("MUL", X, Y)
_INSIDE = (1e-3, 1 - 1e-3)

LOSSES: tuple[Loss, ...] = (
    Loss(
        "mse_loss",
        ("MUL", _D, _D),
        ("MUL", _D, 2.0),
        "the square of the difference",
        "F.mse_loss(x, y, reduction=reduction)",
        ("mse",),
    ),
    Loss("l1_loss", _SIZE, _SIGN, "the size of the difference", "F.l1_loss(x, y, reduction=reduction)", ("l1",)),
    Loss(
        "huber_loss",
        (
            "SEL",
            ("<=", _SIZE, "delta"),
            ("MUL", ("MUL", _D, _D), 0.5),
            ("MUL", "delta", ("SUB", _SIZE, ("MUL", "delta", 0.5))),
        ),
        ("SEL", ("<=", _SIZE, "delta"), _D, ("MUL", "delta", _SIGN)),
        "half the square of the difference up to delta, delta times its size less delta / 2 beyond",
        "F.huber_loss(x, y, reduction=reduction, delta=delta)",
        ("huber",),
        {"delta": 1.0},
    ),
    Loss(
        "smooth_l1_loss",
        (
            "SEL",
            ("<", _SIZE, "beta"),
            ("DIV", ("MUL", ("MUL", _D, _D), 0.5), "beta"),
            ("SUB", _SIZE, ("MUL", "beta", 0.5)),
        ),
        ("SEL", ("<", _SIZE, "beta"), ("DIV", _D, "beta"), _SIGN),
        "the square of the difference over 2 beta up to beta, its size less beta / 2 beyond",
        "F.smooth_l1_loss(x, y, reduction=reduction, beta=beta)",
        ("smooth_l1",),
        {"beta": 1.0},
    ),
    Loss(
        "binary_cross_entropy_loss",
        _negative(("ADD", ("MUL", Y, _LOG), ("MUL", _OTHER, _LOG_OTHER))),
        ("DIV", _D, ("MAXP", ("MUL", ("SUB", 1.0, X), X), 1e-12)),
        "−y ln x − (1 − y) ln (1 − x) for probabilities x, logarithms no smaller than −100",
        "F.binary_cross_entropy(x, y, weight, reduction=reduction)",
        ("binary_cross_entropy", "bce", "bce_loss"),
        takes_weight=True,
        samples=_INSIDE,
        targets=(0.0, 1.0),
    ),
    Loss(
        "cross_entropy_loss",
        _negative(("MUL", Y, _LOG)),
        _negative(("DIV", Y, X)),
        "−y ln x for probabilities x, over all elements, the logarithm no smaller than −100",
        "reduce(-(y * torch.clamp(torch.log(x), min=-100)))",
        samples=_INSIDE,
        targets=(0.0, 1.0),
    ),
    Loss(
        "bce_with_logits",
        ("ADD", ("MUL", _OTHER, X), ("MUL", _POSITIVE, _log_sum(X))),
        ("SUB", _OTHER, ("MUL", _POSITIVE, ("SIGMOID", _negative(X)))),
        "the binary cross-entropy of 1 / (1 + e^−x); pos_weight weighs positive targets",
        "F.binary_cross_entropy_with_logits(x, y, weight, pos_weight=pos_weight, reduction=reduction)",
        ("binary_cross_entropy_with_logits", "bce_with_logits_loss"),
        takes_weight=True,
        samples=(-8.0, 8.0),
        targets=(0.0, 1.0),
    ),
    Loss(
        "kl_div",
        ("MUL", Y, ("SUB", _LOG_TARGET, X)),
        _negative(Y),
        "y (ln y − x) for a logarithm x of a probability; log_target: y is a logarithm, too",
        "F.kl_div(x, y, reduction=reduction, log_target=log_target)",
        ("kl_div_loss",),
        choices={"log_target": (("MUL", ("EXP", Y), ("SUB", Y, X)), _negative(("EXP", Y)))},
        samples=(-5.0, 0.0),
        targets=(0.0, 1.0),
    ),
    Loss(
        "poisson_nll",
        ("SUB", X, ("MUL", Y, ("LOG", ("ADD", X, "eps")))),
        ("SUB", 1.0, ("DIV", Y, ("ADD", X, "eps"))),
        "x − y ln (x + eps) for a rate x; log_input (the default): x is its logarithm, the loss e^x − y x",
        "F.poisson_nll_loss(x, y, log_input=log_input, eps=eps, reduction=reduction)",
        ("poisson_nll_loss",),
        {"eps": 1e-8},
        {"log_input": (("SUB", ("EXP", X), ("MUL", Y, X)), ("SUB", ("EXP", X), Y))},
        {"log_input": True},
        samples=(0.1, 3.0),
        targets=(0.0, 5.0),
    ),
    Loss(
        "hinge_embedding_loss",
        ("SEL", (">", Y, 0.0), X, ("MAXP", ("SUB", "margin", X), 0.0)),
        ("SEL", (">", Y, 0.0), 1.0, ("SEL", (">", ("SUB", "margin", X), 0.0), -1.0, 0.0)),
        "x for a target of 1, max(0, margin − x) for one of −1",
        "F.hinge_embedding_loss(x, torch.where(y > 0, 1.0, -1.0).to(x.dtype), margin=margin, reduction=reduction)",
        ("hinge_embedding",),
        {"margin": 1.0},
    ),
    Loss(
        "soft_margin_loss",
        _log_sum(_PRODUCT),
        _negative(("MUL", Y, ("SIGMOID", _negative(_PRODUCT)))),
        "ln (1 + e^(−y x)) for targets of 1 and −1",
        "F.soft_margin_loss(x, y, reduction=reduction)",
        ("soft_margin",),
    ),
)
