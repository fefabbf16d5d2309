"""`python -m benchmarks.torch_calls [--write] [--rounds N] [ONLY ...]`: direct calls beside PyTorch's own.

Every function runs on f32 tensors of 1,000 elements. Both sides are called in turn in one process, after their results
were found to agree.
"""

from __future__ import annotations

import argparse
import ast
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

import torch
from torch.nn import functional as nn

from benchmarks import machine
from benchmarks.timing import Contender, race
from benchmarks.torch_page import table
from hologram_torch import functional as ours

PAGE = Path(__file__).parent.parent / "docs" / "pytorch-calls.md"
COUNT, BAR, PASSES = 1000, 0.5, 6
HEADINGS = ("call", "hologram", "torch", "ratio")
INTRODUCTION = """\
# Direct calls

Written by `python -m benchmarks.torch_calls --write` on {date}: one call of a function of `hologram_torch.functional`
beside the same call of PyTorch, on f32 tensors of {count} elements in host memory that require no gradients, on one
thread. Both take turns in one process after their results were found to agree, and each keeps its best round of several
passes through all calls. The ratio is our time divided by PyTorch's: below 1 is faster, and the aim is {bar}.
"""

TENSORS = """\
Tensors are `x`, `y` and others of one letter with 1,000 elements (`p` positive, `u` between −0.9 and 0.9, `i` and `j`
of int64, `c` of truth values); `r`, `v` (a view of every second row), `w` of 10 × 100, `row` of 100, `ten` of 10,
`wide` of 100 × 100, `square` of 32 × 32, `image` of 2 × 5 × 10 × 10; `t` are 10 classes.
"""
TORCH, NN = (torch, nn), (nn, torch)
"""Where PyTorch has a function: the first of these modules that knows its name."""


@dataclass(frozen=True)
class Group:
    """Calls under one heading; each name alone is called with the arguments of the group."""

    title: str
    calls: str
    arguments: str = "x"
    modules: Sequence[Any] = TORCH

    def texts(self) -> Iterator[str]:
        """The calls as Python, which are separated by semicolons."""
        for call in self.calls.split(";"):
            text = call.strip()
            yield text if "(" in text else f"{text}({self.arguments})"


GROUPS = (
    Group(
        "Arithmetic and comparisons",
        "add; add(x, y, out=o); add(x, y, alpha=2); add(x, 1.5); add(i, j); sub; mul; mul(x, 1.5); div; div(x, 1.5); "
        "pow(x, 2); pow(p, y); rsub; fmod(x, p); remainder(x, p); remainder(x, 1.5); floor_divide(x, p); "
        "floor_divide(i, j); maximum; minimum; fmax; fmin; atan2; hypot; logaddexp; xlogy(p, p); heaviside; "
        "lerp(x, y, p); lerp(x, y, 0.5); addcmul(x, y, p); addcdiv(x, y, p); where(c, x, y); clamp(x, -1.0, 1.0); "
        "clamp_min(x, 0.0); clamp_max(x, 0.0); eq; ne; lt; le; gt; ge; logical_and; logical_or; logical_xor; "
        "bitwise_and(i, j); bitwise_or(i, j); bitwise_xor(i, j); bitwise_left_shift(i, j); bitwise_right_shift(i, j)",
        "x, y",
    ),
    Group(
        "Views",
        "add(r, v); add(r, row); add(r, column); mul(r, row); neg(v); exp(r.T)",
    ),
    Group(
        "Functions of one tensor",
        "abs; neg; positive; square; sign; ceil; floor; round; trunc; frac; exp; exp2; expm1; log(p); log2(p); "
        "log10(p); log1p(p); sqrt(p); rsqrt(p); reciprocal(p); sin; cos; tan; asin(u); acos(u); atan; sinh; cosh; "
        "tanh; asinh; acosh(p + 1); atanh(u); sinc; erf; sigmoid; logit(p, 0.1); deg2rad; rad2deg; nan_to_num; isnan; "
        "isinf; isfinite; isposinf; isneginf; logical_not; bitwise_not(i)",
    ),
    Group(
        "Activations",
        "relu; relu6; leaky_relu; gelu; gelu(x, approximate='tanh'); silu; mish; elu; selu; celu; softplus; softsign; "
        "hardtanh; hardsigmoid; hardswish; hardshrink; softshrink; tanhshrink; logsigmoid; threshold(x, 0.1, 0.0); "
        "prelu(x, weight)",
        modules=NN,
    ),
    Group(
        "Reductions",
        "sum; sum(r, 0); sum(r, 1); nansum; mean; mean(r, 0); mean(r, 1); nanmean; prod; prod(r, 1); amax; amax(r, 0); "
        "amax(r, 1); amin; max; max(r, 1); min; min(r, 0); argmax; argmax(r, 1); argmin; var; var(r, 1); std; "
        "std(r, 0); logsumexp(x, 0); logsumexp(r, 1); norm; vector_norm; any; all; count_nonzero",
        modules=(torch, torch.linalg),
    ),
    Group(
        "Scans, softmax and norms",
        "cumsum(x, 0); cumsum(r, 0); cumsum(r, 1); cumprod(x, 0); cumprod(r, 1); cummax(x, 0); cummax(r, 1); "
        "cummin(x, 0); softmax(x, 0); softmax(r, 1); log_softmax(x, 0); log_softmax(r, 1); softmin(r, 1); "
        "layer_norm(x, (1000,)); layer_norm(x, (1000,), p, y); layer_norm(r, (100,), row, row); "
        "rms_norm(x, (1000,), y); rms_norm(r, (100,), row); group_norm(image, 1); instance_norm(image); "
        "batch_norm(image, None, None, None, None, True); batch_norm(image, five, five); normalize(r)",
        modules=NN,
    ),
    Group(
        "Losses",
        "mse_loss; mse_loss(x, y, reduction='none'); mse_loss(x, y, reduction='sum'); l1_loss; smooth_l1_loss; "
        "huber_loss; soft_margin_loss(x, s); hinge_embedding_loss(x, s); kl_div(x, p); poisson_nll_loss(x, p); "
        "binary_cross_entropy(q, q); binary_cross_entropy_with_logits(x, q); nll_loss(r, t); cross_entropy(r, t); "
        "cross_entropy(r, t, row.abs()); cross_entropy(r, t, label_smoothing=0.1); cross_entropy(r, r.softmax(1))",
        "x, y",
        NN,
    ),
    Group(
        "Products",
        "dot(x, y); vdot(x, y); inner(r, row); mv(r, row); outer(row, ten); ger(row, ten); mm(r, w.T); matmul(r, w.T); "
        "bmm(r[None], w.T[None]); addmm(ten, r, w.T); addmv(ten, r, row); addr(w, ten, row); "
        "baddbmm(ten, r[None], w.T[None]); addbmm(ten, r[None], w.T[None]); tensordot(r, w, ([1], [1])); vecdot(r, w); "
        "trace(square); linear(r, w); linear(r, w, ten); linear(r, wide); linear(r, wide, row); "
        "conv1d(signal, taps); conv2d(image, filters)",
        modules=(torch, torch.linalg, nn),
    ),
)
"""Nearly all functions that PyTorch has, too; those with other names of a function here are left out."""


@dataclass(frozen=True)
class Measured:
    """Seconds of a call on both sides."""

    call: str
    hologram: float
    torch: float

    @property
    def ratio(self) -> float:
        return self.hologram / self.torch


def names() -> dict[str, torch.Tensor]:
    """The tensors of the calls: 1,000 numbers in a vector or in ten rows, classes, and what goes along with them."""
    torch.manual_seed(0)
    x, y = torch.randn(COUNT), torch.randn(COUNT)
    p = x.abs() + 0.5
    return {
        **{"x": x, "y": y, "p": p, "c": x > 0, "o": torch.empty(COUNT), "s": y.sign(), "q": torch.rand(COUNT)},
        **{
            "u": torch.rand(COUNT) * 1.8 - 0.9,
            "i": torch.randint(-50, 50, (COUNT,)),
            "j": torch.randint(1, 9, (COUNT,)),
        },
        **{"r": torch.randn(10, 100), "v": torch.randn(20, 100)[::2], "row": torch.randn(100), "t": torch.arange(10)},
        **{
            "column": torch.randn(10, 1),
            "w": torch.randn(10, 100),
            "wide": torch.randn(100, 100),
            "ten": torch.randn(10),
        },
        **{"square": torch.randn(32, 32), "image": torch.randn(2, 5, 10, 10), "filters": torch.randn(5, 5, 3, 3)},
        **{"signal": torch.randn(2, 5, 100), "taps": torch.randn(5, 5, 3), "five": torch.rand(5) + 0.5},
        **{"weight": torch.tensor([0.25])},
    }


def prepared(call: str, tensors: dict[str, torch.Tensor]) -> tuple[str, dict[str, Any]]:
    """A call whose arguments are names, and what they are: tensors made of others are made before."""
    tree = ast.parse(call, mode="eval").body
    assert isinstance(tree, ast.Call)
    known: dict[str, Any] = dict(tensors)
    written = []
    for k, argument in enumerate(tree.args):
        text = ast.unparse(argument)
        known[f"made{k}"] = eval(text, dict(tensors))
        written.append(text if text in tensors or not isinstance(known[f"made{k}"], torch.Tensor) else f"made{k}")
    written += [ast.unparse(keyword) for keyword in tree.keywords]
    return f"{ast.unparse(tree.func)}({', '.join(written)})", known


def measure(only: Sequence[str], rounds: int) -> dict[str, list[Measured]]:
    """All calls whose texts have one of some words, by their groups; raises AssertionError where results differ.

    They are gone through several times, so that a slow spell of the machine is not all that one of them sees.
    """
    tensors = names()
    wanted = [
        (group.title, call, sides(call, group.modules, tensors))
        for group in GROUPS
        for call in group.texts()
        if not only or any(word in call for word in only)
    ]
    best = {call: [math.inf, math.inf] for _, call, _ in wanted}
    for _ in range(PASSES):
        for _, call, contenders in wanted:
            timings = race(contenders, max(1, rounds // PASSES))
            best[call] = [min(known, t.seconds) for known, t in zip(best[call], timings, strict=True)]
    found: dict[str, list[Measured]] = {}
    for title, call, _ in wanted:
        found.setdefault(title, []).append(Measured(call, *best[call]))
    return found


def sides(call: str, modules: Sequence[Any], tensors: dict[str, torch.Tensor]) -> list[Contender]:
    """One call on both sides, which agree."""
    name = call.partition("(")[0]
    theirs = next(getattr(module, name) for module in modules if hasattr(module, name))
    text, known = prepared(call, tensors)
    contenders = []
    for side, function in (("hologram", getattr(ours, name)), ("torch", theirs)):
        named = {**known, name: function}
        for _ in range(12):  # calls are remembered when they come again
            result = eval(text, named)
        kept = tuple(r.clone() for r in ((result,) if isinstance(result, torch.Tensor) else result))
        contenders.append(Contender(side, text, named, kept))
    ours_made, theirs_made = (contender.result for contender in contenders)
    torch.testing.assert_close(ours_made, theirs_made, rtol=1e-5, atol=1e-5, msg=lambda m: f"{call}: {m}")
    return contenders


def row(m: Measured) -> tuple[str, ...]:
    """A row of the table, times in µs."""
    return f"`{m.call}`", f"{m.hologram * 1e6:.2f} µs", f"{m.torch * 1e6:.2f} µs", f"{m.ratio:.2f}"


def markdown(results: Mapping[str, Sequence[Measured]], about: Mapping[str, str]) -> str:
    """The whole page."""
    every = [m for group in results.values() for m in group]
    missed = sorted((m for m in every if m.ratio > BAR), key=lambda m: -m.ratio)
    told = ", ".join(f"`{m.call}` {m.ratio:.2f}" for m in missed) or "none"
    lines = [
        INTRODUCTION.format(date=date.today().isoformat(), count=f"{COUNT:,}", bar=BAR),
        *wrap(
            f"Of {len(every)} calls {len(every) - len(missed)} take at most {BAR} of PyTorch's time. Above: {told}.",
            120,
        ),
        "",
        TENSORS,
    ]
    for title, group in results.items():
        lines += [f"## {title}", "", *table(HEADINGS, [*map(row, group)]), ""]
    lines += ["## Machine", "", *(f"- {key}: {value}" for key, value in about.items()), ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, and write where that is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torch_calls", description=__doc__)
    parser.add_argument("only", nargs="*", help="measure only the calls whose text contains one of these words")
    parser.add_argument("--rounds", type=int, default=60, help="turns of each side (default 60)")
    parser.add_argument("--write", action="store_true", help="write docs/pytorch-calls.md")
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("--write needs all calls")
    torch.set_num_threads(1)
    results = measure(options.only, options.rounds)
    for m in (m for group in results.values() for m in group):
        sys.stdout.write("{:50} {:>12} {:>12} {:>6}\n".format(*row(m)))
    if options.write:
        PAGE.write_text(markdown(results, machine.describe()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
