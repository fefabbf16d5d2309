"""`python -m benchmarks.torch_calls [--write] [--rounds N] [ONLY ...]`: direct calls beside PyTorch's own.

Every function runs on f32 tensors of 1,000 elements. Both sides are called in turn in one process, after their results
were found to agree.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch.nn import functional as nn

from benchmarks import machine
from benchmarks.timing import Contender, race
from benchmarks.torch_page import table
from hologram_torch import functional as ours

PAGE = Path(__file__).parent.parent / "docs" / "pytorch-calls.md"
COUNT, BAR = 1000, 0.5
HEADINGS = ("call", "hologram", "torch", "ratio")
INTRODUCTION = """\
# Direct calls

Written by `python -m benchmarks.torch_calls --write` on {date}: one call of a function of `hologram_torch.functional`
beside the same call of PyTorch, on f32 tensors of {count} elements in host memory that require no gradients, on one
thread. Both take turns in one process after their results were found to agree, and each keeps its best round. The ratio
is our time divided by PyTorch's: below 1 is faster, and the aim is {bar}.
"""

CALLS: Mapping[str, str] = {
    "add(x, y)": "torch",
    "add(x, y, out=o)": "torch",
    "sub(x, y)": "torch",
    "mul(x, y)": "torch",
    "mul(x, 1.5)": "torch",
    "div(x, y)": "torch",
    "pow(x, 2)": "torch",
    "pow(p, y)": "torch",
    "neg(x)": "torch",
    "abs(x)": "torch",
    "exp(x)": "torch",
    "log(p)": "torch",
    "sqrt(p)": "torch",
    "tanh(x)": "torch",
    "sigmoid(x)": "torch",
    "relu(x)": "nn",
    "gelu(x)": "nn",
    "silu(x)": "nn",
    "maximum(x, y)": "torch",
    "lt(x, y)": "torch",
    "where(c, x, y)": "torch",
    "clamp(x, -1.0, 1.0)": "torch",
    "add(x, y) of 10 rows of a view": "torch",
    "add(x, y) with a row that broadcasts": "torch",
    "sum(x)": "torch",
    "mean(x)": "torch",
    "amax(x)": "torch",
    "argmax(x)": "torch",
    "var(x)": "torch",
    "logsumexp(x, 0)": "torch",
    "softmax(x, 0)": "torch",
    "log_softmax(x, 0)": "torch",
    "layer_norm(x, (1000,))": "nn",
    "layer_norm(x, (1000,), p, y)": "nn",
    "rms_norm(x, (1000,), y)": "nn",
    "cumsum(x, 0)": "torch",
    "mse_loss(x, y)": "nn",
    "l1_loss(x, y)": "nn",
    "cross_entropy(r, t)": "nn",
    "linear(r, w, b)": "nn",
}
"""Calls, and where PyTorch has the function."""


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
    """The tensors of the calls."""
    torch.manual_seed(0)
    x, y = torch.randn(COUNT), torch.randn(COUNT)
    return {
        **{"x": x, "y": y, "p": x.abs() + 0.5, "c": x > 0, "o": torch.empty(COUNT)},
        **{"r": torch.randn(10, 100), "w": torch.randn(10, 100), "b": torch.randn(10), "t": torch.arange(10)},
        **{"v": torch.randn(20, 100)[::2], "row": torch.randn(100)},
    }


def statement(call: str) -> str:
    """A call as Python."""
    text, _, how = call.partition(" of ")
    text, _, spread = text.partition(" with ")
    return text.replace("x, y", "r, v" if how else "r, row" if spread else "x, y")


def measure(only: Sequence[str], rounds: int) -> list[Measured]:
    """All calls whose names have one of some words; ends the program where results differ."""
    found, tensors = [], names()
    sides = {"torch": torch, "nn": nn}
    for call, where in CALLS.items():
        if only and not any(word in call for word in only):
            continue
        text = statement(call)
        name = text.partition("(")[0]
        contenders = []
        for side, module in (("hologram", ours), ("torch", sides[where])):
            known = {**tensors, name: getattr(module, name)}
            for _ in range(12):  # calls are remembered when they come again
                result = eval(text, known).clone()
            contenders.append(Contender(side, text, known, result))
        torch.testing.assert_close(contenders[0].result, contenders[1].result, rtol=1e-5, atol=1e-5)
        found.append(Measured(call, *(t.seconds for t in race(contenders, rounds))))
    return found


def row(m: Measured) -> tuple[str, ...]:
    """A row of the table, times in µs."""
    return f"`{m.call}`", f"{m.hologram * 1e6:.2f} µs", f"{m.torch * 1e6:.2f} µs", f"{m.ratio:.2f}"


def markdown(results: Sequence[Measured], about: Mapping[str, str]) -> str:
    """The whole page."""
    missed = [f"`{m.call}` {m.ratio:.2f}" for m in results if m.ratio > BAR]
    lines = [
        INTRODUCTION.format(date=date.today().isoformat(), count=f"{COUNT:,}", bar=BAR),
        *table(HEADINGS, [*map(row, results)]),
        "",
        f"Above {BAR}: {', '.join(missed) or 'none'}.",
        "",
        "## Machine",
        "",
        *(f"- {key}: {value}" for key, value in about.items()),
        "",
    ]
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
    for m in results:
        sys.stdout.write("{:40} {:>12} {:>12} {:>6}\n".format(*row(m)))
    if options.write:
        PAGE.write_text(markdown(results, machine.describe()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
