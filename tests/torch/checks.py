"""PyTorch's checks of every operator `torch.ops.hologram.*`: ``python -m tests.torch.checks [NAME …]`` records them.

`torch.library.opcheck` of all overloads (schema, fake kernel, registrations, tracing), `gradcheck` in f64, backwards
and forwards, and `gradgradcheck`. The arguments are those of a small sample of PyTorch's own (OpInfo); those that
have none get three random elements. Counts go into checks.json, from which the page of PyTorch's samples states them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from hologram.types import Type
from hologram_torch.formulas import text_of
from hologram_torch.functional.elementwise import PLANS
from hologram_torch.registration import SCHEMAS
from hologram_torch.rows.reductions import reduction
from tests.torch import opinfo
from tests.torch.test_named import arguments, overloads

RECORD = Path(__file__).with_name("checks.json")
KINDS = ("opcheck", "gradcheck", "forward-mode gradcheck", "gradgradcheck")
MOST = 12
"""Samples that are looked at for a small one."""
RIGHT = ("passed", "nothing to differentiate")


def generic() -> dict[str, tuple[Any, ...]]:
    """Arguments of the operators that all others are made of."""
    x = torch.linspace(0.2, 1.7, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    y = torch.linspace(-1.0, 1.0, 6, dtype=torch.float64).reshape(3, 2).requires_grad_()
    return {
        "elementwise": (text_of(("MUL", "x", ("TANH", "y"))), [x, y.mT], [], []),
        "rows": (reduction("softmax", Type.F64, torch.float64), [x], [], [2, 3], [1]),
        "product": (x, y),
        "convolution": (
            torch.linspace(-1.0, 1.0, 18, dtype=torch.float64).reshape(1, 2, 3, 3).requires_grad_(),
            torch.linspace(0.3, 1.1, 12, dtype=torch.float64).reshape(2, 1, 2, 3).requires_grad_(),
            torch.tensor([0.5, -0.5], dtype=torch.float64, requires_grad=True),
            *((2, 1), (1, 0), (1, 2), (1, 2), (2, 1), 2, torch.float64),
        ),
        "scan": ("cumsum", x, 1, torch.float64),
        "gather": (x, 1, torch.tensor([[0, 2], [1, 1]])),
        "spread": (x, 1, torch.tensor([[0, 2, 2], [1, 3, 1]]), 4),
        "kept": (torch.tensor(7), [2, 3], 0.5),
        "dropout": (x, 0.0),  # whose differences are those of numbers that are not random
    }


def given(dtype: torch.dtype) -> dict[str, tuple[Any, ...]]:
    """Arguments of operators that have no samples of their own, or name axes otherwise than their functions."""
    x = torch.linspace(0.2, 1.7, 12, dtype=dtype).reshape(2, 3, 2).requires_grad_()
    y = torch.linspace(-1.0, 1.0, 6, dtype=dtype).reshape(3, 2).requires_grad_()
    return {"tensordot": (x, y, [1, 0], [0, 1]), "ger": (x[0, 0], y[:, 1])}


def names() -> list[str]:
    """All operators."""
    return [*dict.fromkeys((*generic(), *PLANS, *(n for n in SCHEMAS if not n.endswith("_"))))]


def _samples(name: str, dtype: torch.dtype) -> list[Any]:
    """Samples of an operator, those of few elements first."""
    found = []
    for case in (c for c in opinfo.cases() if c.function == name and dtype in c.dtypes):
        kind = "gradient" if case.info.supports_autograd and dtype.is_floating_point else "forward"
        found += [(case, s) for s in islice(opinfo._samples(case, kind, dtype), MOST)]
    return sorted(found, key=lambda pair: (pair[1].input.numel() < 2, pair[1].input.numel()))


def _calls(name: str, dtype: torch.dtype) -> Iterator[tuple[Any, tuple[Any, ...], dict[str, Any]]]:
    """The overloads of an operator with arguments for each."""
    if name in generic():
        yield getattr(torch.ops.hologram, name).default, generic()[name], {}
    elif name in given(dtype):
        yield getattr(torch.ops.hologram, name).default, given(dtype)[name], {}
    elif name in PLANS:
        for overload in overloads(name):
            yield overload, tuple(arguments(overload, dtype)), {}
    else:
        overload = overloads(name)[0]
        for _, sample in _samples(name, dtype):
            args, named = (sample.input, *sample.args), sample.kwargs
            known = {a.name for a in overload._schema.arguments}
            if set(named) <= known and _is_taken(overload, args, named):
                yield overload, args, named
                return
        raise AssertionError(f"no sample of {name} fits its schema")


def _is_taken(overload: Any, args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    try:
        overload(*args, **named)
    except RuntimeError:
        return False
    return True


def _moving(values: Any) -> list[torch.Tensor]:
    flat = [v for part in values for v in (part if isinstance(part, list | tuple) else (part,))]
    return [v for v in flat if isinstance(v, torch.Tensor) and v.requires_grad]


def _closed(
    overload: Any, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Callable[..., Any], list[torch.Tensor]]:
    """The operator as a function of its tensors that have gradients."""
    tensors = _moving((*args, *named.values()))

    def call(*moved: torch.Tensor) -> Any:
        known = {id(t): m for t, m in zip(tensors, moved, strict=True)}

        def put(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return type(value)(put(v) for v in value)
            return known.get(id(value), value)

        made = overload(*(put(a) for a in args), **{k: put(v) for k, v in named.items()})
        return tuple(made) if isinstance(made, list) else made

    return call, tensors


def check(name: str) -> dict[str, str]:
    """What each check of an operator gives: "passed", "nothing to differentiate", or what is wrong."""
    found = {}
    dtype = torch.float64 if name in generic() else torch.float32
    found["opcheck"] = _said(lambda: _opcheck(name, dtype))
    for kind in KINDS[1:]:
        found[kind] = _said(lambda kind=kind: _differentiate(name, kind))  # type: ignore[misc]
    return found


def _opcheck(name: str, dtype: torch.dtype) -> str:
    for overload, args, named in _calls(name, dtype):
        torch.library.opcheck(overload, args, named)
    return "passed"


def _differentiate(name: str, kind: str) -> str:
    overload, args, named = next(_calls(name, torch.float64))
    call, tensors = _closed(overload, args, named)
    made = call(*tensors)
    results = made if isinstance(made, tuple) else (made,)
    if not tensors or not any(isinstance(r, torch.Tensor) and r.requires_grad for r in results):
        return "nothing to differentiate"
    if kind == "gradgradcheck":
        torch.autograd.gradgradcheck(call, tensors)
    else:
        forward = kind.startswith("forward")
        torch.autograd.gradcheck(call, tensors, check_forward_ad=forward, check_backward_ad=not forward)
    return "passed"


def _said(run: Callable[[], str]) -> str:
    try:
        return run()
    except Exception as error:  # whatever goes wrong is the check's result
        return f"{type(error).__name__}: {str(error).strip()[:300]}"


def read() -> dict[str, dict[str, str]]:
    """The record."""
    return json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}


def section() -> str:
    """What the page says of these checks."""
    record = read()
    lines = [
        f"\n## Gradients and registrations\n\nPyTorch's checks of {len(record)} operators `torch.ops.hologram.*`:\n"
    ]
    lines += [
        "| check | passed | nothing to differentiate | failed |",
        "| --- | ---: | ---: | ---: |",
    ]
    for kind in KINDS:
        said = [found[kind] for found in record.values()]
        counts = [said.count(word) for word in RIGHT]
        lines.append(f"| {kind} | {' | '.join(map(str, counts))} | {len(said) - sum(counts)} |")
    return "\n".join(lines) + "\n"


def main(asked: list[str]) -> None:
    """Check operators (all that are not recorded as right, if none is named) and record what was found."""
    record = read()
    for name in asked or names():
        known = record.get(name, {}).values()
        if not asked and known and all(s in RIGHT for s in known):
            continue
        record[name] = check(name)
        wrong = {k: v for k, v in record[name].items() if v not in RIGHT}
        if wrong:
            sys.stdout.write(f"{name}: {wrong}\n")
            sys.stdout.flush()
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
